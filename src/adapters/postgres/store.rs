//! The store: loads, saves and lists.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    connections::{Connections, Deadline},
    error::{Failure, Violation, removal_error},
    loads::Loader,
    migrate::MIGRATIONS,
    parameters::{EventColumns, Parameter, SaveParameters},
    rows::{AccountRow, column, count, listed},
    statements::Statements,
};
use crate::{
    adapters::{
        account_cache::AccountCache,
        rows::{version_from_sql, version_to_sql},
    },
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};

/// A [`Store`] that keeps accounts in PostgreSQL 14 or newer, for a service of one node or many.
///
/// **One round trip.** A load is one statement, and so is a save with its keys and log entries: one
/// transaction that takes effect completely or not at all. Decoded accounts are cached on each
/// node, and each use of a cached account asks the server for its version. If the version differs,
/// the same statement returns the account. A change by another node is therefore visible
/// immediately, and a session revoked there is rejected here at its next use. While four loads by
/// id are in progress, further ones wait, for a tenth of a second at most, and share a statement.
///
/// **Durability.** A save is acknowledged when the server has committed it. It survives a crash of
/// the server if `synchronous_commit` is on, as it is by default, and a failover if replication is
/// synchronous. The store must use the primary, not a replica. It never cancels a save that waits
/// for a standby, because PostgreSQL would then show the save as committed. An operator who
/// terminates such a connection has the same effect.
///
/// **Failures.** An operation that takes longer than
/// [`PostgresBuilder::timeout`](super::PostgresBuilder::timeout) fails. The server ends its
/// statement, or completes the change a little later if it was already committing. After a lost
/// connection, the store opens another one. It repeats reads, but sends a change only once: the
/// service finds out by the version whether it took effect. When changes conflict (a deadlock, a
/// serialization failure), the server rolls one back, and it counts as stale. Every isolation level
/// is supported.
///
/// **Poolers.** No statement depends on a session, so PgBouncer in transaction mode is supported.
/// From 1.21 on, it tracks prepared statements (`max_prepared_statements` above 0). With older
/// versions, turn off
/// [`PostgresBuilder::prepared_statements`](super::PostgresBuilder::prepared_statements).
///
/// **Tables.** The tables `accounts`, `account_bodies`, `account_attachments`, `account_keys` and
/// `account_events` are in the schema of
/// [`PostgresBuilder::schema`](super::PostgresBuilder::schema). [`migrations`](Self::migrations)
/// create them under an advisory lock. Your application can read them and the views
/// `account_users`, `account_sessions` and `account_identities` with SQL, and its own tables can
/// refer to `accounts (id)`. A row that refers to it without `ON DELETE` prevents the account from
/// being removed ([`Error::Referenced`](crate::Error::Referenced)). The table `account_limits` is
/// for [`limiter`](Self::limiter) only, and the functions `account_body` and `account_attachment`
/// are for the store's own loads.
///
/// **Triggers** of your application on `accounts` run in the transaction of the change. Use them to
/// keep rows of your own in step:
///
/// ```sql
/// CREATE FUNCTION add_profile() RETURNS trigger LANGUAGE plpgsql AS $$
/// BEGIN INSERT INTO app.profiles (account) VALUES (new.id); RETURN new; END $$;
/// CREATE TRIGGER add_profile AFTER INSERT ON accounts
/// FOR EACH ROW EXECUTE FUNCTION add_profile();
/// ```
///
/// A trigger that raises an error (`RAISE EXCEPTION 'by invitation only'`) and a violated
/// constraint of your own refuse the change, with
/// [`Error::RefusedByHost`](crate::Error::RefusedByHost). Do not skip rows by returning `NULL`,
/// which looks like a conflict with another change. Only the columns of `accounts` and rows of your
/// own are a stable interface for triggers.
///
/// **Rights.** Migrating requires the right to create tables in the schema and, if the schema is
/// missing, to create it. Using the store requires `USAGE` of the schema, and `SELECT`, `INSERT`,
/// `UPDATE` and `DELETE` on its tables.
///
/// **Partitions.** There are no sequences, and no change touches two accounts. Accounts share only
/// the rule that each key is held once. All primary keys begin with the account, except that of
/// `account_keys`, which is the key. To partition the tables, create them yourself with
/// `PARTITION BY HASH` by `id`, `account` or `key`, create everything else as the migrations do,
/// and open the store with [`PostgresBuilder::migrate`](super::PostgresBuilder::migrate) off.
///
/// **Distributed databases** that speak PostgreSQL's protocol are not tested. They need
/// data-modifying `WITH`, also twice on one table (a change inserts and deletes keys; CockroachDB
/// rejects that unless `enable_multiple_modifications_of_table` is on), unique violations,
/// `FOR UPDATE SKIP LOCKED`, `LATERAL`, and functions whose body is parsed when they are created.
///
/// # Examples
/// ```no_run
/// use account::{AccountService, Config, MasterKey, PostgresStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:secret@db.example/app").await?;
/// let config = Config::new(MasterKey::generate()?);
/// let accounts = AccountService::builder(store).config(config).build()?;
/// # Ok(()) }
/// ```
pub struct PostgresStore {
    pub(super) connections: Connections,
    pub(super) statements: Arc<Statements>,
    pub(super) loader: Loader,
    pub(super) cache: AccountCache,
    pub(super) schema: String,
}

