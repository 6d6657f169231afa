//! Argon2id on threads of its own: bounded, of low priority, with memory that is reused.

mod check;
#[cfg(feature = "import-hashes")]
mod imported;
mod memory;
mod queue;

use std::{fmt, num::NonZeroUsize, sync::Arc, thread, time::Duration};

use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;

use self::{
    check::{Effort, verify},
    memory::Memory,
    queue::{Limits, Queue},
};
use crate::{
    model::{Argon2Hash, Argon2Params, PasswordHash},
    ports::{HashError, PasswordHasher, Verdict},
    secret::Secret,
};

const WAITING_PER_THREAD: usize = 32;
const PATIENCE: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(10);

/// Hashes passwords with Argon2id (RFC 9106) on a few threads of its own, whatever executor the host runs.
///
/// The threads start with the first password and end, with their memory wiped and given back, after ten seconds without one.
/// Each keeps the memory of one hash, 19 MiB by default, and yields the processor to threads of normal priority (on Linux).
/// Passwords that find no free thread wait in a bounded queue; when it is full, or a password has waited too long, the answer
/// is [`HashError::Busy`] at once and nothing was computed. A caller that has gone away costs no hash.
///
/// # Security
/// Hashes of other parameters, variants and versions are verified too, and with the feature `import-hashes` those of bcrypt and
/// scrypt (see [`PasswordHash`](PasswordHash#hashes-of-an-older-system)). A check against none, or against a hash that is cheaper to
/// compute, costs as much as one of today's parameters: what is missing is made up by Argon2, for bcrypt and scrypt by an estimate.
///
/// A check against a dearer hash takes longer: bcrypt of cost 8 takes about as long as Argon2id of the default parameters, of cost 12
/// sixteen times as long. Until the owner of such a hash has signed in, somebody who guesses and measures can tell that there is such an
/// account; [`Argon2PoolBuilder::cover`] hides it, for the price of the dearer hash in every check.
///
/// Each thread keeps the memory of one hash of today. A dearer Argon2 hash uses its own instead, a scrypt hash its own beside it, and
/// both are freed right after; so a pool never holds more than 256 MiB and one hash of today for each thread. What scrypt has used
/// is not wiped.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use account::{Argon2Pool, Secret, ports::PasswordHasher};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), account::ports::HashError> {
/// let pool = Argon2Pool::default();
/// let password = Arc::new(Secret::new("correct horse battery staple".to_owned()));
/// // The salt comes from a source of randomness, fresh for every hash.
/// let hash = pool.hash(Arc::clone(&password), *b"sixteen bytes...").await?;
/// assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// assert!(pool.verify(password, Some(hash)).await?.matches);
/// # Ok(()) }
/// ```
pub struct Argon2Pool {
    effort: Effort,
    queue: Queue,
}

impl Argon2Pool {
    /// A pool with one thread for each core that hashes with `params`.
    #[must_use]
    pub fn new(params: Argon2Params) -> Self {
        Self::builder().params(params).build()
    }

    /// A pool of other proportions.
    pub fn builder() -> Argon2PoolBuilder {
        Argon2PoolBuilder::default()
    }
}

impl Default for Argon2Pool {
    fn default() -> Self {
        Self::new(Argon2Params::default())
    }
}

impl fmt::Debug for Argon2Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2Pool")
            .field("params", &format_args!("{}", self.effort.today))
            .field("cover", &self.effort.cover)
            .field("limits", &self.queue.limits())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Pool {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        let params = self.effort.today;
        self.queue.run(move |memory| hash(memory, params, &password, salt)).await
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let effort = self.effort.clone();
        self.queue.run(move |memory| verify(memory, &effort, &password, against.as_ref())).await
    }
}

/// The proportions of an [`Argon2Pool`], from [`Argon2Pool::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Argon2PoolBuilder {
    params: Argon2Params,
    cover: Option<PasswordHash>,
    threads: Option<usize>,
    queue: Option<usize>,
    patience: Duration,
}

