//! The parser, and the trait for others.

use std::{fmt::Debug, sync::Arc};

use super::{client, device, system, types::Device};

/// Browsers send about 120 bytes, the longest in-app browsers about 500.
const MAX_BYTES: usize = 1024;

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
///
/// assert_eq!(WithOwnApp.parse("ExampleApp/1.0").client_name, "Example App");
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
