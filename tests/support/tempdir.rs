//! A directory of one's own, and a service on a SQLite file in it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use account::{AccountService, Argon2Params, Config, MasterKey, SqliteStore};

/// Removed with everything in it when it is dropped.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("account-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A service whose password hashes cost nearly nothing.
pub(crate) fn service(store: SqliteStore) -> AccountService<SqliteStore> {
    let mut config = Config::appwrite_1_6(MasterKey::from_bytes(&KEY).expect("the key is good"));
    config.hashing = Argon2Params::new(8, 1, 1).expect("the parameters are allowed");
    AccountService::builder(store).config(config).build().expect("the configuration is good")
}

pub(crate) fn open(path: &Path) -> AccountService<SqliteStore> {
    service(SqliteStore::open(path).expect("the file can be opened"))
}

const KEY: [u8; 32] = *b"\x9a\x1c\x44\xe7\x02\xbd\x53\x88\x6f\x21\xd0\x3e\x95\x7a\xcc\x10\x48\xf3\x5d\x06\xb1\x29\xea\x74\x8c\x37\xd8\x61\x0b\x9f\x42\xa5";
