//! The fact that the kernel answers each call of `Fs` as the model does, also those that the zoo does not make.

use onewinner_core::explore::Strategy;
use onewinner_core::fs::call::Value;
use onewinner_core::fs::inject::Injection;
use onewinner_core::fs::{Errno, ProcessId};
use onewinner_core::history::{Event, Execution, What};
use onewinner_core::scenario::{Kill, Scenario, Start};

use super::every_call::ALL;
use super::{check, events, explored, simulated};
use crate::harness::Tried;

/// Whether some call of these executions is answered so; `call` as [`Call::name`](onewinner_core::fs::call::Call::name) says it.
fn answers(executions: &[Execution], call: &str, errno: Option<Errno>) -> bool {
    let events = executions.iter().flat_map(|each| &each.history.events);
    let mut performed = events.filter_map(|event| match &event.what {
        What::Performed { call, reply, .. } => Some((call.name(), reply.as_ref().err().copied())),
        _ => None,
    });
    performed.any(|(name, answer)| (name, answer) == (call, errno))
}

pub(crate) fn links_record_locks_expiry_and_liveness_are_answered_as_in_the_simulated_world() -> Tried {
    let strategy = Strategy::Random { seed: 11 };
    let mut seen = Vec::new();
    for lock in ALL {
        let stale = |age_s| Scenario {
            start: Start::Stale { age_s },
            ..Scenario::cycle(2, 1)
        };
        for scenario in [Scenario::contend(3), Scenario::cycle(2, 2), stale(60), stale(3600)] {
            let (_, real) = explored(lock, &scenario, &strategy, 40)?;
            let model = simulated(&real, lock, &scenario, &strategy, 40);
            assert_eq!(real.len(), 40);
            assert_eq!(events(&real), events(&model), "{}, {scenario}", lock.name);
            seen.extend(real);
        }
        check(lock, &Scenario::cycle(2, 1))?;
        for step in 0..6 {
            let victim = ProcessId(step % 2);
            let kills = vec![Kill {
                victim,
                step: u32::from(step),
            }];
            let scenario = Scenario {
                kills,
                ..Scenario::cycle(2, 1)
            };
            check(lock, &scenario)?;
            let (call, errno) = (u32::from(step), Errno::EIO);
            check(lock, &Scenario::fault(Injection { call, errno }))?;
        }
    }
    for (call, errno) in [
        ("symlink", Some(Errno::EEXIST)),
        ("readlink", None),
        ("kill", None),
        ("kill", Some(Errno::ESRCH)),
        ("fcntl", None),
        ("fcntl", Some(Errno::EAGAIN)),
        ("renameat2", None),
        ("renameat2", Some(Errno::EEXIST)),
        ("utimensat", None),
    ] {
        assert!(answers(&seen, call, errno), "no {call} answers {errno:?}");
    }
    let old = |event: &Event| matches!(&event.what, What::Performed { reply: Ok(Value::Stat(stat)), .. } if stat.old);
    assert!(
        seen.iter().flat_map(|each| &each.history.events).any(old),
        "nothing is old"
    );
    Ok(())
}
