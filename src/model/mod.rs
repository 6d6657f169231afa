//! The account and its values: pure data and the rules that keep it whole.

mod time;

pub use time::Timestamp;
