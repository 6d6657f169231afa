//! Online backup: a consistent copy while the store is in use.

use std::{
    fs::{self, File},
    io,
    path::Path,
    thread,
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{
    error::store_error,
    open::{create_private, with_suffix},
    store::SqliteStore,
};
use crate::ports::StoreError;

const PAGES_PER_STEP: i32 = 256;
const PAUSE_WHILE_BUSY: Duration = Duration::from_millis(5);

impl SqliteStore {
    /// Copies the current state of the store into a new file, which [`SqliteStore::open`] opens.
    ///
    /// Call it on a live store: reads and writes continue meanwhile. It blocks the calling thread,
    /// so use `spawn_blocking` or a similar function.
    ///
    /// `progress` receives how many pages have been copied, and how many there are. Until the copy
    /// is complete and on the disk, its file name ends in `.partial`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with its cause, if `to` already exists or cannot be written, or
    /// if the store cannot be read.
    ///
    /// # Security
    /// The copy contains everything in the store, including password hashes and digests of secrets.
    /// It is readable by its owner only.
    pub fn backup(&self, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<(), StoreError> {
        let partial = with_suffix(to, ".partial");
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
        remove_leftover(partial).map_err(StoreError::unavailable)?;
        create_private(partial).map_err(StoreError::unavailable)?;
        let from = self.settings.connect_to_read(&self.path).map_err(store_error)?;
        copy_pages(&from, partial, progress).map_err(store_error)?;
        publish(partial, to).map_err(StoreError::unavailable)
    }
}

/// Removes the file of an earlier backup that was interrupted.
fn remove_leftover(partial: &Path) -> io::Result<()> {
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn copy_pages(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    // Without a snapshot, SQLite would restart the copy after every write.
    let snapshot = from.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags)?;
    step_through(&Backup::new(from, &mut copy)?, progress)?;
    copy.close().map_err(|(_, error)| error)
}

fn step_through(backup: &Backup<'_, '_>, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    loop {
        let step = backup.step(PAGES_PER_STEP)?;
        let done = backup.progress();
        let pages = |count: i32| u64::try_from(count).unwrap_or_default();
        progress(pages(done.pagecount.saturating_sub(done.remaining)), pages(done.pagecount));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => thread::sleep(PAUSE_WHILE_BUSY),
        }
    }
}

/// Renames the copy to its final name once it is on the disk.
fn publish(partial: &Path, to: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, to)?;
    #[cfg(unix)]
    if let Some(directory) = to.parent() {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}
