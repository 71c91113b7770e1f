//! Executions per second of `sim` and loom, on the same lock and scenario.
//!
//! Nothing is judged. The two need different numbers of executions for one scenario, so the rate does not show which one
//! decides it sooner; see `decide`.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onewinner_core::backend::{loom, sim};
use onewinner_core::explore::{Exhaustive, Limits, Searched, Stop};
use onewinner_core::primitive::{self, LockPrimitive};
use onewinner_core::scenario::Scenario;

/// Far above what the scenarios below need.
const BOUNDS: loom::Bounds = loom::Bounds {
    executions: 1_000_000,
    preemptions: None,
    time: Duration::from_secs(60),
};

type Run = fn(&'static dyn LockPrimitive, &Scenario) -> Searched;

fn simulated(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Searched {
    let mut watch = |execution| {
        drop(execution);
        ControlFlow::Continue(())
    };
    sim::explore(
        primitive,
        scenario,
        &mut Exhaustive::new(),
        Limits::default(),
        &mut watch,
    )
}

fn modeled(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Searched {
    loom::model(primitive, scenario, BOUNDS, &Arc::default(), drop).searched
}

fn search(criterion: &mut Criterion) {
    for (name, scenario) in [
        ("create-new", Scenario::contend(3)),
        ("stat-then-write", Scenario::contend(2)),
    ] {
        let primitive = primitive::by_name(name).expect("shipped");
        let mut group = criterion.benchmark_group(format!("search {name} {scenario}"));
        for (backend, run) in [("sim", simulated as Run), ("loom", modeled)] {
            let searched = run(primitive, &scenario);
            assert_eq!(searched.stop, Stop::Exhausted, "{backend} ran into a limit");
            let executions = searched.executions;
            group.throughput(Throughput::Elements(executions));
            let id = BenchmarkId::new(backend, format!("{executions} executions"));
            group.bench_with_input(id, &scenario, |bencher, scenario| {
                bencher.iter(|| run(primitive, scenario));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