impl Default for Argon2PoolBuilder {
    fn default() -> Self {
        Self { params: Argon2Params::default(), cover: None, threads: None, queue: None, patience: PATIENCE }
    }
}

impl Argon2PoolBuilder {
    /// The cost of a new hash; the default is that of [`Argon2Params`].
    pub fn params(mut self, params: Argon2Params) -> Self {
        self.params = params;
        self
    }

    /// Hides which accounts still have a hash of an older system: every check, against none and against a hash of today too, costs as
    /// much as one against `dearest` and a hash of today together.
    ///
    /// A host that has imported dear hashes calls it with one of the dearest, and leaves it out again when most of them are replaced.
    /// Checks against a hash of the same algorithm and cost then do the same work as all others; those against a cheaper one of the
    /// older system do so by an estimate.
    pub fn cover(mut self, dearest: PasswordHash) -> Self {
        self.cover = Some(dearest);
        self
    }

    /// How many passwords are hashed at a time, at least one; by default as many as there are cores.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// How many passwords may wait for a thread, at least one; the default is 32 for each thread.
    pub fn queue(mut self, queue: usize) -> Self {
        self.queue = Some(queue);
        self
    }

    /// How long a password may wait for a thread before it is refused after all; the default is two seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Makes the pool. No thread is started and no memory taken before the first password.
    #[must_use]
    pub fn build(self) -> Argon2Pool {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = self.threads.unwrap_or_else(cores).max(1);
        let waiting = self.queue.unwrap_or(threads.saturating_mul(WAITING_PER_THREAD)).max(1);
        let limits = Limits { threads, waiting, patience: self.patience, idle: IDLE };
        let effort = Effort { today: self.params, cover: self.cover };
        Argon2Pool { effort, queue: Queue::new(limits) }
    }
}

fn hash(
    memory: &mut Memory,
    params: Argon2Params,
    password: &Secret,
    salt: [u8; 16],
) -> Result<PasswordHash, HashError> {
    let mut output = [0; 32];
    let argon2 = argon2(Algorithm::Argon2id, Version::V0x13, params, output.len())?;
    fill(memory, &argon2, password, &salt, &mut output)?;
    Ok(Argon2Hash::of_today(params, salt, output).encode())
}

fn fill(
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

fn argon2(
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

    fn small() -> Argon2Params {
        Argon2Params::new(8, 1, 1).unwrap()
    }

    fn secret(password: &str) -> Secret {
        Secret::new(password.to_owned())
    }

    #[test]
    fn a_hash_is_the_known_answer_of_its_parameters() {
        // In the examples of the reference implementation.
        let known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let mut memory = Memory::default();
        let params = Argon2Params::new(256, 2, 1).unwrap();
        let mut output = [0; 32];
        let argon2 = argon2(Algorithm::Argon2id, Version::V0x13, params, 32).unwrap();
        fill(&mut memory, &argon2, &secret("password"), b"somesalt", &mut output).unwrap();
        assert!(known.ends_with(&data_encoding::BASE64_NOPAD.encode(&output)));
        let hash = hash(&mut memory, params, &secret("password"), SALT).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"));
        assert!(!hash.needs_rehash(&params));
    }

    #[test]
    fn every_variant_gives_the_example_of_its_standard() {
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

    #[test]
    fn every_octet_of_a_password_counts() {
        let mut memory = Memory::default();
        let effort = Effort { today: small(), cover: None };
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
        let effort = Effort { today: small(), cover: None };
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
    fn debug_of_a_pool_shows_its_proportions() {
        let pool = Argon2Pool::builder().params(small()).threads(0).queue(0).build();
        let shown = format!("{pool:?}");
        assert!(
            shown.contains("m=8,t=1,p=1") && shown.contains("threads: 1") && shown.contains("waiting: 1"),
            "{shown}"
        );
    }
}
