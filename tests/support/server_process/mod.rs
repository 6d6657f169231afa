//! The reference server as a process, and clients of it.

pub(crate) mod client;
pub(crate) mod server;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A master key for servers that share a database.
pub(crate) const KEY: &str = "mhxE5wK9U4hvIdA+lXrMEEjzXQaxKep0jDfYYQufQqU=";
/// Signs up Ada.
pub(crate) const SIGN_UP: &str = r#"{"userId":"ada","email":"ada@example.com","password":"violet-anvil-71"}"#;
/// Signs Ada in.
pub(crate) const SIGN_IN: &str = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;

/// A directory of the build's own for temporary things, emptied.
pub(crate) fn empty_directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("server").join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    fs::create_dir_all(&directory).unwrap();
    directory
}
