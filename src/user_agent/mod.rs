//! Parses the `User-Agent` header into operating system, client and device.
//!
//! Codes and names are those of Matomo's device detection, such as `WIN`, `CH` and `smartphone`,
//! which Appwrite consoles expect. The tables are this crate's own and cover common traffic.
//! Unknown fields are empty. In each table, the first row whose marks all occur in the header
//! applies.
//!
//! # Limitations
//! The result is what the header says. Windows 11 sends Windows NT 10.0, macOS since 11 sends
//! 10.15, Safari on an iPad requests desktop pages as a Mac, Brave sends Chrome, and Chrome on
//! Android hides its version (`10`) and model (`K`). A hidden model is empty.

mod client;
mod device;
mod parser;
mod rule;
mod system;
mod types;

pub use self::{
    parser::{DeviceParser, StandardDeviceParser, parse},
    types::Device,
};
