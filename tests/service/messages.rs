//! What messages say: every notice in every language, with harmless and with hostile names.

use std::{collections::HashSet, sync::Arc};

use account::{
    Secret,
    messages::{Direction, EmailMessage, Locale, Notice, Renderer, SmsMessage, TextNotice, Texts},
    model::Timestamp,
    user_agent::{self, Device},
};

const LINK: &str = "https://app.example.com/landing?theme=dark&userId=u1&secret=s3cr3t";
const CODE: &str = "428019";

#[test]
fn every_notice_is_complete_in_every_language() {
    for (locale, message) in everything("Example", "Zoë") {
        let email = Texts::new().email(&message);
        let context = format!("{locale:?} {}", message.notice.name());
        for part in [&email.subject, &email.text, &email.html] {
            assert!(!part.trim().is_empty(), "{context}");
        }
        assert!(!email.subject.contains(['{', '}']) && !email.text.contains(['{', '}']), "{context}");
        assert!(!body_of(&email.html).contains(['{', '}']), "{context}");
        assert!(email.text.contains("Zoë") && email.html.contains("Zoë"), "{context}");
        assert!(email.text.contains("Example") && email.html.contains("Example"), "{context}");
        assert!(!email.text.contains("  "), "{context}: {}", email.text);
        assert_eq!(email.subject.lines().count(), 1, "{context}");
        assert_eq!(email.subject, message.subject());
        assert_eq!(email.text, message.text());
        assert_eq!(email.html, message.html());
    }
}

#[test]
fn a_link_or_code_stands_in_the_text_exactly_once() {
    for (locale, message) in everything("Example", "Zoë") {
        let (text, html) = (message.text(), message.html());
        let (links, codes) = match &message.notice {
            Notice::Verification { .. } | Notice::Recovery { .. } | Notice::MagicUrl { .. } => (1, 0),
            Notice::EmailCode { .. } | Notice::MfaCode { .. } => (0, 1),
            _ => (0, 0),
        };
        let context = format!("{locale:?} {}", message.notice.name());
        assert_eq!(text.lines().filter(|line| *line == LINK).count(), links, "{context}");
        assert_eq!(text.matches(LINK).count(), links, "{context}");
        assert_eq!(text.matches(CODE).count(), codes, "{context}");
        assert_eq!(html.matches(CODE).count(), codes, "{context}");
        let escaped = LINK.replace('&', "&amp;");
        assert_eq!(html.matches(&format!("href=\"{escaped}\"")).count(), 2 * links, "{context}");
        assert_eq!(html.matches(&format!(">{escaped}<")).count(), links, "{context}");
    }
}

#[test]
fn no_language_leaves_a_sentence_in_english() {
    let english: HashSet<_> = notices().into_iter().map(|notice| body_text(&email(notice, "en"))).collect();
    for locale in Locale::ALL.into_iter().filter(|locale| *locale != Locale::English) {
        for notice in notices() {
            let text = body_text(&email(notice, locale.tag()));
            assert!(!english.contains(&text), "{locale:?}: {text}");
        }
    }
}

#[test]
fn english_subjects_are_those_that_clients_know() {
    let subjects: Vec<_> = notices().into_iter().map(|notice| email(notice, "en").subject()).collect();
    let expected = [
        "Account Verification",
        "Password Reset",
        "Example Login",
        "OTP for Example Login",
        "Verification Code for Example",
        "Security alert: new session on your Example account",
    ];
    assert_eq!(subjects[..6], expected);
}

#[test]
fn without_a_language_a_message_is_in_english() {
    let message = EmailMessage::new(address(), "Example", at(), Notice::Recovery { link: secret(LINK) });
    assert_eq!(message.subject(), "Password Reset");
    assert!(message.text().starts_with("Hello,\n"), "{}", message.text());
}

#[test]
fn a_message_is_in_the_readers_language_however_the_tag_is_spelt() {
    for tag in ["de", "de-CH", "DE_at", "de-Latn-DE"] {
        assert_eq!(email(Notice::PasswordChanged, tag).subject(), "Ihr Passwort bei Example wurde geändert");
    }
    let arabic = email(Notice::PasswordChanged, "ar-EG").html();
    assert!(arabic.contains("<html lang=\"ar\" dir=\"rtl\">"));
    assert!(
        email(Notice::PasswordChanged, "zh-Hant-TW").html().contains("<html lang=\"zh-Hans\" dir=\"ltr\">")
    );
}

