//! The end: requests are finished and the store's writer is drained, in bounded time.

use std::{io, sync::Arc, time::Duration};

use account::ports::Store;

use crate::say;

/// How long requests that have begun may take. Supervisors kill after ten seconds or more.
const PATIENCE: Duration = Duration::from_secs(8);

/// SIGTERM and ctrl-c, caught from the moment this is made.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(windows)]
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for the next signal.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits for the next signal.
    #[cfg(windows)]
    pub(crate) async fn next(&mut self) {
        self.interrupt.recv().await;
    }

    /// Waits for work that is to end by itself, but not past the deadline or another signal.
    pub(crate) async fn drain(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = tokio::time::sleep(PATIENCE) => say::notice("cut off: requests and messages took too long"),
            () = self.next() => say::notice("cut off: a second signal came"),
        }
    }
}

/// Waits until nobody else holds the store. An operation goes on when its client hangs up, and may outlive the last connection.
pub(crate) async fn last_use(store: &Arc<dyn Store>) {
    while Arc::strong_count(store) > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
