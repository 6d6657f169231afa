//! Building a service.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU32},
};

use zeroize::Zeroizing;

#[cfg(feature = "oauth2")]
use super::redemptions::Redemptions;
use super::{
    account_service::{AccountService, DynAccountService, Inner},
    conflict_queue::ConflictQueue,
    guess_gate::GuessGate,
};
use crate::{
    config::{Config, ConfigError},
    crypto::{Argon2Pool, CodeKeys, JwtCodec, Purpose, Sealer},
    ports::{
        Clock, Entropy, GeoLocator, Mailer, MemoryLimiter, NoGeo, NoMailer, NoSms, Observer, PasswordHasher,
        PasswordRule, RateLimiter, SmsSender, Store, SystemClock, SystemEntropy,
    },
    user_agent::{DeviceParser, StandardDeviceParser},
};
#[cfg(feature = "oauth2")]
use crate::{model::SessionProvider, oauth2::OAuth2Client};

/// Builds an [`AccountService`]: sets its ports one by one; [`build`](Builder::build) then checks
/// the whole, as does [`build_dyn`](Builder::build_dyn) for a service without type parameters.
///
/// # Examples
/// ```
/// use account::{AccountService, Argon2Pool, Config, MasterKey, MemoryLimiter, MemoryStore};
///
/// let accounts = AccountService::builder(MemoryStore::new())
///     .config(Config::new(MasterKey::generate()?))
///     .hasher(Argon2Pool::builder().threads(2).build())
///     .limiter(MemoryLimiter::with_capacity(10_000))
///     .build()?;
/// assert_eq!(accounts.config().project, "default");
///
/// let incomplete = AccountService::builder(MemoryStore::new()).build();
/// assert_eq!(incomplete.unwrap_err().field, "config");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Builder<S, M = NoMailer, P = NoSms, C = SystemClock> {
    store: S,
    mailer: M,
    sms: P,
    clock: C,
    config: Option<Config>,
    hasher: Option<Arc<dyn PasswordHasher>>,
    entropy: Arc<dyn Entropy>,
    geo: Arc<dyn GeoLocator>,
    devices: Arc<dyn DeviceParser>,
    limiter: Option<Arc<dyn RateLimiter>>,
    observers: Vec<Arc<dyn Observer>>,
    password_rules: Vec<Arc<dyn PasswordRule>>,
    #[cfg(feature = "oauth2")]
    providers: Vec<OAuth2Client>,
}

/// # Building a service
impl<S> AccountService<S> {
    /// Starts building a service on this store, with no mailer, no SMS sender and the system clock.
    ///
    /// # Examples
    /// ```
    /// use account::{AccountService, Config, MasterKey, MemoryStore};
    ///
    /// let config = Config::new(MasterKey::generate()?);
    /// let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
    /// assert_eq!(accounts.config().session_limit, 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn builder(store: S) -> Builder<S> {
        Builder::new(store)
    }
}

impl<S> Builder<S> {
    pub(crate) fn new(store: S) -> Self {
        Self {
            store,
            mailer: NoMailer,
            sms: NoSms,
            clock: SystemClock::default(),
            config: None,
            hasher: None,
            entropy: Arc::new(SystemEntropy),
            geo: Arc::new(NoGeo),
            devices: Arc::new(StandardDeviceParser),
            limiter: None,
            observers: Vec::new(),
            password_rules: Vec::new(),
            #[cfg(feature = "oauth2")]
            providers: Vec::new(),
        }
    }
}

impl<S, M, P, C> Builder<S, M, P, C> {
    /// Sets the configuration. Required, because it holds the master key.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Sets the mailer. Default: [`NoMailer`].
    ///
    /// # Security
    /// A mailer that waits for a mail server reveals by its delay whether an account exists (timing
    /// side channel). Put it behind a queue.
    #[must_use]
    pub fn mailer<N>(self, mailer: N) -> Builder<S, N, P, C> {
        self.replace(|store, _, sms, clock| (store, mailer, sms, clock))
    }

