//! The real service under faults, cancellation and every order of events, held against a model.
//! `README.md` beside this file tells how to run more of it and how to replay what was found.

mod deeds;
mod flawed;
mod ledger;
mod limiter;
mod model;
mod ports;
mod provider;
mod secrets;
mod shrink;
mod steps;
mod stored;
mod world;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use account::{MemoryStore, testing::Fault};
use flawed::Defect;
use ledger::Neighbour;
use shrink::shrink;
use steps::{Kind, Step, steps};
use tokio::time::Instant;
use world::{Broken, Home, Keeps, Report, live};

use crate::support::campaign;

/// How many operations a world lives through; then it is compared with the model as a whole, and a
/// new one begins.
const OPERATIONS_OF_A_LIFE: usize = 400;

fn in_memory() -> Box<dyn Home> {
    Box::new(Keeps(Arc::new(MemoryStore::new())))
}

#[cfg(feature = "sqlite")]
fn in_sqlite() -> Box<dyn Home> {
    Box::new(world::SqliteFile::new())
}

/// Lives through many worlds, on all processors, and tells what they saw together.
fn simulate(name: &str, home: fn() -> Box<dyn Home>, operations: u64) -> Total {
    let first = campaign("ACCOUNT_SIMULATION_SEED", 1);
    let (seed, total) = (AtomicU64::new(first), Mutex::new(Total::default()));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while total.lock().unwrap().goes_on(operations) {
                    let seed = seed.fetch_add(1, Ordering::Relaxed);
                    let steps = steps(seed, OPERATIONS_OF_A_LIFE);
                    let report = live(&*home(), seed, &steps);
                    let failed = report.trouble.clone().map(|trouble| (seed, trouble));
                    total.lock().unwrap().add(report, failed);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    if let Some((seed, trouble)) = &total.failed {
        let short = shrink(steps(*seed, OPERATIONS_OF_A_LIFE), |steps| {
            live(&*home(), *seed, steps).trouble.is_some()
        });
        let trace: String = short.iter().map(|step| format!("    {step:?}\n")).collect();
        let shown = live(&*home(), *seed, &short);
        let history: String = shown.history.iter().map(|line| format!("    {line}\n")).collect();
        panic!(
            "{name}: {trouble}\n\nACCOUNT_SIMULATION_SEED={seed} ACCOUNT_SIMULATION_OPERATIONS=1 cargo test --all-features --test properties \
             {name}\n\nAs short as it gets:\n{trace}\nthat is\n{history}{}",
            shown.trouble.unwrap_or_default()
        );
    }
    let Total { operations, disturbed, succeeded, changed, calls, limited, .. } = total;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{name}: {operations} operations in {seconds:.1} s, {:.1} % disturbed, {:.1} % succeeded, {changed} changes, {calls} calls of the store, {limited} requests too many",
        100.0 * disturbed as f64 / operations as f64,
        100.0 * succeeded as f64 / operations as f64,
    );
    total
}

#[derive(Default)]
struct Total {
    operations: usize,
    disturbed: usize,
    succeeded: usize,
    changed: usize,
    calls: usize,
    kinds: BTreeMap<Kind, (usize, usize)>,
    faults: BTreeMap<(Kind, Neighbour, usize), usize>,
    limited: usize,
    failed: Option<(u64, String)>,
}

impl Total {
    fn goes_on(&self, operations: u64) -> bool {
        self.failed.is_none() && (self.operations as u64) < operations
    }

    fn add(&mut self, report: Report, failed: Option<(u64, String)>) {
        self.operations += report.operations;
        self.disturbed += report.disturbed;
        self.succeeded += report.succeeded;
        self.changed += report.changed;
        self.calls += report.calls;
        self.limited += report.limited;
        for (kind, (begun, ended)) in report.kinds {
            let sum = self.kinds.entry(kind).or_default();
            *sum = (sum.0 + begun, sum.1 + ended);
        }
        for (cell, times) in report.faults {
            *self.faults.entry(cell).or_default() += times;
        }
        self.failed = self.failed.take().or(failed);
    }

