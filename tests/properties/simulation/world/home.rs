//! Where a simulated world keeps its accounts.

use std::sync::{Arc, OnceLock};

use account::ports::Store;

use crate::simulation::{
    flawed::{Defect, Flawed},
    ledger::Book,
};

/// A store that can be closed and opened again.
pub(crate) trait Home {
    fn open(&self, book: &Book) -> Arc<dyn Store>;

    /// What is broken about it.
    fn defect(&self) -> Defect {
        Defect::None
    }
}

pub(crate) struct Keeps(pub(crate) Arc<dyn Store>);

impl Home for Keeps {
    fn open(&self, _: &Book) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
}

#[cfg(feature = "sqlite")]
pub(crate) struct SqliteFile(crate::support::tempdir::TempDir);

#[cfg(feature = "sqlite")]
impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self(crate::support::tempdir::TempDir::new())
    }
}

#[cfg(feature = "sqlite")]
impl Home for SqliteFile {
    fn open(&self, _: &Book) -> Arc<dyn Store> {
        let builder = account::SqliteStore::builder().readers(1).mapped_bytes(0);
        Arc::new(builder.open(self.0.file("account.db")).unwrap())
    }
}

/// A store with a defect.
pub(crate) struct Broken {
    defect: Defect,
    store: OnceLock<Arc<Flawed>>,
}

impl Broken {
    pub(crate) fn new(defect: Defect) -> Self {
        Self { defect, store: OnceLock::new() }
    }
}

impl Home for Broken {
    fn open(&self, book: &Book) -> Arc<dyn Store> {
        Arc::clone(self.store.get_or_init(|| Arc::new(Flawed::new(self.defect, book.clone()))))
            as Arc<dyn Store>
    }

    fn defect(&self) -> Defect {
        self.defect
    }
}
