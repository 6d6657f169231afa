//! Ports that a test holds in its hand.

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

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock {
    millis: Arc<AtomicI64>,
}

impl ManualClock {
    /// Moves it forward.
    pub fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(span, Ordering::SeqCst);
    }

    /// Sets it, forward or back.
    pub fn set(&self, to: Timestamp) {
        self.millis.store(to.as_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { millis: Arc::new(AtomicI64::new(1_767_225_600_000)) }
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

/// Randomness that is the same in every run with the same seed. Clones draw from the same stream.
#[derive(Debug, Clone)]
pub struct SeededEntropy(Arc<Mutex<StdRng>>);

impl SeededEntropy {
    /// Randomness from a seed.
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

/// Keeps what would have been sent. Clones are the same outbox.
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

    /// The emails so far, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<EmailMessage> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The text messages so far, oldest first.
    #[must_use]
    pub fn texts(&self) -> Vec<SmsMessage> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest code that was mailed or texted to this address.
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

    /// The newest link that was mailed to this address.
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
        self.recorder.note(Step::Mail);
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.recorder.note(Step::Mail);
        Ok(())
    }
}

#[async_trait]
impl SmsSender for Outbox {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        self.recorder.note(Step::Text);
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }

    async fn withhold(&self) -> Result<(), SendError> {
        self.recorder.note(Step::Text);
        Ok(())
    }
}

/// Hashes with one SHA-256 and counts its calls. Clones share the count.
///
/// A hash of another origin, as an import brings it, is checked as a host would check it, and is weaker unless it is Argon2id.
///
/// # Security
/// For tests only: its hashes have the form of Argon2id and none of its strength.
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

    /// How many passwords it has hashed.
    #[must_use]
    pub fn hashes(&self) -> usize {
        self.hashes.load(Ordering::SeqCst)
    }

    /// How many passwords it has checked, those of unknown accounts included.
    #[must_use]
    pub fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl PasswordHasher for InstantHasher {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        self.recorder.note(Step::Hash);
        self.hashes.fetch_add(1, Ordering::SeqCst);
        instant(&BASE64_NOPAD.encode(&salt), &password)
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        self.recorder.note(Step::Check);
        self.checks.fetch_add(1, Ordering::SeqCst);
        let Some(hash) = against else { return Ok(Verdict { matches: false, weaker: false }) };
        if !hash.as_str().starts_with(INSTANT) {
            let cheapest = Argon2Params::new(8, 1, 1).map_err(|_| HashError::Failed)?;
            let pool = Argon2Pool::builder().params(cheapest).threads(1).build();
            return pool.verify(password, Some(hash)).await;
        }
        let salt = hash.as_str().split('$').nth(4).unwrap_or_default();
        Ok(Verdict { matches: instant(salt, &password)? == hash, weaker: false })
    }
}

/// How the string of an instant hash begins.
const INSTANT: &str = "$argon2id$v=19$m=8,t=1,p=1$";

fn instant(salt: &str, password: &Secret) -> Result<PasswordHash, HashError> {
    let digest = Sha256::new().chain_update(salt).chain_update(password.expose()).finalize();
    PasswordHash::parse(&format!("{INSTANT}{salt}${}", BASE64_NOPAD.encode(&digest)))
        .map_err(|_| HashError::Failed)
}
