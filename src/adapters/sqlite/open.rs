//! Opening: the builder, the file and its connections.

use std::{
    error::Error,
    ffi::OsStr,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{SqliteStore, migrate::migrate, reader::Readers, writer::Writer};
use crate::adapters::account_cache::AccountCache;

/// Opens a [`SqliteStore`] with other settings than the usual ones.
#[derive(Debug, Clone)]
pub struct SqliteBuilder {
    readers: usize,
    cached_accounts: usize,
    mapped_bytes: u64,
    busy_timeout: Duration,
}

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path names no file but a database in memory; [`MemoryStore`](crate::MemoryStore) is made for that.
    #[error("the path names no file")]
    NotAFile,
    /// A newer release migrated this file; this one cannot read it.
    #[error("the schema has number {found}, but this release knows only those up to {known}")]
    NewerSchema {
        /// The number of the file's newest migration.
        found: u32,
        /// The number of the newest migration of this release.
        known: u32,
    },
    /// The file could not be read, written or locked, or is no database.
    #[error("the file cannot be opened as a database")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Default for SqliteBuilder {
    fn default() -> Self {
        Self {
            readers: thread::available_parallelism().map_or(4, usize::from).clamp(2, 16),
            cached_accounts: 100_000,
            mapped_bytes: 1 << 30,
            busy_timeout: Duration::from_secs(10),
        }
    }
}

impl SqliteBuilder {
    /// How many connections read, 1 at least; by default one per core, from 2 to 16.
    #[must_use]
    pub fn readers(self, readers: usize) -> Self {
        Self { readers: readers.max(1), ..self }
    }

    /// How many decoded accounts to keep in memory at the most; 100,000. 0: none.
    ///
    /// An account with ten sessions takes some 8 kB, so that a full cache of them takes 800 MB; preferences, where they were read, come on top with
    /// up to 64 kB each. Whoever has less memory divides what there is by the size of a usual account: 10,000 are some 80 MB.
    ///
    /// Whatever it is, each use of a kept account is preceded by a look at the account's version in the file.
    #[must_use]
    pub fn cached_accounts(self, accounts: usize) -> Self {
        Self { cached_accounts: accounts, ..self }
    }

    /// How much of the file to map into memory for reading; 1 GiB. It takes address space, not memory. 0: nothing.
    #[must_use]
    pub fn mapped_bytes(self, bytes: u64) -> Self {
        Self { mapped_bytes: bytes, ..self }
    }

    /// How long to wait for another process that is writing to the same file; 10 s.
    #[must_use]
    pub fn busy_timeout(self, timeout: Duration) -> Self {
        Self { busy_timeout: timeout, ..self }
    }

    /// Opens the file, or makes it (readable by its owner only), and brings its schema up to date. Blocks the calling thread for some
    /// milliseconds.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, OpenError> {
        let path = path.as_ref();
        if path.as_os_str().is_empty() || path == OsStr::new(":memory:") {
            return Err(OpenError::NotAFile);
        }
        let path = std::path::absolute(path)?;
        create_private(&path)?;
        let mut connection = self.connect(&path)?;
        use_write_ahead_log(&connection, self.busy_timeout)?;
        migrate(&mut connection)?;
        let readers = (0..self.readers).map(|_| self.connect_to_read(&path)).collect::<Result<_, _>>()?;
        Ok(SqliteStore {
            readers: Readers::new(readers),
            cache: AccountCache::new(self.cached_accounts),
            writer: Writer::start(connection)?,
            settings: self,
            path,
        })
    }

    pub(super) fn connect_to_read(&self, path: &Path) -> Result<Connection, rusqlite::Error> {
        let connection = self.connect(path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn connect(&self, path: &Path) -> Result<Connection, rusqlite::Error> {
        // Not as an address: a file may be called `file:a?mode=memory`.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(64);
        // FULL makes a commit wait until the log is on the disk. Where that takes more than fsync, it takes more than fsync.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        let mapped_bytes = i64::try_from(self.mapped_bytes).unwrap_or(i64::MAX);
        connection.pragma_update(None, "mmap_size", mapped_bytes)?;
        Ok(connection)
    }
}

/// Makes the file, if there is none, readable by its owner only; the log beside it gets the same mode.
pub(super) fn create_private(path: &Path) -> io::Result<bool> {
    /// Closing a file ends all locks that its process has on it, so nobody may come between creating and closing.
    static CREATING: Mutex<()> = Mutex::new(());

    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Switching to the log does not wait for others who do the same, whatever the timeout.
fn use_write_ahead_log(connection: &Connection, patience: Duration) -> Result<(), rusqlite::Error> {
    const PAUSE: Duration = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && waited < patience => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            outcome => return outcome,
        }
    }
}

/// A name beside `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
