//! The shape of the source tree: floors, circles, sizes and words. See ARCHITECTURE.md.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod floors;
mod source;
mod text;
mod visibility;
