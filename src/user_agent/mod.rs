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
mod rule;
mod system;

use std::{borrow::Cow, fmt::Debug, sync::Arc};

/// Browsers send about 120 bytes, the longest in-app browsers about 500.
const MAX_BYTES: usize = 1024;

/// The operating system, client and device of a user agent. Unknown fields are empty.
///
/// Sessions and log entries show it. Versions of systems and clients are `major.minor` (`10.15`,
/// `120.0`). Versions of engines and of Appwrite's own clients are complete (`120.0.0.0`).
///
/// # Security
/// Clients can send any header, so do not base decisions on it. Codes, names and brands come from
/// the tables only. Versions consist of ASCII letters, digits, `.` and `-`. Models consist of at
/// most 64 ASCII letters, digits, spaces and `-_.,+()/`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The short code of the operating system, such as `WIN`, `MAC`, `LIN`, `AND` or `IOS`.
    pub os_code: Cow<'static, str>,
    /// The name of the operating system, such as `Windows`.
    pub os_name: Cow<'static, str>,
    /// The version of the operating system, such as `10.15`.
    pub os_version: Cow<'static, str>,
    /// The type of the client: `browser`, `mobile app`, `desktop`, `library` or `bot`.
    pub client_type: Cow<'static, str>,
    /// The short code of a browser, such as `CH`, or `cli` for Appwrite's command line. Empty for
    /// all other clients.
    pub client_code: Cow<'static, str>,
    /// The name of the client, such as `Chrome Mobile` or `curl`.
    pub client_name: Cow<'static, str>,
    /// The version of the client, such as `120.0`.
    pub client_version: Cow<'static, str>,
    /// The rendering engine of a browser: `Blink`, `WebKit`, `Gecko`, `Trident`, `Edge` or
    /// `Presto`.
    pub client_engine: Cow<'static, str>,
    /// The version of the engine, such as `120.0.0.0`.
    pub client_engine_version: Cow<'static, str>,
    /// The kind of the device: `desktop`, `smartphone`, `tablet`, `feature phone`,
    /// `portable media player`, `tv`, `console` or `wearable`.
    pub device_name: Cow<'static, str>,
    /// The manufacturer of the device, such as `Apple`.
    pub device_brand: Cow<'static, str>,
    /// The model of the device, such as `iPhone`, `Pixel 7` or a code of the manufacturer.
    pub device_model: Cow<'static, str>,
}

/// Parses user agents for sessions, log entries and alert mails.
///
/// The default is [`StandardDeviceParser`]. Implement the trait to use a larger database.
///
/// # Examples
/// ```
/// use account::user_agent::{Device, DeviceParser, parse};
///
/// #[derive(Debug)]
/// struct WithOwnApp;
///
/// impl DeviceParser for WithOwnApp {
///     fn parse(&self, user_agent: &str) -> Device {
///         let mut device = parse(user_agent);
///         if user_agent.starts_with("ExampleApp/") {
///             device.client_name = "Example App".into();
///         }
///         device
///     }
/// }
/// ```
pub trait DeviceParser: Send + Sync + Debug + 'static {
    /// Parses a `User-Agent` header. It must accept any text and return promptly.
    fn parse(&self, user_agent: &str) -> Device;
}

impl<T: DeviceParser + ?Sized> DeviceParser for Arc<T> {
    fn parse(&self, user_agent: &str) -> Device {
        (**self).parse(user_agent)
    }
}

/// The built-in parser, which calls [`parse`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandardDeviceParser;

impl DeviceParser for StandardDeviceParser {
    fn parse(&self, user_agent: &str) -> Device {
        parse(user_agent)
    }
}

/// Parses a user agent with the built-in tables.
///
/// It accepts any text and takes linear time. Only the first 1,024 bytes count.
///
/// # Examples
/// ```
/// let device = account::user_agent::parse(
///     "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
/// );
/// assert_eq!((&*device.os_code, &*device.client_code), ("WIN", "FF"));
/// assert_eq!(device.device_name, "desktop");
/// ```
#[must_use]
pub fn parse(user_agent: &str) -> Device {
    let text = truncate(user_agent);
    let mut device = Device::default();
    system::parse(text, &mut device);
    client::parse(text, &mut device);
    device::parse(text, &mut device);
    device
}

fn truncate(user_agent: &str) -> &str {
    let mut end = MAX_BYTES.min(user_agent.len());
    loop {
        match user_agent.get(..end) {
            Some(text) => return text,
            // This is inside a character, which begins at most three bytes earlier.
            None => end = end.saturating_sub(1),
        }
    }
}
