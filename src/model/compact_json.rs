//! Checks a JSON text and removes its insignificant white space, in one pass.
//!
//! `serde_json` decodes into values. It loses the spelling of numbers and escapes, keeps the last
//! of two equal names, and handles numbers by features that the application may enable. This
//! scanner copies the bytes instead.

use std::{borrow::Cow, collections::HashSet};

/// Returns the JSON object (RFC 8259 §4) in `text` without insignificant white space.
///
/// Returns `None` if the text is not a JSON object, has more than `max_bytes` or `max_levels`, or
/// contains repeated names, NUL, lone surrogates or numbers beyond the range of a double.
pub(super) fn compact_object(text: &str, max_bytes: usize, max_levels: usize) -> Option<String> {
    compact(text, max_bytes, |scanner| scanner.object(max_levels))
}

/// Like [`compact_object`], for any JSON value.
#[cfg(feature = "oauth2")]
pub(crate) fn compact_value(text: &str, max_bytes: usize, max_levels: usize) -> Option<String> {
    compact(text, max_bytes, |scanner| scanner.value(max_levels))
}

fn compact(
    text: &str,
    max_bytes: usize,
    scan: impl FnOnce(&mut Scanner<'_>) -> Option<()>,
) -> Option<String> {
    let mut scanner = Scanner { text, at: 0, compact: String::new(), max_bytes };
    scanner.skip_space();
    scan(&mut scanner)?;
    scanner.skip_space();
    scanner.peek().is_none().then_some(scanner.compact)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    compact: String,
    max_bytes: usize,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, levels_left: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(levels_left),
            b'[' => self.array(levels_left),
            b'"' => self.string().map(|_| ()),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, levels_left: usize) -> Option<()> {
        let levels_left = levels_left.checked_sub(1)?;
        let mut names = HashSet::new();
        self.literal("{")?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            return self.literal("}");
        }
        loop {
            if !names.insert(self.string()?) {
                return None;
            }
            self.skip_space();
            self.literal(":")?;
            self.skip_space();
            self.value(levels_left)?;
            if self.ends_with("}")? {
                return Some(());
            }
        }
    }

    fn array(&mut self, levels_left: usize) -> Option<()> {
        let levels_left = levels_left.checked_sub(1)?;
        self.literal("[")?;
        self.skip_space();
        if self.peek() == Some(b']') {
            return self.literal("]");
        }
        loop {
            self.value(levels_left)?;
            if self.ends_with("]")? {
                return Some(());
            }
        }
    }

    /// Consumes the closing bracket of a collection, or the comma before its next member.
    fn ends_with(&mut self, bracket: &'static str) -> Option<bool> {
        self.skip_space();
        if self.literal(bracket).is_some() {
            return Some(true);
        }
        self.literal(",")?;
        self.skip_space();
        Some(false)
    }

    /// Consumes a string and returns its decoded text.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        let mut has_escapes = false;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    has_escapes = true;
                    self.at += 2;
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let spelled = self.copy_from(start)?;
        if has_escapes {
            let decoded: String = serde_json::from_str(spelled).ok()?;
            (!decoded.contains('\0')).then_some(Cow::Owned(decoded))
        } else {
            Some(Cow::Borrowed(spelled.trim_matches('"')))
        }
    }

    /// Consumes a number (RFC 8259 §6).
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_one_of(b"-");
        if !self.skip_one_of(b"0") {
            self.digits()?;
        }
        if self.skip_one_of(b".") {
            self.digits()?;
        }
        if self.skip_one_of(b"eE") {
            self.skip_one_of(b"+-");
            self.digits()?;
        }
        let number: f64 = self.copy_from(start)?.parse().ok()?;
        number.is_finite().then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.skip_one_of(b"0123456789") {}
        (self.at > start).then_some(())
    }

    fn literal(&mut self, literal: &'static str) -> Option<()> {
        if !self.text.as_bytes().get(self.at..)?.starts_with(literal.as_bytes()) {
            return None;
        }
        let start = self.at;
        self.at += literal.len();
        self.copy_from(start).map(|_| ())
    }

    fn copy_from(&mut self, start: usize) -> Option<&'a str> {
        let spelled = self.text.get(start..self.at)?;
        if self.compact.len() + spelled.len() > self.max_bytes {
            return None;
        }
        self.compact.push_str(spelled);
        Some(spelled)
    }

    fn skip_space(&mut self) {
        while self.skip_one_of(b" \t\n\r") {}
    }

    fn skip_one_of(&mut self, bytes: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
