//! Real user agents and what they say, field by field.

use account::user_agent::{Device, DeviceParser, StandardDeviceParser, parse};

/// A user agent; code, name and version of its system; type, code, name, version, engine and engine
/// version of its client; form, brand and model of its device.
type Row = (&'static str, [&'static str; 3], [&'static str; 6], [&'static str; 3]);

const NOTHING: [&str; 3] = ["", "", ""];
const DESKTOP: [&str; 3] = ["desktop", "", ""];
const MAC: [&str; 3] = ["desktop", "Apple", ""];
const IPHONE: [&str; 3] = ["smartphone", "Apple", "iPhone"];
const IPAD: [&str; 3] = ["tablet", "Apple", "iPad"];
const PHONE: [&str; 3] = ["smartphone", "", ""];
const WINDOWS_10: [&str; 3] = ["WIN", "Windows", "10"];
const MAC_10_15: [&str; 3] = ["MAC", "Mac", "10.15"];
const LINUX: [&str; 3] = ["LIN", "GNU/Linux", ""];
const ANDROID_10: [&str; 3] = ["AND", "Android", "10"];
const ANDROID_13: [&str; 3] = ["AND", "Android", "13"];
const IOS_17: [&str; 3] = ["IOS", "iOS", "17.1"];

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Windows
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
     WINDOWS_10, ["browser", "CH", "Chrome", "120.0", "Blink", "120.0.0.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
     WINDOWS_10, ["browser", "PS", "Microsoft Edge", "120.0", "Blink", "120.0.0.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763",
     WINDOWS_10, ["browser", "PS", "Microsoft Edge", "18.17763", "Edge", "18.17763"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
     WINDOWS_10, ["browser", "FF", "Firefox", "121.0", "Gecko", "121.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
     ["WIN", "Windows", "7"], ["browser", "FF", "Firefox", "115.0", "Gecko", "115.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 OPR/105.0.0.0",
     WINDOWS_10, ["browser", "OP", "Opera", "105.0", "Blink", "119.0.0.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Vivaldi/6.5.3206.39",
     WINDOWS_10, ["browser", "VI", "Vivaldi", "6.5", "Blink", "120.0.0.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.5993.731 YaBrowser/23.11.1.731 Yowser/2.5 Safari/537.36",
     WINDOWS_10, ["browser", "YA", "Yandex Browser", "23.11", "Blink", "118.0.5993.731"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko",
     ["WIN", "Windows", "8.1"], ["browser", "IE", "Internet Explorer", "11.0", "Trident", "7.0"], DESKTOP),
    ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
     ["WIN", "Windows", "XP"], ["browser", "IE", "Internet Explorer", "8.0", "Trident", "4.0"], DESKTOP),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534.57.2 (KHTML, like Gecko) Version/5.1.7 Safari/534.57.2",
     ["WIN", "Windows", "7"], ["browser", "SF", "Safari", "5.1", "WebKit", "534.57.2"], DESKTOP),
    ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
     ["WPH", "Windows Phone", "10.0"], ["browser", "PS", "Microsoft Edge", "15.15063", "Edge", "15.15063"], ["smartphone", "Microsoft", "Lumia"]),

    // macOS
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
     MAC_10_15, ["browser", "CH", "Chrome", "120.0", "Blink", "120.0.0.0"], MAC),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1.2 Safari/605.1.15",
     MAC_10_15, ["browser", "SF", "Safari", "17.1", "WebKit", "605.1.15"], MAC),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:120.0) Gecko/20100101 Firefox/120.0",
     MAC_10_15, ["browser", "FF", "Firefox", "120.0", "Gecko", "120.0"], MAC),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.61",
     MAC_10_15, ["browser", "PS", "Microsoft Edge", "120.0", "Blink", "120.0.0.0"], MAC),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_1) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15 Ddg/17.1",
     ["MAC", "Mac", "14.1"], ["browser", "DD", "DuckDuckGo Privacy Browser", "17.1", "WebKit", "605.1.15"], MAC),

    // Linux and Chrome OS
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
     LINUX, ["browser", "CH", "Chrome", "120.0", "Blink", "120.0.0.0"], DESKTOP),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
     ["UBT", "Ubuntu", ""], ["browser", "FF", "Firefox", "121.0", "Gecko", "121.0"], DESKTOP),
    ("Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
     ["FED", "Fedora", ""], ["browser", "FF", "Firefox", "115.0", "Gecko", "109.0"], DESKTOP),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
     LINUX, ["browser", "PS", "Microsoft Edge", "120.0", "Blink", "120.0.0.0"], DESKTOP),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/119.0.6045.105 Safari/537.36",
     LINUX, ["browser", "HC", "Headless Chrome", "119.0", "Blink", "119.0.6045.105"], DESKTOP),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15 Epiphany/605.1.15",
     LINUX, ["browser", "EP", "GNOME Web", "605.1", "WebKit", "605.1.15"], DESKTOP),
    ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
     ["COS", "Chrome OS", "14541.0"], ["browser", "CH", "Chrome", "120.0", "Blink", "120.0.0.0"], DESKTOP),

    // Android
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
     ANDROID_10, ["browser", "CM", "Chrome Mobile", "120.0", "Blink", "120.0.0.0"], PHONE),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
     ANDROID_10, ["browser", "CH", "Chrome", "120.0", "Blink", "120.0.0.0"], ["tablet", "", ""]),
    ("Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Mobile Safari/537.36",
     ANDROID_13, ["browser", "CM", "Chrome Mobile", "116.0", "Blink", "116.0.0.0"], ["smartphone", "Google", "Pixel 7"]),
    ("Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.5615.136 Mobile Safari/537.36",
     ANDROID_13, ["browser", "CM", "Chrome Mobile", "112.0", "Blink", "112.0.5615.136"], ["smartphone", "Samsung", "Galaxy S21"]),
    ("Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/21.0 Chrome/110.0.5481.154 Mobile Safari/537.36",
     ANDROID_13, ["browser", "SB", "Samsung Browser", "21.0", "Blink", "110.0.5481.154"], ["smartphone", "Samsung", "Galaxy S23 Ultra"]),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
     ANDROID_10, ["browser", "SB", "Samsung Browser", "23.0", "Blink", "115.0.0.0"], PHONE),
    ("Mozilla/5.0 (Linux; Android 12; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.0.0 Safari/537.36",
     ["AND", "Android", "12"], ["browser", "CH", "Chrome", "108.0", "Blink", "108.0.0.0"], ["tablet", "Samsung", "SM-T870"]),
    ("Mozilla/5.0 (Android 13; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0",
     ANDROID_13, ["browser", "FM", "Firefox Mobile", "121.0", "Gecko", "121.0"], PHONE),
    ("Mozilla/5.0 (Android 11; Tablet; rv:109.0) Gecko/118.0 Firefox/118.0",
     ["AND", "Android", "11"], ["browser", "FM", "Firefox Mobile", "118.0", "Gecko", "109.0"], ["tablet", "", ""]),
    ("Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.43 Mobile Safari/537.36 EdgA/120.0.2210.61",
     ANDROID_10, ["browser", "PS", "Microsoft Edge", "120.0", "Blink", "120.0.6099.43"], ["smartphone", "", "HD1913"]),
    ("Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36 OPR/76.2.4027.73374",
     ANDROID_10, ["browser", "OM", "Opera Mobile", "76.2", "Blink", "119.0.0.0"], ["smartphone", "Huawei", "VOG-L29"]),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.0.0 Mobile DuckDuckGo/5 Safari/537.36",
     ANDROID_10, ["browser", "DD", "DuckDuckGo Privacy Browser", "5", "Blink", "119.0.0.0"], PHONE),
    ("Mozilla/5.0 (Linux; U; Android 11; en-us; Redmi Note 8 Build/RKQ1.201004.002) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 XiaoMi/MiuiBrowser/13.28.0-gn",
     ["AND", "Android", "11"], ["browser", "MU", "MIUI Browser", "13.28", "Blink", "100.0.4896.127"], ["smartphone", "Xiaomi", "Redmi Note 8"]),
    ("Mozilla/5.0 (Linux; Android 9; moto g(7) power) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.45 Mobile Safari/537.36",
     ["AND", "Android", "9"], ["browser", "CM", "Chrome Mobile", "96.0", "Blink", "96.0.4664.45"], ["smartphone", "Motorola", "moto g(7) power"]),
    ("Mozilla/5.0 (Linux; Android 13; Pixel 6 Build/TQ3A.230901.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.6045.66 Mobile Safari/537.36",
     ANDROID_13, ["browser", "CV", "Chrome Webview", "119.0", "Blink", "119.0.6045.66"], ["smartphone", "Google", "Pixel 6"]),
    ("Mozilla/5.0 (Linux; Android 13; SM-A546B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.6045.66 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/440.0.0.32.116;]",
     ANDROID_13, ["mobile app", "", "Facebook", "440.0", "", ""], ["smartphone", "Samsung", "Galaxy A54"]),
    ("Mozilla/5.0 (Linux; Android 13; SM-S911B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.6045.66 Mobile Safari/537.36 Instagram 307.0.0.34.111 Android (33/13; 480dpi; 1080x2113; samsung; SM-S911B; dm1q; qcom; en_GB; 532278140)",
     ANDROID_13, ["mobile app", "", "Instagram", "307.0", "", ""], ["smartphone", "Samsung", "Galaxy S23"]),
    ("Mozilla/5.0 (Linux; Android 9; AFTKA Build/PS7633) AppleWebKit/537.36 (KHTML, like Gecko) Silk/112.5.1 like Chrome/112.0.5615.213 Safari/537.36",
     ["AND", "Android", "9"], ["browser", "MS", "Mobile Silk", "112.5", "Blink", "112.0.5615.213"], ["tv", "Amazon", "Fire TV"]),
    ("Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230805.001)",
     ANDROID_13, ["library", "", "Dalvik", "2.1", "", ""], ["smartphone", "Google", "Pixel 7"]),
    // An app of Appwrite's Flutter SDK, which sends the package and what the system calls itself.
    ("com.example.shop/1.4.2 (Linux; U; Android 13; samsung SM-G991B)",
     ANDROID_13, ["", "", "", "", "", ""], ["smartphone", "Samsung", "Galaxy S21"]),

    // iOS and iPadOS
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1.2 Mobile/15E148 Safari/604.1",
     IOS_17, ["browser", "MF", "Mobile Safari", "17.1", "WebKit", "605.1.15"], IPHONE),
    ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
     ["IPA", "iPadOS", "16.6"], ["browser", "MF", "Mobile Safari", "16.6", "WebKit", "605.1.15"], IPAD),
    ("Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1",
     ["IOS", "iOS", "12.5"], ["browser", "MF", "Mobile Safari", "12.1", "WebKit", "605.1.15"], IPAD),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.6099.50 Mobile/15E148 Safari/604.1",
     IOS_17, ["browser", "CI", "Chrome Mobile iOS", "120.0", "WebKit", "605.1.15"], IPHONE),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/120.0 Mobile/15E148 Safari/605.1.15",
     IOS_17, ["browser", "F1", "Firefox Mobile iOS", "120.0", "WebKit", "605.1.15"], IPHONE),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/120.0.2210.61 Mobile/15E148 Safari/605.1.15",
     IOS_17, ["browser", "PS", "Microsoft Edge", "120.0", "WebKit", "605.1.15"], IPHONE),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
     IOS_17, ["browser", "DD", "DuckDuckGo Privacy Browser", "7", "WebKit", "605.1.15"], IPHONE),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
     IOS_17, ["browser", "MF", "Mobile Safari", "", "WebKit", "605.1.15"], IPHONE),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21B91 [FBAN/FBIOS;FBAV/442.1.0.42.108;FBBV/539431058;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.1.1;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]",
     IOS_17, ["mobile app", "", "Facebook", "442.1", "", ""], IPHONE),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21B91 Instagram 309.1.1.28.108 (iPhone14,5; iOS 17_1_1; en_US; en; scale=3.00; 1170x2532; 537288535)",
     IOS_17, ["mobile app", "", "Instagram", "309.1", "", ""], IPHONE),
    ("Shop/42 CFNetwork/1485 Darwin/23.1.0",
     ["IOS", "iOS", "17"], ["library", "", "CFNetwork", "1485", "", ""], ["", "Apple", ""]),
    ("Shop/42 CFNetwork/1240.0.4 Darwin/20.6.0 (x86_64)",
     ["MAC", "Mac", ""], ["library", "", "CFNetwork", "1240.0", "", ""], MAC),
    ("com.example.shop/1.4.2 iPhone14,5 iOS/17.1",
     IOS_17, ["", "", "", "", "", ""], IPHONE),

    // Televisions and consoles
    ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
     ["WOS", "webOS", ""], ["browser", "CH", "Chrome", "94.0", "Blink", "94.0.4606.128"], ["tv", "LG", ""]),
    ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36",
     ["TIZ", "Tizen", "6.0"], ["browser", "SB", "Samsung Browser", "4.0", "Blink", "76.0.3809.146"], ["tv", "Samsung", ""]),
    ("Mozilla/5.0 (PlayStation; PlayStation 5/8.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
     ["PS3", "PlayStation", ""], ["browser", "SF", "Safari", "13.0", "WebKit", "605.1.15"], ["console", "Sony", "PlayStation 5"]),

    // Libraries and tools
    ("okhttp/4.12.0", NOTHING, ["library", "", "OkHttp", "4.12", "", ""], NOTHING),
    ("Dart/3.2 (dart:io)", NOTHING, ["library", "", "Dart", "3.2", "", ""], NOTHING),
    ("curl/8.4.0", NOTHING, ["library", "", "curl", "8.4", "", ""], NOTHING),
    ("Wget/1.21.2 (linux-gnu)", LINUX, ["library", "", "Wget", "1.21", "", ""], DESKTOP),
    ("python-requests/2.31.0", NOTHING, ["library", "", "Python Requests", "2.31", "", ""], NOTHING),
    ("Python/3.11 aiohttp/3.9.1", NOTHING, ["library", "", "aiohttp", "3.9", "", ""], NOTHING),
    ("Go-http-client/1.1", NOTHING, ["library", "", "Go-http-client", "1.1", "", ""], NOTHING),
    ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", NOTHING, ["library", "", "Node Fetch", "1.0", "", ""], NOTHING),
    ("node", NOTHING, ["library", "", "Node.js", "", "", ""], NOTHING),
    ("undici", NOTHING, ["library", "", "undici", "", "", ""], NOTHING),
    ("axios/1.6.2", NOTHING, ["library", "", "Axios", "1.6", "", ""], NOTHING),
    ("PostmanRuntime/7.35.0", NOTHING, ["library", "", "Postman Desktop", "7.35", "", ""], NOTHING),
    ("Apache-HttpClient/4.5.14 (Java/17.0.9)", NOTHING, ["library", "", "Apache HTTP Client", "4.5", "", ""], NOTHING),
    ("Java/1.8.0_392", NOTHING, ["library", "", "Java", "1.8", "", ""], NOTHING),
    ("reqwest/0.11.22", NOTHING, ["library", "", "reqwest", "0.11", "", ""], NOTHING),

    // Appwrite's own
    ("AppwriteCLI/4.2.0 (Windows_NT Windows 10 Pro; x64)",
     WINDOWS_10, ["desktop", "cli", "Appwrite CLI", "4.2.0", "", ""], DESKTOP),
    ("AppwriteCLI/13.0.0-rc.2 (Darwin Darwin Kernel Version 22.5.0: Thu Jun 8 22:22:20 PDT 2023; root:xnu-8796.121.3~7/RELEASE_ARM64_T6000; arm64)",
     ["MAC", "Mac", ""], ["desktop", "cli", "Appwrite CLI", "13.0.0-rc.2", "", ""], MAC),
    ("AppwriteNodeJSSDK/12.0.1 (Linux; #1 SMP Debian 5.10.197-1 (2023-09-29); x64)",
     ["DEB", "Debian", ""], ["library", "", "Appwrite Node.js SDK", "12.0.1", "", ""], DESKTOP),
    ("AppwriteFlutterSDK/13.0.0 (android; 13)",
     ["AND", "Android", ""], ["library", "", "Appwrite Flutter SDK", "13.0.0", "", ""], PHONE),
    ("AppwriteAndroidSDK/4.0.1 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230805.001)",
     ANDROID_13, ["library", "", "Appwrite Android SDK", "4.0.1", "", ""], ["smartphone", "Google", "Pixel 7"]),
    ("AppwriteAppleSDK/5.0.0 iPad13,8 iOS/17.1",
     ["IPA", "iPadOS", "17.1"], ["library", "", "Appwrite Apple SDK", "5.0.0", "", ""], IPAD),
    ("AppwriteGoSDK/v7.5.0 (darwin; arm64)",
     ["MAC", "Mac", ""], ["library", "", "Appwrite Go SDK", "7.5.0", "", ""], MAC),

    // Bots
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
     NOTHING, ["bot", "", "Googlebot", "2.1", "", ""], NOTHING),
    ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.6045.123 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
     ["AND", "Android", "6.0"], ["bot", "", "Googlebot", "2.1", "", ""], ["smartphone", "Google", "Nexus 5X"]),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
     NOTHING, ["bot", "", "BingBot", "2.0", "", ""], NOTHING),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
     NOTHING, ["bot", "", "Facebook External Hit", "1.1", "", ""], NOTHING),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0; +https://openai.com/gptbot)",
     NOTHING, ["bot", "", "GPTBot", "1.0", "", ""], NOTHING),
    ("Mozilla/5.0 (compatible; ExampleSearch/3.1; +https://search.example/about)",
     NOTHING, ["bot", "", "Generic Bot", "", "", ""], NOTHING),

    // No one
    ("UNKNOWN", NOTHING, ["", "", "", "", "", ""], NOTHING),
    ("", NOTHING, ["", "", "", "", "", ""], NOTHING),
];

