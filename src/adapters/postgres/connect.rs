//! Opening: the builder.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};

use super::{
    PostgresStore,
    address::Address,
    connections::{Connections, TimedOut},
    dial::Dial,
    error::PostgresError,
    loads::Loads,
    migrate::migrate,
    statements::Statements,
};
use crate::adapters::account_cache::AccountCache;

/// In bytes. PostgreSQL would cut a longer one, and silently.
const MAX_NAME_LENGTH: usize = 63;

/// Opens a [`PostgresStore`] with other settings than the usual ones.
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
    /// How many connections to have at the most, 1 at least; 16. They are opened when they are needed.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self { connections: connections.max(1), ..self }
    }

    /// How many decoded accounts to keep in memory at the most; 100,000. 0: none.
    ///
    /// An account with ten sessions takes some 8 kB, so that a full cache of them takes 800 MB; preferences, where they were read, come on top with
    /// up to 64 kB each. Whoever has less memory divides what there is by the size of a usual account: 10,000 are some 80 MB.
    ///
    /// Whatever it is, each use of a kept account asks the server for the account's version first.
    #[must_use]
    pub fn cached_accounts(self, accounts: usize) -> Self {
        Self { cached_accounts: accounts, ..self }
    }

    /// How long an operation may take, waiting for a connection included; 10 s. What takes longer is answered with
    /// [`StoreError::Unavailable`](crate::ports::StoreError::Unavailable).
    ///
    /// The server is told so by `statement_timeout` and `lock_timeout` of the store's own connections, nine tenths of it, unless the URL's
    /// `options` say otherwise, and calls off what takes longer. PgBouncer refuses such options unless its `ignore_startup_parameters` name
    /// them; the store then does without. There, and with a pool of the host's own, those settings of the role or the database do the same.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The schema in which the tables lie; `public`. It is made if it is missing. Each project needs one of its own. `search_path` is not
    /// looked at.
    #[must_use]
    pub fn schema(self, name: impl Into<String>) -> Self {
        Self { schema: name.into(), ..self }
    }

    /// Whether statements are prepared once per connection; yes. To be turned off behind a pooler that hands each transaction to another
    /// connection and does not keep track of prepared statements, such as PgBouncer before 1.21 in transaction mode. The server then reads
    /// each statement anew.
    #[must_use]
    pub fn prepared_statements(self, prepared: bool) -> Self {
        Self { prepared, ..self }
    }

    /// Whether to bring the schema up to date on opening; yes. To be turned off if somebody else does it, with rights that the program does not
    /// have: [`PostgresStore::migrations`] are the files. The store then opens only if it is done.
    #[must_use]
    pub fn migrate(self, migrate: bool) -> Self {
        Self { migrate, ..self }
    }

    /// The root certificates to trust, in PEM, instead of Mozilla's or those that the URL names by `sslrootcert`.
    #[must_use]
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { roots: Some(pem.into()), ..self }
    }

    /// Opens the store at a URL such as `postgres://user:password@db.example/app` and brings its schema up to date. Several servers may be named,
    /// and `target_session_attrs=read-write` or `primary` asks for the one that takes changes. It must not be a replica that lags. Where there are
    /// several, one that is not ready for statements within `connect_timeout`, else 3 s, is passed over.
    ///
    /// Of libpq's parameters it understands `user`, `password`, `dbname`, `host`, `hostaddr`, `port`, `options`, `application_name`, `sslmode`
    /// (`disable`, `prefer`, `require`, `verify-ca`, `verify-full`), `sslrootcert`, `sslnegotiation`, `channel_binding`, `connect_timeout`,
    /// `tcp_user_timeout`, `keepalives`, `keepalives_idle`, `keepalives_interval`, `target_session_attrs` (also `any` and `read-only`) and
    /// `load_balance_hosts`, and beside them `keepalives_retries`. Times are in seconds, `tcp_user_timeout` too. Client certificates, password
    /// files and services are not among them.
    ///
    /// # Errors
    /// [`PostgresError`].
    ///
    /// # Security
    /// Beyond this machine TLS is required, with a certificate that is valid for the host's name, unless the URL says `sslmode=disable`.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, PostgresError> {
        let Address { config, tls } = Address::parse(url, self.roots.as_deref(), self.timeout)?;
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_connect(config, Dial::new(tls, self.timeout), manager))
            .max_size(self.connections)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(PostgresError::failed)?;
        self.open(pool, true).await
    }

    /// Opens the store on a pool of the host's own and brings its schema up to date. How many connections there are and how the server is
    /// reached is then the pool's matter. Its connections are used for one statement at a time and left as they were found.
    ///
    /// # Errors
    /// [`PostgresError`].
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
            // A statement may be left on it.
            drop(Object::take(connection));
        }
        migrated?;
        let connections = Connections { pool, prepared: self.prepared, timeout: self.timeout, is_own };
        let statements = Arc::new(Statements::of(&quoted(&self.schema)));
        Ok(PostgresStore {
            loads: Loads::new(connections.clone(), Arc::clone(&statements)),
            connections,
            statements,
            cache: AccountCache::new(self.cached_accounts),
            schema: self.schema,
        })
    }
}

/// The name as SQL writes it, whatever it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
