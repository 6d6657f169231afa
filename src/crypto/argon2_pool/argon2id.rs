//! Computing Argon2 hashes in reused memory.

use argon2::{Algorithm, Argon2, Params, Version};

use super::memory::Memory;
use crate::{
    model::{Argon2Hash, Argon2Params, PasswordHash},
    ports::HashError,
    secret::Secret,
};

/// Hashes a password with Argon2id, version 1.3.
pub(super) fn hash(
    memory: &mut Memory,
    params: Argon2Params,
    password: &Secret,
    salt: [u8; 16],
) -> Result<PasswordHash, HashError> {
    let mut output = [0; 32];
    let argon2 = context(Algorithm::Argon2id, Version::V0x13, params, output.len())?;
    fill(memory, &argon2, password, &salt, &mut output)?;
    Ok(Argon2Hash::of_today(params, salt, output).encode())
}

/// Hashes a password into `output`.
pub(super) fn fill(
    memory: &mut Memory,
    argon2: &Argon2<'_>,
    password: &Secret,
    salt: &[u8],
    output: &mut [u8],
) -> Result<(), HashError> {
    let blocks = memory.blocks(argon2.params().block_count())?;
    argon2
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, output, blocks)
        .map_err(|_| HashError::Failed)
}

/// Creates an Argon2 context, with an output of `output` bytes.
pub(super) fn context(
    algorithm: Algorithm,
    version: Version,
    params: Argon2Params,
    output: usize,
) -> Result<Argon2<'static>, HashError> {
    let params = Params::new(params.memory_kib(), params.time(), params.parallelism(), Some(output))
        .map_err(|_| HashError::Failed)?;
    Ok(Argon2::new(algorithm, version, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] = *b"0123456789abcdef";

    fn secret(password: &str) -> Secret {
        Secret::new(password.to_owned())
    }

    #[test]
    fn a_hash_is_the_known_answer_for_its_parameters() {
        // An example of the reference implementation.
        let known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let mut memory = Memory::default();
        let params = Argon2Params::new(256, 2, 1).unwrap();
        let mut output = [0; 32];
        let argon2 = context(Algorithm::Argon2id, Version::V0x13, params, 32).unwrap();
        fill(&mut memory, &argon2, &secret("password"), b"somesalt", &mut output).unwrap();
        assert!(known.ends_with(&data_encoding::BASE64_NOPAD.encode(&output)));
        let hash = hash(&mut memory, params, &secret("password"), SALT).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"));
        assert!(!hash.needs_rehash(&params));
    }

    #[test]
    fn every_variant_gives_the_test_vector_of_the_rfc() {
        // RFC 9106 §5.
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .output_len(32)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        for (algorithm, tag) in [
            (Algorithm::Argon2d, "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb"),
            (Algorithm::Argon2i, "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"),
            (Algorithm::Argon2id, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"),
        ] {
            let argon2 = Argon2::new_with_secret(&[3; 8], algorithm, Version::V0x13, params.clone()).unwrap();
            let mut output = [0; 32];
            let password = secret(&"\u{1}".repeat(32));
            fill(&mut Memory::default(), &argon2, &password, &[2; 16], &mut output).unwrap();
            assert_eq!(data_encoding::HEXLOWER.encode(&output), tag);
        }
    }
}
