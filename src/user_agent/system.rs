//! Operating systems.

use std::borrow::Cow;

use super::{
    rule::{Rule, first_match},
    types::Device,
};

/// Sets the operating system that `text` names.
pub(super) fn parse(text: &str, device: &mut Device) {
    if let Some(rule) = first_match(SYSTEMS, text) {
        device.os_code = Cow::Borrowed(rule.verdict.code);
        device.os_name = Cow::Borrowed(rule.verdict.name);
        device.os_version = rule.version(text);
    }
}

#[derive(Debug, Clone, Copy)]
struct System {
    code: &'static str,
    name: &'static str,
}

const fn row(marks: &'static [&'static str], code: &'static str, name: &'static str) -> Rule<System> {
    Rule::new(marks, System { code, name })
}

/// A system whose user agent also names another comes before that one: Windows Phone names Android,
/// Android names Linux, iOS names Mac OS X.
#[rustfmt::skip]
const SYSTEMS: &[Rule<System>] = &[
    row(&["Windows Phone "], "WPH", "Windows Phone"),
    row(&["Windows Phone OS "], "WPH", "Windows Phone"),
    row(&["Xbox"], "XBX", "Xbox"),
    row(&["Windows NT 10.0"], "WIN", "Windows").fixed("10"),
    row(&["Windows NT 6.3"], "WIN", "Windows").fixed("8.1"),
    row(&["Windows NT 6.2"], "WIN", "Windows").fixed("8"),
    row(&["Windows NT 6.1"], "WIN", "Windows").fixed("7"),
    row(&["Windows NT 6.0"], "WIN", "Windows").fixed("Vista"),
    row(&["Windows NT 5.2"], "WIN", "Windows").fixed("XP"),
    row(&["Windows NT 5.1"], "WIN", "Windows").fixed("XP"),
    // Node's `os.type()` and `os.version()`: `Windows_NT Windows 11 Pro`.
    row(&["Windows ", "Windows_NT"], "WIN", "Windows"),
    row(&["Windows "], "WIN", "Windows"),
    row(&["Windows"], "WIN", "Windows").fixed(""),
    row(&["(win32;"], "WIN", "Windows").fixed(""),
    row(&["(windows;"], "WIN", "Windows").fixed(""),

    row(&["tvOS/"], "ATV", "tvOS"),
    row(&["AppleTV"], "ATV", "tvOS").fixed(""),
    row(&["watchOS/"], "WAS", "watchOS"),
    row(&["iPadOS/"], "IPA", "iPadOS"),
    // iPads ran iOS up to version 12. Later user agents have the same form for iPadOS.
    row(&["CPU OS ", "CPU OS 9_"], "IOS", "iOS"),
    row(&["CPU OS ", "CPU OS 10_"], "IOS", "iOS"),
    row(&["CPU OS ", "CPU OS 11_"], "IOS", "iOS"),
    row(&["CPU OS ", "CPU OS 12_"], "IOS", "iOS"),
    row(&["CPU OS "], "IPA", "iPadOS"),
    row(&["iOS/", "iPad"], "IPA", "iPadOS"),
    row(&["iPhone OS "], "IOS", "iOS"),
    row(&["iOS/"], "IOS", "iOS"),
    row(&["iPad"], "IPA", "iPadOS").fixed(""),
    row(&["iPhone"], "IOS", "iOS").fixed(""),
    row(&["iPod"], "IOS", "iOS").fixed(""),
    row(&["(ios;"], "IOS", "iOS").fixed(""),

    // Apple's networking library sends the kernel version. Intel Macs add their processor. Other
    // Macs look like iOS, which is far more common.
    row(&["x86_64", "CFNetwork/"], "MAC", "Mac").fixed(""),
    row(&["Darwin/25.", "CFNetwork/"], "IOS", "iOS").fixed("26"),
    row(&["Darwin/24.", "CFNetwork/"], "IOS", "iOS").fixed("18"),
    row(&["Darwin/23.", "CFNetwork/"], "IOS", "iOS").fixed("17"),
    row(&["Darwin/22.", "CFNetwork/"], "IOS", "iOS").fixed("16"),
    row(&["Darwin/21.", "CFNetwork/"], "IOS", "iOS").fixed("15"),
    row(&["Darwin/20.", "CFNetwork/"], "IOS", "iOS").fixed("14"),
    row(&["Darwin/19.", "CFNetwork/"], "IOS", "iOS").fixed("13"),
    row(&["CFNetwork/"], "IOS", "iOS").fixed(""),
    row(&["Mac OS X "], "MAC", "Mac"),
    row(&["Mac OS X"], "MAC", "Mac").fixed(""),
    row(&["Macintosh"], "MAC", "Mac").fixed(""),
    row(&["Darwin"], "MAC", "Mac").fixed(""),
    row(&["darwin"], "MAC", "Mac").fixed(""),
    row(&["(macos;"], "MAC", "Mac").fixed(""),

    row(&["KAIOS/"], "KOS", "KaiOS"),
    row(&["Tizen "], "TIZ", "Tizen"),
    row(&["Web0S"], "WOS", "webOS").fixed(""),
    row(&["webOS"], "WOS", "webOS").fixed(""),
    row(&["Roku"], "ROK", "Roku OS").fixed(""),
    row(&["PlayStation"], "PS3", "PlayStation").fixed(""),
    row(&["Nintendo"], "WII", "Nintendo").fixed(""),
    row(&["HarmonyOS"], "HAR", "HarmonyOS").fixed(""),
    row(&["Android ", "Android TV"], "ADR", "Android TV"),
    row(&["Android "], "AND", "Android"),
    row(&["Android"], "AND", "Android").fixed(""),
    row(&["(android;"], "AND", "Android").fixed(""),

    row(&["CrOS x86_64 "], "COS", "Chrome OS"),
    row(&["CrOS aarch64 "], "COS", "Chrome OS"),
    row(&["CrOS armv7l "], "COS", "Chrome OS"),
    row(&["CrOS"], "COS", "Chrome OS").fixed(""),
    row(&["Ubuntu/"], "UBT", "Ubuntu"),
    row(&["Ubuntu"], "UBT", "Ubuntu").fixed(""),
    row(&["Linux Mint/"], "MIN", "Mint"),
    row(&["Fedora/"], "FED", "Fedora"),
    row(&["Fedora"], "FED", "Fedora").fixed(""),
    row(&["Debian"], "DEB", "Debian").fixed(""),
    row(&["FreeBSD"], "BSD", "FreeBSD").fixed(""),
    row(&["OpenBSD"], "OBS", "OpenBSD").fixed(""),
    row(&["NetBSD"], "NBS", "NetBSD").fixed(""),
    row(&["Linux"], "LIN", "GNU/Linux").fixed(""),
    row(&["linux"], "LIN", "GNU/Linux").fixed(""),
];
