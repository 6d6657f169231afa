//! Checks against hashes of older systems: bcrypt and scrypt.

use std::hint::black_box;

use zeroize::Zeroizing;

use crate::{
    Secret,
    model::{BcryptHash, ScryptHash},
    ports::HashError,
};

/// As many bytes of a password go into a bcrypt hash, the NUL that ends it included if there is room for it.
const BCRYPT_KEY: usize = 72;

pub(super) fn bcrypt_matches(hash: &BcryptHash, password: &Secret) -> bool {
    let password = password.expose().as_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(BCRYPT_KEY));
    key.extend(password.iter().chain(&[0]).take(BCRYPT_KEY));
    let computed = Zeroizing::new(bcrypt::bcrypt(hash.cost, hash.salt, &key));
    // The last of the 24 bytes is not part of the string.
    let same =
        constant_time_eq::constant_time_eq(computed.split_last().map_or(&[], |(_, rest)| rest), &hash.output);
    // bcrypt repeats its key, so "a" is one with "a\0a"; and where an implementation in C saw the end, others went on.
    same & !password.contains(&0)
}

pub(super) fn scrypt_matches(hash: &ScryptHash, password: &Secret) -> Result<bool, HashError> {
    let params =
        scrypt::Params::new(hash.log_n, hash.block_size, hash.parallelism).map_err(|_| HashError::Failed)?;
    // The crate takes its memory in a way that ends the process if there is none; this finds out before, as far as one can.
    let memory = usize::try_from(hash.memory()).map_err(|_| HashError::Failed)?;
    let mut probe = Vec::<u8>::new();
    probe.try_reserve_exact(memory).map_err(|_| HashError::Failed)?;
    drop(black_box(probe));
    let mut output = Zeroizing::new(vec![0; hash.output.len()]);
    scrypt::scrypt(password.expose().as_bytes(), &hash.salt, &params, &mut output)
        .map_err(|_| HashError::Failed)?;
    Ok(constant_time_eq::constant_time_eq(&output, &hash.output))
}
