//! The shape of the source tree: floors, circles, sizes and words (see ARCHITECTURE.md), and the
//! tables of its pages.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod floors;
mod guide;
mod pages;
mod source;
mod text;
mod visibility;
