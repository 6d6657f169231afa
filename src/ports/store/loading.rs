//! The result of loading an account, with or without waiting.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{change::Stored, error::StoreError};

/// What [`Store::load`](super::Store::load) finds.
pub type Loaded = Result<Option<Stored>, StoreError>;

/// The future returned by [`Store::load`](super::Store::load).
pub struct Loading<'a>(State<'a>);

enum State<'a> {
    Ready(Option<Loaded>),
    Waiting(Pin<Box<dyn Future<Output = Loaded> + Send + 'a>>),
}

impl<'a> Loading<'a> {
    /// Creates a future that is ready, without an allocation.
    #[must_use]
    pub fn ready(loaded: Loaded) -> Self {
        Self(State::Ready(Some(loaded)))
    }

    /// Boxes a future that may have to wait.
    #[must_use]
    pub fn of(loaded: impl Future<Output = Loaded> + Send + 'a) -> Self {
        Self(State::Waiting(Box::pin(loaded)))
    }

    /// Returns the result if it is ready. Awaiting it gives the same, but copies it more often.
    pub(crate) fn now_or_never(self) -> Result<Loaded, Self> {
        match self.0 {
            State::Ready(Some(loaded)) => Ok(loaded),
            waiting => Err(Self(waiting)),
        }
    }
}

impl Future for Loading<'_> {
    type Output = Loaded;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Loaded> {
        match &mut self.0 {
            // A future that was ready must not be polled again; if it is, it stays pending.
            State::Ready(loaded) => loaded.take().map_or(Poll::Pending, Poll::Ready),
            State::Waiting(loaded) => loaded.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loading(…)")
    }
}
