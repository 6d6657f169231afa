//! The master key that nobody configured: made once and kept in a file beside the database.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use account::{MasterKey, error::Invalid};

use crate::settings::Database;

/// A key and what the operator should know about it.
pub(crate) struct FoundKey {
    pub(crate) key: MasterKey,
    pub(crate) notice: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(
        "the database {database} exists, but its key {key} does not: put the file back, or set ACCOUNT_KEY"
    )]
    Lost { database: PathBuf, key: PathBuf },
    #[error("{0} holds no master key: restore the file, or set ACCOUNT_KEY")]
    Damaged(PathBuf),
    #[error("the key file {0} cannot be used")]
    File(PathBuf, #[source] io::Error),
    #[error("the operating system gave no randomness")]
    Randomness(#[from] Invalid),
}

/// The key for this database: the one in its key file, or else a new one.
///
/// A database that has lost its key is refused rather than given another: what was sealed with the old one could never be read again.
pub(crate) fn key_for(database: &Database) -> Result<FoundKey, KeyError> {
    let Database::Sqlite(database) = database else {
        let notice = "a master key was made for this run; JWTs end with it".to_owned();
        return Ok(FoundKey { key: MasterKey::generate()?, notice: Some(notice) });
    };
    let path = beside(database);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let key = MasterKey::from_base64(text.trim()).map_err(|_| KeyError::Damaged(path.clone()))?;
            Ok(FoundKey { key, notice: others_can_read(&path) })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::metadata(database).is_ok_and(|file| file.len() > 0) {
                return Err(KeyError::Lost { database: database.clone(), key: path });
            }
            let key = MasterKey::generate()?;
            keep(&key, &path).map_err(|error| KeyError::File(path.clone(), error))?;
            let notice = format!(
                "a master key was made and is kept in {}; back it up with the database",
                path.display()
            );
            Ok(FoundKey { key, notice: Some(notice) })
        }
        Err(error) => Err(KeyError::File(path, error)),
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(".key");
    path.into()
}

/// Writes the key so that a crash leaves a whole file, an empty one, or none; never two keys in use at once.
fn keep(key: &MasterKey, path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = writeln!(file, "{}", key.to_base64()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(path);
        return Err(error);
    }
    // The name is durable only with its directory (fsync(2)).
    if cfg!(unix) {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| format!("others can read the master key: chmod 600 {}", path.display()))
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> Option<String> {
    None
}
