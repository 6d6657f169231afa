//! A store in PostgreSQL, for services of one node or many.

mod address;
mod connect;
mod connections;
mod dial;
mod error;
mod limiter;
mod loads;
mod migrate;
mod parameters;
mod rows;
mod statements;
mod store;

pub use self::{
    connect::PostgresBuilder, error::PostgresError, limiter::PostgresLimiter, store::PostgresStore,
};