#[test]
fn a_sign_in_from_elsewhere_tells_device_place_and_time() {
    let text = email(
        Notice::SessionAlert { device: chrome(), ip: "2001:db8::7".parse().ok(), country: Some("CI".into()) },
        "en",
    )
    .text();
    for line in [
        "Device: Chrome Mobile · Android · Google Pixel 7",
        "Location: 2001:db8::7 (Côte d’Ivoire)",
        "Time: 17 November 2026, 09:53 UTC",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_is_not_known_about_a_sign_in_is_said_to_be_unknown() {
    let notice = Notice::SessionAlert { device: Device::default(), ip: None, country: None };
    let text = email(notice, "en").text();
    assert!(text.contains("Device: Unknown\nLocation: Unknown\nTime: "), "{text}");
}

#[test]
fn a_security_phrase_is_shown_and_explained_only_if_there_is_one() {
    let code = |phrase: Option<&str>| {
        let notice =
            Notice::EmailCode { code: secret(CODE), device: chrome(), phrase: phrase.map(Into::into) };
        email(notice, "en").text()
    };
    let (with, without) = (code(Some("Quiet lantern")), code(None));
    assert!(
        with.contains("Security phrase: Quiet lantern\n") && with.contains("shows the same security phrase")
    );
    assert!(!without.to_lowercase().contains("phrase"));
}

#[test]
fn text_messages_begin_with_the_code_and_fit_into_one_segment() {
    for locale in Locale::ALL {
        for notice in text_notices() {
            let text = sms("Example", notice, locale).text();
            assert!(text.starts_with(CODE), "{locale:?}: {text}");
            assert!(text.contains("Example") && text.contains("15"), "{locale:?}: {text}");
            assert!(!text.contains(['{', '}']), "{locale:?}: {text}");
            let limit = if text.chars().all(is_gsm_7) { 160 } else { 70 };
            assert!(text.encode_utf16().count() <= limit, "{locale:?}: {text}");
        }
    }
}

#[test]
fn hostile_names_stay_names() {
    let projects = [
        "\"><script>alert(1)</script>",
        "' onmouseover='alert(1)",
        "<!--",
        "]]></style></title>",
        "Evil\r\nBcc: victim@example.com\r\n\r\n<b>",
        "{link}{code}{name}{project}",
        "\u{202E}elpmaxE\u{2066}",
        "&lt;b&gt;",
    ];
    for project in projects {
        for (locale, message) in everything(project, "<b>\u{202E}{code} \"Ada\" <i>'&amp;") {
            let context = format!("{locale:?} {} {project:?}", message.notice.name());
            let (subject, text, html) = (message.subject(), message.text(), message.html());
            assert!(!subject.contains(char::is_control), "{context}: {subject:?}");
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{context}");
            assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{context}");
            for part in [&subject, &text, &html] {
                assert!(!part.contains(['\u{202E}', '\u{2066}', '\u{2028}']), "{context}");
            }
            assert_eq!(shape(&html), shape(&email(message.notice.clone(), locale.tag()).html()), "{context}");
        }
    }
}

#[test]
fn h60_hostile_devices_phrases_and_links_stay_what_they_are() {
    let hostile = "\"><img src=x onerror='1'>\r\n\u{202E}{project}";
    let device = Device { client_name: hostile.into(), device_model: hostile.into(), ..Device::default() };
    let link = "https://app.example.com/\"><script>'?a=1&b=2\r\nX: y";
    let ip = "192.0.2.1".parse().ok();
    let pairs = [
        (
            Notice::MagicUrl { link: secret(link), device: device.clone(), phrase: Some(hostile.into()) },
            Notice::MagicUrl { link: secret(LINK), device: chrome(), phrase: Some("a".into()) },
        ),
        (
            Notice::SessionAlert { device, ip, country: Some(hostile.into()) },
            Notice::SessionAlert { device: chrome(), ip, country: Some("DE".into()) },
        ),
    ];
    for (bad, good) in pairs {
        let bad = email(bad, "en");
        assert_eq!(shape(&bad.html()), shape(&email(good, "en").html()));
        assert!(!bad.text().contains(['\r', '\u{202E}']));
        assert!(!bad.text().lines().any(|line| line.starts_with("X:")), "{}", bad.text());
        assert!(!bad.text().contains("Example}"));
    }
}

#[test]
fn a_link_that_runs_code_is_never_one_to_click() {
    for link in ["javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x"] {
        let html = email(Notice::Recovery { link: secret(link) }, "en").html();
        assert!(!html.contains("href"), "{link}");
    }
}

#[test]
fn a_name_that_is_an_advertisement_is_left_out() {
    for name in ["Win at evil.example", "https://evil.example", "call\u{2009}me@evil.example"] {
        let mut message = email(Notice::Verification { link: secret(LINK) }, "en");
        message.name = name.parse().unwrap();
        assert!(message.text().starts_with("Hello,\n"), "{}", message.text());
        assert!(!message.html().contains("evil"), "{name}");
    }
}

#[test]
fn names_of_the_other_direction_are_set_apart() {
    let mut message = email(Notice::PasswordChanged, "en");
    message.name = "ليلى".parse().unwrap();
    assert!(message.text().starts_with("Hello \u{2068}ليلى\u{2069},\n"));
    let arabic = email(Notice::PasswordChanged, "ar");
    assert!(arabic.subject().ends_with("\u{2068}Example\u{2069}"));
}

#[test]
fn the_html_is_balanced_and_loads_nothing() {
    for (locale, message) in everything("Example", "Zoë") {
        let html = message.html();
        let context = format!("{locale:?} {}", message.notice.name());
        let tags = shape(&html);
        let mut open = Vec::new();
        for tag in &tags {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "{context}"),
                None if ["meta", "!DOCTYPE"].contains(&tag.as_str()) => {}
                None => open.push(tag.clone()),
            }
        }
        assert!(open.is_empty(), "{context}: {open:?}");
        assert!(
            !tags.iter().any(|tag| ["img", "script", "link", "iframe"].contains(&tag.as_str())),
            "{context}"
        );
        for loading in ["url(", "@import", "src=", "background=\""] {
            assert!(!html.contains(loading), "{context}: {loading}");
        }
        let direction = if locale == Locale::Arabic { "rtl" } else { "ltr" };
        assert!(html.contains(&format!(" dir=\"{direction}\">")), "{context}");
        assert!(html.contains("prefers-color-scheme:dark"), "{context}");
        assert!(html.len() < 100_000, "Gmail cuts off what is longer than 102 KB");
    }
}

