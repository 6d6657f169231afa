//! Percent-encoding of URLs, and form encoding of requests.

use url::{Url, form_urlencoded};

/// Percent-encodes everything but the unreserved characters (RFC 3986 §2.1).
pub(super) fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 15]
                    .iter()
                    .filter_map(|digit| char::from_digit(u32::from(*digit), 16))
                    .map(|digit| digit.to_ascii_uppercase()),
            );
        }
        encoded
    })
}

/// Appends parameters to the query of a URL.
///
/// A space becomes `%20` rather than `+`, because every decoder understands that.
pub(super) fn append_query(url: &mut Url, pairs: &[(&str, String)]) {
    if pairs.is_empty() {
        return;
    }
    let present = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
    let added =
        pairs.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)));
    let parts: Vec<String> = present.into_iter().chain(added).collect();
    url.set_query(Some(&parts.join("&")));
}

/// Encodes fields as `application/x-www-form-urlencoded`.
pub(super) fn form(fields: &[(&str, String)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

/// Encodes one value as in a form.
pub(super) fn form_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
