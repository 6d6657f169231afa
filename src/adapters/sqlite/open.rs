//! Opening a store: the file and its connections.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    builder::SqliteBuilder, error::OpenError, migrate::migrate, reader::Readers, statements::Statements,
    store::SqliteStore, writer::Writer,
};
use crate::adapters::account_cache::AccountCache;

/// Longer ones make errors and queries hard to read.
const MAX_PREFIX_LENGTH: usize = 32;

impl SqliteStore {
    /// Opens a file with the default settings. See [`SqliteBuilder::open`].
    ///
    /// # Errors
    /// [`OpenError`] as in [`SqliteBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder().open(path)
    }

    /// Creates a builder with the default settings.
    #[must_use]
    pub fn builder() -> SqliteBuilder {
        SqliteBuilder::default()
    }
}

impl SqliteBuilder {
    /// Opens the file and brings its schema up to date. Blocks the calling thread for some
    /// milliseconds.
    ///
    /// A missing file is created, readable and writable by its owner only.
    ///
    /// # Errors
    /// - [`OpenError::TablePrefix`] if the prefix is invalid.
    /// - [`OpenError::NotAFile`] if the path is empty or `:memory:`.
    /// - [`OpenError::NewerSchema`] if a newer release has migrated the file.
    /// - [`OpenError::NameTaken`] if another application has a table with a name of the store's.
    /// - [`OpenError::Failed`] if the file cannot be opened as a database.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, OpenError> {
        if !is_prefix(&self.table_prefix) {
            return Err(OpenError::TablePrefix);
        }
        let path = path.as_ref();
        if path.as_os_str().is_empty() || path == OsStr::new(":memory:") {
            return Err(OpenError::NotAFile);
        }
        let path = std::path::absolute(path)?;
        create_private(&path)?;
        let mut connection = self.connect(&path)?;
        use_write_ahead_log(&connection, self.busy_timeout)?;
        migrate(&mut connection, &self.table_prefix)?;
        let statements = Arc::new(Statements::with_prefix(&self.table_prefix));
        let readers = (0..self.readers).map(|_| self.connect_to_read(&path)).collect::<Result<_, _>>()?;
        Ok(SqliteStore {
            readers: Readers::new(readers, Arc::clone(&statements)),
            cache: AccountCache::new(self.cached_accounts),
            writer: Writer::start(connection, statements)?,
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
        // Without SQLITE_OPEN_URI: a file may be called `file:a?mode=memory`.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(64);
        // A commit waits until the log is on the disk. Some systems need more than fsync for that.
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

/// Whether names with this prefix need no quotes and are not reserved.
fn is_prefix(text: &str) -> bool {
    let is_reserved = text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
    text.len() <= MAX_PREFIX_LENGTH
        && !is_reserved
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Creates the file, if it is missing, readable and writable by its owner only. SQLite gives the
/// log beside it the same mode.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    /// Closing a file releases all locks that its process holds on it, so no other thread may open
    /// it between creating and closing.
    static CREATING: Mutex<()> = Mutex::new(());

    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Retries until the timeout, because SQLite's busy timeout does not apply to this switch.
fn use_write_ahead_log(connection: &Connection, timeout: Duration) -> Result<(), rusqlite::Error> {
    const PAUSE: Duration = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && waited < timeout => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            outcome => return outcome,
        }
    }
}

/// Appends a suffix to the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