impl PostgresStore {
    /// The SQL of the migrations, in order, for applying them by hand.
    ///
    /// They name no schema and use `search_path`. After each one, insert its number, from 1, into
    /// the table `account_migrations (number integer primary key)` of the same schema.
    #[must_use]
    pub fn migrations() -> &'static [&'static str] {
        MIGRATIONS
    }

    async fn load_by_id(&self, id: &UserId, parts: Parts) -> Result<Option<Stored>, StoreError> {
        let cached = self.cache.find(id).filter(|cached| cached.has(parts));
        let known = cached.as_ref().map(|cached| version_to_sql(cached.version));
        let Some(found) = self.loader.load(id, known, parts).await? else {
            self.cache.remove(id);
            return Ok(None);
        };
        match cached {
            Some(cached) if Some(found.version) == known => Ok(Some(cached)),
            _ => self.decode(&found).map(Some),
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
        let version = version_from_sql(column(row, 0)?);
        match self.cache.find(&id) {
            Some(cached) if cached.version == version && cached.has(parts) => Ok(Some(cached)),
            _ => self.decode(&AccountRow::read(row, (parts == Parts::Whole).then_some(3))?).map(Some),
        }
    }

    /// Decodes an account and caches it.
    fn decode(&self, found: &AccountRow) -> Result<Stored, StoreError> {
        let stored = found.decode()?;
        self.cache.put(stored.clone());
        Ok(stored)
    }

    /// Sends a save. A conflicting new account is tried again. A conflicting change is stale,
    /// because the service has to load the account and decide again anyway.
    async fn write(&self, change: &Change<'_>) -> Result<(), SaveError> {
        let parameters = SaveParameters::new(change)?;
        let (statement, rejection) = match change.before() {
            Some(_) => (&self.statements.change, SaveError::Stale),
            None => (&self.statements.create, SaveError::Taken(Key::Id(*change.after().id()))),
        };
        let mut deadline = self.connections.deadline();
        loop {
            match self.connections.send(statement, &parameters.all(), &deadline).await {
                Ok(rows) => return if count(&rows)? == 0 { Err(rejection) } else { Ok(()) },
                Err(Failure::Taken(violation)) => {
                    if let Some(key) = self.taken_key(change, &parameters, &mut deadline).await? {
                        return Err(SaveError::Taken(key));
                    }
                    if !self.is_about_keys(&violation, &mut deadline).await? {
                        return Err(violation.refusal.into());
                    }
                }
                Err(Failure::Conflict) => {}
                Err(other) => return Err(other.into_error().into()),
            }
            if change.before().is_some() {
                return Err(SaveError::Stale);
            }
            self.connections.back_off(&mut deadline).await?;
        }
    }

    /// The claimed key that another account holds; `None` if it has been released since.
    async fn taken_key(
        &self,
        change: &Change<'_>,
        parameters: &SaveParameters<'_>,
        deadline: &mut Deadline,
    ) -> Result<Option<Key>, StoreError> {
        let holder = &self.statements.holder;
        let rows = self.connections.read_within(deadline, holder, &parameters.claims()).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text: &str = column(row, 0)?;
        Ok(change.claims().into_iter().find(|key| key.to_text() == text))
    }

    /// Whether the value that must be unique is a key, and none of the application's.
    async fn is_about_keys(
        &self,
        Violation { schema, table, .. }: &Violation,
        deadline: &mut Deadline,
    ) -> Result<bool, StoreError> {
        if (schema, table.as_str()) == (&self.schema, "account_keys") {
            return Ok(true);
        }
        let parameters: [Parameter<'_>; 3] = [schema, table, &self.schema];
        let rows = self.connections.read_within(deadline, &self.statements.holds_keys, &parameters).await?;
        rows.first().map_or(Ok(false), |row| column(row, 0))
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move {
            match key {
                Key::Id(id) => self.load_by_id(id, parts).await,
                other => match other.to_text() {
                    // PostgreSQL cannot store a NUL, so no account holds such a key.
                    text if text.contains('\0') => Ok(None),
                    text => self.load_by_key(&text, parts).await,
                },
            }
        })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.write(&change).await?;
        let before = change.before();
        let cached = self.cache.find(change.after().id());
        let cached = cached.filter(|cached| before.is_some_and(|before| before.version == cached.version));
        self.cache.put(change.whole(cached.as_ref().or(before)));
        Ok(())
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        let id = account.account.id();
        let version = version_to_sql(account.version);
        let keys: Vec<String> = account.account.keys().iter().map(Key::to_text).collect();
        let deadline = self.connections.deadline();
        let parameters: [Parameter<'_>; 3] = [&id.as_str(), &version, &keys];
        match self.connections.send(&self.statements.remove, &parameters, &deadline).await {
            Ok(rows) if count(&rows)? == 0 => Err(SaveError::Stale),
            Ok(_) => {
                self.cache.remove(id);
                Ok(())
            }
            Err(Failure::Conflict) => Err(SaveError::Stale),
            Err(other) => Err(removal_error(other.into_error())),
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
        let events = EventColumns::new(events)?;
        let mut deadline = self.connections.deadline();
        loop {
            match self.connections.send(&self.statements.append_events, &events.all(), &deadline).await {
                Ok(_) => return Ok(()),
                // The statement skips existing entries, so a retry adds none twice.
                Err(Failure::Conflict) => self.connections.back_off(&mut deadline).await?,
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
            // An empty page is one row without an entry.
            if let Some(text) = column::<Option<&str>>(row, 1)? {
                events.push(Event::from_json(text)?);
            }
        }
        Ok(EventPage { events, total })
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let (before, limit) = (before.as_millis(), i64::from(limit));
        let deadline = self.connections.deadline();
        let sent = self.connections.send(&self.statements.delete_events, &[&before, &limit], &deadline).await;
        match sent {
            Ok(rows) => Ok(u32::try_from(count(&rows)?).unwrap_or(u32::MAX)),
            // Another node is deleting the same entries.
            Err(Failure::Conflict) => Ok(0),
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
