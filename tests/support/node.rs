//! Scripts in Node, with packages of npm, in a copy of their directory.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// A copy of `tests/server/<name>` with its packages installed, one for all tests of this process.
/// It lies beside those of the other projects, so that one can use the modules of another.
pub(crate) fn project(name: &'static str) -> Result<&'static Path, String> {
    static INSTALLED: Mutex<BTreeMap<&str, Result<&Path, String>>> = Mutex::new(BTreeMap::new());
    let install = || {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server").join(name);
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node").join(name);
        install(&from, &to).map(|()| &*Box::leak(to.into_boxed_path()))
    };
    INSTALLED.lock().unwrap().entry(name).or_insert_with(install).clone()
}

/// Copies the files of `from`, leaving out packages that were installed there by hand, and installs
/// those of its lock file. Removes what was at `to` before.
pub(crate) fn install(from: &Path, to: &Path) -> Result<(), String> {
    let node = output(Command::new("node").arg("--version"));
    let version = node.map(|node| String::from_utf8_lossy(&node.stdout).trim().to_owned());
    if !version.as_deref().is_some_and(is_recent) {
        return Err(format!("Node 20 or later is needed, found {version:?}"));
    }
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    copy(from, to);
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let install =
        output(Command::new(npm).args(["ci", "--prefer-offline", "--ignore-scripts"]).current_dir(to));
    match install {
        Some(install) if install.status.success() => Ok(()),
        Some(install) => Err(format!("`npm ci` failed\n{}", transcript(&install))),
        None => Err("npm is needed".to_owned()),
    }
}

/// What a program printed; `None` if it cannot be run.
pub(crate) fn output(command: &mut Command) -> Option<Output> {
    command.stdin(Stdio::null()).output().ok()
}

pub(crate) fn transcript(output: &Output) -> String {
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{printed}{errors}")
}

fn is_recent(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next();
    major.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 20)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == OsStr::new("node_modules") {
            continue;
        }
        if source.is_dir() {
            copy(&source, &copied);
        } else {
            fs::copy(&source, &copied).unwrap();
        }
    }
}