#[test]
fn a_host_replaces_a_sentence_in_one_language() {
    let mut texts = Texts::new();
    texts.wording_mut("DE").recovery.subject = "{project} <neu> für {name}".into();
    texts.wording_mut("de").text_sign_in = "{code}: {project}".into();
    let recovery = || Notice::Recovery { link: secret(LINK) };
    assert_eq!(texts.email(&email(recovery(), "de-CH")).subject, "Example <neu> für Zoë");
    assert!(
        texts.email(&email(recovery(), "de-CH")).html.contains("<title>Example &lt;neu&gt; für Zoë</title>")
    );
    assert_eq!(texts.email(&email(recovery(), "en")).subject, "Password Reset");
    let code = || TextNotice::SignInCode { code: secret(CODE) };
    assert_eq!(texts.sms(&sms("{code}", code(), Locale::German)), "428019: {code}");
    assert!(texts.sms(&sms("Example", code(), Locale::French)).starts_with("428019 est"));
}

#[test]
fn a_host_adds_languages_and_variants() {
    let mut texts = Texts::new();
    texts.wording_mut("sv").password_changed.subject = "Ditt lösenord har ändrats".into();
    texts.wording_mut("zh_TW").password_changed.subject = "您的密碼已變更".into();
    let hebrew = texts.wording_mut("he-IL");
    assert_eq!((&*hebrew.language, hebrew.direction), ("he-il", Direction::RightToLeft));
    let subject = |tag| texts.email(&email(Notice::PasswordChanged, tag)).subject;
    assert_eq!(subject("sv-FI"), "Ditt lösenord har ändrats");
    assert_eq!(subject("zh-Hant-TW"), "您的密碼已變更");
    assert_eq!(subject("zh-CN"), "您的 Example 密码已更改");
    assert_eq!(texts.wording("sv").magic_url.subject, "{project} Login");
    assert_eq!(texts.wording("sv-SE").language, "sv");
}

#[test]
fn a_host_chooses_the_language_of_readers_who_have_not_told_theirs() {
    let mut texts = Texts::new();
    texts.fall_back_to("fr-CH");
    let mut message = email(Notice::PasswordChanged, "tlh");
    assert_eq!(texts.email(&message).subject, "Votre mot de passe Example a été modifié");
    message.locale = None;
    assert_eq!(texts.email(&message).subject, "Votre mot de passe Example a été modifié");
    message.locale = Some("en-GB".into());
    assert_eq!(texts.email(&message).subject, "Your Example password was changed");
}

