//! Putting values into sentences so that no value can do more than be read.

use super::Direction;

/// Puts values into a sentence, in one pass: what is put in is never looked at again. Unknown names stay as they are.
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

/// A value as a sentence of this direction may show it: one line, without characters that reorder what stands around it, and
/// set apart where its own letters would.
///
/// # Security
/// A name must neither begin a line or a header of its own nor turn the words around it (Unicode TR 36 §2.5, UAX 9).
pub(super) fn tame(value: &str, around: Direction) -> String {
    let line = single_line(value);
    match around == Direction::RightToLeft || line.chars().any(is_right_to_left) {
        true if !line.is_empty() => format!("\u{2068}{line}\u{2069}"),
        _ => line,
    }
}

/// A text on one line: line breaks and other control characters become spaces, those of direction go.
pub(super) fn single_line(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_reordering(*c));
    kept.map(|c| if is_control(c) { ' ' } else { c }).collect()
}

/// A sentence that is already filled, on one line.
pub(super) fn unbroken(sentence: &str) -> String {
    sentence.replace(is_control, " ")
}

/// A link without anything that no URL holds.
pub(super) fn plain_link(link: &str) -> String {
    link.chars().filter(|c| !is_control(*c) && !is_reordering(*c) && !c.is_whitespace()).collect()
}

/// A name to greet somebody by, or `None` if it reads like an address to go to or a message of its own.
///
/// # Security
/// Whoever signs up with somebody else's address chooses the name; mail clients make links of what looks like one.
pub(super) fn greetable(name: &str) -> Option<&str> {
    let name = name.trim();
    let is_address =
        name.contains(['/', '\\', '@', ':']) || name.split('.').skip(1).any(begins_like_a_domain);
    (!name.is_empty() && !is_address && name.chars().nth(64).is_none()).then_some(name)
}

/// Whether two letters or more follow a dot, as in `example.com` but not in `J.R.R. Tolkien`.
fn begins_like_a_domain(after_dot: &str) -> bool {
    after_dot.chars().take(2).filter(|c| c.is_alphanumeric()).count() == 2
}

/// Control characters and the two separators that some programs take for line breaks.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The characters whose only use is to change the direction of a text, isolates included, which might close ours.
fn is_reordering(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The blocks of scripts that run from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_sentence() {
        let values = [("project", "{code} {name}"), ("name", "{project}"), ("code", "1")];
        assert_eq!(fill("{project}|{name}|{code}", &values), "{code} {name}|{project}|1");
    }

    #[test]
    fn unknown_names_and_lone_braces_stay() {
        for sentence in ["{other}", "{", "}", "{{", "{}", "a { b", "{project", "}{"] {
            assert_eq!(fill(sentence, &[("project", "P")]), sentence);
        }
        assert_eq!(fill("{{project}}{", &[("project", "P")]), "{P}{");
    }

    #[test]
    fn a_value_stays_on_its_line_and_turns_nothing_around() {
        let ltr = Direction::LeftToRight;
        assert_eq!(tame("a\r\nBcc: b\u{85}\u{2028}c", ltr), "a  Bcc: b  c");
        assert_eq!(tame("\u{202E}evil\u{2069}", ltr), "evil");
        assert_eq!(tame("ليلى", ltr), "\u{2068}ليلى\u{2069}");
        assert_eq!(tame("Ada", Direction::RightToLeft), "\u{2068}Ada\u{2069}");
        assert_eq!(tame("", Direction::RightToLeft), "");
        assert_eq!(tame("👩\u{200D}💻 김", ltr), "👩\u{200D}💻 김");
    }

    #[test]
    fn a_name_that_looks_like_an_address_greets_nobody() {
        for name in
            ["Ada Lovelace", "J.R.R. Tolkien", "Dr. Łukasz Żuk", "St. John", "山田 太郎", "O’Neill, Jr."]
        {
            assert_eq!(greetable(name), Some(name));
        }
        for name in
            ["evil.example", "You won! www.evil.example", "https://evil", "a@b", "", "  ", &"a".repeat(65)]
        {
            assert_eq!(greetable(name), None, "{name:?}");
        }
    }
}
