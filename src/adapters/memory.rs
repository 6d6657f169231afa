//! A store in memory, for tests, demonstrations and applications that need nothing durable.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use async_trait::async_trait;
use hashbrown::hash_table::{Entry, HashTable};

use super::arena::Arena;
use crate::{
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

const SHARDS: usize = 64;

/// A [`Store`] that keeps accounts in memory, sharded by id, until the process ends.
///
/// A save that claims or releases keys locks the index of keys and one shard, any other save one
/// shard, and a load by id one shard for reading.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore};
///
/// let config = Config::new(MasterKey::generate()?);
/// let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// assert_eq!(accounts.config().project, "default");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemoryStore {
    hasher: RandomState,
    index: RwLock<Index>,
    shards: Box<[RwLock<Shard>]>,
}

/// All keys except the ids, and the ids in order. Locked before any shard.
#[derive(Default)]
struct Index {
    holders: HashMap<Key, UserId>,
    ids: BTreeSet<UserId>,
}

#[derive(Default)]
struct Shard {
    accounts: HashTable<Stored>,
    arena: Arena,
    /// The log of each account, oldest first.
    log: HashMap<UserId, VecDeque<Box<Event>>>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            index: RwLock::default(),
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
        }
    }

    fn place(&self, id: &UserId) -> Result<(u64, &RwLock<Shard>), StoreError> {
        let hash = self.hasher.hash_one(id);
        let shard = usize::try_from(hash >> 32).unwrap_or_default() % SHARDS;
        Ok((hash, self.shards.get(shard).ok_or(StoreError::Corrupt)?))
    }

    fn find(&self, id: &UserId) -> Result<Option<Stored>, StoreError> {
        let (hash, shard) = self.place(id)?;
        let shard = read(shard);
        Ok(shard.accounts.find(hash, |stored| stored.account.id() == id).cloned())
    }
}

impl Index {
    fn release(&mut self, keys: &[Key]) {
        for key in keys {
            self.holders.remove(key);
        }
    }
}

impl Shard {
    /// Adds an account, or replaces the one with its id.
    fn put(&mut self, stored: Stored, hasher: &RandomState) {
        let others = self.accounts.len();
        let stored = Stored { account: self.arena.insert(&stored.account, others), ..stored };
        let hash = |stored: &Stored| hasher.hash_one(stored.account.id());
        let is_it = |other: &Stored| other.account.id() == stored.account.id();
        match self.accounts.entry(hash(&stored), is_it, hash) {
            Entry::Occupied(mut entry) => *entry.get_mut() = stored,
            Entry::Vacant(entry) => drop(entry.insert(stored)),
        }
    }

    fn record(&mut self, event: &Event) {
        let log = self.log.entry(event.user).or_default();
        let newer = log.iter().rev().take_while(|other| other.id > event.id).count();
        log.insert(log.len() - newer, Box::new(event.clone()));
    }
}

#[async_trait]
impl Store for MemoryStore {
    #[inline]
    fn load<'a>(&'a self, key: &'a Key, _: Parts) -> Loading<'a> {
        Loading::ready(match key {
            Key::Id(id) => self.find(id),
            key => read(&self.index).holders.get(key).map_or(Ok(None), |id| self.find(id)),
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let (claims, releases) = (change.claims(), change.releases());
        let mut index = (!claims.is_empty() || !releases.is_empty()).then(|| write(&self.index));
        let id = *change.after().id();
        let (hash, shard) = self.place(&id)?;
        let mut shard = write(shard);
        let current = shard.accounts.find(hash, |stored| *stored.account.id() == id);
        let expected = change.before().map(|stored| stored.version);
        if change.before().is_some() && current.map(|stored| stored.version) != expected {
            return Err(SaveError::Stale);
        }
        if expected.is_none() && current.is_some() {
            return Err(SaveError::Taken(Key::Id(id)));
        }
        let whole = change.whole(current);
        if let Some(index) = &mut index {
            if let Some(taken) = claims.iter().find(|key| index.holders.contains_key(key)) {
                return Err(SaveError::Taken(taken.clone()));
            }
            index.ids.insert(id);
            index
                .holders
                .extend(claims.into_iter().filter(|key| !matches!(key, Key::Id(_))).map(|key| (key, id)));
            index.release(&releases);
        }
        change.events().iter().for_each(|event| shard.record(event));
        shard.put(whole, &self.hasher);
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let mut index = write(&self.index);
        let id = account.account.id();
        let (hash, shard) = self.place(id)?;
        let mut shard = write(shard);
        let is_it = |stored: &Stored| stored.account.id() == id && stored.version == account.version;
        let entry = shard.accounts.find_entry(hash, is_it).map_err(|_| SaveError::Stale)?;
        let (removed, _) = entry.remove();
        shard.log.remove(id);
        index.ids.remove(id);
        index.release(&removed.account.keys());
        Ok(())
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match which {
            Select::After(after) => {
                let index = read(&self.index);
                let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
                let ids = index.ids.range((from, std::ops::Bound::Unbounded)).take(limit);
                ids.filter_map(|id| self.find(id).transpose()).map(|found| found.map(Listed::from)).collect()
            }
            Select::DueBy(instant) => {
                let mut due = Vec::new();
                for shard in &self.shards {
                    let shard = read(shard);
                    let is_due = |stored: &&Stored| stored.account.due_at().is_some_and(|at| at <= instant);
                    due.extend(shard.accounts.iter().filter(is_due).cloned());
                }
                due.sort_by_key(|stored| (stored.account.due_at(), *stored.account.id()));
                due.truncate(limit);
                Ok(due.into_iter().map(Listed::from).collect())
            }
        }
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        for event in events {
            write(self.place(&event.user)?.1).record(event);
        }
        Ok(())
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let shard = read(self.place(user)?.1);
        let Some(log) = shard.log.get(user) else { return Ok(EventPage::default()) };
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let events =
            log.iter().rev().skip(offset).take(page.limit()).map(|event| (**event).clone()).collect();
        Ok(EventPage { events, total: u64::try_from(log.len()).unwrap_or(u64::MAX) })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let mut forgotten = 0;
        for shard in &self.shards {
            let mut shard = write(shard);
            for log in shard.log.values_mut() {
                while forgotten < limit && log.front().is_some_and(|event| event.at < before) {
                    log.pop_front();
                    forgotten += 1;
                }
            }
            shard.log.retain(|_, log| !log.is_empty());
        }
        Ok(forgotten)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

/// A thread that panicked while it held a lock left whole values behind: every change of a shard
/// happens after its last fallible step.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
