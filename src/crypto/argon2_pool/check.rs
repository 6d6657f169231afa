//! Checking a password against a stored hash, with the same amount of work for every check.

use argon2::{Algorithm, Version};
use rand::{TryRng, rngs::SysRng};
use zeroize::Zeroizing;

use super::{
    argon2id::{context, fill},
    memory::Memory,
};
use crate::{
    model::{Argon2Hash, Argon2Params, Checkable, PasswordHash},
    ports::{HashError, Verdict},
    secret::Secret,
};

/// The work of every check, whatever hash it is against.
#[derive(Clone)]
pub(super) struct Effort {
    /// The parameters of new hashes.
    pub(super) current: Argon2Params,
    /// A hash of an older system, computed in every check in addition to a current one.
    pub(super) cover: Option<PasswordHash>,
}

/// Checks a password against a hash, or against none.
pub(super) fn verify(
    memory: &mut Memory,
    effort: &Effort,
    password: &Secret,
    against: Option<&PasswordHash>,
) -> Result<Verdict, HashError> {
    let current = effort.current;
    let (stored, is_real) = match against {
        Some(hash) => (hash.decode().ok_or(HashError::Failed)?, true),
        None => (Checkable::Argon2(decoy(current)), false),
    };
    let matches = matches(memory, &stored, password)? & is_real;
    make_up_work(memory, effort, stored.work(), password)?;
    memory.shrink_to(usize::try_from(current.memory_kib()).map_err(|_| HashError::Failed)?);
    Ok(Verdict { matches, weaker: stored.weaker_than(current) })
}

/// Creates a random hash that belongs to no password. A failure of the random source does no harm,
/// because the result of the comparison is discarded.
fn decoy(params: Argon2Params) -> Argon2Hash {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    let _ = SysRng.try_fill_bytes(&mut salt).and_then(|()| SysRng.try_fill_bytes(&mut output));
    Argon2Hash::of_today(params, salt, output)
}

#[cfg(feature = "import-hashes")]
fn matches(memory: &mut Memory, stored: &Checkable, password: &Secret) -> Result<bool, HashError> {
    use super::imported;

    match stored {
        Checkable::Argon2(hash) => argon2_matches(memory, hash, password),
        Checkable::Bcrypt(hash) => Ok(imported::bcrypt_matches(hash, password)),
        Checkable::Scrypt(hash) => imported::scrypt_matches(hash, password),
    }
}

#[cfg(not(feature = "import-hashes"))]
fn matches(memory: &mut Memory, stored: &Checkable, password: &Secret) -> Result<bool, HashError> {
    match stored {
        Checkable::Argon2(hash) => argon2_matches(memory, hash, password),
        Checkable::Bcrypt(_) | Checkable::Scrypt(_) => Err(HashError::Failed),
    }
}

fn argon2_matches(memory: &mut Memory, hash: &Argon2Hash, password: &Secret) -> Result<bool, HashError> {
    let mut output = Zeroizing::new(vec![0; hash.output.len()]);
    let argon2 = context(hash.algorithm, hash.version, hash.params, output.len())?;
    fill(memory, &argon2, password, &hash.salt, &mut output)?;
    Ok(constant_time_eq::constant_time_eq(&output, &hash.output))
}

/// Does the work that a cheaper hash has saved, so that its speed does not reveal it (timing side
/// channel).
fn make_up_work(memory: &mut Memory, effort: &Effort, done: u32, password: &Secret) -> Result<(), HashError> {
    let current = effort.current;
    let cover = effort.cover.as_ref().and_then(PasswordHash::decode);
    let mut missing = current.work().saturating_sub(done);
    if let Some(cover) = cover {
        missing = current.work().saturating_add(cover.work()).saturating_sub(done);
        // The check was against such a hash, or the cover itself is computed now: it is more exact
        // than the same amount of Argon2.
        if done != cover.work() && missing >= cover.work() {
            matches(memory, &cover, password)?;
            missing -= cover.work();
        }
    }
    while missing >= current.work() {
        spend(memory, current, password)?;
        missing -= current.work();
    }
    // Less work than the smallest hash cannot be made up, nor measured.
    let Ok(rest) = Argon2Params::new(missing / current.time(), current.time(), 1) else { return Ok(()) };
    spend(memory, rest, password)
}