    /// That the simulation simulates something: every operation succeeds at times, meets every
    /// fault, and one of five is disturbed.
    fn has_seen_everything(&self) {
        println!("{:?}", self.kinds);
        assert!(self.limited > 0, "no limit was ever reached");
        assert!(self.disturbed * 5 >= self.operations, "less than one of five was disturbed");
        for (kind, _) in Kind::ALL {
            let succeeded = self.kinds.get(kind).map_or(0, |(_, succeeded)| *succeeded);
            assert!(succeeded > 0, "{kind:?} never succeeded");
            for neighbour in [Neighbour::Store, Neighbour::Limiter, Neighbour::Provider] {
                let met = |place| self.faults.contains_key(&(*kind, neighbour, place));
                let is_called = (0..Fault::ALL.len()).any(met);
                for (place, fault) in Fault::ALL.iter().enumerate() {
                    assert!(met(place) || !is_called, "{kind:?} never met {fault:?} of {neighbour:?}");
                }
                let is_due = neighbour == Neighbour::Store && *kind != Kind::Flood;
                assert!(is_called || !is_due, "{kind:?} never met a fault of {neighbour:?}");
            }
        }
    }
}

#[test]
fn the_service_does_what_the_model_says_in_memory() {
    let operations = campaign("ACCOUNT_SIMULATION_OPERATIONS", 8_000);
    let total = simulate("the_service_does_what_the_model_says_in_memory", in_memory, operations);
    if operations >= 100_000 {
        total.has_seen_everything();
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn the_service_does_what_the_model_says_in_sqlite() {
    let operations = campaign("ACCOUNT_SIMULATION_OPERATIONS", 8_000) / 10;
    simulate("the_service_does_what_the_model_says_in_sqlite", in_sqlite, operations);
}

#[test]
fn the_same_seed_lives_the_same_life() {
    for seed in 1..=10 {
        let steps = steps(seed, OPERATIONS_OF_A_LIFE);
        let lives: Vec<u64> = (0..3)
            .map(|time| {
                let home: Box<dyn Home> = match time {
                    0 | 1 => in_memory(),
                    _ => Box::new(Broken::new(Defect::None)),
                };
                live(&*home, seed, &steps).digest
            })
            .collect();
        assert!(lives[0] == lives[1] && lives[1] == lives[2], "seed {seed}: {lives:?}");
    }
}

fn flawed(defect: Defect, seed: u64, steps: &[Step]) -> Report {
    live(&Broken::new(defect), seed, steps)
}

/// How many operations it takes to find a defect, and what is seen of it.
fn hunt(defect: Defect, most: usize) -> Result<(usize, String), usize> {
    let mut operations = 0;
    for seed in 1.. {
        let report = flawed(defect, seed, &steps(seed, OPERATIONS_OF_A_LIFE));
        operations += report.operations;
        match report.trouble {
            Some(trouble) => return Ok((operations, trouble)),
            None if operations >= most => break,
            None => {}
        }
    }
    Err(operations)
}

#[test]
fn planted_defects_are_found() {
    let wanted = std::env::var("ACCOUNT_SIMULATION_DEFECTS").unwrap_or("5".into());
    let is_wanted = |(place, defect): &(usize, &Defect)| match wanted.parse::<usize>() {
        Ok(most) => *place < most,
        Err(_) => wanted.split(',').any(|name| name == format!("{defect:?}")),
    };
    let planted = Defect::ALL.iter().skip(1).enumerate().filter(is_wanted).map(|(_, defect)| defect);
    let most = campaign("ACCOUNT_SIMULATION_DEFECT_OPERATIONS", 1_000_000) as usize;
    let (queue, missed) = (Mutex::new(planted), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(defect) = queue.lock().unwrap().next() else { return };
                    match hunt(*defect, most) {
                        Ok((operations, trouble)) => {
                            let seen = trouble.split(", in task").next().unwrap_or_default().to_owned();
                            println!("| {defect:?} | {operations} | {seen} |");
                        }
                        Err(operations) => missed.lock().unwrap().push((*defect, operations)),
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "not found in so many operations: {missed:?}");
}

#[test]
fn what_is_found_shrinks_to_a_few_steps() {
    let found = |seed: &u64| {
        flawed(Defect::SingleUseDropped, *seed, &steps(*seed, OPERATIONS_OF_A_LIFE)).trouble.is_some()
    };
    let seed = (1..).find(found).unwrap();
    let short = shrink(steps(seed, OPERATIONS_OF_A_LIFE), |steps| {
        flawed(Defect::SingleUseDropped, seed, steps).trouble.is_some()
    });
    let begun = short.iter().filter(|step| matches!(step, Step::Begin { .. })).count();
    assert!(begun <= 10, "{short:#?}");
    assert!(flawed(Defect::None, seed, &short).trouble.is_none());
}
