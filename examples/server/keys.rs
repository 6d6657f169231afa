//! The master key of a server without `ACCOUNT_KEY`: generated once and kept in a file beside the
//! database.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use account::{MasterKey, error::Invalid};

use crate::settings::Database;

/// A key, with a notice for the operator.
pub(crate) struct FoundKey {
    pub(crate) key: MasterKey,
    pub(crate) notice: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(
        "the database {database} exists, but its key file {key} is missing; \
         restore the file or set ACCOUNT_KEY"
    )]
    Missing { database: PathBuf, key: PathBuf },
    #[error("{0} does not contain a master key; restore the file or set ACCOUNT_KEY")]
    Malformed(PathBuf),
    #[error("the key file {0} cannot be read or written")]
    File(PathBuf, #[source] io::Error),
    #[error("the operating system provided no random bytes")]
    Randomness(#[from] Invalid),
}

/// Reads the key of this database from its key file, or generates one for a new database. A
/// database in memory gets a new key at each start.
///
/// # Errors
/// [`KeyError::Missing`] if the database exists without its key file. A new key is not generated
/// then, because data that was sealed with the old one could never be read again.
pub(crate) fn key_for(database: &Database) -> Result<FoundKey, KeyError> {
    let Database::Sqlite(database) = database else {
        let notice = "a master key was generated for this run; JWTs become invalid when it ends".to_owned();
        return Ok(FoundKey { key: MasterKey::generate()?, notice: Some(notice) });
    };
    let path = key_file(database);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let key = MasterKey::from_base64(text.trim()).map_err(|_| KeyError::Malformed(path.clone()))?;
            Ok(FoundKey { key, notice: others_can_read(&path) })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::metadata(database).is_ok_and(|file| file.len() > 0) {
                return Err(KeyError::Missing { database: database.clone(), key: path });
            }
            let key = MasterKey::generate()?;
            write_key(&key, &path).map_err(|error| KeyError::File(path.clone(), error))?;
            let notice = format!(
                "a master key was generated and stored in {}; back it up together with the database",
                path.display()
            );
            Ok(FoundKey { key, notice: Some(notice) })
        }
        Err(error) => Err(KeyError::File(path, error)),
    }
}

fn key_file(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(".key");
    path.into()
}

/// Writes a new key file. A crash leaves the complete file, an empty one or none, and an existing
/// file is never replaced, so two keys are never in use at the same time.
fn write_key(key: &MasterKey, path: &Path) -> io::Result<()> {
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
    // The name of the file is durable only after its directory is synced (fsync(2)).
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
    (mode & 0o077 != 0).then(|| {
        format!("others can read the master key; restrict its file with `chmod 600 {}`", path.display())
    })
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> Option<String> {
    None
}
