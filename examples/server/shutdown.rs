//! Graceful shutdown: requests are finished and queues drained, in bounded time.

use std::{io, sync::Arc, time::Duration};

use account::ports::Store;

use crate::console;

/// How long the shutdown may take. Supervisors kill a process after ten seconds or more.
const TIMEOUT: Duration = Duration::from_secs(8);

/// SIGTERM and Ctrl-C, caught as soon as this exists.
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

    /// Waits for `work` until it ends, the timeout passes or another signal arrives.
    pub(crate) async fn drain(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = tokio::time::sleep(TIMEOUT) => {
                console::notice("cut off: requests and messages were not finished within 8 seconds");
            }
            () = self.next() => console::notice("cut off: a second signal came"),
        }
    }
}

/// Waits until no other handle of the store exists. An operation goes on when its client
/// disconnects, so it may outlive the last connection.
pub(crate) async fn operations_finished(store: &Arc<dyn Store>) {
    while Arc::strong_count(store) > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
