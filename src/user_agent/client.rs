//! Browsers, apps, libraries and bots.

use std::borrow::Cow;

use super::{
    rule::{Rule, first_match, full_version},
    types::Device,
};

/// Sets the client that `text` names.
pub(super) fn parse(text: &str, device: &mut Device) {
    let Some(rule) = [APPWRITE, BOTS, APPS, LIBRARIES, CRAWLERS, BROWSERS]
        .into_iter()
        .find_map(|rules| first_match(rules, text))
    else {
        return;
    };
    let client = rule.verdict;
    device.client_type = Cow::Borrowed(client.kind);
    device.client_code = Cow::Borrowed(client.code);
    device.client_name = Cow::Borrowed(client.name);
    device.client_version = rule.version(text);
    if let Some(engine) = client.engine {
        device.client_engine = Cow::Borrowed(engine.name);
        device.client_engine_version = full_version(text, engine.mark);
    }
}

#[derive(Debug, Clone, Copy)]
struct Client {
    kind: &'static str,
    code: &'static str,
    name: &'static str,
    engine: Option<Engine>,
}

#[derive(Debug, Clone, Copy)]
struct Engine {
    name: &'static str,
    /// The mark before its version.
    mark: &'static str,
}

const BLINK: Engine = Engine { name: "Blink", mark: "Chrome/" };
const WEBKIT: Engine = Engine { name: "WebKit", mark: "AppleWebKit/" };
const GECKO: Engine = Engine { name: "Gecko", mark: "rv:" };
const TRIDENT: Engine = Engine { name: "Trident", mark: "Trident/" };
const EDGE_HTML: Engine = Engine { name: "Edge", mark: "Edge/" };
const PRESTO: Engine = Engine { name: "Presto", mark: "Presto/" };

const fn row(kind: &'static str, marks: &'static [&'static str], name: &'static str) -> Rule<Client> {
    Rule::new(marks, Client { kind, code: "", name, engine: None })
}

const fn bot(marks: &'static [&'static str], name: &'static str) -> Rule<Client> {
    row("bot", marks, name)
}

const fn app(marks: &'static [&'static str], name: &'static str) -> Rule<Client> {
    row("mobile app", marks, name)
}

const fn library(marks: &'static [&'static str], name: &'static str) -> Rule<Client> {
    row("library", marks, name)
}

const fn browser(
    marks: &'static [&'static str],
    code: &'static str,
    name: &'static str,
    engine: Engine,
) -> Rule<Client> {
    Rule::new(marks, Client { kind: "browser", code, name, engine: Some(engine) })
}

/// Appwrite's command line and SDKs. Their versions are reported completely.
#[rustfmt::skip]
const APPWRITE: &[Rule<Client>] = &[
    Rule::new(
        &["AppwriteCLI/"],
        Client { kind: "desktop", code: "cli", name: "Appwrite CLI", engine: None },
    ).full(),
    library(&["AppwriteFlutterSDK/"], "Appwrite Flutter SDK").full(),
    library(&["AppwriteAndroidSDK/"], "Appwrite Android SDK").full(),
    library(&["AppwriteAppleSDK/"], "Appwrite Apple SDK").full(),
    library(&["AppwriteReactNativeSDK/"], "Appwrite React Native SDK").full(),
    library(&["AppwriteDartSDK/"], "Appwrite Dart SDK").full(),
    library(&["AppwriteDenoSDK/"], "Appwrite Deno SDK").full(),
    library(&["AppwriteDotNETSDK/"], "Appwrite .NET SDK").full(),
    library(&["AppwriteGoSDK/v"], "Appwrite Go SDK").full(),
    library(&["AppwriteGoSDK/"], "Appwrite Go SDK").full(),
    library(&["AppwriteKotlinSDK/"], "Appwrite Kotlin SDK").full(),
    library(&["AppwriteNodeJSSDK/"], "Appwrite Node.js SDK").full(),
    library(&["AppwritePHPSDK/"], "Appwrite PHP SDK").full(),
    library(&["AppwritePythonSDK/"], "Appwrite Python SDK").full(),
    library(&["AppwriteRubySDK/"], "Appwrite Ruby SDK").full(),
    library(&["AppwriteSwiftSDK/"], "Appwrite Swift SDK").full(),
];