#[test]
fn a_line_break_in_a_hosts_subject_starts_no_header() {
    let mut texts = Texts::new();
    texts.wording_mut("en").recovery.subject = "Reset\r\nBcc: all@example.com".into();
    let rendered = texts.email(&email(Notice::Recovery { link: secret(LINK) }, "en"));
    assert_eq!(rendered.subject, "Reset  Bcc: all@example.com");
}

#[test]
fn debug_shows_neither_link_nor_code() {
    let renderer: Arc<dyn Renderer> = Arc::new(Texts::new());
    for (_, message) in everything("Example", "Zoë") {
        let shown = format!("{:?} {message:?}", renderer.email(&message));
        assert!(!shown.contains("s3cr3t") && !shown.contains(CODE), "{shown}");
    }
}

/// Every notice in every language.
fn everything(project: &str, name: &str) -> impl Iterator<Item = (Locale, EmailMessage)> {
    Locale::ALL.into_iter().flat_map(move |locale| {
        notices().into_iter().map(move |notice| {
            let mut message = email(notice, locale.tag());
            message.project = project.into();
            message.name = name.parse().unwrap();
            (locale, message)
        })
    })
}

fn notices() -> Vec<Notice> {
    vec![
        Notice::Verification { link: secret(LINK) },
        Notice::Recovery { link: secret(LINK) },
        Notice::MagicUrl { link: secret(LINK), device: chrome(), phrase: Some("Quiet lantern".into()) },
        Notice::EmailCode { code: secret(CODE), device: chrome(), phrase: None },
        Notice::MfaCode { code: secret(CODE), device: Device::default() },
        Notice::SessionAlert { device: chrome(), ip: "192.0.2.1".parse().ok(), country: Some("DE".into()) },
        Notice::PasswordChanged,
        Notice::EmailChanged,
        Notice::PhoneChanged,
        Notice::MfaEnabled,
        Notice::MfaDisabled,
        Notice::AuthenticatorAdded,
        Notice::AuthenticatorRemoved,
        Notice::RecoveryCodesChanged,
        Notice::IdentityLinked { provider: "GitHub".into() },
        Notice::IdentityUnlinked { provider: "GitHub".into() },
    ]
}

fn text_notices() -> [TextNotice; 3] {
    [
        TextNotice::SignInCode { code: secret(CODE) },
        TextNotice::VerificationCode { code: secret(CODE) },
        TextNotice::MfaCode { code: secret(CODE) },
    ]
}

fn email(notice: Notice, locale: &str) -> EmailMessage {
    let mut message = EmailMessage::new(address(), "Example", at(), notice);
    message.name = "Zoë".parse().unwrap();
    message.locale = Some(locale.into());
    message
}

fn sms(project: &str, notice: TextNotice, locale: Locale) -> SmsMessage {
    let mut message = SmsMessage::new("+4915112345678".parse().unwrap(), project, notice);
    message.locale = Some(locale.tag().into());
    message
}

fn address() -> account::model::Email {
    "zoe@example.com".parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_millis(1_794_909_180_000)
}

fn secret(text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(text.into()))
}

fn chrome() -> Device {
    user_agent::parse(
        "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    )
}

/// The second paragraph, which differs between the notices.
fn body_text(message: &EmailMessage) -> String {
    message.text().split("\n\n").nth(1).unwrap().into()
}

fn body_of(html: &str) -> &str {
    &html[html.find("<body").unwrap()..]
}

/// The tags of a page in their order, attributes and texts left out; comments and styles are
/// skipped as browsers do.
fn shape(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if rest.starts_with("<!--") {
            rest = &rest[rest.find("-->").unwrap() + 3..];
            continue;
        }
        let mut quoted = false;
        let end = rest
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .unwrap();
        let tag = &rest[1..end];
        assert!(!tag.contains('<'), "a tag within a tag: {tag}");
        tags.push(tag.split_whitespace().next().unwrap().to_owned());
        rest = &rest[end + 1..];
    }
    tags
}

/// 3GPP TS 23.038 §6.2.1, without the escape to the extension table.
fn is_gsm_7(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || " \n\r@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà".contains(c)
}
