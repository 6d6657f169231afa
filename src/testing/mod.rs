//! Test doubles and an in-memory service, for tests of your application.
//!
//! [`TestHost`] is a complete service with a manual clock, captured messages, seeded randomness and
//! an instant password hasher. Tests with it are fast and deterministic.
//!
//! # Examples
//! ```
//! use std::time::Duration;
//!
//! use account::testing::TestHost;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), account::Error> {
//! let host = TestHost::new();
//! let ada = host.signed_up("ada@example.com").await;
//! host.clock.advance(Duration::from_secs(366 * 24 * 3600));
//! let expired = host.service.caller(&ada.secret).await.unwrap_err();
//! assert_eq!(expired.code(), "general_unauthorized_scope");
//! # Ok(()) }
//! ```

#[cfg(feature = "axum")]
mod browser;
mod doubles;
#[cfg(feature = "oauth2")]
mod fake_provider;
mod faults;
mod hanging;
mod recording;
mod snapshot;
#[cfg(feature = "sqlite")]
mod temp_sqlite;

use std::{fmt, sync::Arc};

#[cfg(feature = "axum")]
pub use browser::{Browser, Page};
pub use doubles::{InstantHasher, ManualClock, Outbox, SeededEntropy};
#[cfg(feature = "oauth2")]
pub use fake_provider::{FakeProvider, FakeUser};
pub use faults::{Fault, FaultPlan, FaultyStore, Pause};
pub use hanging::Hanging;
pub use recording::{Recorder, Step};
pub use snapshot::Snapshot;
#[cfg(feature = "sqlite")]
pub use temp_sqlite::TempSqlite;
use url::Url;

use crate::{
    adapters::MemoryStore,
    config::Config,
    crypto::{MasterKey, TotpSecret},
    features::SignUp,
    model::{ClientInfo, Passcode, Password, Timestamp, UserId},
    ports::{NoLimits, Store},
    service::{AccountService, Builder, Caller, DynAccountService, SignedIn},
};

/// The password of every account that [`TestHost`] creates.
pub const PASSWORD: &str = "tr4verse-Cobalt-heron";

/// A complete service in memory, with access to its test doubles.
///
/// The service has no type parameters, so that the same test can run on any store and call the
/// handlers of your application.
#[derive(Debug, Clone)]
pub struct TestHost {
    /// The service under test.
    pub service: DynAccountService,
    /// Its clock, which starts at 2026-01-01T00:00:00 UTC.
    pub clock: ManualClock,
    /// The messages that it has sent.
    pub outbox: Outbox,
    /// Its hasher, which counts its calls.
    pub hasher: InstantHasher,
    /// A record of all calls of its store and hasher, and of all messages, in order.
    pub recorder: Recorder,
}

impl TestHost {
    /// Creates a service with the default configuration on a new [`MemoryStore`].
    #[must_use]
    pub fn new() -> Self {
        Self::on(MemoryStore::new())
    }

    /// Creates a service with the default configuration on this store.
    #[must_use]
    pub fn on(store: impl Store) -> Self {
        Self::builder().store(store).build()
    }

    /// Starts building a service with parts of your own.
    pub fn builder<'a>() -> TestHostBuilder<'a> {
        TestHostBuilder { store: None, config: Config::new(test_key()), customize: None }
    }

    /// Creates a service on this store, with a configuration that `configure` changes.
    ///
    /// # Panics
    /// If the configuration is invalid.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use account::{MemoryStore, testing::TestHost};
    ///
    /// let hour = Duration::from_secs(3600);
    /// let host = TestHost::with(MemoryStore::new(), |config| config.session_lifetime = hour);
    /// assert_eq!(host.outbox.mails().len(), 0);
    /// ```
    #[must_use]
    pub fn with(store: impl Store, configure: impl FnOnce(&mut Config)) -> Self {
        Self::builder().store(store).config(configure).build()
    }