#[rustfmt::skip]
const BOTS: &[Rule<Client>] = &[
    bot(&["Googlebot/"], "Googlebot"),
    bot(&["Googlebot-Image/"], "Googlebot"),
    bot(&["AdsBot-Google"], "AdsBot"),
    bot(&["Google-InspectionTool/"], "Google Inspection Tool"),
    bot(&["bingbot/"], "BingBot"),
    bot(&["DuckDuckBot/"], "DuckDuckBot"),
    bot(&["YandexBot/"], "Yandex Bot"),
    bot(&["Baiduspider/"], "Baidu Spider"),
    bot(&["Applebot/"], "Applebot"),
    bot(&["facebookexternalhit/"], "Facebook External Hit"),
    bot(&["meta-externalagent/"], "Meta External Agent"),
    bot(&["Twitterbot/"], "Twitterbot"),
    bot(&["LinkedInBot/"], "LinkedIn Bot"),
    bot(&["Slackbot-LinkExpanding "], "Slackbot"),
    bot(&["Slackbot "], "Slackbot"),
    bot(&["Discordbot/"], "Discord Bot"),
    bot(&["TelegramBot"], "TelegramBot"),
    bot(&["GPTBot/"], "GPTBot"),
    bot(&["ChatGPT-User/"], "ChatGPT-User"),
    bot(&["OAI-SearchBot/"], "OAI-SearchBot"),
    bot(&["ClaudeBot/"], "ClaudeBot"),
    bot(&["PerplexityBot/"], "PerplexityBot"),
    bot(&["Bytespider"], "Bytespider"),
    bot(&["CCBot/"], "CCBot"),
    bot(&["Amazonbot/"], "Amazon Bot"),
    bot(&["AhrefsBot/"], "aHrefs Bot"),
    bot(&["SemrushBot/"], "Semrush Bot"),
    bot(&["PetalBot"], "Petal Bot"),
    bot(&["UptimeRobot/"], "Uptime Robot"),
];

/// Apps with an embedded browser.
#[rustfmt::skip]
const APPS: &[Rule<Client>] = &[
    app(&["Instagram "], "Instagram"),
    app(&["FBAV/", "MessengerForiOS"], "Facebook Messenger"),
    app(&["FBAV/", "FB_IAB/Orca"], "Facebook Messenger"),
    app(&["FBAV/", "FBAN/Orca"], "Facebook Messenger"),
    app(&["FBAV/"], "Facebook"),
    app(&["FBAN/"], "Facebook"),
    app(&["WhatsApp/"], "WhatsApp"),
    app(&["Snapchat/"], "Snapchat"),
    app(&["musical_ly_"], "TikTok"),
    app(&["trill_"], "TikTok"),
    app(&["LinkedInApp"], "LinkedIn"),
    app(&["Twitter for iPhone/"], "Twitter"),
    app(&["Twitter for iPhone"], "Twitter"),
    app(&["TwitterAndroid"], "Twitter"),
    app(&["Pinterest/"], "Pinterest"),
    app(&["MicroMessenger/"], "WeChat"),
    app(&[" Line/"], "Line"),
    app(&["GSA/"], "Google Search App"),
];

#[rustfmt::skip]
const LIBRARIES: &[Rule<Client>] = &[
    library(&["okhttp/"], "OkHttp"),
    library(&["CFNetwork/"], "CFNetwork"),
    library(&["Dart/"], "Dart"),
    library(&["Dalvik/"], "Dalvik"),
    library(&["ktor-client"], "Ktor"),
    library(&["^curl/"], "curl"),
    library(&["libcurl/"], "curl"),
    library(&["^Wget/"], "Wget"),
    library(&["HTTPie/"], "HTTPie"),
    library(&["python-requests/"], "Python Requests"),
    library(&["python-httpx/"], "Python HTTPX"),
    library(&["aiohttp/"], "aiohttp"),
    library(&["Python-urllib/"], "Python urllib"),
    library(&["Go-http-client/"], "Go-http-client"),
    library(&["^node-fetch/"], "Node Fetch"),
    library(&["^axios/"], "Axios"),
    library(&["^got/"], "got"),
    library(&["^got ("], "got"),
    library(&["^undici"], "undici"),
    library(&["^Node.js/"], "Node.js"),
    library(&["^node"], "Node.js"),
    library(&["^Deno/"], "Deno"),
    library(&["^Bun/"], "Bun"),
    library(&["PostmanRuntime/"], "Postman Desktop"),
    library(&["insomnia/"], "Insomnia REST Client"),
    library(&["Apache-HttpClient/"], "Apache HTTP Client"),
    library(&["Java-http-client/"], "Java"),
    library(&["^Java/"], "Java"),
    library(&["reqwest/"], "reqwest"),
    library(&["hyper/"], "hyper"),
    library(&["^ureq/"], "ureq"),
    library(&["GuzzleHttp/"], "Guzzle"),
    library(&["Faraday v"], "Faraday"),
    library(&["^Ruby"], "Ruby"),
    library(&["libwww-perl/"], "libwww-perl"),
    library(&["PowerShell/"], "PowerShell"),
    library(&["RestSharp/"], "RestSharp"),
];

