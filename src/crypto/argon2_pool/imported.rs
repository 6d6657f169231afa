//! Checking passwords against hashes of older systems: bcrypt and scrypt.

use std::hint::black_box;

use zeroize::Zeroizing;

use crate::{
    model::{BcryptHash, ScryptHash},
    ports::HashError,
    secret::Secret,
};

/// The maximum length of a bcrypt key in bytes, including the NUL that ends it if there is room.
const MAX_BCRYPT_KEY: usize = 72;

pub(super) fn bcrypt_matches(hash: &BcryptHash, password: &Secret) -> bool {
    let password = password.expose().as_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(MAX_BCRYPT_KEY));
    key.extend(password.iter().chain(&[0]).take(MAX_BCRYPT_KEY));
    let computed = Zeroizing::new(bcrypt::bcrypt(hash.cost, hash.salt, &key));
    // The last of the 24 bytes is not part of the encoded hash.
    let same =
        constant_time_eq::constant_time_eq(computed.split_last().map_or(&[], |(_, rest)| rest), &hash.output);
    // bcrypt repeats its key, so "a" and "a\0a" have the same hash. And implementations in C stop
    // at the first NUL, while others do not.
    same & !password.contains(&0)
}

pub(super) fn scrypt_matches(hash: &ScryptHash, password: &Secret) -> Result<bool, HashError> {
    let params =
        scrypt::Params::new(hash.log_n, hash.block_size, hash.parallelism).map_err(|_| HashError::Failed)?;
    // `scrypt` aborts the process if its allocation fails, so a fallible allocation of the same
    // size is tried first.
    let memory = usize::try_from(hash.memory()).map_err(|_| HashError::Failed)?;
    let mut probe = Vec::<u8>::new();
    probe.try_reserve_exact(memory).map_err(|_| HashError::Failed)?;
    drop(black_box(probe));
    let mut output = Zeroizing::new(vec![0; hash.output.len()]);
    scrypt::scrypt(password.expose().as_bytes(), &hash.salt, &params, &mut output)
        .map_err(|_| HashError::Failed)?;
    Ok(constant_time_eq::constant_time_eq(&output, &hash.output))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::model::{Checkable, PasswordHash};

    fn secret(password: &str) -> Secret {
        Secret::new(password.to_owned())
    }

    fn bcrypt(text: &str, password: &str) -> bool {
        let Some(Checkable::Bcrypt(hash)) = PasswordHash::parse(text).unwrap().decode() else {
            panic!("{text} is not a bcrypt hash")
        };
        bcrypt_matches(&hash, &secret(password))
    }

    #[test]
    fn bcrypt_gives_the_known_answers() {
        let letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\
                       chars after 72 are ignored";
        // Test vectors of crypt_blowfish, jBCrypt and libxcrypt.
        for (text, password) in [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""),
            ("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", letters),
            ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
            ("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
            ("$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.", "correct horse battery"),
            ("$2b$05$abcdefghijklmnopqrstuudJWRvdZAcm4E4FcCNJ3ny0.xONimgES", "pässwörd-ünïcode"),
            ("$2y$06$abcdefghijklmnopqrstuuWu4jsG9tXTKig35H202RKsLoehrNzeO", "pässwörd-ünïcode"),
        ] {
            assert!(bcrypt(text, password), "{text}");
            assert!(!bcrypt(text, &format!("x{password}")), "{text}");
        }
    }

    #[test]
    fn the_first_72_bytes_decide_and_no_fewer() {
        let text = "$2b$05$abcdefghijklmnopqrstuunIbMmRDSn31OEtajoxyPJzQEnn3X8b2";
        let base = "0123456789abcdef".repeat(5);
        for length in 72..=80 {
            assert!(bcrypt(text, &base[..length]), "{length}");
        }
        assert!(bcrypt(text, &format!("{}another tail", &base[..72])));
        assert!(!bcrypt(text, &base[..71]));
        assert!(!bcrypt(text, &format!("{}x", &base[..71])));
        // 36 letters of two bytes are exactly 72 bytes.
        let text = "$2b$05$abcdefghijklmnopqrstuu9CyuiEyTnupb4rnoYIlshaDzoYa6ZaS";
        assert!(bcrypt(text, &"é".repeat(36)));
        assert!(!bcrypt(text, &"é".repeat(35)));
    }

    #[test]
    fn a_password_with_nul_matches_no_bcrypt_hash() {
        let (a, empty) = (
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
            "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
        );
        // The keys are the same, because bcrypt repeats its key.
        for nul in ["a\0", "a\0a", "a\0a\0a", "a\0b"] {
            assert!(!bcrypt(a, nul), "{nul:?}");
        }
        for nul in ["\0", "\0\0", "\0anything"] {
            assert!(!bcrypt(empty, nul), "{nul:?}");
        }
        let long = format!("{}\0", "0123456789abcdef".repeat(5));
        assert!(!bcrypt("$2b$05$abcdefghijklmnopqrstuunIbMmRDSn31OEtajoxyPJzQEnn3X8b2", &long));
    }

    #[test]
    fn scrypt_gives_the_known_answers() {
        // RFC 7914 §12. Its fourth example takes 1 GiB and is refused.
        for (password, salt, log_n, block_size, parallelism, output) in [
            (
                "",
                "",
                4,
                1,
                1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
                 fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
            ),
            (
                "password",
                "NaCl",
                10,
                8,
                16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
                 2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
            ),
            (
                "pleaseletmein",
                "SodiumChloride",
                14,
                8,
                1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                 d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
            ),
        ] {
            let (salt, output) = (salt.into(), HEXLOWER.decode(output.as_bytes()).unwrap());
            let hash = ScryptHash { log_n, block_size, parallelism, salt, output };
            assert_eq!(scrypt_matches(&hash, &secret(password)), Ok(true));
            assert_eq!(scrypt_matches(&hash, &secret("Password")), Ok(false));
            assert_eq!(scrypt_matches(&hash, &secret(&format!("{password}x"))), Ok(false));
        }
    }
}
