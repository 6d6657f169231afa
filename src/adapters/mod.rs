//! Implementations of the ports. They use only what a host could use.

mod limiter;
#[cfg(feature = "geoip")]
mod maxmind;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use limiter::MemoryLimiter;
#[cfg(feature = "geoip")]
pub use maxmind::{GeoError, MaxMindLocator};
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteBuilder, SqliteStore};
