//! The service itself: its parts, and what all operations share.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use sha2::Sha256;
use zeroize::Zeroizing;

#[cfg(feature = "oauth2")]
use super::redemptions::Redemptions;
use super::{conflict_queue::ConflictQueue, guess_gate::GuessGate};
use crate::{
    config::Config,
    crypto::{CodeKeys, JwtCodec, Sealer},
    error::Error,
    model::{ClientInfo, EventId, Timestamp, UserId},
    operation::{Operation, Subject},
    ports::{
        Clock, Entropy, GeoLocator, Mailer, NoMailer, NoSms, Observer, PasswordHasher, PasswordRule, Quota,
        RateLimiter, SmsSender, Store, SystemClock, count_request,
    },
    user_agent::{Device, DeviceParser},
};

/// The Account service: every operation is a method.
///
/// It is generic over the store (`S`), the mailer (`M`), the sender of text messages (`P`) and the
/// clock (`C`). It is a cheap handle: clone it into every task. Build it with
/// [`AccountService::builder`].
///
/// Operations of a signed-in user take a [`Caller`](crate::Caller), which only authentication
/// creates.
///
/// [`DynAccountService`] is the same without type parameters.
///
/// In the examples of the methods, `test` is a `TestHost` of the feature `testing`, with captured
/// messages and a clock to set. `accounts` is its service, and `caller` is signed in to it as
/// `ada@example.com`.
///
/// # Cancellation
/// All futures are cancel-safe. Do not keep a polled future without polling it, as a `select!` loop
/// may: other changes of the account wait for it.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore, model::ClientInfo};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new(MasterKey::generate()?);
/// let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
///
/// let handle = accounts.clone(); // the same service
/// let guest = handle.sign_in_anonymously(&ClientInfo::default()).await?;
/// assert_eq!(accounts.caller(&guest.secret).await?.user_id(), guest.user_id());
/// # Ok(()) }
/// ```
#[doc(alias = "login")]
#[doc(alias = "auth")]
pub struct AccountService<S, M = NoMailer, P = NoSms, C = SystemClock> {
    pub(crate) inner: Arc<Inner<S, M, P, C>>,
}

/// An [`AccountService`] without type parameters, for the state and the handlers of an application.
///
/// [`Builder::build_dyn`](crate::Builder::build_dyn) creates one from any store, mailer, SMS sender
/// and clock. It has all operations and costs one dynamic call per use of a port.
/// The service of the test kit (feature `testing`) is one as well, so that a test can call the same
/// handlers.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use account::{AccountService, Config, DynAccountService, Error, MasterKey, MemoryStore};
/// use account::{model::SessionSecret, ports::Store};
///
/// #[derive(Clone)]
/// struct App {
///     accounts: DynAccountService,
/// }
///
/// async fn greeting(app: &App, secret: &SessionSecret) -> Result<String, Error> {
///     let caller = app.accounts.caller(secret).await?;
///     Ok(format!("Hello, {}", caller.account().name()))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Which store it is may be known at run time only.
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let config = Config::new(MasterKey::generate()?);
/// let app = App { accounts: AccountService::builder(store).config(config).build_dyn()? };
/// # Ok(()) }
/// ```
pub type DynAccountService =
    AccountService<Arc<dyn Store>, Arc<dyn Mailer>, Arc<dyn SmsSender>, Arc<dyn Clock>>;

pub(crate) struct Inner<S, M, P, C> {
    pub(crate) store: S,
    pub(crate) mailer: M,
    pub(crate) sms: P,
    pub(crate) clock: C,
    pub(crate) config: Config,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) geo: Arc<dyn GeoLocator>,
    pub(crate) devices: Arc<dyn DeviceParser>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) password_rules: Vec<Arc<dyn PasswordRule>>,
    pub(crate) jwts: JwtCodec,
    pub(crate) codes: CodeKeys,
    pub(crate) sealer: Sealer,
    pub(crate) pseudo_ids: Zeroizing<[u8; 32]>,
    pub(crate) limiter_salt: Zeroizing<[u8; 32]>,
    #[cfg(feature = "oauth2")]
    pub(crate) providers: Vec<crate::oauth2::OAuth2Client>,
    #[cfg(feature = "oauth2")]
    pub(crate) redemptions: Redemptions,
    pub(crate) gate: GuessGate,
    pub(crate) conflicts: ConflictQueue,
    pub(crate) event_count: AtomicU32,
}

