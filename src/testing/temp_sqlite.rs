//! A SQLite store for one test.

use std::{path::PathBuf, sync::Arc};

use tempfile::TempDir;

use crate::adapters::SqliteStore;

/// A new SQLite store in a temporary file, which is removed when this value is dropped.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use account::testing::{TempSqlite, TestHost};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let sqlite = TempSqlite::new();
/// let host = TestHost::on(Arc::clone(&sqlite.store));
/// host.signed_up("ada@example.com").await;
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct TempSqlite {
    /// The store.
    pub store: Arc<SqliteStore>,
    folder: TempDir,
}

impl TempSqlite {
    /// Creates a store in a new file.
    ///
    /// # Panics
    /// If the folder of temporary files cannot be written.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub fn new() -> Self {
        let folder = TempDir::new().expect("the folder of temporary files can be written");
        let store = SqliteStore::open(folder.path().join("accounts.db")).expect("a new database");
        Self { store: Arc::new(store), folder }
    }

    /// The path of the file, to open it with a driver of your own.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("accounts.db")
    }
}

impl Default for TempSqlite {
    fn default() -> Self {
        Self::new()
    }
}
