//! Output for the operator. A closed stream must not end the server, so write errors are ignored.

use std::{
    fmt::Display,
    io::{Write as _, stderr, stdout},
};

use tracing_subscriber::filter::LevelFilter;

/// Prints information to standard output.
pub(crate) fn info(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

/// Prints something that the operator should know to standard error.
pub(crate) fn notice(line: impl Display) {
    let _ = writeln!(stderr(), "notice: {line}");
}

/// Prints the reason why the server ends to standard error.
pub(crate) fn error(line: impl Display) {
    let _ = writeln!(stderr(), "error: {line}");
}

/// Logs failures of operations at run time to standard error, through `tracing`.
pub(crate) fn log_failures() {
    let _ = tracing_subscriber::fmt().with_max_level(LevelFilter::ERROR).with_writer(stderr).try_init();
}
