//! The reference server as a process, and clients of it.

pub(crate) mod client;
pub(crate) mod server;