/// Computes a hash and discards it.
fn spend(memory: &mut Memory, params: Argon2Params, password: &Secret) -> Result<(), HashError> {
    let mut output = Zeroizing::new([0; 32]);
    let argon2 = context(Algorithm::Argon2id, Version::V0x13, params, output.len())?;
    fill(memory, &argon2, password, &[0; 16], output.as_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::argon2_pool::argon2id::hash;

    const SALT: [u8; 16] = *b"0123456789abcdef";

    /// `password` in the examples of the reference implementation. The one of Argon2d was computed
    /// with its library.
    const KNOWN: [&str; 7] = [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
        "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
        "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        "$argon2d$v=19$m=256,t=2,p=2$c29tZXNhbHQ$e2nJLXw4iarRKB28i678Esw3yA8cdeM+8sLUDCjrxXM",
        "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs",
    ];

    fn small() -> Argon2Params {
        Argon2Params::new(8, 1, 1).unwrap()
    }

    fn effort(current: Argon2Params) -> Effort {
        Effort { current, cover: None }
    }

    fn secret(password: &str) -> Secret {
        Secret::new(password.to_owned())
    }

    #[test]
    fn known_hashes_verify_in_every_variant_and_version() {
        let mut memory = Memory::default();
        for text in KNOWN {
            let known = PasswordHash::parse(text).unwrap();
            let mut check =
                |password| verify(&mut memory, &effort(small()), &secret(password), Some(&known)).unwrap();
            assert!(check("password").matches, "{text}");
            assert!(!check("Password").matches, "{text}");
        }
    }

    #[test]
    fn every_octet_of_a_password_counts() {
        let mut memory = Memory::default();
        let effort = effort(small());
        let base = format!("{}\0é\0{}", "a".repeat(72), "b".repeat(183));
        let stored = hash(&mut memory, small(), &secret(&base), SALT).unwrap();
        let mut matches =
            |password: &str| verify(&mut memory, &effort, &secret(password), Some(&stored)).unwrap().matches;
        assert!(matches(&base));
        assert!(!matches(""));
        for (at, letter) in base.char_indices() {
            let (head, tail) = (&base[..at], &base[at + letter.len_utf8()..]);
            assert!(!matches(head), "prefix of {at}");
            assert!(!matches(&format!("{head}{tail}")), "without {at}");
            assert!(!matches(&format!("{head}x{tail}")), "other {at}");
            assert!(!matches(&format!("{head}x{letter}{tail}")), "inserted at {at}");
        }
        for extension in ["\0", " ", "b", "\0\0"] {
            assert!(!matches(&format!("{base}{extension}")));
        }
    }

    #[test]
    fn octets_72_and_73_and_those_after_nul_count() {
        let mut memory = Memory::default();
        let effort = effort(small());
        for (stored, tried) in [
            ("a".repeat(72), "a".repeat(73)),
            ("a".repeat(73), "a".repeat(72) + "b"),
            ("pass\0word".to_owned(), "pass\0wort".to_owned()),
            ("pass\0word".to_owned(), "pass".to_owned()),
            ("\0".to_owned(), String::new()),
        ] {
            let hash = hash(&mut memory, small(), &secret(&stored), SALT).unwrap();
            let mut check = |password| verify(&mut memory, &effort, &secret(password), Some(&hash)).unwrap();
            assert!(check(&stored).matches);
            assert!(!check(&tried).matches);
        }
    }

    #[test]
    fn no_password_matches_where_there_is_none() {
        let mut memory = Memory::default();
        for number in 0..10_000 {
            let password = match number {
                0 => String::new(),
                1 => "password".to_owned(),
                2 => "\0".repeat(32),
                other => other.to_string(),
            };
            let verdict = verify(&mut memory, &effort(small()), &secret(&password), None);
            assert_eq!(verdict, Ok(Verdict { matches: false, weaker: false }));
        }
    }

    #[test]
    fn every_decoy_is_different() {
        let (one, other) = (decoy(small()), decoy(small()));
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.output, other.output);
        assert_eq!((one.algorithm, one.version, one.params), (Algorithm::Argon2id, Version::V0x13, small()));
    }

    #[test]
    fn a_weaker_hash_is_reported_and_costs_as_much_as_a_current_one() {
        let mut memory = Memory::default();
        let current = Argon2Params::new(64, 2, 1).unwrap();
        let old = hash(&mut memory, Argon2Params::new(16, 1, 1).unwrap(), &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, &effort(current), &secret("p"), Some(&old));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: true }));
        let verdict = verify(&mut memory, &effort(current), &secret("q"), Some(&old));
        assert_eq!(verdict, Ok(Verdict { matches: false, weaker: true }));
        // The memory of the work that was made up: 64 × 2 − 16 in 2 passes.
        assert_eq!(memory.blocks(0).unwrap().len(), 56);
        let new = hash(&mut memory, current, &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, &effort(current), &secret("p"), Some(&new));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: false }));
    }

    #[test]
    fn the_memory_of_a_more_expensive_hash_is_freed() {
        let mut memory = Memory::default();
        let expensive =
            hash(&mut memory, Argon2Params::new(1_024, 1, 1).unwrap(), &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, &effort(small()), &secret("p"), Some(&expensive));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: false }));
        assert_eq!(memory.blocks(0).unwrap().len(), 0);
    }

    #[test]
    fn a_cover_changes_no_verdict() {
        let mut memory = Memory::default();
        let current = Argon2Params::new(64, 2, 1).unwrap();
        let cover = PasswordHash::parse(KNOWN[3]).unwrap();
        let covered = Effort { current, cover: Some(cover.clone()) };
        let new = hash(&mut memory, current, &secret("password"), SALT).unwrap();
        let cheap = hash(&mut memory, small(), &secret("password"), SALT).unwrap();
        for against in [None, Some(&new), Some(&cheap), Some(&cover)] {
            for password in ["password", "Password"] {
                let bare = verify(&mut memory, &effort(current), &secret(password), against).unwrap();
                assert_eq!(verify(&mut memory, &covered, &secret(password), against), Ok(bare));
            }
        }
    }

    #[cfg(not(feature = "import-hashes"))]
    #[test]
    fn without_the_feature_an_imported_hash_fails() {
        let stored = r#""$2b$05$abcdefghijklmnopqrstuuWLR5Usws0k1cWn9qRxag20YGa8uFWaW""#;
        let stored: PasswordHash = serde_json::from_str(stored).unwrap();
        let verdict =
            verify(&mut Memory::default(), &effort(small()), &secret("tr4verse-Cobalt-heron"), Some(&stored));
        assert_eq!(verdict, Err(HashError::Failed));
    }
}