/// # Parts of the service, and request limits
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// The configuration of this service.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// let policy = &accounts.config().passwords; // for a hint on the sign-up page
    /// assert!(policy.refuse_personal_data);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The store of this service.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// use account::ports::{Select, Store as _};
    ///
    /// // A health check: whether the store answers.
    /// assert!(accounts.store().list(Select::After(None), 1).await.is_ok());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.store
    }

    /// The mailer of this service.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "queue"))] fn main() {}
    /// # #[cfg(feature = "queue")] #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use account::{AccountService, Config, MasterKey, MemoryStore, ports::NoMailer};
    /// use std::time::Duration;
    /// use account::Queued;
    ///
    /// # let (builder, smtp) = (AccountService::builder(MemoryStore::new()), NoMailer);
    /// # let builder = builder.config(Config::new(MasterKey::generate()?));
    /// let accounts = builder.mailer(Queued::new(smtp)).build()?;
    /// // Before the process ends, the waiting messages are sent:
    /// let given_up = accounts.mailer().drain(Duration::from_secs(10)).await;
    /// assert_eq!(given_up, 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn mailer(&self) -> &M {
        &self.inner.mailer
    }

    /// The clock of this service.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::ports::Clock as _;
    ///
    /// let left = caller.session_expires_at().since(accounts.clock().now());
    /// assert_eq!(left.as_secs(), 365 * 24 * 3600);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn clock(&self) -> &C {
        &self.inner.clock
    }

    /// Requires the operation's sign-in method to be enabled.
    pub(crate) fn require_method(&self, operation: Operation) -> Result<(), Error> {
        let methods = &self.inner.config.methods;
        let is_on = operation.auth_method().is_none_or(|method| methods.is_on(method));
        if is_on { Ok(()) } else { Err(Error::MethodDisabled) }
    }

    /// Counts a request against the limits of its operation. Returns what is left, or `None` for an
    /// operation without limits.
    ///
    /// The HTTP router calls it. Routes of your own call it once per request, before anything else.
    ///
    /// # Errors
    /// [`Error::RateLimited`] if the request exceeds a limit; [`Error::Limiter`] if it could not be
    /// counted. Both must be refused.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use account::{AccountService, Config, MasterKey, MemoryStore};
    /// # let config = Config::new(MasterKey::generate()?);
    /// # let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
    /// use account::{Error, operation::{Operation, Subject}};
    ///
    /// let from = Subject { ip: Some("192.0.2.7".parse()?), ..Subject::default() };
    /// for _ in 0..10 {
    ///     accounts.admit(Operation::SignUp, &from).await?; // 10 an hour from one network
    /// }
    /// let refused = accounts.admit(Operation::SignUp, &from).await;
    /// assert!(matches!(refused, Err(Error::RateLimited(quota)) if quota.remaining == 0));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "rate limit")]
    #[doc(alias = "throttle")]
    pub async fn admit(&self, operation: Operation, subject: &Subject<'_>) -> Result<Option<Quota>, Error> {
        let inner = &self.inner;
        let quota = count_request(
            &*inner.limiter,
            inner.limiter_salt.as_ref(),
            operation,
            subject,
            inner.clock.now(),
        )
        .await?;
        match quota {
            Some(quota) if quota.exceeded => Err(Error::RateLimited(quota)),
            left => Ok(left),
        }
    }

    pub(crate) fn draw<const N: usize>(&self) -> Result<Zeroizing<[u8; N]>, Error> {
        let mut bytes = Zeroizing::new([0; N]);
        self.inner.entropy.fill(bytes.as_mut()).map_err(|_| Error::Internal)?;
        Ok(bytes)
    }

    /// Ids of events sort by time, on one node even within a millisecond.
    pub(crate) fn new_event_id(&self, now: Timestamp) -> Result<EventId, Error> {
        let count = self.inner.event_count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let random = self.draw::<6>()?;
        let mut bits = [0; 10];
        bits.iter_mut().zip(count.iter().chain(random.iter())).for_each(|(slot, byte)| *slot = *byte);
        Ok(EventId::generate(now, bits))
    }

    /// The id of an address without account: the same on every call and node, in the form of
    /// generated ids.
    pub(crate) fn pseudo_id(&self, address: &str) -> UserId {
        use hmac::{Hmac, KeyInit as _, Mac as _};

        let Ok(mac) = Hmac::<Sha256>::new_from_slice(self.inner.pseudo_ids.as_ref()) else {
            return UserId::generate(Timestamp::MIN, [0; 10]);
        };
        let digest: [u8; 32] = mac.chain_update(address.as_bytes()).finalize().into_bytes().into();
        let (time, rest) = digest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        // A time in 2025 or 2026, which an existing account could have.
        let at = 1_735_689_600_000 + i64::from_be_bytes(*time).rem_euclid(2 * 365 * 86_400_000);
        UserId::generate(Timestamp::from_millis(at), *rest.first_chunk().unwrap_or(&[0; 10]))
    }

    pub(crate) fn device(&self, user_agent: Option<&str>) -> Device {
        user_agent.map(|text| self.inner.devices.parse(text)).unwrap_or_default()
    }

    pub(crate) fn country(&self, client: &ClientInfo) -> Option<Box<str>> {
        client.ip().and_then(|ip| self.inner.geo.country(ip))
    }
}

impl<S, M, P, C> Clone for AccountService<S, M, P, C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: fmt::Debug, M, P, C> fmt::Debug for AccountService<S, M, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountService").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
