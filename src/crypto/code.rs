//! Codes that users read and type: drawing them, and the keyed digests stored in their place.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    framing::framed,
    keys::{MasterKey, Purpose},
};
use crate::{
    model::SecretDigest,
    ports::{Entropy, EntropyError},
};

/// How often a draw is repeated before the random source counts as broken. With a working source
/// this is less likely than 2^-64.
const MAX_DRAWS: usize = 64;

/// Computes and compares the digests of codes: HMAC-SHA-256 (RFC 2104). The first key computes, all
/// keys compare.
///
/// # Security
/// A short code has so few values that a plain digest could be reversed by trying all of them. With
/// a key outside the store, a copy of the store is not enough for such a brute-force attack.
pub(crate) struct CodeKeys {
    macs: Vec<Hmac<Sha256>>,
}

impl CodeKeys {
    /// Returns `None` if there is no key.
    pub(crate) fn new(keys: &[MasterKey]) -> Option<Self> {
        let macs = keys.iter().map(|key| Hmac::new_from_slice(key.derive(Purpose::Code).as_ref()).ok());
        macs.collect::<Option<Vec<_>>>().filter(|macs| !macs.is_empty()).map(|macs| Self { macs })
    }

    /// Computes the digest to store in place of a code. `context` names the account, the purpose
    /// and the address that the code was sent to.
    pub(crate) fn digest(&self, context: &[&[u8]], code: &str) -> SecretDigest {
        let mac = self.macs.first().map(|mac| tag(mac, context, code));
        debug_assert!(mac.is_some(), "there is a key");
        SecretDigest::new(mac.unwrap_or_default())
    }

    /// Whether the digest is that of this code in this context, under any live key.
    ///
    /// # Security
    /// Compares in constant time, and always with every key (timing side channel).
    pub(crate) fn matches(&self, context: &[&[u8]], code: &str, digest: &SecretDigest) -> bool {
        self.macs
            .iter()
            .fold(false, |found, mac| found | SecretDigest::new(tag(mac, context, code)).matches(digest))
    }
}

fn tag(mac: &Hmac<Sha256>, context: &[&[u8]], code: &str) -> [u8; 32] {
    let framed = Zeroizing::new(framed(&[&framed(context), code.as_bytes()]));
    mac.clone().chain_update(&*framed).finalize().into_bytes().into()
}

impl fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKeys(…)")
    }
}

/// Draws a code of six decimal digits, each of the million equally likely.
pub(crate) fn six_digits(entropy: &dyn Entropy) -> Result<Zeroizing<String>, EntropyError> {
    Ok(Zeroizing::new(format!("{:06}", below(entropy, 1_000_000)?)))
}

/// Draws a secret of `N` random bytes, as `2 N` lower-case hexadecimal digits.
pub(crate) fn hex_secret<const N: usize>(entropy: &dyn Entropy) -> Result<Zeroizing<String>, EntropyError> {
    let mut bytes = Zeroizing::new([0; N]);
    entropy.fill(bytes.as_mut())?;
    Ok(Zeroizing::new(HEXLOWER.encode(bytes.as_ref())))
}

/// Draws six different recovery codes of ten lower-case hexadecimal digits.
pub(crate) fn recovery_codes(entropy: &dyn Entropy) -> Result<[Zeroizing<String>; 6], EntropyError> {
    let mut codes = Vec::with_capacity(6);
    for _ in 0..MAX_DRAWS {
        let code = hex_secret::<5>(entropy)?;
        if !codes.contains(&code) {
            codes.push(code);
        }
        if codes.len() == 6 {
            break;
        }
    }
    codes.try_into().map_err(|_| EntropyError)
}

/// Returns a code as it was drawn from how a user typed it: without blanks and hyphens, and in
/// lower case. Apps show codes in groups, and users type and paste them that way. The secrets of
/// links are not typed and must not pass through here.
///
/// No two codes become the same, so that a guess is worth no more. Digits of other scripts stay
/// wrong.
pub(crate) fn typed_code(text: &str) -> Zeroizing<String> {
    // A lower-case letter takes no more room: growing would leave a copy in freed memory.
    let mut code = Zeroizing::new(String::with_capacity(text.len()));
    code.extend(text.chars().filter(|char| !is_separator(*char)).map(|char| char.to_ascii_lowercase()));
    code
}

