//! Coordinates one writer with the readers that run beside it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

/// The number of reads without a pause after each change. From then on a reader waits for the next
/// change or for [`PAUSE`]: one that never paused could keep all processors from the writer and
/// from the store's own tasks.
const READS_WITHOUT_PAUSE: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Whether the writer has more rounds to come. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Rounds(Arc<watch::Sender<bool>>);

/// The writer's part. Dropping it ends the readers, also when the writer panics.
pub(super) struct Writer<'a>(&'a Rounds);

/// A reader's part.
pub(super) struct Reader {
    rounds: watch::Receiver<bool>,
    reads: u32,
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }

    pub(super) fn writer(&self) -> Writer<'_> {
        Writer(self)
    }

    pub(super) fn reader(&self) -> Reader {
        Reader { rounds: self.0.subscribe(), reads: 0 }
    }
}

impl Writer<'_> {
    /// Lets the readers know that a change was made.
    pub(super) fn record_write(&self) {
        self.0.0.send_replace(true);
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.0.send_replace(false);
    }
}

impl Reader {
    /// Waits until the next read is due and returns whether the writer is still running.
    pub(super) async fn reads_again(&mut self) -> bool {
        let has_changed = match self.reads < READS_WITHOUT_PAUSE {
            true => self.rounds.has_changed().unwrap_or(false),
            // Reads go on without a change too: a reader is there to catch the moment of one.
            false => timeout(PAUSE, self.rounds.changed()).await.is_ok(),
        };
        if has_changed {
            self.reads = 0;
        }
        self.reads += 1;
        *self.rounds.borrow_and_update()
    }
}
