//! The HTML part of an email: tables and inline styles, which all mail clients support.
//!
//! It loads nothing from a server and contains no tracking. Colours have a light and a dark form;
//! clients that support neither invert the light one themselves.

use super::{
    compose::{Credential, Page},
    locale::Direction,
};

const FONT: &str =
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONOSPACE: &str = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace";

/// What inline styles cannot express: dark colours and small screens.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (max-width:640px){.card{padding:28px 22px 16px!important}\
.code{font-size:30px!important;letter-spacing:5px!important}}\
@media (prefers-color-scheme:dark){\
.page{background-color:#0f1218!important}\
.card{background-color:#1a1f29!important;border-color:#2d3543!important}\
.strong{color:#f2f4f8!important}\
.soft{color:#b3bccb!important}\
.box{background-color:#232a37!important;border-color:#38435a!important}\
.rule{border-color:#2d3543!important}\
.link{color:#9db8ff!important}}";

/// Renders the HTML part.
pub(super) fn html(page: &Page<'_>) -> String {
    format!(
        include_str!("html/page.html"),
        language = escape(&page.wording.language),
        direction = page.wording.direction.name(),
        subject = escape(&page.subject),
        style = STYLE,
        font = FONT,
        preview = escape(&page.body),
        project = escape(&page.project),
        headline = escape(&page.headline),
        greeting = escape(&page.greeting),
        body = paragraph("strong", "#1a202c", 16, &page.body),
        credential = page.credential.as_ref().map(credential).unwrap_or_default(),
        details = details(page),
        notes = page.notes.iter().map(|note| small_print(note)).collect::<String>(),
        footer = escape(&page.footer),
    )
}

fn small_print(text: &str) -> String {
    paragraph("soft", "#4a5568", 14, text)
}

fn paragraph(class: &str, colour: &str, size: u8, text: &str) -> String {
    let height = size + size / 2 + 1;
    let text = escape(text);
    format!(
        "<p class=\"{class}\" style=\"margin:0 0 12px;{FONT};font-size:{size}px;line-height:{height}px;\
         color:{colour}\">{text}</p>\n"
    )
}

fn credential(credential: &Credential<'_>) -> String {
    match credential {
        Credential::Code { code, lasts } => {
            let code = format!(include_str!("html/code.html"), monospace = MONOSPACE, code = escape(code));
            code + &small_print(lasts)
        }
        Credential::Link { link, button, instead, lasts } => {
            let (clickable, instead, lasts) = (is_clickable(link), small_print(instead), small_print(lasts));
            let link = escape(link);
            if !clickable {
                return format!("{instead}{}{lasts}", link_text(&link));
            }
            let button =
                format!(include_str!("html/link.html"), font = FONT, link = link, button = escape(button));
            let anchor = format!(
                "<a class=\"link\" href=\"{link}\" \
                 style=\"color:#2447b8;text-decoration:underline\">{link}</a>"
            );
            format!("{button}{lasts}{instead}{}", link_text(&anchor))
        }
    }
}

/// Renders the link for reading and copying, from left to right in every language.
fn link_text(content: &str) -> String {
    format!(
        "<p class=\"soft\" dir=\"ltr\" style=\"margin:0 0 20px;{MONOSPACE};font-size:13px;line-height:20px;\
         color:#4a5568;word-break:break-all;text-align:left\">{content}</p>\n"
    )
}

/// Whether a link may be clicked: web pages, and apps by their own scheme, which contains a dot
/// (RFC 8252 §7.1). Scripts and data URLs may not.
fn is_clickable(link: &str) -> bool {
    let scheme = link.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") || scheme.contains('.')
}

fn details(page: &Page<'_>) -> String {
    if page.details.is_empty() {
        return String::new();
    }
    let align = match page.wording.direction {
        Direction::LeftToRight => "left",
        Direction::RightToLeft => "right",
    };
    let row = |(index, (label, value)): (usize, &(&str, String))| {
        format!(
            include_str!("html/detail.html"),
            border = if index == 0 { "" } else { "border-top:1px solid #e2e7ef;" },
            align = align,
            font = FONT,
            label = escape(label),
            value = escape(value),
        )
    };
    let rows: String = page.details.iter().enumerate().map(row).collect();
    format!(
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"margin:20px 0\">\n{rows}</table>\n"
    )
}

/// Escapes text for use between tags and in quoted attributes (OWASP XSS Prevention, rules 1 and
/// 2).
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
    fn characters_with_a_meaning_in_html_are_escaped() {
        assert_eq!(escape(r#"<a b="c" d='e'>&amp;"#), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
        assert_eq!(escape("Łukasz 山田"), "Łukasz 山田");
    }

    #[test]
    fn only_links_to_pages_and_apps_are_clickable() {
        for link in ["https://example.com/", "HTTP://localhost:3000", "com.example.app:/verify"] {
            assert!(is_clickable(link), "{link}");
        }
        for link in ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/path", "", "//host.example"] {
            assert!(!is_clickable(link), "{link}");
        }
    }
}
