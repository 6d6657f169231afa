//! The SQLite store keeps every promise of the port, with its cache and without, and
//! with a prefix.

use std::{
    fs,
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use account::{SqliteBuilder, SqliteStore};

/// A new file in the build's own folder for temporary things, which is emptied when the tests
/// start.
fn fresh() -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("conformance-sqlite");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    });
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    FOLDER.join(format!("{}.db", COUNT.fetch_add(1, Ordering::Relaxed)))
}

fn opened(builder: SqliteBuilder) -> SqliteStore {
    builder.open(fresh()).unwrap()
}

mod with_cache {
    account::store_conformance!(async { super::opened(super::SqliteStore::builder()) });
}

mod without_cache_and_with_a_prefix {
    account::store_conformance!(async {
        super::opened(super::SqliteStore::builder().cached_accounts(0).table_prefix("auth_"))
    });
}
