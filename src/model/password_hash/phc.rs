//! The fields of PHC strings.

use std::ops::RangeInclusive;

use data_encoding::BASE64_NOPAD;

use super::{
    invalid::{HashLimit, InvalidPasswordHash},
    limits::{MAX_OUTPUT_BYTES, MAX_SALT_BYTES, MIN_OUTPUT_BYTES, MIN_SALT_BYTES},
};

/// Parses the last two fields of a PHC string: salt and hash.
pub(super) fn parse_end<'a>(
    mut fields: impl Iterator<Item = &'a str>,
) -> Result<(Vec<u8>, Vec<u8>), InvalidPasswordHash> {
    let salt = parse_bytes(fields.next(), MIN_SALT_BYTES..=MAX_SALT_BYTES, HashLimit::Salt)?;
    let output = parse_bytes(fields.next(), MIN_OUTPUT_BYTES..=MAX_OUTPUT_BYTES, HashLimit::Output)?;
    match fields.next() {
        None => Ok((salt, output)),
        Some(_) => Err(InvalidPasswordHash::Malformed),
    }
}

fn parse_bytes(
    field: Option<&str>,
    lengths: RangeInclusive<usize>,
    limit: HashLimit,
) -> Result<Vec<u8>, InvalidPasswordHash> {
    let field = field.ok_or(InvalidPasswordHash::Malformed)?;
    let bytes = BASE64_NOPAD.decode(field.as_bytes()).map_err(|_| InvalidPasswordHash::Malformed)?;
    if lengths.contains(&bytes.len()) { Ok(bytes) } else { Err(InvalidPasswordHash::OutOfRange(limit)) }
}

/// Parses the numbers of a field such as `m=19456,t=2,p=1`, with exactly these names in this order.
///
/// A key id or associated data would follow. Neither is supported, and ignoring them would give
/// another hash.
pub(super) fn parse_numbers<const N: usize>(
    field: Option<&str>,
    names: [&str; N],
) -> Result<[u32; N], InvalidPasswordHash> {
    let mut pairs = field.ok_or(InvalidPasswordHash::Malformed)?.split(',');
    let mut numbers = [0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        let pair = pairs.next().and_then(|pair| pair.split_once('='));
        let digits = pair.filter(|(given, _)| *given == name).map(|(_, digits)| digits);
        *number = digits.and_then(parse_number).ok_or(InvalidPasswordHash::Malformed)?;
    }
    if pairs.next().is_none() { Ok(numbers) } else { Err(InvalidPasswordHash::Malformed) }
}

/// Parses a decimal number of the PHC format: digits only, without leading zeros. A number that is
/// too large for `u32` becomes `u32::MAX`, which is beyond every limit.
fn parse_number(digits: &str) -> Option<u32> {
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits == "0" || !digits.starts_with('0');
    (decimal && canonical).then(|| digits.parse().unwrap_or(u32::MAX))
}
