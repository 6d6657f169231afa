//! Rules for unusual values: every allowed value is kept, compared exactly and found again.

mod accounts;
mod fields;
mod keys;

pub use fields::*;
pub use keys::*;
