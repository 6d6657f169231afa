//! Inserting untrusted values into sentences.

use unicode_normalization::UnicodeNormalization as _;

use super::locale::Direction;

/// Replaces the placeholders of a sentence in one pass: placeholders inside a value stay as they
/// are, and so do unknown ones.
pub(super) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after))
        });
        rest = match found {
            Some((value, after)) => {
                filled.push_str(value);
                after
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// Makes a value safe to insert into a sentence of this direction: on one line, without characters
/// that reorder the text around it, and isolated if its own letters would reorder it.
///
/// # Security
/// A name must not start a line or a header of its own (header injection), nor reorder the words
/// around it (bidirectional text spoofing; Unicode TR 36 §2.5, UAX 9).
pub(super) fn sanitize(value: &str, around: Direction) -> String {
    let line = single_line(value);
    match around == Direction::RightToLeft || line.chars().any(is_right_to_left) {
        true if !line.is_empty() => format!("\u{2068}{line}\u{2069}"),
        _ => line,
    }
}

/// Puts a text on one line: control characters, such as line breaks, become spaces, and reordering
/// characters are removed.
pub(super) fn single_line(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_reordering(*c));
    kept.map(|c| if is_control(c) { ' ' } else { c }).collect()
}

/// Puts a filled sentence on one line, and keeps the isolates around its values.
pub(super) fn without_line_breaks(sentence: &str) -> String {
    sentence.replace(is_control, " ")
}

/// Removes the characters that no URL contains.
pub(super) fn clean_link(link: &str) -> String {
    link.chars().filter(|c| !is_control(*c) && !is_reordering(*c) && !c.is_whitespace()).collect()
}

/// Returns the name to use in a salutation, or `None` if it is empty, longer than 64 characters or
/// looks like an address.
///
/// # Security
/// An attacker who signs up with another person's address chooses the name, and mail clients turn
/// text that looks like an address into a link (phishing).
pub(super) fn greeting_name(name: &str) -> Option<&str> {
    let name = name.trim();
    (!name.is_empty() && name.chars().nth(64).is_none() && !is_address(name)).then_some(name)
}

/// Whether a name looks like an address, also in characters that mail clients and browsers take for
/// others: `ｅｖｉｌ．ｃｏｍ` and `evil。com` are `evil.com` (NFKC; UTS 46).
fn is_address(name: &str) -> bool {
    let visible = name.nfkc().filter(|c| !is_invisible(*c));
    let plain: String = visible.map(|c| if c == '\u{3002}' { '.' } else { c }).collect();
    plain.contains(['/', '\\', '@', ':']) || plain.split('.').skip(1).any(starts_like_a_domain)
}

/// Whether the text after a dot starts with two letters or digits, as in `example.com` but not in
/// `J.R.R. Tolkien`.
fn starts_like_a_domain(after_dot: &str) -> bool {
    after_dot.chars().take(2).filter(|c| c.is_alphanumeric()).count() == 2
}

/// Whether a character is a control character or a separator that some programs treat as a line
/// break.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character only serves to change the direction of text. This includes isolates, which
/// could close the one around the value.
fn is_reordering(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character shows nothing, so that one between a dot and a letter would hide both
/// (Unicode: Default_Ignorable_Code_Point).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character is in a block of right-to-left scripts.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_a_value_are_not_replaced() {
        let values = [("project", "{code} {name}"), ("name", "{project}"), ("code", "1")];
        assert_eq!(fill("{project}|{name}|{code}", &values), "{code} {name}|{project}|1");
    }

    #[test]
    fn unknown_placeholders_and_lone_braces_stay() {
        for sentence in ["{other}", "{", "}", "{{", "{}", "a { b", "{project", "}{"] {
            assert_eq!(fill(sentence, &[("project", "P")]), sentence);
        }
        assert_eq!(fill("{{project}}{", &[("project", "P")]), "{P}{");
    }

    #[test]
    fn a_value_stays_on_its_line_and_reorders_nothing() {
        let ltr = Direction::LeftToRight;
        assert_eq!(sanitize("a\r\nBcc: b\u{85}\u{2028}c", ltr), "a  Bcc: b  c");
        assert_eq!(sanitize("\u{202E}evil\u{2069}", ltr), "evil");
        assert_eq!(sanitize("ليلى", ltr), "\u{2068}ليلى\u{2069}");
        assert_eq!(sanitize("Ada", Direction::RightToLeft), "\u{2068}Ada\u{2069}");
        assert_eq!(sanitize("", Direction::RightToLeft), "");
        assert_eq!(sanitize("👩\u{200D}💻 김", ltr), "👩\u{200D}💻 김");
    }

    #[test]
    fn a_name_that_looks_like_an_address_is_not_used() {
        for name in
            ["Ada Lovelace", "J.R.R. Tolkien", "Dr. Łukasz Żuk", "St. John", "山田 太郎", "O’Neill, Jr."]
        {
            assert_eq!(greeting_name(name), Some(name));
        }
        for name in
            ["evil.example", "You won! www.evil.example", "https://evil", "a@b", "", "  ", &"a".repeat(65)]
        {
            assert_eq!(greeting_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn v4_no_other_spelling_hides_an_address() {
        for name in [
            "evil．com",
            "ｅｖｉｌ．ｃｏｍ",
            "evil｡com",
            "evil。com",
            "evil․com",
            "evil﹒com",
            "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦",
            "ⓔⓥⓘⓛ.ⓒⓞⓜ",
            "ada＠evil",
            "https：evil",
            "evil／x",
            "evil＼x",
            "℀",
            "evil.\u{200b}com",
            "evil.\u{200e}com",
            "evil.\u{ad}com",
            "evil.c\u{200d}om",
            "evil\u{2060}.\u{feff}com",
            "evil.\u{fe0f}com",
        ] {
            assert_eq!(greeting_name(name), None, "{name:?}");
        }
        for name in ["Ａｄａ", "ﬁona", "J．R．R． Tolkien", "नेहा", "👩‍💻 Ada", "Zoe\u{308}", "김.이"]
        {
            assert_eq!(greeting_name(name), Some(name));
        }
    }
}
