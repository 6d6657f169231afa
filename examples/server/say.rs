//! What the operator reads. A closed stream is no reason to end, so nothing here fails.

use std::{
    fmt::Display,
    io::{Write as _, stderr, stdout},
};

/// Something to read, on standard output.
pub(crate) fn plainly(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

/// Something to know, on standard error.
pub(crate) fn notice(line: impl Display) {
    let _ = writeln!(stderr(), "notice: {line}");
}

/// Why the server ends, on standard error.
pub(crate) fn error(line: impl Display) {
    let _ = writeln!(stderr(), "error: {line}");
}
