//! Writes every message in every language to HTML pages, to view them in a browser.
//!
//! `cargo run --example mails [DIRECTORY]`. The default directory is `mails` in cargo's target
//! directory.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use account::{
    Secret,
    messages::{EmailMessage, Locale, Notice, Renderer, SmsMessage, TextNotice, Texts},
    model::Timestamp,
    user_agent,
};

fn main() -> Result<(), Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let directory = env::args_os().nth(1).map_or_else(|| PathBuf::from(target).join("mails"), PathBuf::from);
    let texts = Texts::new();

    let mut index = String::from("<h1>Messages</h1>\n<table>\n");
    for locale in Locale::ALL {
        index += &write_language(&directory, &texts, locale)?;
    }
    fs::write(directory.join("index.html"), page(&(index + "</table>\n")))?;

    println!("Open {}", directory.join("index.html").display());
    Ok(())
}

/// Writes the pages of one language and returns its row of the index.
fn write_language(directory: &Path, texts: &Texts, locale: Locale) -> Result<String, Box<dyn Error>> {
    let language = locale.tag();
    fs::create_dir_all(directory.join(language))?;
    let mut row = format!("<tr><th><a href=\"{language}.html\">{locale:?}</a></th>");
    let mut gallery = format!("<h1>{locale:?}</h1>\n<p><a href=\"index.html\">All languages</a></p>\n");

    for notice in notices() {
        let kind = notice.name();
        let file = format!("{language}/{kind}.html");
        let email = texts.email(&email(locale, notice)?);
        fs::write(directory.join(&file), &email.html)?;
        writeln!(row, "<td><a href=\"{language}.html#{kind}\">{kind}</a></td>")?;
        let (subject, text) = (escape(&email.subject), escape(&email.text));
        writeln!(
            gallery,
            "<h2 id=\"{kind}\"><a href=\"{file}\">{kind}</a></h2>\n<p dir=\"auto\"><b>{subject}</b></p>\n\
             <div class=\"row\">{light}\n{dark}\n<pre dir=\"auto\">{text}</pre></div>",
            light = frame(&file, "light"),
            dark = frame(&file, "dark"),
        )?;
    }

    gallery += "<h2>Text messages</h2>\n";
    for notice in text_notices() {
        let text = texts.sms(&text_message(locale, notice)?);
        writeln!(gallery, "<p dir=\"auto\">{}</p>", escape(&text))?;
    }
    fs::write(directory.join(format!("{language}.html")), page(&gallery))?;
    Ok(row + "</tr>\n")
}

/// A frame that shows an email in a light or dark color scheme.
fn frame(file: &str, scheme: &str) -> String {
    format!(
        "<iframe title=\"{scheme}\" loading=\"lazy\" style=\"color-scheme:{scheme}\" src=\"{file}\"></iframe>"
    )
}

fn email(locale: Locale, notice: Notice) -> Result<EmailMessage, Box<dyn Error>> {
    let at = Timestamp::from_millis(1_794_909_180_000);
    let mut message = EmailMessage::new("reader@example.com".parse()?, "Nordlicht", at, notice);
    message.name = recipient(locale).parse()?;
    message.locale = Some(locale.tag().into());
    Ok(message)
}

fn text_message(locale: Locale, notice: TextNotice) -> Result<SmsMessage, Box<dyn Error>> {
    let mut message = SmsMessage::new("+4915112345678".parse()?, "Nordlicht", notice);
    message.locale = Some(locale.tag().into());
    Ok(message)
}

fn recipient(locale: Locale) -> &'static str {
    match locale {
        Locale::German => "Jürgen Groß",
        Locale::French => "Chloé Lefèvre",
        Locale::Spanish => "Íñigo Núñez",
        Locale::Portuguese => "João Gonçalves",
        Locale::Italian => "Niccolò Però",
        Locale::Dutch => "Daniël Coëlho",
        Locale::Polish => "Łukasz Żółć",
        Locale::Turkish => "Işıl Güneş",
        Locale::Japanese => "山田 太郎",
        Locale::Chinese => "王小明",
        Locale::Arabic => "ليلى الحسيني",
        _ => "Zoë O’Neill",
    }
}

fn notices() -> [Notice; 16] {
    let secret = |text: &str| Arc::new(Secret::new(text.into()));
    let link = |page: &str| {
        let query = "userId=019b2c3d4e5f60718293&secret=Zt3vQmX9r4KpLw7sYbN2cDf8hJg6aUe1\
                     &expire=2026-11-30%2011%3A13%3A00.000";
        secret(&format!("https://app.example.com/{page}?lang=any&{query}"))
    };
    let phone = user_agent::parse(
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/120.0.0.0 Mobile Safari/537.36",
    );
    let desktop =
        user_agent::parse("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0");
    [
        Notice::Verification { link: link("verify") },
        Notice::Recovery { link: link("recover") },
        Notice::MagicUrl {
            link: link("sign-in"),
            device: desktop.clone(),
            phrase: Some("Quiet lantern".into()),
        },
        Notice::EmailCode {
            code: secret("428019"),
            device: phone.clone(),
            phrase: Some("Quiet lantern".into()),
        },
        Notice::MfaCode { code: secret("650731"), device: desktop },
        Notice::SessionAlert { device: phone, ip: "203.0.113.7".parse().ok(), country: Some("DE".into()) },
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
    let code = Arc::new(Secret::new("428019".into()));
    [
        TextNotice::SignInCode { code: Arc::clone(&code) },
        TextNotice::VerificationCode { code: Arc::clone(&code) },
        TextNotice::MfaCode { code },
    ]
}

fn page(content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Messages</title>\n<style>\
         body{{font:15px/1.5 system-ui,sans-serif;margin:24px}}td,th{{padding:4px 10px;text-align:start}}\
         .row{{display:flex;flex-wrap:wrap;gap:16px;align-items:stretch}}\
         iframe{{width:640px;height:720px;border:1px solid #ccc}}\
         pre{{flex:1 1 24rem;margin:0;padding:16px;background:#f6f7f9;white-space:pre-wrap;\
         overflow-wrap:anywhere}}\
         </style>\n{content}</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
