//! Who is calling: operating system, client and device, read from the `User-Agent` header.
//!
//! The codes and names are the vocabulary that Matomo's device detection made common, so a session list shows what
//! consoles expect (`WIN`, `CH`, `smartphone`). The tables are this crate's own and cover what makes up real traffic;
//! what they do not know stays empty. One mechanism drives them all: the first row whose marks all occur wins.
//!
//! # What the strings cannot say
//! Windows 11 calls itself Windows NT 10.0, macOS since 11 calls itself 10.15, Safari on an iPad asks for desktop pages
//! as a Mac, Brave calls itself Chrome, and Chrome on Android hides version (`10`) and model (`K`). The verdict is what
//! the string says; a hidden model is empty.

mod client;
mod device;
mod rule;
mod system;

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

/// Bytes of a user agent that are read; browsers send about 120, the longest in-app browsers about 500.
const READ_BYTES: usize = 1024;

/// What a user agent tells about its sender, as sessions and log entries show it; a field is empty when unknown.
///
/// Versions of systems and clients are `major.minor` (`10.15`, `120.0`), those of engines and of Appwrite's own clients
/// complete (`120.0.0.0`).
///
/// # Security
/// The header is whatever the caller wrote: show it, decide nothing by it. Codes, names and brands come from the tables
/// alone; versions hold only ASCII letters, digits, `.` and `-`, models only ASCII letters, digits, spaces and
/// `-_.,+()/`, at most 64 of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Short code of the operating system, such as `WIN`, `MAC`, `LIN`, `AND`, `IOS`.
    pub os_code: Cow<'static, str>,
    /// Name of the operating system, such as `Windows`.
    pub os_name: Cow<'static, str>,
    /// Its version, such as `10.15`.
    pub os_version: Cow<'static, str>,
    /// `browser`, `mobile app`, `desktop`, `library` or `bot`.
    pub client_type: Cow<'static, str>,
    /// Short code of a browser, such as `CH`; `cli` for Appwrite's command line; empty for all others.
    pub client_code: Cow<'static, str>,
    /// Name of the client, such as `Chrome Mobile` or `curl`.
    pub client_name: Cow<'static, str>,
    /// Its version, such as `120.0`.
    pub client_version: Cow<'static, str>,
    /// Rendering engine of a browser: `Blink`, `WebKit`, `Gecko`, `Trident`, `Edge` or `Presto`.
    pub client_engine: Cow<'static, str>,
    /// Its version, such as `120.0.0.0`.
    pub client_engine_version: Cow<'static, str>,
    /// Form of the device: `desktop`, `smartphone`, `tablet`, `feature phone`, `portable media player`, `tv`, `console`
    /// or `wearable`.
    pub device_name: Cow<'static, str>,
    /// Maker of the device, such as `Apple`.
    pub device_brand: Cow<'static, str>,
    /// Model of the device, such as `iPhone`, `Pixel 7` or the maker's code.
    pub device_model: Cow<'static, str>,
}

/// Reads user agents for sessions, log entries and alert mails.
///
/// A host with a richer database puts its own reader here; [`StandardDeviceParser`] is the default.
pub trait DeviceParser: Send + Sync + Debug + 'static {
    /// Tells what `user_agent` says about its sender; must accept any text and return promptly.
    fn parse(&self, user_agent: &str) -> Device;
}

impl<T: DeviceParser + ?Sized> DeviceParser for Arc<T> {
    fn parse(&self, user_agent: &str) -> Device {
        (**self).parse(user_agent)
    }
}

/// The built-in reader: [`parse`] behind the port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandardDeviceParser;

impl DeviceParser for StandardDeviceParser {
    fn parse(&self, user_agent: &str) -> Device {
        parse(user_agent)
    }
}

/// Reads a user agent with the built-in tables.
///
/// Total over all text, linear in time and bounded: only the first 1,024 bytes count.
///
/// # Examples
/// ```
/// let device = account::user_agent::parse(
///     "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
/// );
/// assert_eq!((&*device.os_code, &*device.client_code, &*device.device_name), ("WIN", "FF", "desktop"));
/// ```
#[must_use]
pub fn parse(user_agent: &str) -> Device {
    let text = beginning(user_agent);
    let mut device = Device::default();
    system::read(text, &mut device);
    client::read(text, &mut device);
    device::read(text, &mut device);
    device
}

fn beginning(user_agent: &str) -> &str {
    let mut end = READ_BYTES.min(user_agent.len());
    loop {
        match user_agent.get(..end) {
            Some(text) => return text,
            // Inside a character; it begins at most three bytes earlier.
            None => end = end.saturating_sub(1),
        }
    }
}
