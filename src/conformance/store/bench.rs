//! What the rules work with: the store under test, and steps that every rule needs.

use std::sync::Arc;

use crate::{
    model::{Account, Event, EventPage, Key, PageQuery, Timestamp, UserId, stored},
    ports::{Change, Entropy as _, Listed, Parts, SaveError, Select, Store, Stored, SystemEntropy, Version},
};

/// The store under test. Every rule takes a fresh and empty one.
#[derive(Debug, Clone)]
pub struct Bench {
    store: Arc<dyn Store>,
}

/// All that a store says about its accounts, to be compared with what it says later.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    accounts: Vec<Seen>,
    due: Vec<UserId>,
}

/// One account in a snapshot.
#[derive(Debug, PartialEq)]
struct Seen {
    version: Version,
    body: String,
    attachment: Option<String>,
    holders: Vec<(Key, Option<UserId>)>,
    log: Vec<Event>,
}

impl Bench {
    /// Puts a store to the test.
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store) }
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Saves once, under a fresh version; the answer is what must now be stored.
    pub(super) async fn save(
        &self,
        before: Option<&Stored>,
        after: Account,
        events: &[Event],
    ) -> Result<Stored, SaveError> {
        let next = Stored { account: Arc::new(after), version: fresh_version() };
        self.store.save(Change::new(before, Arc::clone(&next.account), next.version, events)).await?;
        Ok(next)
    }

    pub(super) async fn try_create(&self, account: Account) -> Result<Stored, SaveError> {
        self.save(None, account, &[]).await
    }

    pub(super) async fn create(&self, account: Account) -> Stored {
        self.try_create(account).await.expect("a new account with free keys must be saved")
    }

    pub(super) async fn try_change(
        &self,
        before: &Stored,
        edit: impl FnOnce(&mut Account),
    ) -> Result<Stored, SaveError> {
        self.save(Some(before), edited(before, edit), &[]).await
    }

    pub(super) async fn change(&self, before: &Stored, edit: impl FnOnce(&mut Account)) -> Stored {
        self.try_change(before, edit)
            .await
            .expect("a change of the current state with free keys must be saved")
    }

    /// Load, decide, save, and again if somebody else was first: the loop that makes changes safe.
    pub(super) async fn settle(
        &self,
        key: &Key,
        mut edit: impl FnMut(&mut Account),
    ) -> Result<Stored, SaveError> {
        for _ in 0..10_000 {
            let before = self.load(key).await.expect("the account to change must be there");
            match self.try_change(&before, &mut edit).await {
                Err(SaveError::Stale) => tokio::task::yield_now().await,
                done => return done,
            }
        }
        panic!("a change of the loaded state is stale again and again");
    }

    pub(super) async fn remove(&self, account: &Stored) {
        self.store.remove(account).await.expect("the current state of an account must be removable");
    }

    pub(super) async fn load(&self, key: &Key) -> Option<Stored> {
        self.load_parts(key, Parts::Whole).await
    }

    pub(super) async fn load_parts(&self, key: &Key, parts: Parts) -> Option<Stored> {
        let loaded = self.store.load(key, parts).await.expect("a store under test must be able to load");
        assert!(loaded.as_ref().is_none_or(|stored| stored.has(parts)), "what was asked for must be loaded");
        loaded
    }

    pub(super) async fn load_id(&self, id: &UserId) -> Option<Stored> {
        self.load(&Key::Id(*id)).await
    }

    pub(super) async fn list(&self, which: Select<'_>, limit: u32) -> Vec<Stored> {
        let listed = self.store.list(which, limit).await.expect("a store under test must be able to list");
        let found = |listed: Listed| {
            let stored = listed.found.expect("what was saved can be read");
            assert_eq!(listed.id, *stored.account.id(), "an account is listed under its id");
            stored
        };
        listed.into_iter().map(found).collect()
    }

    /// The ids in the order in which the store lists them.
    pub(super) async fn list_ids(&self, which: Select<'_>, limit: u32) -> Vec<UserId> {
        self.list(which, limit).await.iter().map(|stored| *stored.account.id()).collect()
    }

    pub(super) async fn append_events(&self, events: &[Event]) {
        self.store.append_events(events).await.expect("a store under test must be able to append");
    }

    pub(super) async fn log(&self, user: &UserId) -> EventPage {
        self.log_page(user, 0, 5000).await
    }

    pub(super) async fn log_page(&self, user: &UserId, offset: u64, limit: usize) -> EventPage {
        let offset = format!(r#"{{"method":"offset","values":[{offset}]}}"#);
        let page = PageQuery::parse(&[offset], limit).expect("the query of a page");
        self.store.events(user, page).await.expect("a store under test must be able to read its log")
    }

    pub(super) async fn delete_events_before(&self, before: Timestamp, limit: u32) -> u32 {
        self.store
            .delete_events_before(before, limit)
            .await
            .expect("a store under test must be able to forget")
    }

    /// Every key of this account leads to this very state, with its attachment and without.
    pub(super) async fn assert_holds(&self, expected: &Stored) {
        for key in expected.account.keys() {
            for parts in [Parts::Body, Parts::Whole] {
                let loaded = self.load_parts(&key, parts).await;
                let loaded = loaded.unwrap_or_else(|| panic!("nothing is found under {}", key.to_text()));
                assert_eq!(loaded.version, expected.version, "the version under {}", key.to_text());
                assert_eq!(body(&loaded), body(expected), "the body under {}", key.to_text());
                if loaded.has(Parts::Whole) {
                    assert_eq!(attachment(&loaded), attachment(expected), "what is under {}", key.to_text());
                }
            }
        }
    }

    /// None of the keys leads anywhere.
    pub(super) async fn assert_free(&self, keys: &[Key]) {
        for key in keys {
            for parts in [Parts::Body, Parts::Whole] {
                let loaded = self.load_parts(key, parts).await;
                assert!(loaded.is_none(), "{} must lead nowhere", key.to_text());
            }
        }
    }

    pub(super) async fn assert_log(&self, user: &UserId, newest_first: &[Event]) {
        let log = self.log(user).await;
        assert_eq!(log.events, newest_first);
        assert_eq!(log.total, newest_first.len() as u64, "the total counts what is there");
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        let mut accounts = Vec::new();
        for stored in self.list(Select::After(None), 1000).await {
            let id = *stored.account.id();
            let whole = self.load_id(&id).await.expect("what is listed must be found by its id");
            let mut holders = Vec::new();
            for key in whole.account.keys() {
                let holder = self.load_parts(&key, Parts::Body).await;
                holders.push((key, holder.map(|holder| *holder.account.id())));
            }
            accounts.push(Seen {
                version: whole.version,
                body: body(&whole),
                attachment: attachment(&whole),
                holders,
                log: self.log(&id).await.events,
            });
        }
        Snapshot { accounts, due: self.list_ids(Select::DueBy(Timestamp::MAX), 1000).await }
    }
}

