//! A store in a SQLite file.

mod backup;
mod builder;
mod error;
mod job;
mod migrate;
mod names;
mod open;
mod reader;
mod statements;
mod store;
mod writer;

pub use self::{builder::SqliteBuilder, error::OpenError, store::SqliteStore};
