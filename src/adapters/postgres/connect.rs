//! Opening a store: the builder.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};

use super::{
    address::Address,
    connections::{Connections, TimedOut},
    dial::Dialer,
    error::PostgresError,
    loads::Loader,
    migrate::migrate,
    statements::Statements,
    store::PostgresStore,
};
use crate::adapters::account_cache::AccountCache;

/// In bytes. PostgreSQL silently truncates longer names.
const MAX_NAME_LENGTH: usize = 63;

impl PostgresStore {
    /// Opens a store at a URL with the default settings. See [`PostgresBuilder::connect`].
    ///
    /// # Errors
    /// [`PostgresError`] as in [`PostgresBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self, PostgresError> {
        Self::builder().connect(url).await
    }

    /// Opens a store on a pool of your application with the default settings. See
    /// [`PostgresBuilder::connect_by`].
    ///
    /// # Errors
    /// [`PostgresError`] as in [`PostgresBuilder::connect_by`].
    pub async fn connect_by(pool: Pool) -> Result<Self, PostgresError> {
        Self::builder().connect_by(pool).await
    }

    /// Creates a builder with the default settings.
    #[must_use]
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }
}

/// Configures and opens a [`PostgresStore`]. Created by [`PostgresStore::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{PostgresError, PostgresStore};
///
/// # #[tokio::main] async fn main() {
/// # let url = "postgres://app:hidden@127.0.0.1:1/app";
/// let settings = PostgresStore::builder()
///     .connections(8)
///     .timeout(Duration::from_secs(5))
///     .schema("accounts");
/// match settings.connect(url).await {
///     Ok(store) => println!("connected: {store:?}"),
///     Err(error) => assert!(matches!(error, PostgresError::Failed(_)), "no server: {error}"),
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PostgresBuilder {
    connections: usize,
    cached_accounts: usize,
    timeout: Duration,
    schema: String,
    prepared: bool,
    migrate: bool,
    roots: Option<Vec<u8>>,
}

impl Default for PostgresBuilder {
    fn default() -> Self {
        Self {
            connections: 16,
            cached_accounts: 100_000,
            timeout: Duration::from_secs(10),
            schema: "public".to_owned(),
            prepared: true,
            migrate: true,
            roots: None,
        }
    }
}

