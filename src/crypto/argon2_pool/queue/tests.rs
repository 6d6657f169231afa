use std::{
    future::Future,
    pin::pin,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Waker},
};

use super::*;

const LONG: Duration = Duration::from_secs(3_600);

fn queue(threads: usize, waiting: usize) -> Queue {
    Queue::new(Limits { threads, waiting, patience: LONG, idle: LONG })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Work that reports when it has begun and then holds its thread until it is released.
fn holding()
-> (impl FnOnce(&mut Memory) -> Result<(), HashError> + Send + 'static, mpsc::Receiver<()>, mpsc::Sender<()>)
{
    let (begin, begun) = mpsc::channel();
    let (release, go) = mpsc::channel();
    let work = move |_: &mut Memory| {
        begin.send(()).unwrap();
        let _ = go.recv();
        Ok(())
    };
    (work, begun, release)
}

#[test]
fn no_thread_starts_before_there_is_work() {
    let queue = queue(2, 2);
    assert_eq!(queue.shared.lock().workers, 0);
    assert_eq!(block_on(queue.run(|_| Ok(7))), Ok(7));
    assert_eq!(queue.shared.lock().workers, 1);
}

#[test]
fn work_runs_on_a_named_thread_of_low_priority() {
    let queue = queue(1, 1);
    let (name, here, there) = block_on(queue.run(|_| {
        let name = thread::current().name().map(str::to_owned);
        Ok((name, thread::current().id(), priority()))
    }))
    .map(|(name, id, there)| (name, id == thread::current().id(), there))
    .unwrap();
    assert_eq!(name.as_deref(), Some("account-hash-1"));
    assert!(!here);
    assert_eq!(there, if cfg!(target_os = "linux") { (priority() + 10).min(19) } else { 0 });
}

fn priority() -> i32 {
    #[cfg(target_os = "linux")]
    return rustix::process::getpriority_process(None).unwrap();
    #[cfg(not(target_os = "linux"))]
    0
}

#[test]
fn a_full_queue_answers_busy_at_once() {
    let queue = queue(1, 2);
    let (work, begun, release) = holding();
    let mut held = pin!(queue.run(work));
    assert!(poll(held.as_mut()).is_pending());
    begun.recv().unwrap();

    let mut first = pin!(queue.run(|_| Ok(1)));
    let mut second = pin!(queue.run(|_| Ok(2)));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(poll(pin!(queue.run(|_| Ok(3)))), Poll::Ready(Err(HashError::Busy)));

    release.send(()).unwrap();
    assert_eq!(block_on(held), Ok(()));
    assert_eq!(block_on(first), Ok(1));
    assert_eq!(block_on(second), Ok(2));
}

#[test]
fn work_of_a_caller_that_has_gone_away_is_not_run() {
    let queue = queue(1, 8);
    let (work, begun, release) = holding();
    let mut held = pin!(queue.run(work));
    assert!(poll(held.as_mut()).is_pending());
    begun.recv().unwrap();

    let done = Arc::new(AtomicUsize::new(0));
    let count = || {
        let done = Arc::clone(&done);
        queue.run(move |_| Ok(done.fetch_add(1, Ordering::SeqCst)))
    };
    let mut gone: Vec<_> = (0..7).map(|_| Box::pin(count())).collect();
    gone.iter_mut().for_each(|future| assert!(poll(future.as_mut()).is_pending()));
    let mut stays = pin!(count());
    assert!(poll(stays.as_mut()).is_pending());
    drop(gone);

    release.send(()).unwrap();
    assert_eq!(block_on(stays), Ok(0));
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

#[test]
fn callers_that_have_gone_away_make_room() {
    let queue = queue(1, 1);
    let (work, begun, release) = holding();
    let mut held = pin!(queue.run(work));
    assert!(poll(held.as_mut()).is_pending());
    begun.recv().unwrap();

    let mut gone = Box::pin(queue.run(|_| Ok(())));
    assert!(poll(gone.as_mut()).is_pending());
    drop(gone);
    let mut next = pin!(queue.run(|_| Ok(())));
    assert!(poll(next.as_mut()).is_pending());

    release.send(()).unwrap();
    assert_eq!(block_on(next), Ok(()));
}

#[test]
fn work_that_has_waited_too_long_is_refused() {
    let queue = Queue::new(Limits { threads: 1, waiting: 1, patience: Duration::ZERO, idle: LONG });
    assert_eq!(block_on(queue.run(|_| Ok(()))), Err(HashError::Busy));
}

#[test]
fn a_panic_fails_one_job_and_no_other() {
    let queue = queue(1, 4);
    for _ in 0..3 {
        assert_eq!(block_on(queue.run::<()>(|_| panic!("on purpose"))), Err(HashError::Failed));
        assert_eq!(block_on(queue.run(|_| Ok(1))), Ok(1));
    }
    assert_eq!(queue.shared.lock().workers, 1);
}

#[test]
fn as_many_jobs_run_at_a_time_as_there_are_threads() {
    let queue = queue(3, 3);
    let mut running = Vec::new();
    for _ in 0..3 {
        let (work, begun, release) = holding();
        let mut future = Box::pin(queue.run(work));
        assert!(poll(future.as_mut()).is_pending());
        begun.recv().unwrap();
        running.push((future, release));
    }
    let mut waiting = pin!(queue.run(|_| Ok(())));
    assert!(poll(waiting.as_mut()).is_pending());
    assert_eq!(queue.shared.lock().jobs.len(), 1);
    for (future, release) in running {
        release.send(()).unwrap();
        assert_eq!(block_on(future), Ok(()));
    }
    assert_eq!(block_on(waiting), Ok(()));
}

#[test]
fn threads_end_without_work_and_start_again() {
    let queue = Queue::new(Limits { threads: 2, waiting: 8, patience: LONG, idle: Duration::ZERO });
    for _ in 0..50 {
        assert_eq!(block_on(queue.run(|memory| Ok(memory.blocks(8)?.len()))), Ok(8));
    }
    // A thread frees its memory before it drops the queue.
    while Arc::strong_count(&queue.shared) > 1 {
        thread::yield_now();
    }
    assert_eq!(queue.shared.lock().workers, 0);
    assert_eq!(block_on(queue.run(|_| Ok(()))), Ok(()));
}

#[test]
fn dropping_the_queue_ends_its_threads() {
    let queue = queue(2, 2);
    assert_eq!(block_on(queue.run(|_| Ok(()))), Ok(()));
    let shared = Arc::clone(&queue.shared);
    drop(queue);
    while Arc::strong_count(&shared) > 1 {
        thread::yield_now();
    }
    assert_eq!(shared.lock().workers, 0);
}

#[test]
fn a_waiting_job_costs_less_than_16_kib() {
    let salt = [0_u8; 16];
    let password = Arc::new(crate::secret::Secret::new("x".repeat(1_024)));
    let work = move |_: &mut Memory| Ok((password.expose().len(), salt));
    let (answer, _answered) = oneshot::channel();
    let task = Task { work, answer };
    assert!(size_of_val(&task) + size_of::<Job>() + 1_024 < 4_096);
    Box::new(task).refuse();
}
