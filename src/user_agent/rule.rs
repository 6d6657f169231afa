//! The rows of the tables. The first row whose marks all occur in the text applies.

use std::borrow::Cow;

/// The longest reported version.
const MAX_VERSION_BYTES: usize = 32;

/// A row of a table: the result for texts that contain all its marks.
///
/// A mark is a plain text. With a leading `^`, it matches only the beginning. The version follows
/// the first mark.
#[derive(Debug)]
pub(super) struct Rule<V: 'static> {
    marks: &'static [&'static str],
    version: Version,
    pub(super) verdict: V,
}

#[derive(Debug, Clone, Copy)]
enum Version {
    Minor,
    Full,
    Fixed(&'static str),
}

impl<V: Copy> Rule<V> {
    pub(super) const fn new(marks: &'static [&'static str], verdict: V) -> Self {
        Self { marks, version: Version::Minor, verdict }
    }

    /// Reports the version completely instead of as `major.minor`.
    pub(super) const fn full(mut self) -> Self {
        self.version = Version::Full;
        self
    }

    /// Reports this version instead of the text after the first mark.
    pub(super) const fn fixed(mut self, version: &'static str) -> Self {
        self.version = Version::Fixed(version);
        self
    }

    pub(super) fn version(&self, text: &str) -> Cow<'static, str> {
        let mark = self.marks.first().copied().unwrap_or_default();
        match self.version {
            Version::Minor => minor_version(text, mark),
            Version::Full => full_version(text, mark),
            Version::Fixed(version) => Cow::Borrowed(version),
        }
    }

    fn matches(&self, text: &str) -> bool {
        self.marks.iter().all(|mark| match mark.strip_prefix('^') {
            Some(start) => text.starts_with(start),
            None => text.contains(mark),
        })
    }
}

/// Returns the first row that applies to `text`.
pub(super) fn first_match<V: Copy>(rules: &'static [Rule<V>], text: &str) -> Option<&'static Rule<V>> {
    rules.iter().find(|rule| rule.matches(text))
}

/// Returns the complete version after `mark`, such as `120.0.6099.109` or `13.0.0-rc.2`, or an
/// empty text.
pub(super) fn full_version(text: &str, mark: &str) -> Cow<'static, str> {
    let version =
        version_after(text, mark, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    Cow::Owned(version.trim_end_matches(['.', '-']).to_owned())
}

/// Returns `major.minor` of the version after `mark`, or an empty text. Apple's `10_15_7` becomes
/// `10.15`.
fn minor_version(text: &str, mark: &str) -> Cow<'static, str> {
    let version = version_after(text, mark, |byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
    let parts: Vec<&str> = version.split(['.', '_']).take(2).filter(|part| !part.is_empty()).collect();
    Cow::Owned(parts.join("."))
}

/// Returns the bytes after the first occurrence of `mark` for which `is_part` holds, if the first
/// one is a digit.
fn version_after<'a>(text: &'a str, mark: &str, is_part: fn(u8) -> bool) -> &'a str {
    let mark = mark.trim_start_matches('^');
    let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
    if !rest.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    let length = rest.bytes().take(MAX_VERSION_BYTES).take_while(|&byte| is_part(byte)).count();
    rest.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Rule<u8>] =
        &[Rule::new(&["^start/", "more"], 1), Rule::new(&["b/"], 2).full(), Rule::new(&["b"], 3).fixed("9")];

    fn read(text: &str) -> Option<(u8, Cow<'static, str>)> {
        first_match(RULES, text).map(|rule| (rule.verdict, rule.version(text)))
    }

    #[test]
    fn the_first_row_whose_marks_all_occur_applies() {
        assert_eq!(read("start/1.2.3 more b/4"), Some((1, "1.2".into())));
        assert_eq!(read("a start/1.2.3 more b/4"), Some((2, "4".into())));
        assert_eq!(read("start/1.2.3 b"), Some((3, "9".into())));
        assert_eq!(read("start/1.2.3"), None);
    }

    #[test]
    fn a_version_begins_with_a_digit() {
        for (text, version) in [
            ("b/13.0.0-rc.2 x", "13.0.0-rc.2"),
            ("b/120.0.0.0;", "120.0.0.0"),
            ("b/1.", "1"),
            ("b/", ""),
            ("b/x1", ""),
            ("b/é", ""),
            ("b/1é", "1"),
        ] {
            assert_eq!(read(text).unwrap().1, version, "{text}");
        }
        for (text, version) in
            [("10_15_7", "10.15"), ("14", "14"), ("17.1.2", "17.1"), ("1..2", "1"), ("9_", "9")]
        {
            assert_eq!(minor_version(text, "^"), version, "{text}");
        }
        assert_eq!(full_version(&"1".repeat(99), "").len(), MAX_VERSION_BYTES);
    }
}
