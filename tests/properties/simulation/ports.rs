//! The ports of the simulated service. They tell the [ledger](Book) of everything that happens, and
//! let the simulation decide when.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
    time::Duration,
};

use account::{
    Secret,
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{Event, EventPage, Key, PageQuery, PasswordHash, Timestamp, UserId},
    ports::{
        Change, Clock, HashError, Listed, Loading, Mailer, Parts, PasswordHasher, SaveError, Select,
        SendError, SmsSender, Store, StoreError, Stored, Verdict,
    },
    testing::{Fault, FaultPlan, InstantHasher},
};
use async_trait::async_trait;

use crate::simulation::{
    deeds::Purpose,
    ledger::{Book, Neighbour},
    model::Address,
    stored,
};

/// Time as the simulation says.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedClock(pub(crate) Book);

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let mut ledger = self.0.open();
        let (now, current) = (ledger.now, ledger.current);
        if let Some(task) = ledger.tasks.get_mut(current) {
            task.now = now;
        }
        Timestamp::from_millis(now)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.open().elapsed.unsigned_abs())
    }
}

/// Who carries messages: to the ledger, or nowhere.
#[derive(Debug, Clone)]
pub(crate) struct Post(pub(crate) Book);

impl Post {
    async fn carry(
        &self,
        to: Address,
        purpose: Option<Purpose>,
        secret: Option<String>,
    ) -> Result<(), SendError> {
        pause().await;
        self.0.open().message(to, purpose, secret.as_deref());
        pause().await;
        let ledger = self.0.open();
        match ledger.tasks[ledger.current].is_mute {
            true => Err(SendError::Temporary(None)),
            false => Ok(()),
        }
    }
}

fn secret_of(link: &str) -> String {
    let link = url::Url::parse(link).unwrap();
    link.query_pairs().find(|(name, _)| name == "secret").unwrap().1.into_owned()
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        let to = Address::Email(stored::number(message.to.as_str()));
        let (purpose, secret) = match &message.notice {
            Notice::Verification { link } => {
                (Some(Purpose::EmailVerification), Some(secret_of(link.expose())))
            }
            Notice::Recovery { link } => (Some(Purpose::Recovery), Some(secret_of(link.expose()))),
            Notice::MagicUrl { link, .. } => (Some(Purpose::MagicUrl), Some(secret_of(link.expose()))),
            Notice::EmailCode { code, .. } => (Some(Purpose::EmailCode), Some(code.expose().to_owned())),
            Notice::MfaCode { code, .. } => (None, Some(code.expose().to_owned())),
            _ => (None, None),
        };
        self.carry(to, purpose, secret).await
    }
}

#[async_trait]
impl SmsSender for Post {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        let to = Address::Phone(stored::number(message.to.as_str()));
        let (purpose, code) = match &message.notice {
            TextNotice::SignInCode { code } => (Some(Purpose::PhoneCode), code),
            TextNotice::VerificationCode { code } => (Some(Purpose::PhoneVerification), code),
            TextNotice::MfaCode { code } => (None, code),
            other => panic!("{other:?}"),
        };
        self.carry(to, purpose, Some(code.expose().to_owned())).await
    }
}

/// Lets the simulation decide who goes on.
pub(crate) async fn pause() {
    let mut paused = false;
    poll_fn(|_| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future that another thread answers, so that real time decides nothing.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A hasher that takes its time, in which others go on.
#[derive(Debug, Default)]
pub(crate) struct Slow(InstantHasher);

#[async_trait]
impl PasswordHasher for Slow {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        pause().await;
        let answer = self.0.hash(password, salt).await;
        pause().await;
        answer
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        pause().await;
        let answer = self.0.verify(password, against).await;
        pause().await;
        answer
    }
}

/// The store as it really is; tells the ledger of what happens in it, at the moment it happens.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    pub(crate) store: S,
    pub(crate) book: Book,
}

#[async_trait]
impl<S: Store> Store for Watched<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        let answer = block_on(self.store.load(key, parts));
        self.book.open().look();
        Loading::ready(answer)
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let (next, body, events) = (change.next().to_bits(), change.body()?, change.events().to_vec());
        let mut written = vec![body.clone()];
        written.extend(change.attachment()?);
        written.extend(events.iter().map(Event::to_json));
        written.extend(change.claims().iter().map(Key::to_text));
        let answer = block_on(self.store.save(change));
        let mut ledger = self.book.open();
        written.iter().for_each(|text| ledger.secrets.save(text));
        match &answer {
            Ok(()) => ledger.commit(next, &body, &events),
            Err(_) => ledger.look(),
        }
        answer
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let answer = block_on(self.store.remove(account));
        let mut ledger = self.book.open();
        match &answer {
            Ok(()) => ledger.removed(account.version.to_bits(), account.account.id().as_str()),
            Err(_) => ledger.look(),
        }
        answer
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let answer = block_on(self.store.list(which, limit));
        self.book.open().look();
        answer
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        let answer = block_on(self.store.append_events(events));
        if answer.is_ok() {
            let mut ledger = self.book.open();
            events.iter().for_each(|event| ledger.secrets.save(&event.to_json()));
            ledger.appended(events);
        }
        answer
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        block_on(self.store.events(user, page))
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let answer = block_on(self.store.delete_events_before(before, limit));
        if let Ok(count) = &answer {
            self.book.open().forgotten(before.as_millis(), *count);
        }
        answer
    }
}

/// The store as the service sees it: each call waits on both sides until the simulation goes on,
/// and fails where the simulation says so.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    pub(crate) store: S,
    pub(crate) plan: FaultPlan,
    pub(crate) book: Book,
}

impl<S: Store> Paced<S> {
    /// Counts a call of the current task and arms its fault. `version`: that of the change.
    fn arm(&self, version: Option<u64>) {
        let mut ledger = self.book.open();
        ledger.calls += 1;
        let (current, fault) = (ledger.current, ledger.call(Neighbour::Store));
        let task = &mut ledger.tasks[current];
        let saver = (current, task.stage, task.now);
        self.plan.clear();
        if let Some(fault) = fault {
            task.failed |= Fault::FAILURES.contains(&fault);
            task.collided |= fault == Fault::Conflict;
            self.plan.fail(0, fault);
        }
        if let Some(version) = version {
            ledger.savers.insert(version, saver);
        }
    }

    fn note<T>(&self, answer: Result<T, SaveError>) -> Result<T, SaveError> {
        if matches!(answer, Err(SaveError::Stale | SaveError::Taken(_))) {
            let mut ledger = self.book.open();
            let current = ledger.current;
            ledger.tasks[current].collided = true;
        }
        answer
    }
}

#[async_trait]
impl<S: Store> Store for Paced<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            pause().await;
            self.arm(None);
            let answer = self.store.load(key, parts).await;
            pause().await;
            answer
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        pause().await;
        self.arm(Some(change.next().to_bits()));
        let answer = self.store.save(change).await;
        pause().await;
        self.note(answer)
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        pause().await;
        self.arm(Some(account.version.to_bits()));
        let answer = self.store.remove(account).await;
        pause().await;
        self.note(answer)
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        pause().await;
        self.arm(None);
        let answer = self.store.list(which, limit).await;
        pause().await;
        answer
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        pause().await;
        self.arm(None);
        let answer = self.store.append_events(events).await;
        pause().await;
        answer
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        pause().await;
        self.arm(None);
        let answer = self.store.events(user, page).await;
        pause().await;
        answer
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        pause().await;
        self.arm(None);
        let answer = self.store.delete_events_before(before, limit).await;
        pause().await;
        answer
    }
}
