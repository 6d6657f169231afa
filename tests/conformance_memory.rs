//! The store in memory keeps every promise of the port.
#![cfg(feature = "testing")]

mod memory {
    account::store_conformance!(async { account::MemoryStore::new() });
}
