//! A store of texts: what a database would hold, open to the test.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard},
};

use account::testing::TestHost;
use account::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
};
use async_trait::async_trait;
use serde_json::Value;

/// Keeps accounts in their stored form. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextStore(Arc<Mutex<Tables>>);

#[derive(Debug, Clone, Default)]
struct Tables {
    is_down: bool,
    refusal: Option<&'static str>,
    accounts: BTreeMap<UserId, Row>,
    keys: BTreeMap<String, UserId>,
    log: Vec<Event>,
    writes: usize,
}

#[derive(Debug, Clone)]
struct Row {
    version: Version,
    body: String,
    attachment: Option<String>,
}

impl Row {
    fn stored(&self, parts: Parts) -> Result<Stored, StoreError> {
        let attachment = (parts == Parts::Whole).then_some(self.attachment.as_deref());
        Stored::decode(self.version, &self.body, attachment)
    }
}

impl TextStore {
    /// A service on an empty store.
    pub(crate) fn host() -> (Self, TestHost) {
        let texts = Self::default();
        let host = TestHost::on(texts.clone());
        (texts, host)
    }

    /// The stored form of an account.
    pub(crate) fn account(&self, id: &UserId) -> Value {
        serde_json::from_str::<Value>(&self.tables().accounts[id].body).unwrap()["account"].take()
    }

    /// Fails every call from now on, or none.
    pub(crate) fn switch_off(&self, off: bool) {
        self.tables().is_down = off;
    }

    /// Refuses every change from now on for this reason, or none.
    pub(crate) fn refuse(&self, reason: Option<&'static str>) {
        self.tables().refusal = reason;
    }

    /// Another store that holds the same.
    pub(crate) fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.tables().clone())))
    }

    /// Everything that is kept, but the random versions.
    pub(crate) fn dump(&self) -> String {
        let tables = self.tables();
        let mut text = String::new();
        for (id, row) in &tables.accounts {
            writeln!(text, "{id} {} {:?}", row.body, row.attachment).unwrap();
        }
        for (key, id) in &tables.keys {
            writeln!(text, "{key} {id}").unwrap();
        }
        for event in &tables.log {
            writeln!(text, "{}", event.to_json()).unwrap();
        }
        text
    }

    /// As [`dump`](TextStore::dump), without the log.
    pub(crate) fn accounts(&self) -> String {
        let tables = self.tables();
        tables.accounts.values().map(|row| format!("{} {:?}\n", row.body, row.attachment)).collect()
    }

    /// Changes the stored form of an account behind the service's back.
    pub(crate) fn edit(&self, id: &UserId, change: impl FnOnce(&mut Value)) {
        let mut tables = self.tables();
        let row = tables.accounts.get_mut(id).unwrap();
        let mut body: Value = serde_json::from_str(&row.body).unwrap();
        change(&mut body["account"]);
        row.body = body.to_string();
        row.version = Version::from_bits(row.version.to_bits() ^ 1);
        let keys = row.stored(Parts::Body).unwrap().account.keys();
        tables.keys.retain(|_, holder| holder != id);
        tables.keys.extend(keys.iter().map(|key| (key.to_text(), *id)));
    }

    /// How often something was to be written.
    pub(crate) fn writes(&self) -> usize {
        self.tables().writes
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    fn up(&self) -> Result<MutexGuard<'_, Tables>, StoreError> {
        let tables = self.tables();
        if tables.is_down { Err(StoreError::Unavailable(None)) } else { Ok(tables) }
    }

    /// As [`up`](TextStore::up), for a change.
    fn writable(&self) -> Result<MutexGuard<'_, Tables>, StoreError> {
        let tables = self.up()?;
        match tables.refusal {
            Some(reason) => Err(StoreError::refused(std::io::Error::other(reason))),
            None => Ok(tables),
        }
    }
}

#[async_trait]
impl Store for TextStore {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            let tables = self.up()?;
            let row = tables.keys.get(&key.to_text()).and_then(|id| tables.accounts.get(id));
            row.map(|row| row.stored(parts)).transpose()
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.up()?.writes += 1;
        let mut tables = self.writable()?;
        let id = *change.after().id();
        let current = tables.accounts.get(&id).cloned();
        let expected = change.before().map(|stored| stored.version);
        if expected.is_some() && current.as_ref().map(|row| row.version) != expected {
            return Err(SaveError::Stale);
        }
        if let Some(taken) = change.claims().into_iter().find(|key| tables.keys.contains_key(&key.to_text()))
        {
            return Err(SaveError::Taken(taken));
        }
        let row = Row {
            version: change.next(),
            body: change.body()?,
            attachment: change.attachment()?.or(current.and_then(|row| row.attachment)),
        };
        tables.keys.extend(change.claims().iter().map(|key| (key.to_text(), id)));
        for key in change.releases() {
            tables.keys.remove(&key.to_text());
        }
        tables.accounts.insert(id, row);
        tables.log.extend_from_slice(change.events());
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let mut tables = self.writable()?;
        let id = account.account.id();
        match tables.accounts.get(id) {
            Some(row) if row.version == account.version => {
                tables.accounts.remove(id);
                tables.keys.retain(|_, holder| holder != id);
                tables.log.retain(|event| event.user != *id);
                Ok(())
            }
            _ => Err(SaveError::Stale),
        }
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let tables = self.up()?;
        let limit = limit as usize;
        let listed = |(id, row): (&UserId, &Row)| Listed { id: *id, found: row.stored(Parts::Body) };
        match which {
            Select::After(after) => {
                let rows = tables.accounts.iter().filter(|(id, _)| after.is_none_or(|after| *id > after));
                Ok(rows.take(limit).map(listed).collect())
            }
            Select::DueBy(now) => {
                let due_at = |row: &Row| row.stored(Parts::Body).ok()?.account.due_at();
                let mut due: Vec<_> = tables
                    .accounts
                    .iter()
                    .filter_map(|entry| due_at(entry.1).filter(|at| *at <= now).map(|at| (at, entry)))
                    .collect();
                due.sort_by_key(|(at, (id, _))| (*at, **id));
                Ok(due.into_iter().take(limit).map(|(_, entry)| listed(entry)).collect())
            }
            _ => Err(StoreError::Unavailable(None)),
        }
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        let mut tables = self.up()?;
        tables.writes += 1;
        tables.log.extend_from_slice(events);
        Ok(())
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let tables = self.up()?;
        let own: Vec<&Event> = tables.log.iter().rev().filter(|event| event.user == *user).collect();
        let shown = own.iter().skip(usize::try_from(page.offset()).unwrap()).take(page.limit());
        Ok(EventPage { events: shown.map(|event| (*event).clone()).collect(), total: own.len() as u64 })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let mut deleted = 0;
        self.up()?.log.retain(|event| {
            let goes = event.at < before && deleted < limit;
            deleted += u32::from(goes);
            !goes
        });
        Ok(deleted)
    }
}
