//! Common passwords.

use zxcvbn::zxcvbn;

/// The ranks of the list of common passwords that count.
const FIRST_GUESSES: u64 = 10_000;
/// No common password is half as long.
const MAX_LENGTH: usize = 40;
/// Digits and signs in place of letters that no common password has. With them the search for such
/// spellings would take a hundred times as long.
const RARE_SIGNS: [char; 5] = ['{', '[', '<', '|', '+'];

/// Whether a password is among the first 10,000 guesses: a common password or word in any case,
/// also backwards or with digits for letters, or one repeat, sequence or keyboard run, such as
/// `11111111`.
///
/// Sign-up and password changes call it if [`refuse_common`](crate::PasswordPolicy::refuse_common)
/// is set (NIST SP 800-63B §3.1.1.2). It usually takes less than a millisecond, and a few at worst.
///
/// # Examples
/// ```
/// assert!(account::policy::is_common("Password1"));
/// assert!(!account::policy::is_common("tr4verse-Cobalt-heron"));
/// ```
#[must_use]
pub fn is_common(password: &str) -> bool {
    // Common passwords were typed on one keyboard: no list has spaces, accents or emoji.
    let could_be_listed = password.len() <= MAX_LENGTH
        && password.bytes().all(|byte| byte.is_ascii_graphic())
        && !password.contains(RARE_SIGNS);
    // The estimate counts more guesses than this for a password of several parts, so this asks for
    // one whole word. The estimate adds one guess to the rank of a word.
    could_be_listed && zxcvbn(&password.to_ascii_lowercase(), &[]).guesses() <= FIRST_GUESSES + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_found_in_any_case() {
        for password in [
            "password",
            "PASSWORD1",
            "iloveyou1",
            "Football1",
            "sunshine",
            "qwerty123",
            "passw0rd",
            "drowssap",
            "11111111",
            "aaaaaaaaaaaa",
            "abcdefgh",
            "87654321",
            "asdfghjkl;'",
            "abcabcabc",
            "!@#$%^&*()",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn other_passwords_are_not() {
        for password in [
            "tr4verse-Cobalt-heron",
            "correct horse battery staple",
            "        ",
            "🔒🔑🔒🔑🔒🔑🔒🔑",
            "password\u{200b}",
            "abcdefgh\0tail",
            "sunshine-baseball-9",
            "xK7#pQ2m",
        ] {
            assert!(!is_common(password), "{password}");
        }
        assert!(!is_common(&"a".repeat(256)));
    }
}
