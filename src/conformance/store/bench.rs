//! The store under test, with the steps and assertions that the rules share.

use std::{sync::Arc, time::Duration};

use crate::{
    model::{Account, Event, EventPage, Key, PageQuery, Timestamp, UserId, stored},
    ports::{Change, Entropy as _, Listed, Parts, SaveError, Select, Store, Stored, SystemEntropy, Version},
};

/// How long a rule may take. A store that hangs fails its rule instead of blocking the run.
pub(super) const RULE_TIMEOUT: Duration = Duration::from_secs(60);

/// The store under test. Every rule takes a fresh, empty one.
#[derive(Debug, Clone)]
pub struct Bench {
    store: Arc<dyn Store>,
}

/// Everything that a store returns about its accounts, for comparison with a later snapshot.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    accounts: Vec<AccountSnapshot>,
    due: Vec<UserId>,
}

/// One account in a snapshot.
#[derive(Debug, PartialEq)]
struct AccountSnapshot {
    version: Version,
    body: String,
    attachment: Option<String>,
    holders: Vec<(Key, Option<UserId>)>,
    log: Vec<Event>,
}

impl Bench {
    /// Wraps a store for testing.
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store) }
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Saves once, under a fresh version, and returns the state that must now be stored.
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

    /// Loads, edits and saves the account under a key, and tries again while the save is stale, as
    /// the service does.
    pub(super) async fn retry_change(
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
        panic!("a change of the loaded state was stale 10,000 times");
    }

    pub(super) async fn remove(&self, account: &Stored) {
        self.store.remove(account).await.expect("the current state of an account must be removable");
    }

    pub(super) async fn load(&self, key: &Key) -> Option<Stored> {
        self.load_parts(key, Parts::Whole).await
    }

    pub(super) async fn load_parts(&self, key: &Key, parts: Parts) -> Option<Stored> {
        let loaded = self.store.load(key, parts).await.expect("the store under test must be able to load");
        assert!(loaded.as_ref().is_none_or(|stored| stored.has(parts)), "the requested parts must be loaded");
        loaded
    }

    pub(super) async fn load_id(&self, id: &UserId) -> Option<Stored> {
        self.load(&Key::Id(*id)).await
    }

    pub(super) async fn list(&self, which: Select<'_>, limit: u32) -> Vec<Stored> {
        let listed = self.store.list(which, limit).await.expect("the store under test must be able to list");
        let found = |listed: Listed| {
            let stored = listed.found.expect("a saved account must be readable");
            assert_eq!(listed.id, *stored.account.id(), "an account is listed under its id");
            stored
        };
        listed.into_iter().map(found).collect()
    }

    /// Lists the ids in the store's order.
    pub(super) async fn list_ids(&self, which: Select<'_>, limit: u32) -> Vec<UserId> {
        self.list(which, limit).await.iter().map(|stored| *stored.account.id()).collect()
    }

    pub(super) async fn append_events(&self, events: &[Event]) {
        self.store.append_events(events).await.expect("the store under test must be able to append");
    }

    pub(super) async fn log(&self, user: &UserId) -> EventPage {
        self.log_page(user, 0, 5000).await
    }

    pub(super) async fn log_page(&self, user: &UserId, offset: u64, limit: usize) -> EventPage {
        let offset = format!(r#"{{"method":"offset","values":[{offset}]}}"#);
        let page = PageQuery::parse(&[offset], limit).expect("the query of a page");
        self.store.events(user, page).await.expect("the store under test must be able to read its log")
    }

    pub(super) async fn delete_events_before(&self, before: Timestamp, limit: u32) -> u32 {
        self.store
            .delete_events_before(before, limit)
            .await
            .expect("the store under test must be able to delete events")
    }

    /// Asserts that every key of this account leads to exactly this state, with and without its
    /// attachment.
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

    /// Asserts that no account is found under any of the keys.
    pub(super) async fn assert_free(&self, keys: &[Key]) {
        for key in keys {
            for parts in [Parts::Body, Parts::Whole] {
                let loaded = self.load_parts(key, parts).await;
                assert!(loaded.is_none(), "{} must lead to no account", key.to_text());
            }
        }
    }

    pub(super) async fn assert_log(&self, user: &UserId, newest_first: &[Event]) {
        let log = self.log(user).await;
        assert_eq!(log.events, newest_first);
        assert_eq!(log.total, newest_first.len() as u64, "the total counts all entries");
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        let mut accounts = Vec::new();
        for stored in self.list(Select::After(None), 1000).await {
            let id = *stored.account.id();
            let whole = self.load_id(&id).await.expect("a listed account must be found by its id");
            let mut holders = Vec::new();
            for key in whole.account.keys() {
                let holder = self.load_parts(&key, Parts::Body).await;
                holders.push((key, holder.map(|holder| *holder.account.id())));
            }
            accounts.push(AccountSnapshot {
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

/// The preferences as stored text, if they were loaded.
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
pub(super) fn assert_stale<T>(result: Result<T, SaveError>) {
    match result {
        Err(SaveError::Stale) => {}
        Err(other) => panic!("the result must be Stale and is {other:?}"),
        Ok(_) => panic!("the result must be Stale and is Ok"),
    }
}

#[track_caller]
pub(super) fn assert_taken<T>(result: Result<T, SaveError>, key: &Key) {
    match result {
        Err(SaveError::Taken(taken)) if taken == *key => {}
        Err(SaveError::Taken(other)) => {
            panic!("{} is taken, and the result names {}", key.to_text(), other.to_text())
        }
        Err(other) => panic!("the result must be Taken({}) and is {other:?}", key.to_text()),
        Ok(_) => panic!("{} is taken, and the result is Ok", key.to_text()),
    }
}
