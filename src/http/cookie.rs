//! Cookies on the wire (RFC 6265): reading header lines, and the formats of values.

use std::fmt::Write as _;

use http::{HeaderMap, header};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use zeroize::Zeroizing;

use super::percent;
use crate::model::Timestamp;

/// RFC 9110 §5.6.7.
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

pub(super) fn http_date(at: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.as_secs()).ok();
    at.and_then(|at| at.format(HTTP_DATE).ok()).unwrap_or_default()
}

/// The readable cookies with this name. A browser sends those with the longest path first, and then
/// the oldest (RFC 6265 §5.4).
pub(super) fn in_cookies<'a, T>(
    headers: &'a HeaderMap,
    name: &'a str,
    read: impl Fn(&str) -> Option<T> + 'a,
) -> impl Iterator<Item = T> + 'a {
    let named = pairs(headers).filter(move |(given, _)| *given == name);
    named.filter_map(move |(_, value)| read(&percent::decode(value)?))
}

/// The names and values of all cookies, in order.
pub(super) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

/// Escapes the three characters of base64 that some cookie parsers reject.
pub(super) fn encode(base64: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(base64.len() + 16));
    for character in base64.chars() {
        let _ = match character {
            '+' | '/' | '=' => write!(encoded, "%{:02X}", u32::from(character)),
            plain => encoded.write_char(plain),
        };
    }
    encoded
}