/// Other robots. They come after the libraries, because some of those send a link to their home
/// page.
#[rustfmt::skip]
const CRAWLERS: &[Rule<Client>] = &[
    bot(&["bot/"], "Generic Bot").fixed(""),
    bot(&["Bot/"], "Generic Bot").fixed(""),
    bot(&["bot;"], "Generic Bot").fixed(""),
    bot(&["crawler"], "Generic Bot").fixed(""),
    bot(&["Crawler"], "Generic Bot").fixed(""),
    bot(&["spider"], "Generic Bot").fixed(""),
    bot(&["Spider"], "Generic Bot").fixed(""),
    bot(&["+http"], "Generic Bot").fixed(""),
];

/// A browser whose user agent also names another comes before that one: nearly all name Chrome, and
/// Chrome names Safari.
#[rustfmt::skip]
const BROWSERS: &[Rule<Client>] = &[
    browser(&["Edg/"], "PS", "Microsoft Edge", BLINK),
    browser(&["EdgA/"], "PS", "Microsoft Edge", BLINK),
    browser(&["EdgiOS/"], "PS", "Microsoft Edge", WEBKIT),
    browser(&["Edge/"], "PS", "Microsoft Edge", EDGE_HTML),
    browser(&["OPX/", "iPhone"], "OX", "Opera GX", WEBKIT),
    browser(&["OPX/"], "OX", "Opera GX", BLINK),
    browser(&["OPT/", "iPhone"], "OO", "Opera Touch", WEBKIT),
    browser(&["OPT/"], "OO", "Opera Touch", BLINK),
    browser(&["OPR/", "Mobile"], "OM", "Opera Mobile", BLINK),
    browser(&["OPR/"], "OP", "Opera", BLINK),
    browser(&["OPiOS/"], "O1", "Opera Mini iOS", WEBKIT),
    browser(&["Opera Mini/"], "OI", "Opera Mini", PRESTO),
    browser(&["Version/", "^Opera/"], "OP", "Opera", PRESTO),
    browser(&["SamsungBrowser/"], "SB", "Samsung Browser", BLINK),
    browser(&["Vivaldi/"], "VI", "Vivaldi", BLINK),
    browser(&["Brave/"], "BR", "Brave", BLINK),
    browser(&["YaBrowser/", "iPhone"], "YA", "Yandex Browser", WEBKIT),
    browser(&["YaBrowser/"], "YA", "Yandex Browser", BLINK),
    browser(&["UCBrowser/"], "UC", "UC Browser", BLINK),
    browser(&["MiuiBrowser/"], "MU", "MIUI Browser", BLINK),
    browser(&["HuaweiBrowser/"], "HU", "Huawei Browser Mobile", BLINK),
    browser(&["Whale/"], "WH", "Whale Browser", BLINK),
    browser(&["Silk/"], "MS", "Mobile Silk", BLINK),
    browser(&["DuckDuckGo/", "Chrome/"], "DD", "DuckDuckGo Privacy Browser", BLINK),
    browser(&["DuckDuckGo/"], "DD", "DuckDuckGo Privacy Browser", WEBKIT),
    browser(&["Ddg/", "Chrome/"], "DD", "DuckDuckGo Privacy Browser", BLINK),
    browser(&["Ddg/"], "DD", "DuckDuckGo Privacy Browser", WEBKIT),

    browser(&["FxiOS/"], "F1", "Firefox Mobile iOS", WEBKIT),
    browser(&["Focus/", "iPhone"], "FK", "Firefox Focus", WEBKIT),
    browser(&["Firefox/", "Android"], "FM", "Firefox Mobile", GECKO),
    browser(&["Firefox/", "Mobile"], "FM", "Firefox Mobile", GECKO),
    browser(&["Firefox/"], "FF", "Firefox", GECKO),

    browser(&["CriOS/"], "CI", "Chrome Mobile iOS", WEBKIT),
    browser(&["HeadlessChrome/"], "HC", "Headless Chrome", BLINK),
    browser(&["Chrome/", "; wv)"], "CV", "Chrome Webview", BLINK),
    browser(&["Chrome/", "Version/4.0"], "CV", "Chrome Webview", BLINK),
    browser(&["Chromium/"], "CR", "Chromium", BLINK),
    browser(&["Chrome/", "Mobile"], "CM", "Chrome Mobile", BLINK),
    browser(&["Chrome/"], "CH", "Chrome", BLINK),

    browser(&["rv:", "Trident/"], "IE", "Internet Explorer", TRIDENT),
    browser(&["MSIE "], "IE", "Internet Explorer", TRIDENT),
    browser(&["Epiphany/"], "EP", "GNOME Web", WEBKIT),
    browser(&["Version/", "Android"], "AN", "Android Browser", WEBKIT),
    browser(&["Version/", "Mobile/", "Safari/"], "MF", "Mobile Safari", WEBKIT),
    browser(&["Version/", "Safari/"], "SF", "Safari", WEBKIT),
    // A web view inside an app on iOS.
    browser(&["AppleWebKit/", "Mobile/"], "MF", "Mobile Safari", WEBKIT).fixed(""),
];