/// Whether a character is a blank, also one without width, or any kind of hyphen or dash.
fn is_separator(char: char) -> bool {
    let has_no_width = matches!(char, '\u{200b}' | '\u{2060}' | '\u{feff}');
    let is_hyphen = matches!(
        char,
        '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    );
    char.is_whitespace() || has_no_width || is_hyphen
}

/// Draws an integer below `bound`, each equally likely.
///
/// # Errors
/// [`EntropyError`] if the source fails or only returns rejected values, and for a `bound` of 0.
pub(crate) fn below(entropy: &dyn Entropy, bound: usize) -> Result<usize, EntropyError> {
    let bound = bound as u64;
    // Values from `fair` on would make the first remainders likelier than the others (modulo bias).
    let fair = u64::MAX - u64::MAX.checked_rem(bound).ok_or(EntropyError)?;
    for _ in 0..MAX_DRAWS {
        let mut bytes = Zeroizing::new([0; 8]);
        entropy.fill(bytes.as_mut())?;
        let draw = u64::from_le_bytes(*bytes);
        if draw < fair {
            return Ok((draw % bound) as usize);
        }
    }
    Err(EntropyError)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ports::SystemEntropy;

    const CONTEXT: &[&[u8]] = &[b"user-1", b"recovery", b"ada@example.com"];

    fn key(seed: u8) -> MasterKey {
        MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| seed.wrapping_add(i as u8))).unwrap()
    }

    fn keys(seeds: &[u8]) -> CodeKeys {
        CodeKeys::new(&seeds.iter().map(|seed| key(*seed)).collect::<Vec<_>>()).unwrap()
    }

    /// Returns the listed words one after the other, then fails.
    #[derive(Debug)]
    struct Script(Mutex<Vec<u8>>);

    impl Script {
        fn of(words: &[u64]) -> Self {
            Self(Mutex::new(words.iter().flat_map(|word| word.to_le_bytes()).collect()))
        }
    }

    impl Entropy for Script {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            let mut left = self.0.lock().unwrap();
            if left.len() < bytes.len() {
                return Err(EntropyError);
            }
            let given: Vec<u8> = left.drain(..bytes.len()).collect();
            bytes.copy_from_slice(&given);
            Ok(())
        }
    }

    /// Returns the same byte forever.
    #[derive(Debug)]
    struct Stuck(u8);

    impl Entropy for Stuck {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn h08_a_digest_matches_its_code_in_its_context_only() {
        let keys = keys(&[1]);
        let digest = keys.digest(CONTEXT, "012345");
        assert!(keys.matches(CONTEXT, "012345", &digest));
        let others: [(&[&[u8]], &str); 6] = [
            (CONTEXT, "012346"),
            (CONTEXT, "12345"),
            (&[b"user-2", b"recovery", b"ada@example.com"], "012345"),
            (&[b"user-1", b"recovery", b"bob@example.com"], "012345"),
            (&[b"user-1", b"recoveryada@example.com"], "012345"),
            (&[b"user-1", b"recovery", b"ada@example.com", b"012345"], ""),
        ];
        for (context, code) in others {
            assert!(!keys.matches(context, code, &digest), "{context:?} {code}");
        }
    }

    #[test]
    fn every_live_key_compares_and_the_first_computes() {
        let old = keys(&[1]).digest(CONTEXT, "012345");
        for live in [&[1, 2][..], &[2, 1], &[3, 2, 1]] {
            assert!(keys(live).matches(CONTEXT, "012345", &old));
        }
        assert!(!keys(&[2]).matches(CONTEXT, "012345", &old));
        assert!(keys(&[2]).matches(CONTEXT, "012345", &keys(&[2, 1]).digest(CONTEXT, "012345")));
        assert!(CodeKeys::new(&[]).is_none());
    }

    #[test]
    fn a_digest_round_trips_through_json_and_debug_hides_it() {
        let keys = keys(&[1]);
        let json = serde_json::to_string(&keys.digest(CONTEXT, "1")).unwrap();
        assert_eq!(json.len(), 66);
        let again: SecretDigest = serde_json::from_str(&json).unwrap();
        assert!(keys.matches(CONTEXT, "1", &again));
        assert_eq!(format!("{keys:?} {again:?}"), "CodeKeys(…) SecretDigest(…)");
        let upper = json.to_uppercase();
        for bad in ["\"\"", "\"00\"", &upper, &json.replacen('"', "\"00", 1)] {
            assert!(serde_json::from_str::<SecretDigest>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn v1_blanks_hyphens_and_capitals_are_how_a_code_was_typed() {
        for typed in
            ["0a1b2c", "0A1B2C", " 0a1\u{a0}b2c\r\n", "0a-1b\u{2011}2c", "0\u{2009}a\u{feff}1b\u{202f}2c"]
        {
            assert_eq!(typed_code(typed).as_str(), "0a1b2c", "{typed:?}");
        }
        for kept in ["", "１２３", "١٢٣", "²", "1.2", "1,2", "1_2", "1\0", "ⅷ", "é"] {
            assert_eq!(typed_code(kept).as_str(), kept);
        }
    }

    #[test]
    fn codes_keep_their_leading_zeros() {
        assert_eq!(six_digits(&Stuck(0)).unwrap().as_str(), "000000");
        assert_eq!(six_digits(&Script::of(&[3_000_042])).unwrap().as_str(), "000042");
        assert_eq!(six_digits(&Script::of(&[])).unwrap_err(), EntropyError);
    }

    #[test]
    fn biased_draws_are_repeated() {
        // 2^64 - 1 = 18,446,744,073,709 whole millions and 551,615.
        let fair = 18_446_744_073_709_000_000;
        assert_eq!(below(&Script::of(&[fair, u64::MAX, fair - 1]), 1_000_000), Ok(999_999));
        assert_eq!(below(&Script::of(&[fair]), 1_000_000), Err(EntropyError));
        assert_eq!(below(&Stuck(0xff), 1_000_000), Err(EntropyError));
        assert_eq!(below(&Stuck(0), 0), Err(EntropyError));
        assert_eq!(below(&Stuck(0xfe), 1), Ok(0));
    }

    #[test]
    fn every_number_comes_up() {
        let mut seen = [0_u32; 7];
        for _ in 0..7_000 {
            seen[below(&SystemEntropy, 7).unwrap()] += 1;
        }
        assert!(seen.iter().all(|times| (700..1_300).contains(times)), "{seen:?}");
    }

    #[test]
    fn recovery_codes_are_six_and_all_different() {
        let codes = recovery_codes(&SystemEntropy).unwrap();
        for (index, code) in codes.iter().enumerate() {
            assert!(code.len() == 10 && code.bytes().all(|digit| b"0123456789abcdef".contains(&digit)));
            assert!(!codes[..index].contains(code));
        }
        assert_eq!(recovery_codes(&Stuck(1)).unwrap_err(), EntropyError);
        assert_eq!(hex_secret::<3>(&Stuck(0xab)).unwrap().as_str(), "ababab");
    }
}
