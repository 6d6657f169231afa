//! Implementations of the ports. They use only what a host could use.

mod limiter;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use limiter::MemoryLimiter;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteBuilder, SqliteStore};
