//! One session, several searches: each starts from a fresh state, and nothing is left at the end.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onewinner_core::explore::{Limits, Stop, Strategy};
use onewinner_core::history::{End, Execution};
use onewinner_core::primitive::{CreateNew, StatThenWrite};
use onewinner_core::scenario::{Program, ProgramKind, Scenario, Subject};
use onewinner_linux::tracer::{Search, Session, TracerError};

use super::TIME;
use crate::harness::{Capability, Missing, Tried};

/// A lock that leaves its file behind, also on purpose when it is busy.
const LEAVES_FILES: &str = "sh -c 'if mkdir $0 2>$0.log; then echo acquired; else echo busy; exit; fi; read -r line; \
                            echo released' {lock}";

/// Searches once more; stops after `most` executions.
fn searched(
    session: &mut Session,
    scenario: &Scenario,
    strategy: &Strategy,
    most: usize,
) -> Result<(Stop, Vec<Execution>), TracerError> {
    let limits = Limits {
        time: TIME,
        ..Limits::default()
    };
    let search = Search {
        scenario,
        strategy,
        limits,
        grows: false,
        endless: &BTreeSet::new(),
    };
    let mut seen = Vec::new();
    let report = session.search(&search, &|| false, &mut |_| {}, &mut |execution| {
        seen.push(execution);
        if seen.len() < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok((report.searched.stop, seen))
}

pub(crate) fn one_session_searches_again_and_again_from_a_fresh_state() -> Tried {
    let program = Program::new(ProgramKind::Driver, LEAVES_FILES);
    for (subject, strategy) in [
        (Subject::Primitive(&CreateNew), Strategy::Dpor),
        (Subject::Primitive(&StatThenWrite), Strategy::Dpor),
        (Subject::Program(program), Strategy::Bounded { preemptions: 1 }),
    ] {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let directories = [parent.path().to_owned()];
        let mut session = Session::open(&subject, &directories, None).expect("a worker");
        let mut again =
            |scenario: &Scenario, strategy: &Strategy, most| match searched(&mut session, scenario, strategy, most) {
                Ok(seen) => Ok(seen),
                Err(TracerError::Unavailable(why)) => Err(Missing::new(Capability::Ptrace, why)),
                Err(error) => panic!("{}: {error}", subject.name()),
            };
        let two = Scenario::contend(2);
        let (stop, first) = again(&two, &strategy, usize::MAX)?;
        assert_eq!(stop, Stop::Exhausted, "{}", subject.name());
        assert!(first.iter().all(|execution| execution.end == End::Completed));
        // Another scenario, left in the middle.
        let (stop, cut) = again(&Scenario::cycle(3, 1), &strategy, 2)?;
        assert_eq!((stop, cut.len()), (Stop::Requested, 2), "{}", subject.name());
        // The first search finds the same executions again, and each of them can be replayed.
        let (stop, second) = again(&two, &strategy, usize::MAX)?;
        assert_eq!((stop, &second), (Stop::Exhausted, &first), "{}", subject.name());
        for execution in first.iter().rev().take(3) {
            let schedule = execution.schedule.clone();
            let (_, replayed) = again(&two, &Strategy::Replay { schedule }, usize::MAX)?;
            assert_eq!(replayed, std::slice::from_ref(execution), "{}", subject.name());
        }
        session.close().expect("the directory can be removed");
        assert_eq!(
            std::fs::read_dir(parent.path()).expect("it is there").count(),
            0,
            "files are left"
        );
    }
    Ok(())
}
