//! What several test files share.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use account::{
    Caller, Error, LogPage, MemoryStore, SignedIn,
    model::{ClientInfo, Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
    testing::{PASSWORD, TestHost, password},
};
use async_trait::async_trait;
use serde_json::Value;

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const BOB: &str = "bob@example.com";
/// A password that breaks no rule and is nobody's.
pub(crate) const OTHER: &str = "violet-Marmot-5even";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// The stable name of the error that must have come.
pub(crate) fn code<T: fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

pub(crate) fn client() -> ClientInfo {
    ClientInfo::at("192.0.2.7".parse().unwrap()).with_user_agent("curl/8.5.0")
}

pub(crate) async fn sign_in(host: &TestHost, email: &str, text: &str) -> Result<SignedIn, Error> {
    host.service.sign_in_with_password(email.parse().unwrap(), password(text), &ClientInfo::default()).await
}

/// So many wrong guesses at the sign-in.
pub(crate) async fn fail(host: &TestHost, email: &str, times: u32) {
    for _ in 0..times {
        assert_eq!(code(sign_in(host, email, "no such password").await), "user_invalid_credentials");
    }
}

/// An account with its first session.
pub(crate) async fn ada(host: &TestHost) -> (SignedIn, Caller) {
    let signed_in = host.signed_up(ADA).await;
    let caller = host.caller(&signed_in).await;
    (signed_in, caller)
}

pub(crate) async fn anonymous(host: &TestHost) -> (SignedIn, Caller) {
    let signed_in = host.service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let caller = host.caller(&signed_in).await;
    (signed_in, caller)
}

pub(crate) async fn log(host: &TestHost, caller: &Caller) -> LogPage {
    host.service.events(caller, PageQuery::parse(&[] as &[&str], 5000).unwrap()).await.unwrap()
}

/// The names of all log entries, oldest first.
pub(crate) async fn log_names(host: &TestHost, caller: &Caller) -> Vec<&'static str> {
    let mut names: Vec<_> =
        log(host, caller).await.entries.iter().map(|entry| entry.event.kind.name()).collect();
    names.reverse();
    names
}

/// Whether the password of the test accounts still opens this one.
pub(crate) async fn opens(host: &TestHost, email: &str) -> bool {
    sign_in(host, email, PASSWORD).await.is_ok()
}

/// A store that keeps accounts as texts, as a database does, lets a test look into them and change them by hand, and can be switched off.
#[derive(Default)]
pub(crate) struct Texts {
    inner: MemoryStore,
    texts: Mutex<HashMap<UserId, (String, Option<String>)>>,
    down: AtomicBool,
}

impl Texts {
    pub(crate) fn host() -> (Arc<Self>, TestHost) {
        let texts = Arc::new(Self::default());
        let host = TestHost::on(Arc::clone(&texts));
        (texts, host)
    }

    pub(crate) fn account(&self, id: &UserId) -> Value {
        let texts = self.texts.lock().unwrap();
        serde_json::from_str::<Value>(&texts[id].0).unwrap()["account"].take()
    }

    pub(crate) fn edit(&self, id: &UserId, edit: impl FnOnce(&mut Value)) {
        let mut texts = self.texts.lock().unwrap();
        let (body, _) = texts.get_mut(id).unwrap();
        let mut value: Value = serde_json::from_str(body).unwrap();
        edit(&mut value["account"]);
        *body = value.to_string();
    }

    pub(crate) fn switch_off(&self, off: bool) {
        self.down.store(off, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable(None)),
            false => Ok(()),
        }
    }

    fn read(&self, stored: Stored, parts: Parts) -> Result<Stored, StoreError> {
        let texts = self.texts.lock().unwrap();
        let (body, attachment) = &texts[stored.account.id()];
        Stored::decode(stored.version, body, (parts == Parts::Whole).then_some(attachment.as_deref()))
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Texts")
    }
}

#[async_trait]
impl Store for Texts {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            self.check()?;
            let stored = self.inner.load(key, Parts::Whole).await?;
            stored.map(|stored| self.read(stored, parts)).transpose()
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.check()?;
        let (id, body, attachment) = (*change.after().id(), change.body()?, change.attachment()?);
        self.inner.save(change).await?;
        let mut texts = self.texts.lock().unwrap();
        let text = texts.entry(id).or_default();
        text.0 = body;
        if attachment.is_some() {
            text.1 = attachment;
        }
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.check()?;
        self.inner.remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.check()?;
        self.inner.list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.check()?;
        self.inner.append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.check()?;
        self.inner.events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.check()?;
        self.inner.delete_events_before(before, limit).await
    }
}