/// A version that was never used before.
pub(super) fn fresh_version() -> Version {
    let mut bits = [0; 8];
    SystemEntropy.fill(&mut bits).expect("the system's random source");
    Version::from_bits(u64::from_le_bytes(bits))
}

pub(super) fn edited(before: &Stored, edit: impl FnOnce(&mut Account)) -> Account {
    let mut account = Account::clone(&before.account);
    edit(&mut account);
    account
}

pub(super) fn body(stored: &Stored) -> String {
    stored::encode(&stored.account).expect("an account can be written")
}

/// The preferences as they were sent, if they were loaded.
pub(super) fn attachment(stored: &Stored) -> Option<String> {
    stored.account.attachment.as_ref().map(|attachment| attachment.preferences.as_json().to_owned())
}

/// The same state as if only its body had been loaded.
pub(super) fn without_attachment(stored: &Stored) -> Stored {
    let mut slim = Account::clone(&stored.account);
    slim.attachment = None;
    Stored { account: Arc::new(slim), version: stored.version }
}

#[track_caller]
pub(super) fn assert_stale<T>(answer: Result<T, SaveError>) {
    match answer {
        Err(SaveError::Stale) => {}
        Err(other) => panic!("the answer must be Stale and is {other:?}"),
        Ok(_) => panic!("the answer must be Stale and is Ok"),
    }
}

#[track_caller]
pub(super) fn assert_taken<T>(answer: Result<T, SaveError>, key: &Key) {
    match answer {
        Err(SaveError::Taken(taken)) if taken == *key => {}
        Err(SaveError::Taken(other)) => {
            panic!("{} is taken, and the answer names {}", key.to_text(), other.to_text())
        }
        Err(other) => panic!("the answer must be Taken({}) and is {other:?}", key.to_text()),
        Ok(_) => panic!("{} is taken, and the answer is Ok", key.to_text()),
    }
}
