//! Measures and compares work. Every round runs both sides of a ratio, so that other load on the
//! machine cancels out.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "shared by benches that use parts of it"
)]

use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = now();
    work();
    start.elapsed()
}

/// The processor time of the calling thread, which other load on the machine does not affect.
pub(crate) fn processor_time(work: impl FnOnce()) -> Duration {
    let spent = || {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(spent).unwrap_or_default()
    };
    let start = spent();
    work();
    spent().saturating_sub(start)
}

/// A value of `/proc/self/status` in KiB, such as the resident memory (`VmRSS:`) or its peak
/// (`VmHWM:`), or 0 where it is not available.
pub(crate) fn kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// The percentile of the times, or zero if there are none.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The median of the values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints and returns the median of `ours / floor` over the rounds, with the extremes and the times
/// of one operation. A round has `per_round` operations.
pub(crate) fn ratio(
    name: &str,
    rounds: usize,
    per_round: u32,
    mut floor: impl FnMut(),
    mut ours: impl FnMut(),
) -> f64 {
    floor();
    ours();
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (base, mine) = if round % 2 == 0 {
            let base = time(&mut floor);
            (base, time(&mut ours))
        } else {
            let mine = time(&mut ours);
            (time(&mut floor), mine)
        };
        ratios.push(mine.as_secs_f64() / base.as_secs_f64());
        times.push((base / per_round, mine / per_round));
    }
    ratios.sort_by(f64::total_cmp);
    times.sort();
    let median = ratios[rounds / 2];
    let (base, mine) = times[rounds / 2];
    println!("{name}: {median:.2} × [{:.2}..{:.2}], {mine:?} to {base:?}", ratios[0], ratios[rounds - 1]);
    median
}