fn device(system: [&'static str; 3], client: [&'static str; 6], hardware: [&'static str; 3]) -> Device {
    let [os_code, os_name, os_version] = system.map(Into::into);
    let [client_type, client_code, client_name, client_version, client_engine, client_engine_version] =
        client.map(Into::into);
    let [device_name, device_brand, device_model] = hardware.map(Into::into);
    Device {
        os_code,
        os_name,
        os_version,
        client_type,
        client_code,
        client_name,
        client_version,
        client_engine,
        client_engine_version,
        device_name,
        device_brand,
        device_model,
    }
}

/// What the documentation of [`Device`] promises of any verdict.
fn assert_is_tame(device: &Device) {
    let tame = |text: &str, others: &str, longest: usize| {
        text.len() <= longest && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
    };
    for version in [&device.os_version, &device.client_version, &device.client_engine_version] {
        assert!(tame(version, ".-", 32), "{device:?}");
    }
    assert!(tame(&device.device_model, " -_.,+()/", 64), "{device:?}");
}

#[test]
fn real_user_agents_are_read_field_by_field() {
    assert!(TABLE.len() >= 60);
    for &(text, system, client, hardware) in TABLE {
        let verdict = StandardDeviceParser.parse(text);
        assert_eq!(verdict, device(system, client, hardware), "{text}");
        assert_is_tame(&verdict);
    }
}

#[test]
fn fields_are_named_as_in_sessions() {
    let json = serde_json::to_value(parse("curl/8.4.0")).unwrap();
    let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = "clientCode clientEngine clientEngineVersion clientName clientType clientVersion deviceBrand \
                    deviceModel deviceName osCode osName osVersion";
    assert_eq!(keys.join(" "), expected);
    assert_eq!(json["clientVersion"], "8.4");
}

#[test]
fn truncated_and_mangled_user_agents_never_panic_and_stay_tame() {
    let inserted = ["\0", "\n", "\u{7f}", "é", "\u{1f984}", "(", ")", ";", "/9", "<b>", "_"];
    for (number, &(text, ..)) in TABLE.iter().enumerate() {
        for position in 0..=text.len() {
            let (head, tail) = text.split_at(position);
            let inserted = inserted[(number + position) % inserted.len()];
            assert_is_tame(&parse(head));
            assert_is_tame(&parse(&format!("{head}{inserted}{tail}")));
        }
    }
}

#[test]
fn a_model_with_foreign_characters_or_of_great_length_is_left_out() {
    for model in ["Pixel\u{0}7", "Pixel\r\nBcc: x", "<script>", "Télé", "\u{202e}7 lexiP", &"x".repeat(65)]
    {
        let verdict = parse(&format!("Mozilla/5.0 (Linux; Android 13; {model}) Chrome/120.0.0.0 Mobile"));
        assert_eq!((&*verdict.device_name, &*verdict.device_model), ("smartphone", ""), "{model:?}");
    }
}

#[test]
fn only_the_first_kilobyte_counts_and_a_character_across_its_end_is_dropped() {
    let padded = |padding: usize| parse(&format!("{}Firefox/121.0", " ".repeat(padding))).client_version;
    assert_eq!(padded(1011), "121.0");
    assert_eq!(padded(1012), "121");
    assert_eq!(padded(1016), "");
    for padding in 1020..=1024 {
        assert_eq!(parse(&format!("{}\u{1f984}", "x".repeat(padding))), Device::default());
    }
    assert_eq!(parse(&"(".repeat(1 << 20)), Device::default());
}
