//! Test doubles of the ports.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use data_encoding::BASE64_NOPAD;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};

use super::recording::{Recorder, Step};
use crate::{
    crypto::Argon2Pool,
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{Argon2Params, PasswordHash, Timestamp},
    ports::{Clock, Entropy, EntropyError, HashError, Mailer, PasswordHasher, SendError, SmsSender, Verdict},
    secret::Secret,
};

/// 2026-01-01T00:00:00 UTC.
const START_MILLIS: i64 = 1_767_225_600_000;

/// The beginning of an instant hash.
const INSTANT_PREFIX: &str = "$argon2id$v=19$m=8,t=1,p=1$";

/// A clock that moves only when a test moves it. Clones share the time.
///
/// It starts at 2026-01-01T00:00:00 UTC.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use account::{ports::Clock, testing::ManualClock};
///
/// let clock = ManualClock::default();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_millis() - start.as_millis(), 60_000);
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    millis: Arc<AtomicI64>,
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(span, Ordering::SeqCst);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, to: Timestamp) {
        self.millis.store(to.as_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { millis: Arc::new(AtomicI64::new(START_MILLIS)) }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.millis.load(Ordering::SeqCst)).unwrap_or(0))
    }
}

/// Deterministic randomness: the same seed yields the same bytes. Clones share the stream.
///
/// # Security
/// For tests only: its secrets are predictable.
#[derive(Debug, Clone)]
pub struct SeededEntropy(Arc<Mutex<StdRng>>);

impl SeededEntropy {
    /// Creates randomness from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
        Ok(())
    }
}

/// A mailer and SMS sender that keeps messages instead of sending them. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    mails: Arc<Mutex<Vec<EmailMessage>>>,
    texts: Arc<Mutex<Vec<SmsMessage>>>,
    recorder: Recorder,
}

impl Outbox {
    pub(super) fn recorded(recorder: Recorder) -> Self {
        Self { recorder, ..Self::default() }
    }

    /// Returns the emails so far, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<EmailMessage> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the text messages so far, oldest first.
    #[must_use]
    pub fn texts(&self) -> Vec<SmsMessage> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the newest code that was sent to this email address or phone number.
    #[must_use]
    pub fn code_for(&self, to: &str) -> Option<String> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let texted = texts.iter().rev().find(|message| message.to.as_str() == to);
        let texted = texted.map(|message| match &message.notice {
            TextNotice::SignInCode { code }
            | TextNotice::VerificationCode { code }
            | TextNotice::MfaCode { code } => code,
        });
        let mut mailed = mails.iter().rev().filter(|message| message.to.as_str() == to);
        let mailed = || {
            mailed.find_map(|message| match &message.notice {
                Notice::EmailCode { code, .. } | Notice::MfaCode { code, .. } => Some(code),
                _ => None,
            })
        };
        texted.or_else(mailed).map(|code| code.expose().to_owned())
    }

    /// Returns the newest link that was sent to this email address.
    #[must_use]
    pub fn link_for(&self, to: &str) -> Option<String> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mails = mails.iter().rev().filter(|message| message.to.as_str() == to);
        let link = mails.find_map(|message| match &message.notice {
            Notice::Verification { link } | Notice::Recovery { link } | Notice::MagicUrl { link, .. } => {
                Some(link)
            }
            _ => None,
        });
        link.map(|link| link.expose().to_owned())
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        self.recorder.record(Step::Mail);
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.recorder.record(Step::Mail);
        Ok(())
    }
}

#[async_trait]
impl SmsSender for Outbox {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        self.recorder.record(Step::Text);
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.recorder.record(Step::Text);
        Ok(())
    }
}

/// A password hasher that computes one SHA-256 and counts its calls. Clones share the counts.
///
/// A hash that it did not make, such as an imported one, is verified with the real algorithm, and
/// is reported as weaker unless it is Argon2id.
///
/// # Security
/// For tests only: its hashes look like Argon2id but are fast to guess.
#[derive(Debug, Clone, Default)]
pub struct InstantHasher {
    hashes: Arc<AtomicUsize>,
    checks: Arc<AtomicUsize>,
    recorder: Recorder,
}

impl InstantHasher {
    pub(super) fn recorded(recorder: Recorder) -> Self {
        Self { recorder, ..Self::default() }
    }

    /// Returns the number of passwords hashed so far.
    #[must_use]
    pub fn hashes(&self) -> usize {
        self.hashes.load(Ordering::SeqCst)
    }

    /// Returns the number of passwords verified so far, including those for unknown accounts.
    #[must_use]
    pub fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl PasswordHasher for InstantHasher {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        self.recorder.record(Step::Hash);
        self.hashes.fetch_add(1, Ordering::SeqCst);
        instant_hash(&BASE64_NOPAD.encode(&salt), &password)
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        self.recorder.record(Step::Check);
        self.checks.fetch_add(1, Ordering::SeqCst);
        let Some(hash) = against else { return Ok(Verdict { matches: false, weaker: false }) };
        if !hash.as_str().starts_with(INSTANT_PREFIX) {
            let cheapest = Argon2Params::new(8, 1, 1).map_err(|_| HashError::Failed)?;
            let pool = Argon2Pool::builder().params(cheapest).threads(1).build();
            return pool.verify(password, Some(hash)).await;
        }
        let salt = hash.as_str().split('$').nth(4).unwrap_or_default();
        Ok(Verdict { matches: instant_hash(salt, &password)? == hash, weaker: false })
    }
}

fn instant_hash(salt: &str, password: &Secret) -> Result<PasswordHash, HashError> {
    let digest = Sha256::new().chain_update(salt).chain_update(password.expose()).finalize();
    PasswordHash::parse(&format!("{INSTANT_PREFIX}{salt}${}", BASE64_NOPAD.encode(&digest)))
        .map_err(|_| HashError::Failed)
}
