//! An email as HTML: tables and inline styles, which is what mail clients agree on.
//!
//! Nothing is loaded from anywhere and nothing tells anybody that the mail was read. Colours have a light and a dark form; clients
//! that know neither turn the light one around by themselves.

use super::compose::{Credential, Page};

const FONT: &str =
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONOSPACED: &str = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace";

/// What inline styles cannot say: dark colours and small screens.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (max-width:640px){.card{padding:28px 22px 16px!important}.code{font-size:30px!important;letter-spacing:5px!important}}\
@media (prefers-color-scheme:dark){\
.page{background-color:#0f1218!important}\
.card{background-color:#1a1f29!important;border-color:#2d3543!important}\
.strong{color:#f2f4f8!important}\
.soft{color:#b3bccb!important}\
.box{background-color:#232a37!important;border-color:#38435a!important}\
.rule{border-color:#2d3543!important}\
.link{color:#9db8ff!important}}";

/// Writes the HTML part.
pub(super) fn html(page: &Page<'_>) -> String {
    let language = escape(&page.wording.language);
    let direction = page.wording.direction.name();
    let subject = escape(&page.subject);
    let preview = escape(&page.body);
    let project = escape(&page.project);
    let headline = escape(&page.headline);
    let greeting = escape(&page.greeting);
    let footer = escape(&page.footer);
    let credential = page.credential.as_ref().map(credential).unwrap_or_default();
    let details = details(page);
    let notes: String = page.notes.iter().map(|note| paragraph("soft", "#4a5568", 14, note)).collect();
    let body = paragraph("strong", "#1a202c", 16, &page.body);
    format!(
        r##"<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<meta name="x-apple-disable-message-reformatting">
<title>{subject}</title>
<style>{STYLE}</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f2f4f8">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{preview}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f2f4f8" style="background-color:#f2f4f8">
<tr><td align="center" style="padding:32px 12px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" dir="{direction}" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px">
<tr><td class="soft" align="center" style="padding:0 12px 20px;{FONT};font-size:15px;line-height:22px;font-weight:600;color:#4a5568">{project}</td></tr>
<tr><td class="card" bgcolor="#ffffff" style="padding:40px 40px 28px;background-color:#ffffff;border:1px solid #e2e7ef;border-radius:14px">
<h1 class="strong" style="margin:0 0 24px;{FONT};font-size:24px;line-height:32px;font-weight:700;color:#1a202c">{headline}</h1>
<p class="strong" style="margin:0 0 12px;{FONT};font-size:16px;line-height:25px;color:#1a202c">{greeting}</p>
{body}{credential}{details}{notes}</td></tr>
<tr><td class="soft" align="center" style="padding:20px 24px 0;{FONT};font-size:13px;line-height:20px;color:#5a6577">{footer}</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>
"##
    )
}

fn paragraph(class: &str, colour: &str, size: u8, text: &str) -> String {
    let height = size + size / 2 + 1;
    let text = escape(text);
    format!(
        "<p class=\"{class}\" style=\"margin:0 0 12px;{FONT};font-size:{size}px;line-height:{height}px;color:{colour}\">{text}</p>\n"
    )
}

fn credential(credential: &Credential<'_>) -> String {
    match credential {
        Credential::Code { code, lasts } => {
            let code = escape(code);
            let lasts = paragraph("soft", "#4a5568", 14, lasts);
            format!(
                r##"<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:24px 0 20px">
<tr><td class="box code strong" dir="ltr" align="center" bgcolor="#f2f5fc" style="padding:20px 12px;background-color:#f2f5fc;border:1px solid #d6def0;border-radius:10px;{MONOSPACED};font-size:36px;line-height:44px;font-weight:700;letter-spacing:8px;text-indent:8px;color:#1a202c">{code}</td></tr>
</table>
{lasts}"##
            )
        }
        Credential::Link { link, button, instead, lasts } => {
            let lasts = paragraph("soft", "#4a5568", 14, lasts);
            let instead = paragraph("soft", "#4a5568", 14, instead);
            let text = escape(link);
            if !leads_somewhere(link) {
                return format!("{instead}{}{lasts}", bare(&text));
            }
            let button = escape(button);
            let bare = bare(&format!(
                r##"<a class="link" href="{text}" style="color:#2447b8;text-decoration:underline">{text}</a>"##
            ));
            format!(
                r##"<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:24px 0">
<tr><td align="center" bgcolor="#2f55d4" style="background-color:#2f55d4;border-radius:10px;mso-padding-alt:14px 28px"><a href="{text}" style="display:inline-block;padding:14px 28px;{FONT};font-size:16px;line-height:24px;font-weight:600;color:#ffffff;text-decoration:none">{button}</a></td></tr>
</table>
{lasts}{instead}{bare}"##
            )
        }
    }
}

/// The link as one reads and copies it. It runs from left to right in every language.
fn bare(content: &str) -> String {
    format!(
        "<p class=\"soft\" dir=\"ltr\" style=\"margin:0 0 20px;{MONOSPACED};font-size:13px;line-height:20px;color:#4a5568;word-break:break-all;text-align:left\">{content}</p>\n"
    )
}

/// Whether a link may be clicked: pages, and apps by schemes of their own, which hold a dot (RFC 8252 §7.1); never scripts or data.
fn leads_somewhere(link: &str) -> bool {
    let scheme = link.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") || scheme.contains('.')
}

fn details(page: &Page<'_>) -> String {
    if page.details.is_empty() {
        return String::new();
    }
    let align = if page.wording.direction.name() == "rtl" { "right" } else { "left" };
    let mut rows = String::new();
    for (place, (label, value)) in page.details.iter().enumerate() {
        let line = if place == 0 { "" } else { "border-top:1px solid #e2e7ef;" };
        let (label, value) = (escape(label), escape(value));
        rows += &format!(
            r##"<tr><th class="soft rule" scope="row" align="{align}" valign="top" style="{line}padding:11px 0;{FONT};font-size:14px;line-height:21px;font-weight:400;color:#4a5568;white-space:nowrap">{label}</th><td class="strong rule" width="100%" align="{align}" valign="top" style="{line}padding:11px 16px;{FONT};font-size:14px;line-height:21px;font-weight:600;color:#1a202c">{value}</td></tr>
"##
        );
    }
    format!(
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:20px 0\">\n{rows}</table>\n"
    )
}

/// Makes a text mean itself, between tags and within quoted attributes alike (OWASP XSS Prevention, rules 1 and 2).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_with_a_meaning_in_html_is_left() {
        assert_eq!(escape(r#"<a b="c" d='e'>&amp;"#), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
        assert_eq!(escape("Łukasz 山田"), "Łukasz 山田");
    }

    #[test]
    fn only_pages_and_apps_can_be_clicked() {
        for link in ["https://example.com/", "HTTP://localhost:3000", "com.example.app:/verify"] {
            assert!(leads_somewhere(link), "{link}");
        }
        for link in ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/path", "", "//host.example"] {
            assert!(!leads_somewhere(link), "{link}");
        }
    }
}
