//! Accounts in PostgreSQL: for services of several nodes.

mod address;
mod connect;
mod connections;
mod dial;
mod error;
mod limiter;
mod loads;
mod migrate;
mod rows;
mod statements;
mod write;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
pub use connect::PostgresBuilder;
use connections::{Connections, Span};
use deadpool_postgres::Pool;
use error::Failure;
pub use error::PostgresError;
pub use limiter::PostgresLimiter;
use loads::Loads;
use rows::{Found, column, count, listed};
use statements::Statements;
use write::{Log, Write};

use crate::{
    adapters::{
        account_cache::AccountCache,
        rows::{bits, version_of},
    },
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// Keeps accounts in PostgreSQL, version 14 or newer, for a service of one node or many.
///
/// **One round trip each.** A load is one statement, and so is a save with its keys and its log: a transaction of its own that happens whole or
/// not at all. Decoded accounts are kept in memory per node, and each use of one asks the server for the account's version, in the same
/// statement that would bring the account if it differs: what another node changed holds at once, and a session that it ended is refused here
/// at its next use. Where more than four loads by id are under way, the next ones wait for one of them to be back, a tenth of a second at most,
/// and share a statement. A save is acknowledged when the server has committed it, so it survives what the server survives, given
/// `synchronous_commit` is on, as it is by default; a failover it survives if replication is synchronous. The server must be the one that takes
/// changes, not a replica. A save that waits for a standby is never cancelled by the store, because PostgreSQL would then show it as done; an
/// operator who ends such a connection by hand does what the store does not.
///
/// **When something breaks.** An operation that takes longer than [`PostgresBuilder::timeout`] is given up: the server calls it off, or makes
/// the change a little later if it was committing already. After a connection is lost the store opens another one. It then asks anew what it was
/// asked to read, but sends a change once only: whether it was made is for the service to find out, and by the version it does. Changes that
/// collide (a deadlock, a serialization failure) are taken back by the server and count as stale. Every isolation level will do.
///
/// **Poolers.** No statement relies on a session: PgBouncer in transaction mode will do. From 1.21 on it keeps track of prepared statements
/// (`max_prepared_statements` above 0); before that, turn [`PostgresBuilder::prepared_statements`] off.
///
/// **Tables.** `accounts`, `account_bodies`, `account_attachments`, `account_keys` and `account_events`, in the schema of
/// [`PostgresBuilder::schema`], made by [`migrations`](Self::migrations) under an advisory lock. They and the views `account_users`,
/// `account_sessions` and `account_identities` may be read with plain SQL, and the host's own tables may refer to `accounts (id)`. A row that
/// refers to it without `ON DELETE` keeps the account from being removed. `account_limits` is for [`limiter`](Self::limiter) alone, and the
/// functions `account_body` and `account_attachment` are for the store's own loads.
///
/// **Rights.** Who migrates must be able to create tables in the schema, or the schema. Who only uses the store needs `USAGE` of the schema,
/// and `SELECT`, `INSERT`, `UPDATE` and `DELETE` on its tables.
///
/// **Partitions.** There is no sequence, and no change touches two accounts; what is shared is only that each key is held once. All primary
/// keys begin with the account, that of `account_keys` is the key. So whoever needs it creates the same tables with `PARTITION BY HASH`, by
/// `id`, `account` or `key`, and all else as the migrations do, and opens the store with [`PostgresBuilder::migrate`] off. Distributed
/// databases that speak PostgreSQL's protocol would have to know data-modifying `WITH`, also two on one table (a change inserts and deletes
/// keys; CockroachDB refuses that unless `enable_multiple_modifications_of_table` is on), unique violations, `FOR UPDATE SKIP LOCKED`,
/// `LATERAL` and functions with a body that is parsed when they are made; none of them is tested.
///
/// # Examples
/// ```no_run
/// use account::{AccountService, Config, MasterKey, PostgresStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:secret@db.example/app").await?;
/// let accounts = AccountService::builder(store).config(Config::new(MasterKey::generate()?)).build()?;
/// # Ok(()) }
/// ```
pub struct PostgresStore {
    connections: Connections,
    statements: Arc<Statements>,
    loads: Loads,
    cache: AccountCache,
    schema: String,
}

impl PostgresStore {
    /// Opens a store at a URL with the usual settings; see [`PostgresBuilder::connect`].
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn connect(url: &str) -> Result<Self, PostgresError> {
        Self::builder().connect(url).await
    }

    /// Opens a store on a pool of the host's own with the usual settings; see [`PostgresBuilder::connect_by`].
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn connect_by(pool: Pool) -> Result<Self, PostgresError> {
        Self::builder().connect_by(pool).await
    }

    /// Other settings than the usual ones.
    #[must_use]
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }

    /// The SQL of the migrations in order, for those who apply them by hand. They name no schema: `search_path` decides. After each its number,
    /// from 1, goes into the table `account_migrations (number integer primary key)` of that schema.
    #[must_use]
    pub fn migrations() -> &'static [&'static str] {
        migrate::MIGRATIONS
    }

    async fn load_by_id(&self, id: &UserId, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let kept = self.cache.find(id).filter(|kept| kept.has(parts));
        let known = kept.as_ref().map(|kept| bits(kept.version));
        let Some(found) = self.loads.load(id, known, parts).await? else {
            self.cache.remove(id);
            return Ok(None);
        };
        match kept {
            Some(kept) if Some(found.version) == known => Ok(Some(kept)),
            _ => self.keep(&found).map(Some),
        }
    }

    async fn load_by_key(&self, key: &str, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let statement = match parts {
            Parts::Body => &self.statements.body_by_key,
            Parts::Whole => &self.statements.whole_by_key,
        };
        let rows = self.connections.read(statement, &[&key]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let id = column::<&str>(row, 2)?.parse().map_err(|_| StoreError::Corrupt)?;
        let version = version_of(column(row, 0)?);
        match self.cache.find(&id) {
            Some(kept) if kept.version == version && kept.has(parts) => Ok(Some(kept)),
            _ => self.keep(&Found::of(row, (parts == Parts::Whole).then_some(3))?).map(Some),
        }
    }

    fn keep(&self, found: &Found) -> Result<Stored, StoreError> {
        let stored = found.decode()?;
        self.cache.put(stored.clone());
        Ok(stored)
    }

    /// Sends a save until it has an answer, which for a change is at once: who made it looks again and decides anew.
    async fn write(&self, change: &Change<'_>) -> Result<(), SaveError> {
        let write = Write::of(change)?;
        let (statement, refusal) = match change.before() {
            Some(_) => (&self.statements.change, SaveError::Stale),
            None => (&self.statements.create, SaveError::Taken(Key::Id(*change.after().id()))),
        };
        let mut span = self.connections.begin();
        loop {
            match self.connections.send(statement, &write.parameters(), &span).await {
                Ok(rows) => return if count(&rows)? == 0 { Err(refusal) } else { Ok(()) },
                Err(Failure::Taken) => {
                    if let Some(key) = self.taken(change, &write, &mut span).await? {
                        return Err(SaveError::Taken(key));
                    }
                }
                Err(Failure::Collided) => {}
                Err(other) => return Err(other.into_error().into()),
            }
            if change.before().is_some() {
                return Err(SaveError::Stale);
            }
            self.connections.step_aside(&mut span).await?;
        }
    }

    /// The key that somebody else holds, unless it was given back meanwhile.
    async fn taken(
        &self,
        change: &Change<'_>,
        write: &Write<'_>,
        span: &mut Span,
    ) -> Result<Option<Key>, StoreError> {
        let rows = self.connections.read_within(span, &self.statements.holder, &write.wanted()).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text: &str = column(row, 0)?;
        Ok(change.claims().into_iter().find(|key| key.to_text() == text))
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            match key {
                Key::Id(id) => self.load_by_id(id, parts).await,
                other => match other.to_text() {
                    // PostgreSQL has no NUL, so no key holds one.
                    text if text.contains('\0') => Ok(None),
                    text => self.load_by_key(&text, parts).await,
                },
            }
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.write(&change).await?;
        let before = change.before();
        let kept = self.cache.find(change.after().id());
        let kept = kept.filter(|kept| before.is_some_and(|before| before.version == kept.version));
        self.cache.put(change.whole(kept.as_ref().or(before)));
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let id = account.account.id();
        let keys: Vec<String> = account.account.keys().iter().map(Key::to_text).collect();
        let sent = self
            .connections
            .send(
                &self.statements.remove,
                &[&id.as_str(), &bits(account.version), &keys],
                &self.connections.begin(),
            )
            .await;
        match sent {
            Ok(rows) if count(&rows)? == 0 => Err(SaveError::Stale),
            Ok(_) => {
                self.cache.remove(id);
                Ok(())
            }
            Err(Failure::Collided) => Err(SaveError::Stale),
            Err(other) => Err(other.into_error().into()),
        }
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let limit = i64::from(limit);
        let rows = match which {
            Select::After(after) => {
                let after = after.map_or("", UserId::as_str);
                self.connections.read(&self.statements.list_after, &[&after, &limit]).await?
            }
            Select::DueBy(instant) => {
                self.connections.read(&self.statements.list_due, &[&instant.as_millis(), &limit]).await?
            }
        };
        rows.iter().map(listed).collect()
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let log = Log::of(events)?;
        let mut span = self.connections.begin();
        loop {
            match self.connections.send(&self.statements.append, &log.parameters(), &span).await {
                Ok(_) => return Ok(()),
                // Entries that are there already are left alone, so that trying again adds none twice.
                Err(Failure::Collided) => self.connections.step_aside(&mut span).await?,
                Err(other) => return Err(other.into_error()),
            }
        }
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
        let offset = i64::try_from(page.offset()).unwrap_or(i64::MAX);
        let rows = self.connections.read(&self.statements.events, &[&user.as_str(), &limit, &offset]).await?;
        let total = count(&rows)?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            // An empty page is a row without an entry.
            if let Some(text) = column::<Option<&str>>(row, 1)? {
                events.push(Event::from_json(text)?);
            }
        }
        Ok(EventPage { events, total })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let (before, limit) = (before.as_millis(), i64::from(limit));
        let span = self.connections.begin();
        let sent = self.connections.send(&self.statements.forget, &[&before, &limit], &span).await;
        match sent {
            Ok(rows) => Ok(u32::try_from(count(&rows)?).unwrap_or(u32::MAX)),
            // Somebody else is at it.
            Err(Failure::Collided) => Ok(0),
            Err(other) => Err(other.into_error()),
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.schema)
            .field("connections", &self.connections.pool.status().max_size)
            .field("timeout", &self.connections.timeout)
            .finish_non_exhaustive()
    }
}
