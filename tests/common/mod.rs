//! What several test binaries share.

#![allow(dead_code, reason = "each binary uses a part")]

pub(crate) mod client;
pub(crate) mod node;
pub(crate) mod server;