    /// Sets the sender of text messages. Default: [`NoSms`]. It should not wait either: see
    /// [`mailer`](Builder::mailer).
    #[must_use]
    pub fn sms<N>(self, sms: N) -> Builder<S, M, N, C> {
        self.replace(|store, mailer, _, clock| (store, mailer, sms, clock))
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn clock<N>(self, clock: N) -> Builder<S, M, P, N> {
        self.replace(|store, mailer, sms, _| (store, mailer, sms, clock))
    }

    /// Sets the password hasher. Default: an [`Argon2Pool`] with [`Config::hashing`] and a thread
    /// per core.
    #[must_use]
    pub fn hasher(self, hasher: impl PasswordHasher) -> Self {
        Self { hasher: Some(Arc::new(hasher)), ..self }
    }

    /// Sets the source of randomness. Default: the operating system's.
    #[must_use]
    pub fn entropy(self, entropy: impl Entropy) -> Self {
        Self { entropy: Arc::new(entropy), ..self }
    }

    /// Sets the look-up of countries by IP address. Default: none.
    #[must_use]
    pub fn geo(self, geo: impl GeoLocator) -> Self {
        Self { geo: Arc::new(geo), ..self }
    }

    /// Sets the parser of user agents. Default: [`StandardDeviceParser`].
    #[must_use]
    pub fn devices(self, devices: impl DeviceParser) -> Self {
        Self { devices: Arc::new(devices), ..self }
    }

    /// Sets the limiter that counts requests. Default: a [`MemoryLimiter`].
    #[doc(alias = "rate limit")]
    #[doc(alias = "throttle")]
    #[must_use]
    pub fn limiter(self, limiter: impl RateLimiter) -> Self {
        Self { limiter: Some(Arc::new(limiter)), ..self }
    }

    /// Adds an observer of saved changes.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Adds a rule for new passwords. It is checked after the built-in ones.
    #[must_use]
    pub fn password_rule(mut self, rule: impl PasswordRule) -> Self {
        self.password_rules.push(Arc::new(rule));
        self
    }

    /// Adds an OAuth2 provider. Of two with the same key the first is used.
    #[cfg(feature = "oauth2")]
    #[must_use]
    pub fn provider(mut self, provider: OAuth2Client) -> Self {
        self.providers.push(provider);
        self
    }

    fn replace<T, N, Q, D>(self, with: impl FnOnce(S, M, P, C) -> (T, N, Q, D)) -> Builder<T, N, Q, D> {
        let (store, mailer, sms, clock) = with(self.store, self.mailer, self.sms, self.clock);
        Builder {
            store,
            mailer,
            sms,
            clock,
            config: self.config,
            hasher: self.hasher,
            entropy: self.entropy,
            geo: self.geo,
            devices: self.devices,
            limiter: self.limiter,
            observers: self.observers,
            password_rules: self.password_rules,
            #[cfg(feature = "oauth2")]
            providers: self.providers,
        }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Builder<S, M, P, C> {
    /// Checks the whole configuration and builds the service.
    ///
    /// # Errors
    /// [`ConfigError`] names the first field that breaks a rule.
    pub fn build(self) -> Result<AccountService<S, M, P, C>, ConfigError> {
        let config = self
            .config
            .ok_or(ConfigError { field: "config", rule: "is required, because it holds the master key" })?;
        config.check()?;
        #[cfg(feature = "oauth2")]
        check_keys(&self.providers)?;
        let Derived { jwts, codes, sealer, pseudo_ids, limiter_salt } = Derived::new(&config)?;
        let hasher = self.hasher.unwrap_or_else(|| Arc::new(Argon2Pool::new(config.hashing)));
        let inner = Inner {
            store: self.store,
            mailer: self.mailer,
            sms: self.sms,
            clock: self.clock,
            hasher,
            entropy: self.entropy,
            geo: self.geo,
            devices: self.devices,
            limiter: self.limiter.unwrap_or_else(|| Arc::new(MemoryLimiter::default())),
            observers: self.observers,
            password_rules: self.password_rules,
            jwts,
            codes,
            sealer,
            pseudo_ids,
            limiter_salt,
            #[cfg(feature = "oauth2")]
            providers: self.providers,
            #[cfg(feature = "oauth2")]
            redemptions: Redemptions::default(),
            gate: GuessGate::default(),
            conflicts: ConflictQueue::default(),
            event_count: AtomicU32::new(0),
            config,
        };
        Ok(AccountService { inner: Arc::new(inner) })
    }

    /// Builds a service without type parameters: see [`DynAccountService`].
    ///
    /// # Errors
    /// [`ConfigError`] as in [`build`](Builder::build).
    pub fn build_dyn(self) -> Result<DynAccountService, ConfigError> {
        let parts = |store, mailer, sms, clock| -> DynParts {
            (Arc::new(store), Arc::new(mailer), Arc::new(sms), Arc::new(clock))
        };
        self.replace(parts).build()
    }
}

/// The ports of a [`DynAccountService`].
type DynParts = (Arc<dyn Store>, Arc<dyn Mailer>, Arc<dyn SmsSender>, Arc<dyn Clock>);

/// The parts that are derived from the master keys.
struct Derived {
    jwts: JwtCodec,
    codes: CodeKeys,
    sealer: Sealer,
    pseudo_ids: Zeroizing<[u8; 32]>,
    limiter_salt: Zeroizing<[u8; 32]>,
}

impl Derived {
    fn new(config: &Config) -> Result<Self, ConfigError> {
        let no_key = || ConfigError { field: "keys", rule: "must hold at least one master key" };
        let lifetime = i64::try_from(config.jwt_lifetime.as_secs()).unwrap_or(i64::MAX);
        let signing = config.keys.first().ok_or_else(no_key)?;
        Ok(Self {
            jwts: JwtCodec::new(&config.keys, &config.project, lifetime).ok_or_else(no_key)?,
            codes: CodeKeys::new(&config.keys).ok_or_else(no_key)?,
            sealer: Sealer::new(&config.keys).ok_or_else(no_key)?,
            pseudo_ids: signing.derive(Purpose::PseudoId),
            limiter_salt: signing.derive(Purpose::Limiter),
        })
    }
}

/// The wire names a session's provider by its key, which must not be the name of another sign-in
/// method.
#[cfg(feature = "oauth2")]
fn check_keys(providers: &[OAuth2Client]) -> Result<(), ConfigError> {
    let is_key = |id: &str| matches!(id.to_owned().try_into(), Ok(SessionProvider::Provider(_)));
    match providers.iter().all(|provider| is_key(provider.registration().id())) {
        true => Ok(()),
        false => Err(ConfigError {
            field: "providers",
            rule: "must have keys of 1 to 36 letters, digits, period, hyphen and underscore that name no other sign-in method",
        }),
    }
}

impl<S: fmt::Debug, M, P, C> fmt::Debug for Builder<S, M, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("store", &self.store).finish_non_exhaustive()
    }
}
