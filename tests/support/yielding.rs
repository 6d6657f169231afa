//! Ports that are pending once before and once after their work, so that a future can be dropped at
//! either side of it.

use std::sync::Arc;

use account::{
    Secret,
    messages::{EmailMessage, SmsMessage},
    model::{Event, EventPage, Key, PageQuery, PasswordHash, Timestamp, UserId},
    ports::{
        Change, HashError, Listed, Loading, Mailer, Parts, PasswordHasher, SaveError, Select, SendError,
        SmsSender, Store, StoreError, Stored, Verdict,
    },
};
use async_trait::async_trait;
use tokio::task::yield_now;

/// The port inside, with a pause on each side of every call.
#[derive(Debug, Clone)]
pub(crate) struct Yielding<T>(pub(crate) T);

async fn between<T>(call: impl Future<Output = T>) -> T {
    yield_now().await;
    let answer = call.await;
    yield_now().await;
    answer
}

#[async_trait]
impl<S: Store> Store for Yielding<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        // A store may look as soon as it is called.
        Loading::of(async move { between(async move { self.0.load(key, parts).await }).await })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        between(self.0.save(change)).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        between(self.0.remove(account)).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        between(self.0.list(which, limit)).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        between(self.0.append_events(events)).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        between(self.0.events(user, page)).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        between(self.0.delete_events_before(before, limit)).await
    }
}

#[async_trait]
impl<H: PasswordHasher> PasswordHasher for Yielding<H> {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        between(self.0.hash(password, salt)).await
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        between(self.0.verify(password, against)).await
    }
}

#[async_trait]
impl<M: Mailer> Mailer for Yielding<M> {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        between(self.0.send(message)).await
    }
}

#[async_trait]
impl<P: SmsSender> SmsSender for Yielding<P> {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        between(self.0.send(message)).await
    }
}
