//! What the operator reads. A closed stream is no reason to end, so nothing here fails.

use std::{
    fmt::Display,
    io::{Write as _, stderr, stdout},
};

use tracing_subscriber::filter::LevelFilter;

/// Something to read, on standard output.
pub(crate) fn plainly(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

/// Something to know, on standard error.
pub(crate) fn notice(line: impl Display) {
    let _ = writeln!(stderr(), "notice: {line}");
}

/// What fails while it runs, by operation, on standard error as well: a closed stream or a second call is no reason to end either.
pub(crate) fn failures() {
    let _ = tracing_subscriber::fmt().with_max_level(LevelFilter::ERROR).with_writer(stderr).try_init();
}

/// Why the server ends, on standard error.
pub(crate) fn error(line: impl Display) {
    let _ = writeln!(stderr(), "error: {line}");
}
