//! Implementations of the ports. They use only what a host could use.

mod limiter;
mod memory;

pub use limiter::MemoryLimiter;
pub use memory::MemoryStore;
