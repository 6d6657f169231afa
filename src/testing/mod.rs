//! A host in memory, for tests of this crate and of whatever is built on it.
//!
//! [`TestHost`] is a whole service whose clock stands still until it is told, whose messages are captured, whose randomness is seeded and whose
//! hasher is instant, so that a test says what happens and nothing else.
//!
//! ```
//! use std::time::Duration;
//! use account::testing::TestHost;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), account::Error> {
//! let host = TestHost::new();
//! let ada = host.signed_up("ada@example.com").await;
//! host.clock.advance(Duration::from_secs(366 * 24 * 3600));
//! assert_eq!(host.service.caller(&ada.secret).await.unwrap_err().code(), "general_unauthorized_scope");
//! # Ok(()) }
//! ```

mod doubles;
mod faults;
mod hanging;
mod recording;
mod snapshot;

use std::sync::Arc;

pub use doubles::{InstantHasher, ManualClock, Outbox, SeededEntropy};
pub use faults::{Fault, FaultPlan, FaultyStore, Pause};
pub use hanging::Hanging;
pub use recording::{Recorder, Step};
pub use snapshot::Snapshot;
use url::Url;

use crate::{
    adapters::MemoryStore,
    config::Config,
    crypto::{MasterKey, TotpSecret},
    features::SignUp,
    model::{ClientInfo, Passcode, Password, Timestamp},
    ports::{NoLimits, Store},
    service::{AccountService, Caller, SignedIn},
};

/// The password of every account that the helpers make.
pub const PASSWORD: &str = "tr4verse-Cobalt-heron";

/// A whole host in memory. The service keeps its accounts in `Arc<dyn Store>`, so that the same test runs on any store.
#[derive(Debug, Clone)]
pub struct TestHost {
    /// The service under test.
    pub service: AccountService<Arc<dyn Store>, Outbox, Outbox, ManualClock>,
    /// Its clock, which stands at 2026-01-01T00:00:00 UTC until it is moved.
    pub clock: ManualClock,
    /// What it has sent.
    pub outbox: Outbox,
    /// Its hasher, which counts its calls.
    pub hasher: InstantHasher,
    /// Every call of its store and hasher and every message, in order.
    pub recorder: Recorder,
}

impl TestHost {
    /// A host with the default policy on a new [`MemoryStore`].
    #[must_use]
    pub fn new() -> Self {
        Self::on(MemoryStore::new())
    }

    /// A host with the default policy on this store.
    #[must_use]
    pub fn on(store: impl Store) -> Self {
        Self::with(store, |_| ())
    }

    /// A host on this store with a policy of its own.
    ///
    /// # Panics
    /// If the policy breaks a rule.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that asks for an impossible policy must hear of it")]
    pub fn with(store: impl Store, policy: impl FnOnce(&mut Config)) -> Self {
        let key = MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| {
            u8::try_from(i * 7 % 256).unwrap_or(0)
        }));
        let mut config = Config::new(key.expect("the key has 32 different bytes"));
        policy(&mut config);
        let (clock, recorder) = (ManualClock::default(), Recorder::default());
        let (outbox, hasher) =
            (Outbox::recorded(recorder.clone()), InstantHasher::recorded(recorder.clone()));
        let store: Arc<dyn Store> = Arc::new(recorder.store(store));
        let service = AccountService::builder(store)
            .config(config)
            .mailer(outbox.clone())
            .sms(outbox.clone())
            .clock(clock.clone())
            .hasher(hasher.clone())
            .entropy(SeededEntropy::new(1))
            .limiter(NoLimits)
            .build()
            .expect("the policy obeys its rules");
        Self { service, clock, outbox, hasher, recorder }
    }

    /// Signs up an account with this email and [`PASSWORD`], and signs it in.
    ///
    /// # Panics
    /// If either is refused.
    #[expect(clippy::expect_used, reason = "a helper of tests")]
    pub async fn signed_up(&self, email: &str) -> SignedIn {
        let request = SignUp::new(email.parse().expect("an email address"), password(PASSWORD));
        self.service.sign_up(request, &ClientInfo::default()).await.expect("signed up");
        self.signed_in(email).await
    }

    /// Signs in to an account that [`signed_up`](TestHost::signed_up) made.
    ///
    /// # Panics
    /// If it is refused.
    #[expect(clippy::expect_used, reason = "a helper of tests")]
    pub async fn signed_in(&self, email: &str) -> SignedIn {
        let email = email.parse().expect("an email address");
        self.service
            .sign_in_with_password(email, password(PASSWORD), &ClientInfo::default())
            .await
            .expect("signed in")
    }

    /// The newest code that was mailed or texted to this address.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a helper of tests")]
    pub fn code_for(&self, to: &str) -> Passcode {
        let code = self.outbox.code_for(to).expect("a code was sent");
        code.parse().expect("a passcode")
    }

    /// The secret in the newest link that was mailed to this address.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a helper of tests")]
    pub fn link_secret(&self, to: &str) -> Passcode {
        let link = Url::parse(&self.outbox.link_for(to).expect("a link was sent")).expect("a URL");
        let secret = link.query_pairs().find(|(name, _)| name == "secret");
        secret.expect("a link with a secret").1.parse().expect("a passcode")
    }

    /// The caller who holds this session.
    ///
    /// # Panics
    /// If nobody does.
    #[expect(clippy::expect_used, reason = "a helper of tests")]
    pub async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.service.caller(&signed_in.secret).await.expect("a live session")
    }
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

/// What an authenticator app shows at this instant, given the secret that set it up
/// ([`NewAuthenticator::secret`](crate::NewAuthenticator)).
///
/// # Panics
/// If it is no base32 of at least 128 bits.
#[must_use]
#[expect(clippy::expect_used, reason = "a helper of tests")]
pub fn totp(secret: &str, now: Timestamp) -> String {
    let secret = TotpSecret::from_base32(secret).expect("base32");
    secret.code_at(now).expect("128 bits or more")
}

/// A password from a text of a test.
///
/// # Panics
/// If it is too short or too long.
#[must_use]
#[expect(clippy::expect_used, reason = "a helper of tests")]
pub fn password(text: &str) -> Password {
    text.parse().expect("a password of 8 to 256 characters")
}
