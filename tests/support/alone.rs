//! Tests in processes of their own.

use std::process::Command;

/// This program once more, with this test alone: its path as `concat!(module_path!(), "::name")`.
pub(crate) fn this_program(test: &str) -> Command {
    let (_program, name) = test.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]);
    command
}

/// Whether the process runs this test and nothing else. If not, a process that does is started, and
/// its failure is this one's.
pub(crate) fn is_alone(test: &str) -> bool {
    const ALONE: &str = "ACCOUNT_TEST_ALONE";
    if std::env::var(ALONE).is_ok_and(|alone| alone == test) {
        return true;
    }
    let ran = this_program(test).env(ALONE, test).output().unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    eprint!("{}", String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && printed.contains("1 passed"), "{printed}");
    false
}