    /// Signs up an account with this email address and [`PASSWORD`], and signs in to it.
    ///
    /// # Panics
    /// If either is refused.
    #[doc(alias = "register")]
    #[doc(alias = "signup")]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn signed_up(&self, email: &str) -> SignedIn {
        let request = SignUp::new(email.parse().expect("an email address"), password(PASSWORD));
        self.service.sign_up(request, &ClientInfo::default()).await.expect("signed up");
        self.signed_in(email).await
    }

    /// Signs in to an account that [`signed_up`](TestHost::signed_up) created.
    ///
    /// # Panics
    /// If it is refused.
    #[doc(alias = "login")]
    #[doc(alias = "log in")]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn signed_in(&self, email: &str) -> SignedIn {
        let email = email.parse().expect("an email address");
        self.service
            .sign_in_with_password(email, password(PASSWORD), &ClientInfo::default())
            .await
            .expect("signed in")
    }

    /// Returns the newest code that was sent to this email address or phone number.
    ///
    /// # Panics
    /// If no code was sent.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub fn code_for(&self, to: &str) -> Passcode {
        let code = self.outbox.code_for(to).expect("a code was sent");
        code.parse().expect("a passcode")
    }

    /// Returns the secret of the newest link that was sent to this email address.
    ///
    /// # Panics
    /// If no link was sent.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub fn link_secret(&self, to: &str) -> Passcode {
        let link = Url::parse(&self.outbox.link_for(to).expect("a link was sent")).expect("a URL");
        let secret = link.query_pairs().find(|(name, _)| name == "secret");
        secret.expect("a link with a secret").1.parse().expect("a passcode")
    }

    /// Returns the user id in the newest link that was sent to this email address.
    ///
    /// # Panics
    /// If no link was sent.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub fn link_user(&self, to: &str) -> UserId {
        let link = Url::parse(&self.outbox.link_for(to).expect("a link was sent")).expect("a URL");
        let user = link.query_pairs().find(|(name, _)| name == "userId");
        user.expect("a link with a user id").1.parse().expect("a user id")
    }

    /// Returns the caller of this session.
    ///
    /// # Panics
    /// If the session has ended.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.service.caller(&signed_in.secret).await.expect("a live session")
    }
}

/// The builder of the service of a [`TestHost`], before its type parameters are erased.
pub type TestServiceBuilder = Builder<Arc<dyn Store>, Outbox, Outbox, ManualClock>;

/// Builds a [`TestHost`] with parts of your own: a store, a configuration, and whatever else the
/// service takes, such as limits, observers, password rules and providers.
///
/// # Examples
/// ```
/// use account::{MemoryLimiter, testing::TestHost};
///
/// let host = TestHost::builder()
///     .config(|config| config.project = "notes".into())
///     .customize(|builder| builder.limiter(MemoryLimiter::new()))
///     .build();
/// assert_eq!(&*host.service.config().project, "notes");
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct TestHostBuilder<'a> {
    store: Option<Arc<dyn Store>>,
    config: Config,
    customize: Option<Customize<'a>>,
}

type Customize<'a> = Box<dyn FnOnce(TestServiceBuilder) -> TestServiceBuilder + 'a>;

impl<'a> TestHostBuilder<'a> {
    /// Sets the store. Default: a new [`MemoryStore`].
    pub fn store(self, store: impl Store) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// Changes the configuration.
    pub fn config(mut self, configure: impl FnOnce(&mut Config)) -> Self {
        configure(&mut self.config);
        self
    }

    /// Changes the builder of the service, whose parts are set already: no request limits, seeded
    /// randomness and the test doubles of the [`TestHost`].
    pub fn customize(self, customize: impl FnOnce(TestServiceBuilder) -> TestServiceBuilder + 'a) -> Self {
        Self { customize: Some(Box::new(customize)), ..self }
    }

    /// Builds the service.
    ///
    /// # Panics
    /// If the configuration is invalid.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test with an invalid configuration must fail")]
    pub fn build(self) -> TestHost {
        let (clock, recorder) = (ManualClock::default(), Recorder::default());
        let (outbox, hasher) =
            (Outbox::recorded(recorder.clone()), InstantHasher::recorded(recorder.clone()));
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let store: Arc<dyn Store> = Arc::new(recorder.store(store));
        let builder = AccountService::builder(store)
            .config(self.config)
            .mailer(outbox.clone())
            .sms(outbox.clone())
            .clock(clock.clone())
            .hasher(hasher.clone())
            .entropy(SeededEntropy::new(1))
            .limiter(NoLimits);
        let builder = match self.customize {
            Some(customize) => customize(builder),
            None => builder,
        };
        let service = builder.build_dyn().expect("the configuration is valid");
        TestHost { service, clock, outbox, hasher, recorder }
    }
}

impl fmt::Debug for TestHostBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHostBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

#[expect(clippy::expect_used, reason = "the key is a constant")]
fn test_key() -> MasterKey {
    let bytes: [u8; 32] = std::array::from_fn(|i| u8::try_from(i * 7 % 256).unwrap_or(0));
    MasterKey::from_bytes(&bytes).expect("the key has 32 different bytes")
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the code that an authenticator app shows at this time, given its secret
/// ([`NewAuthenticator::secret`](crate::NewAuthenticator)).
///
/// # Panics
/// If the secret is not base32 of at least 128 bits.
#[doc(alias = "2FA")]
#[doc(alias = "MFA")]
#[must_use]
#[expect(clippy::expect_used, reason = "a test helper")]
pub fn totp(secret: &str, now: Timestamp) -> String {
    let secret = TotpSecret::from_base32(secret).expect("base32");
    secret.code_at(now).expect("128 bits or more")
}

/// Parses a password.
///
/// # Panics
/// If it is too short or too long.
#[must_use]
#[expect(clippy::expect_used, reason = "a test helper")]
pub fn password(text: &str) -> Password {
    text.parse().expect("a password of 8 to 256 characters")
}
