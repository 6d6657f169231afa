//! Online backup: a copy of one moment, while reading and writing go on.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{
    SqliteStore,
    open::{beside, create_private},
    store_error,
};
use crate::ports::StoreError;

const PAGES_PER_STEP: i32 = 256;

impl SqliteStore {
    /// Copies the store as it is at this moment into a new file, which [`SqliteStore::open`] opens. An operator calls it on the live store;
    /// reading and writing go on meanwhile. It blocks the calling thread: call it where blocking is allowed, such as `spawn_blocking`.
    ///
    /// `progress` is told how many pages are copied, and of how many. The file appears under its name only when it is whole and on the disk;
    /// until then it is called like it with `.partial` added.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with its cause, if `to` exists already, cannot be written, or the store cannot be read.
    ///
    /// # Security
    /// The copy holds what the store holds, password hashes and digests included. It is readable by its owner only.
    pub fn backup(&self, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<(), StoreError> {
        let partial = beside(to, ".partial");
        let outcome = self.copy(to, &partial, &mut progress);
        if outcome.is_err() {
            let _ = fs::remove_file(&partial);
        }
        outcome
    }

    fn copy(&self, to: &Path, partial: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        if to.try_exists().map_err(StoreError::unavailable)? {
            return Err(StoreError::unavailable(io::Error::from(io::ErrorKind::AlreadyExists)));
        }
        // What an earlier try left behind.
        match fs::remove_file(partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::unavailable(error));
            }
            _ => {}
        }
        create_private(partial).map_err(StoreError::unavailable)?;
        let from = self.settings.connect_to_read(&self.path).map_err(store_error)?;
        copy_pages(&from, partial, progress).map_err(store_error)?;
        settle(partial, to).map_err(StoreError::unavailable)
    }
}

fn copy_pages(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    // A snapshot that is held keeps the copy from starting anew whenever somebody writes.
    let snapshot = from.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags)?;
    {
        let backup = Backup::new(from, &mut copy)?;
        loop {
            let step = backup.step(PAGES_PER_STEP)?;
            let done = backup.progress();
            let pages = |count: i32| u64::try_from(count).unwrap_or_default();
            progress(pages(done.pagecount.saturating_sub(done.remaining)), pages(done.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
    copy.close().map_err(|(_, error)| error)
}

/// Gives the copy its name once it is on the disk.
fn settle(partial: &Path, to: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, to)?;
    #[cfg(unix)]
    if let Some(directory) = to.parent() {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}
