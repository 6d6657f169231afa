//! Percent-encoding (RFC 3986 §2.1), decoded strictly.

use std::borrow::Cow;

/// Decodes a text. `None` if an escape is malformed or the result is not UTF-8.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    let mut parts = text.split('%');
    let plain = parts.next()?;
    if plain.len() == text.len() {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(plain.as_bytes());
    for part in parts {
        let (escape, plain) = part.as_bytes().split_first_chunk::<2>()?;
        let [high, low] = *escape;
        decoded.push(hex(high)? << 4 | hex(low)?);
        decoded.extend_from_slice(plain);
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_escapes_of_utf8_are_read() {
        assert_eq!(decode("plain").as_deref(), Some("plain"));
        assert_eq!(decode("%C3%a9%3D").as_deref(), Some("é="));
        for bad in ["%", "%4", "%zz", "%u0075", "%ff%fe", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