impl PostgresBuilder {
    /// Sets how many connections are opened at most, at least 1. Default: 16.
    ///
    /// Connections are opened when they are needed.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self { connections: connections.max(1), ..self }
    }

    /// Sets how many decoded accounts are kept in memory at most; 0 for none. Default: 100,000.
    ///
    /// An account with ten sessions takes about 8 kB, so 100,000 of them take 800 MB, and 10,000 of
    /// them 80 MB. Preferences that have been read add up to 64 kB each.
    ///
    /// A cached account is never used without asking the server for its version first.
    #[must_use]
    pub fn cached_accounts(self, accounts: usize) -> Self {
        Self { cached_accounts: accounts, ..self }
    }

    /// Sets how long an operation may take, waiting for a connection included. Default: 10 seconds.
    ///
    /// An operation that takes longer fails with
    /// [`StoreError::Unavailable`](crate::ports::StoreError::Unavailable).
    ///
    /// The store also sets `statement_timeout` and `lock_timeout` of its connections to nine tenths
    /// of this time, so that the server ends the statement as well. `options` in the URL take
    /// precedence. PgBouncer rejects these options unless its `ignore_startup_parameters` lists
    /// them, and the store then connects without them. In that case, and with a pool of your
    /// application, set the two timeouts for the role or the database.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the schema of the tables. Default: `public`.
    ///
    /// The schema is created if it is missing. Each project needs its own. The server's
    /// `search_path` is not used.
    #[must_use]
    pub fn schema(self, name: impl Into<String>) -> Self {
        Self { schema: name.into(), ..self }
    }

    /// Sets whether statements are prepared once per connection. Default: yes.
    ///
    /// Turn it off behind a pooler that assigns each transaction to any connection and does not
    /// track prepared statements, such as PgBouncer before 1.21 in transaction mode. The server
    /// then parses each statement every time.
    #[must_use]
    pub fn prepared_statements(self, prepared: bool) -> Self {
        Self { prepared, ..self }
    }

    /// Sets whether opening the store brings its schema up to date. Default: yes.
    ///
    /// Turn it off if the process does not have the rights to create tables and the files of
    /// [`PostgresStore::migrations`] are applied in another way. The store then opens only if the
    /// schema is up to date.
    #[must_use]
    pub fn migrate(self, migrate: bool) -> Self {
        Self { migrate, ..self }
    }

    /// Sets the root certificates to trust, in PEM. Default: those that the URL names with
    /// `sslrootcert`, otherwise Mozilla's.
    #[must_use]
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { roots: Some(pem.into()), ..self }
    }

    /// Opens the store at a URL such as `postgres://user:password@db.example/app` and brings its
    /// schema up to date.
    ///
    /// The URL can name several servers. `target_session_attrs=read-write` or `primary` then
    /// selects the one that accepts changes. A server that is not ready for statements within
    /// `connect_timeout` (default: 3 seconds) is skipped. The store must not use a replica, which
    /// can lag behind.
    ///
    /// These parameters of libpq are supported: `user`, `password`, `dbname`, `host`, `hostaddr`,
    /// `port`, `options`, `application_name`, `sslmode` (`disable`, `prefer`, `require`,
    /// `verify-ca`, `verify-full`), `sslrootcert`, `sslnegotiation`, `channel_binding`,
    /// `connect_timeout`, `tcp_user_timeout`, `keepalives`, `keepalives_idle`,
    /// `keepalives_interval`, `target_session_attrs` (also `any` and `read-only`) and
    /// `load_balance_hosts`. `keepalives_retries` is supported in addition. All times are in
    /// seconds, including `tcp_user_timeout`. Client certificates, password files and services are
    /// not supported.
    ///
    /// # Errors
    /// - [`PostgresError::Url`], [`PostgresError::Parameter`], [`PostgresError::Certificates`] or
    ///   [`PostgresError::SchemaName`] if a setting is invalid.
    /// - [`PostgresError::Encoding`] if the encoding of the database is not UTF-8.
    /// - [`PostgresError::NameTaken`] if another application has a table with a name of the
    ///   store's.
    /// - [`PostgresError::NewerSchema`] if a newer release has migrated the schema.
    /// - [`PostgresError::OlderSchema`] if the schema is out of date and [`migrate`](Self::migrate)
    ///   is off.
    /// - [`PostgresError::Failed`] if the server cannot be used.
    ///
    /// # Security
    /// Unless the server is on this machine or the URL says `sslmode=disable`, TLS is required and
    /// the certificate must be valid for the server's host name.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, PostgresError> {
        let Address { config, tls } = Address::parse(url, self.roots.as_deref(), self.timeout)?;
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_connect(config, Dialer::new(tls, self.timeout), manager))
            .max_size(self.connections)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(PostgresError::failed)?;
        self.open(pool, true).await
    }

    /// Opens the store on a pool of your application and brings its schema up to date.
    ///
    /// The pool decides how many connections there are and how they reach the server. The store
    /// uses a connection for one statement at a time and does not change its settings.
    ///
    /// # Errors
    /// [`PostgresError`] as in [`connect`](Self::connect), except for errors of the URL.
    pub async fn connect_by(self, pool: Pool) -> Result<PostgresStore, PostgresError> {
        self.open(pool, false).await
    }

    async fn open(self, pool: Pool, is_own: bool) -> Result<PostgresStore, PostgresError> {
        if !(1..=MAX_NAME_LENGTH).contains(&self.schema.len()) || self.schema.contains('\0') {
            return Err(PostgresError::SchemaName);
        }
        let connection = tokio::time::timeout(self.timeout, pool.get()).await;
        let mut connection = connection.map_err(|_| PostgresError::failed(TimedOut(self.timeout)))??;
        let migrated = migrate(&mut connection, &self.schema, self.migrate, self.timeout).await;
        if migrated.is_err() {
            // A statement may still be running on it.
            drop(Object::take(connection));
        }
        migrated?;
        let connections = Connections { pool, prepared: self.prepared, timeout: self.timeout, is_own };
        let statements = Arc::new(Statements::for_schema(&self.schema));
        Ok(PostgresStore {
            loader: Loader::new(connections.clone(), Arc::clone(&statements)),
            connections,
            statements,
            cache: AccountCache::new(self.cached_accounts),
            schema: self.schema,
        })
    }
}
