//! Runs tasks so that they overlap as much as possible.

use std::{
    future::Future,
    panic::resume_unwind,
    pin::Pin,
    sync::{Arc, Barrier},
    task::{Context, Poll},
};

use super::bench::RULE_TIMEOUT;

const MAX_THREADS: u32 = 8;

/// Runs `count` tasks concurrently and returns their results.
///
/// The tasks are spread over several threads that start together. Each thread polls its tasks in
/// turn, so all of them have taken their first step before any takes its second. A store with a gap
/// between two steps shows it in every run, one with a gap between two locks in most runs.
pub(super) async fn concurrently<F, T>(count: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let threads = count.min(MAX_THREADS);
    let barrier = Arc::new(Barrier::new(threads as usize));
    let runtime = tokio::runtime::Handle::current();
    let threads: Vec<_> = (0..threads)
        .map(|first| {
            let tasks = (first..count).step_by(threads as usize).map(|number| Some(Box::pin(task(number))));
            let in_step = InStep { results: Vec::new(), tasks: tasks.collect() };
            let (barrier, runtime) = (Arc::clone(&barrier), runtime.clone());
            tokio::task::spawn_blocking(move || {
                barrier.wait();
                runtime.block_on(tokio::time::timeout(RULE_TIMEOUT, in_step)).expect("the store hangs")
            })
        })
        .collect();
    let mut results = Vec::new();
    for thread in threads {
        match thread.await {
            Ok(more) => results.extend(more),
            Err(failed) => resume_unwind(failed.into_panic()),
        }
    }
    results
}

/// Polls each unfinished task once per poll.
struct InStep<F: Future> {
    tasks: Vec<Option<Pin<Box<F>>>>,
    results: Vec<F::Output>,
}

// No field is pinned in place: the tasks are boxed.
impl<F: Future> Unpin for InStep<F> {}

impl<F: Future> Future for InStep<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { tasks, results } = &mut *self;
        for slot in tasks.iter_mut() {
            if let Some(task) = slot
                && let Poll::Ready(result) = task.as_mut().poll(context)
            {
                results.push(result);
                *slot = None;
            }
        }
        match tasks.iter().all(Option::is_none) {
            true => Poll::Ready(std::mem::take(results)),
            false => Poll::Pending,
        }
    }
}
