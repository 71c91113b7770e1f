//! What schedulers think they have behind them, against what they turn out to have had.

use std::ops::ControlFlow;

use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{
    Begin, Bounded, Choice, ChoicePoint, Covered, Diverged, Dpor, Exhaustive, Lost, Mismatch, Model, Move,
    ParallelSearch, Random, Scheduler, SleepSets, Stop, System, search,
};
use onewinner_core::happens_before::Step;
use onewinner_core::id::ProcessId;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::program::{LIMITS, Running};
use super::random::random_program;

/// Asks a scheduler before each execution.
struct Asking {
    scheduler: Box<dyn Scheduler>,
    estimates: Vec<f64>,
}

impl Scheduler for Asking {
    fn begin(&mut self) -> Begin {
        let begin = self.scheduler.begin();
        self.estimates.push(self.scheduler.estimate().expect("it has an end"));
        begin
    }

    fn again(&mut self) {
        self.scheduler.again();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        self.scheduler.choose(now)
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        self.scheduler.performed(step)
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        self.scheduler.completed(model)
    }

    fn covered(&self) -> Covered {
        self.scheduler.covered()
    }
}

/// Returns the estimates of the scheduler before each execution, and at the end.
fn estimates<W: System>(world: &mut W, scheduler: Box<dyn Scheduler>) -> Vec<f64> {
    let estimates = Vec::new();
    let mut asking = Asking { scheduler, estimates };
    let searched = search(world, &mut asking, LIMITS, &mut |_, _, _| ControlFlow::Continue(()));
    assert_eq!(searched.stop, Stop::Exhausted);
    asking.estimates
}

/// At each depth every process can take a step, and all steps store one cell: a uniform tree.
struct Uniform {
    processes: usize,
    depth: usize,
    taken: Vec<ProcessId>,
}

fn uniform(processes: usize, depth: usize) -> Uniform {
    let taken = Vec::new();
    Uniform {
        processes,
        depth,
        taken,
    }
}

fn store() -> Accesses {
    let mut accesses = Accesses::none();
    accesses.store(Object::Cell(0));
    accesses
}

impl Model for Uniform {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        vec![store(); then.len().min(self.depth - kept)]
    }
}

impl System for Uniform {
    fn reset(&mut self) -> Result<(), Lost> {
        self.taken.clear();
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        if self.taken.len() < self.depth {
            processes.extend(ProcessId::first(self.processes));
        }
    }

    fn forecast(&self, _: ProcessId) -> Accesses {
        store()
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        self.taken.push(process);
        Ok(store())
    }
}

#[test]
fn on_a_uniform_tree_the_share_is_exact() {
    for (processes, depth) in [(2_usize, 3_u32), (3, 4), (4, 2)] {
        let leaves = processes.pow(depth) as f64;
        let exhaustive = estimates(&mut uniform(processes, depth as usize), Box::new(Exhaustive::new()));
        // One execution looks first, in no level; what it shows begins nothing anew where all places count.
        let bounded = estimates(
            &mut uniform(processes, depth as usize),
            Box::new(Bounded::everywhere(u32::MAX)),
        );
        for shares in [&exhaustive[..], &bounded[1..]] {
            assert_eq!(shares.len() as f64, leaves + 1.0);
            for (behind, share) in shares.iter().enumerate() {
                let exact = behind as f64 / leaves;
                assert!((share - exact).abs() < 1e-9, "{behind} of {leaves}: {share}");
            }
        }
    }
}

/// Compares the estimated shares of random programs with the true shares.
fn check(name: &str, scheduler: fn() -> Box<dyn Scheduler>, most_wrong: f64) {
    let mut generator = ChaCha8Rng::seed_from_u64(41);
    let (mut wrong, mut count) = (0.0, 0.0);
    for _ in 0..300 {
        let program = random_program(&mut generator);
        let shares = estimates(&mut Running::new(&program), scheduler());
        let executions = shares.len() - 1;
        assert_eq!(shares[0], 0.0, "{name}: {program}");
        assert!((shares[executions] - 1.0).abs() < 1e-9, "{name}: {shares:?}\n{program}");
        for (behind, share) in shares.iter().enumerate() {
            assert!((0.0..=1.0 + 1e-9).contains(share), "{name}: {share}\n{program}");
            wrong += (share - behind as f64 / executions as f64).abs();
            count += 1.0;
        }
    }
    assert!(
        wrong / count < most_wrong,
        "{name}: wrong by {} on average",
        wrong / count
    );
}

#[test]
fn elsewhere_the_share_is_near_and_ends_at_all() {
    check("exhaustive", || Box::new(Exhaustive::new()), 0.1);
    check("dpor", || Box::new(Dpor::new()), 0.15);
    check("sleep sets", || Box::new(SleepSets::new()), 0.3);
    check("bounded", || Box::new(Bounded::new(10)), 0.15);
    check("few preemptions", || Box::new(Bounded::new(1)), 0.15);
}

#[test]
fn a_parallel_search_estimates_shares_up_to_1_and_a_random_search_estimates_none() {
    let mut generator = ChaCha8Rng::seed_from_u64(42);
    for _ in 0..50 {
        let program = random_program(&mut generator);
        let mut rounds = ParallelSearch::new(3);
        assert_eq!(rounds.estimate(), 0.0);
        loop {
            let tasks = rounds.tasks();
            if tasks.is_empty() {
                break;
            }
            let results = tasks.iter().map(|task| {
                let mut part = Dpor::for_task(task);
                let searched = search(&mut Running::new(&program), &mut part, LIMITS, &mut |_, _, _| {
                    ControlFlow::Continue(())
                });
                part.into_result(searched)
            });
            let results = results.collect();
            rounds.merge(results);
            assert!((0.0..=1.0).contains(&rounds.estimate()));
        }
        assert_eq!(rounds.estimate(), 1.0);
    }
    assert_eq!(Random::new(1).estimate(), None);
}
