//! One check of a password against a stored hash, and the work that makes all checks alike.

use argon2::{Algorithm, Version};
use rand::{TryRng, rngs::SysRng};
use zeroize::Zeroizing;

use super::{argon2, fill, memory::Memory};
use crate::{
    model::{Argon2Hash, Argon2Params, Checkable, PasswordHash},
    ports::{HashError, Verdict},
    secret::Secret,
};

/// What every check costs, whatever it is against.
#[derive(Clone)]
pub(super) struct Effort {
    pub(super) today: Argon2Params,
    /// A hash of the older system, computed beside one of today in every check.
    pub(super) cover: Option<PasswordHash>,
}

pub(super) fn verify(
    memory: &mut Memory,
    effort: &Effort,
    password: &Secret,
    against: Option<&PasswordHash>,
) -> Result<Verdict, HashError> {
    let today = effort.today;
    let (stored, is_real) = match against {
        Some(hash) => (hash.decode().ok_or(HashError::Failed)?, true),
        None => (Checkable::Argon2(decoy(today)), false),
    };
    let matches = matches(memory, &stored, password)? & is_real;
    make_up(memory, effort, stored.work(), password)?;
    memory.shrink_to(usize::try_from(today.memory_kib()).map_err(|_| HashError::Failed)?);
    Ok(Verdict { matches, weaker: stored.weaker_than(today) })
}

/// A hash of nothing. Should randomness be wanting, that does no harm, since what comes of the comparison is discarded.
fn decoy(params: Argon2Params) -> Argon2Hash {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    let _ = SysRng.try_fill_bytes(&mut salt).and_then(|()| SysRng.try_fill_bytes(&mut output));
    Argon2Hash::of_today(params, salt, output)
}

#[cfg(feature = "import-hashes")]
fn matches(memory: &mut Memory, stored: &Checkable, password: &Secret) -> Result<bool, HashError> {
    use super::imported;

    match stored {
        Checkable::Argon2(hash) => computes_to(memory, hash, password),
        Checkable::Bcrypt(hash) => Ok(imported::bcrypt_matches(hash, password)),
        Checkable::Scrypt(hash) => imported::scrypt_matches(hash, password),
    }
}

#[cfg(not(feature = "import-hashes"))]
fn matches(memory: &mut Memory, stored: &Checkable, password: &Secret) -> Result<bool, HashError> {
    match stored {
        Checkable::Argon2(hash) => computes_to(memory, hash, password),
        Checkable::Bcrypt(_) | Checkable::Scrypt(_) => Err(HashError::Failed),
    }
}

fn computes_to(memory: &mut Memory, hash: &Argon2Hash, password: &Secret) -> Result<bool, HashError> {
    let mut output = Zeroizing::new(vec![0; hash.output.len()]);
    let argon2 = argon2(hash.algorithm, hash.version, hash.params, output.len())?;
    fill(memory, &argon2, password, &hash.salt, &mut output)?;
    Ok(constant_time_eq::constant_time_eq(&output, &hash.output))
}

/// Does the work that a hash of less than the whole effort has saved, so that it is not told apart by its speed.
fn make_up(memory: &mut Memory, effort: &Effort, done: u32, password: &Secret) -> Result<(), HashError> {
    let today = effort.today;
    let cover = effort.cover.as_ref().and_then(PasswordHash::decode);
    let mut missing = today.work().saturating_sub(done);
    if let Some(cover) = cover {
        missing = today.work().saturating_add(cover.work()).saturating_sub(done);
        // What was done was the cover, or else it is done now: the thing itself, not an estimate of it, wherever it fits.
        if done != cover.work() && missing >= cover.work() {
            matches(memory, &cover, password)?;
            missing -= cover.work();
        }
    }
    while missing >= today.work() {
        spend(memory, today, password)?;
        missing -= today.work();
    }
    // Less than the smallest hash cannot be made up and cannot be noticed.
    let Ok(rest) = Argon2Params::new(missing / today.time(), today.time(), 1) else { return Ok(()) };
    spend(memory, rest, password)
}

fn spend(memory: &mut Memory, params: Argon2Params, password: &Secret) -> Result<(), HashError> {
    let mut output = Zeroizing::new([0; 32]);
    let argon2 = argon2(Algorithm::Argon2id, Version::V0x13, params, output.len())?;
    fill(memory, &argon2, password, &[0; 16], output.as_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::argon2_pool::hash;

    const SALT: [u8; 16] = *b"0123456789abcdef";

    /// `password` in the examples of the reference implementation; that of Argon2d by its library.
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

    fn effort(today: Argon2Params) -> Effort {
        Effort { today, cover: None }
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
    fn no_two_decoys_are_alike() {
        let (one, other) = (decoy(small()), decoy(small()));
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.output, other.output);
        assert_eq!((one.algorithm, one.version, one.params), (Algorithm::Argon2id, Version::V0x13, small()));
    }

    #[test]
    fn a_weaker_hash_is_told_and_costs_as_much_memory_as_one_of_today() {
        let mut memory = Memory::default();
        let today = Argon2Params::new(64, 2, 1).unwrap();
        let old = hash(&mut memory, Argon2Params::new(16, 1, 1).unwrap(), &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, &effort(today), &secret("p"), Some(&old));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: true }));
        let verdict = verify(&mut memory, &effort(today), &secret("q"), Some(&old));
        assert_eq!(verdict, Ok(Verdict { matches: false, weaker: true }));
        // (64 × 2 − 16) / 2 passes: the memory of the work that was made up.
        assert_eq!(memory.blocks(0).unwrap().len(), 56);
        let new = hash(&mut memory, today, &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, &effort(today), &secret("p"), Some(&new));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: false }));
    }

    #[test]
    fn a_dearer_hash_is_given_back_its_memory_and_leaves_that_of_today() {
        let mut memory = Memory::default();
        let dear = hash(&mut memory, Argon2Params::new(1_024, 1, 1).unwrap(), &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, &effort(small()), &secret("p"), Some(&dear));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: false }));
        assert_eq!(memory.blocks(0).unwrap().len(), 0);
    }

    #[test]
    fn under_cover_every_verdict_is_the_same() {
        let mut memory = Memory::default();
        let today = Argon2Params::new(64, 2, 1).unwrap();
        let cover = PasswordHash::parse(KNOWN[3]).unwrap();
        let covered = Effort { today, cover: Some(cover.clone()) };
        let new = hash(&mut memory, today, &secret("password"), SALT).unwrap();
        let cheap = hash(&mut memory, small(), &secret("password"), SALT).unwrap();
        for against in [None, Some(&new), Some(&cheap), Some(&cover)] {
            for password in ["password", "Password"] {
                let bare = verify(&mut memory, &effort(today), &secret(password), against).unwrap();
                assert_eq!(verify(&mut memory, &covered, &secret(password), against), Ok(bare));
            }
        }
    }

    #[cfg(not(feature = "import-hashes"))]
    #[test]
    fn without_the_feature_a_check_against_such_a_hash_fails() {
        let stored = r#""$2b$05$abcdefghijklmnopqrstuuWLR5Usws0k1cWn9qRxag20YGa8uFWaW""#;
        let stored: PasswordHash = serde_json::from_str(stored).unwrap();
        let verdict =
            verify(&mut Memory::default(), &effort(small()), &secret("tr4verse-Cobalt-heron"), Some(&stored));
        assert_eq!(verdict, Err(HashError::Failed));
    }
}
