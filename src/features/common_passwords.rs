//! Passwords that everybody tries first.

use zxcvbn::zxcvbn;

/// As many guesses as the list of common passwords has ranks that count.
const FIRST_GUESSES: u64 = 10_000;
/// No common password is half as long.
const MAX_LENGTH: usize = 40;
/// Digits and signs for letters that no common password has. All of them together would make the search for such spellings take
/// a hundred times as long.
const RARE_SIGNS: [char; 5] = ['{', '[', '<', '|', '+'];

/// Whether a password is among the first 10,000 guesses: a common password or word in whatever case, also backwards or with
/// digits for letters, or one repeat, sequence or keyboard run, such as `11111111`.
///
/// Sign-up and password changes ask it when the dictionary is on (NIST SP 800-63B §3.1.1.2). It takes less than
/// a millisecond as a rule, and a few at worst.
///
/// # Examples
/// ```
/// assert!(account::policy::is_common("Password1"));
/// assert!(!account::policy::is_common("tr4verse-Cobalt-heron"));
/// ```
#[must_use]
pub fn is_common(password: &str) -> bool {
    // What people tried first was typed on one keyboard: no list has spaces, accents or emoji.
    let could_be_listed = password.len() <= MAX_LENGTH
        && password.bytes().all(|byte| byte.is_ascii_graphic())
        && !password.contains(RARE_SIGNS);
    // A password of several parts needs more guesses than this by how they are counted, so this asks for one whole word. The one
    // guess on top is what the estimate adds to the rank of a whole word.
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
