//! Argon2id on threads of its own: bounded, of low priority, with memory that is reused.

mod memory;
mod queue;

use std::{fmt, num::NonZeroUsize, sync::Arc, thread, time::Duration};

use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use rand::{TryRng, rngs::SysRng};
use zeroize::Zeroizing;

use self::{
    memory::Memory,
    queue::{Limits, Queue},
};
use crate::{
    Secret,
    model::{Argon2Hash, Argon2Params, PasswordHash},
    ports::{HashError, PasswordHasher, Verdict},
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
/// Hashes of other parameters, variants and versions are verified too (see [`PasswordHash::parse`]). A check against none, or
/// against a weaker hash, costs as much as one of today's parameters.
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
    params: Argon2Params,
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
            .field("params", &format_args!("{}", self.params))
            .field("limits", &self.queue.limits())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Pool {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        let params = self.params;
        self.queue.run(move |memory| hash(memory, params, &password, salt)).await
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let params = self.params;
        self.queue.run(move |memory| verify(memory, params, &password, against.as_ref())).await
    }
}

/// The proportions of an [`Argon2Pool`], from [`Argon2Pool::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Argon2PoolBuilder {
    params: Argon2Params,
    threads: Option<usize>,
    queue: Option<usize>,
    patience: Duration,
}

impl Default for Argon2PoolBuilder {
    fn default() -> Self {
        Self { params: Argon2Params::default(), threads: None, queue: None, patience: PATIENCE }
    }
}

impl Argon2PoolBuilder {
    /// The cost of a new hash; the default is that of [`Argon2Params`].
    pub fn params(mut self, params: Argon2Params) -> Self {
        self.params = params;
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
        Argon2Pool { params: self.params, queue: Queue::new(limits) }
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

fn verify(
    memory: &mut Memory,
    today: Argon2Params,
    password: &Secret,
    against: Option<&PasswordHash>,
) -> Result<Verdict, HashError> {
    let Some(stored) = against else {
        let decoy = decoy(today);
        computes_to(memory, &decoy, password)?;
        return Ok(Verdict { matches: false, weaker: false });
    };
    let stored = stored.decode().ok_or(HashError::Failed)?;
    let matches = computes_to(memory, &stored, password)?;
    make_up(memory, today, stored.params, password)?;
    memory.shrink_to(blocks(today)?);
    Ok(Verdict { matches, weaker: stored.weaker_than(today) })
}

/// A hash of nothing. Should randomness be wanting, that does no harm, since what comes of the comparison is discarded.
fn decoy(params: Argon2Params) -> Argon2Hash {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    let _ = SysRng.try_fill_bytes(&mut salt).and_then(|()| SysRng.try_fill_bytes(&mut output));
    Argon2Hash::of_today(params, salt, output)
}

fn computes_to(memory: &mut Memory, hash: &Argon2Hash, password: &Secret) -> Result<bool, HashError> {
    let mut output = Zeroizing::new(vec![0; hash.output.len()]);
    let argon2 = argon2(hash.algorithm, hash.version, hash.params, output.len())?;
    fill(memory, &argon2, password, &hash.salt, &mut output)?;
    Ok(constant_time_eq::constant_time_eq(&output, &hash.output))
}

/// Does the work that a hash of less than today's parameters has saved, so that it is not told apart by its speed.
fn make_up(
    memory: &mut Memory,
    today: Argon2Params,
    done: Argon2Params,
    password: &Secret,
) -> Result<(), HashError> {
    let missing = today.work().saturating_sub(done.work());
    // Less than the smallest hash cannot be made up and cannot be noticed.
    let Ok(rest) = Argon2Params::new(missing / today.time(), today.time(), 1) else { return Ok(()) };
    let mut output = Zeroizing::new([0; 32]);
    let argon2 = argon2(Algorithm::Argon2id, Version::V0x13, rest, output.len())?;
    fill(memory, &argon2, password, &[0; 16], output.as_mut())
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

fn blocks(params: Argon2Params) -> Result<usize, HashError> {
    usize::try_from(params.memory_kib()).map_err(|_| HashError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] = *b"0123456789abcdef";

    /// `password` in the examples of the reference implementation.
    const KNOWN: [&str; 6] = [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
        "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
        "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs",
    ];

    fn small() -> Argon2Params {
        Argon2Params::new(8, 1, 1).unwrap()
    }

    fn secret(password: &str) -> Secret {
        Secret::new(password.to_owned())
    }

    #[test]
    fn known_hashes_verify_in_every_variant_and_version() {
        let mut memory = Memory::default();
        for text in KNOWN {
            let known = PasswordHash::parse(text).unwrap();
            let mut check = |password| verify(&mut memory, small(), &secret(password), Some(&known)).unwrap();
            assert!(check("password").matches, "{text}");
            assert!(!check("Password").matches, "{text}");
        }
    }

    #[test]
    fn a_hash_is_the_known_answer_of_its_parameters() {
        // RFC 9106 has no example without secret and associated data, so the reference implementation's it is.
        let mut memory = Memory::default();
        let known = PasswordHash::parse(KNOWN[0]).unwrap().decode().unwrap();
        let mut output = [0; 32];
        let argon2 = argon2(known.algorithm, known.version, known.params, 32).unwrap();
        fill(&mut memory, &argon2, &secret("password"), &known.salt, &mut output).unwrap();
        assert_eq!(output.as_slice(), known.output);
        let hash = hash(&mut memory, known.params, &secret("password"), SALT).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"));
        assert!(!hash.needs_rehash(&known.params));
    }

    #[test]
    fn every_octet_of_a_password_counts() {
        let mut memory = Memory::default();
        let base = format!("{}\0é\0{}", "a".repeat(72), "b".repeat(183));
        let stored = hash(&mut memory, small(), &secret(&base), SALT).unwrap();
        let mut matches =
            |password: &str| verify(&mut memory, small(), &secret(password), Some(&stored)).unwrap().matches;
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
        for (stored, tried) in [
            ("a".repeat(72), "a".repeat(73)),
            ("a".repeat(73), "a".repeat(72) + "b"),
            ("pass\0word".to_owned(), "pass\0wort".to_owned()),
            ("pass\0word".to_owned(), "pass".to_owned()),
            ("\0".to_owned(), String::new()),
        ] {
            let hash = hash(&mut memory, small(), &secret(&stored), SALT).unwrap();
            let mut check = |password| verify(&mut memory, small(), &secret(password), Some(&hash)).unwrap();
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
            let verdict = verify(&mut memory, small(), &secret(&password), None);
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
        let verdict = verify(&mut memory, today, &secret("p"), Some(&old));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: true }));
        let verdict = verify(&mut memory, today, &secret("q"), Some(&old));
        assert_eq!(verdict, Ok(Verdict { matches: false, weaker: true }));
        // (64 × 2 − 16) / 2 passes: the memory of the work that was made up.
        assert_eq!(memory.blocks(0).unwrap().len(), 56);
        let new = hash(&mut memory, today, &secret("p"), SALT).unwrap();
        let verdict = verify(&mut memory, today, &secret("p"), Some(&new));
        assert_eq!(verdict, Ok(Verdict { matches: true, weaker: false }));
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
