//! The result of parsing.

use std::borrow::Cow;

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
