//! The store in memory keeps every promise of the port.

mod memory {
    account::store_conformance!(async { account::MemoryStore::new() });
}
