//! Suites that an implementation of a port must pass, for those who write one.

pub mod limiter;
pub mod store;
