//! A writer, and readers that look while it writes.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

/// How often a reader looks before a change without a pause, and the pause before each look from then on. One that never paused could keep all
/// processors from the writer, and from what the store itself runs.
const LOOKS: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);

/// The rounds of a writer: whether there are more to come.
#[derive(Clone)]
pub(super) struct Rounds(Arc<watch::Sender<bool>>);

/// The part of the writer. The readers end with it, also if it panics.
pub(super) struct Writer<'a>(&'a Rounds);

/// The part of a reader.
pub(super) struct Reader {
    rounds: watch::Receiver<bool>,
    looks: u32,
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }

    pub(super) fn writer(&self) -> Writer<'_> {
        Writer(self)
    }

    pub(super) fn reader(&self) -> Reader {
        Reader { rounds: self.0.subscribe(), looks: 0 }
    }
}

impl Writer<'_> {
    /// A change was made.
    pub(super) fn has_written(&self) {
        self.0.0.send_replace(true);
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.0.send_replace(false);
    }
}

impl Reader {
    /// Whether to look again, when it is time to.
    pub(super) async fn looks_again(&mut self) -> bool {
        let has_changed = match self.looks < LOOKS {
            true => self.rounds.has_changed().unwrap_or(false),
            // It looks on also without a change: the moment of a change is what it is there for.
            false => timeout(PAUSE, self.rounds.changed()).await.is_ok(),
        };
        if has_changed {
            self.looks = 0;
        }
        self.looks += 1;
        *self.rounds.borrow_and_update()
    }
}
