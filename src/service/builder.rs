//! Putting a service together.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU32},
};

use super::{AccountService, Inner, conflict_queue::ConflictQueue, guess_gate::GuessGate};
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

/// Puts an [`AccountService`] together: ports one by one, then [`build`](Builder::build), which checks the whole.
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
    /// The policy. Required, because it holds the master key.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Who sends email; [`NoMailer`] by default.
    ///
    /// # Security
    /// One that waits for a mail server tells guests by its delay whether they have an account; put it behind a queue.
    #[must_use]
    pub fn mailer<N>(self, mailer: N) -> Builder<S, N, P, C> {
        self.replace(|_, sms, clock| (mailer, sms, clock))
    }

    /// Who sends text messages; [`NoSms`] by default. See [`mailer`](Builder::mailer) for why it should not wait.
    #[must_use]
    pub fn sms<N>(self, sms: N) -> Builder<S, M, N, C> {
        self.replace(|mailer, _, clock| (mailer, sms, clock))
    }

    /// The clock; [`SystemClock`] by default.
    #[must_use]
    pub fn clock<N>(self, clock: N) -> Builder<S, M, P, N> {
        self.replace(|mailer, sms, _| (mailer, sms, clock))
    }

    /// What hashes passwords; an [`Argon2Pool`] with [`Config::hashing`] and a thread per core by default.
    #[must_use]
    pub fn hasher(self, hasher: impl PasswordHasher) -> Self {
        Self { hasher: Some(Arc::new(hasher)), ..self }
    }

    /// The random source; the operating system's by default.
    #[must_use]
    pub fn entropy(self, entropy: impl Entropy) -> Self {
        Self { entropy: Arc::new(entropy), ..self }
    }

    /// What tells the country of an address; nothing by default.
    #[must_use]
    pub fn geo(self, geo: impl GeoLocator) -> Self {
        Self { geo: Arc::new(geo), ..self }
    }

    /// What reads user agents; [`StandardDeviceParser`] by default.
    #[must_use]
    pub fn devices(self, devices: impl DeviceParser) -> Self {
        Self { devices: Arc::new(devices), ..self }
    }

    /// What counts requests; a [`MemoryLimiter`] by default.
    #[must_use]
    pub fn limiter(self, limiter: impl RateLimiter) -> Self {
        Self { limiter: Some(Arc::new(limiter)), ..self }
    }

    /// One more observer of events.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// One more rule for new passwords, asked after the built-in ones.
    #[must_use]
    pub fn password_rule(mut self, rule: impl PasswordRule) -> Self {
        self.password_rules.push(Arc::new(rule));
        self
    }

    /// One more provider to sign in by. Of two with one key the first counts.
    #[cfg(feature = "oauth2")]
    #[must_use]
    pub fn provider(mut self, provider: OAuth2Client) -> Self {
        self.providers.push(provider);
        self
    }

    fn replace<N, Q, D>(self, with: impl FnOnce(M, P, C) -> (N, Q, D)) -> Builder<S, N, Q, D> {
        let (mailer, sms, clock) = with(self.mailer, self.sms, self.clock);
        Builder {
            store: self.store,
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
    /// Checks the whole configuration and makes the service.
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
        let life = i64::try_from(config.jwt_lifetime.as_secs()).unwrap_or(i64::MAX);
        let no_key = ConfigError { field: "keys", rule: "at least one master key is needed" };
        let signing = config.keys.first().ok_or(no_key.clone())?;
        let (pseudo_ids, limiter_salt) =
            (signing.derive(Purpose::PseudoId), signing.derive(Purpose::Limiter));
        let jwts = JwtCodec::new(&config.keys, &config.project, life).ok_or(no_key.clone())?;
        let codes = CodeKeys::new(&config.keys).ok_or(no_key.clone())?;
        let sealer = Sealer::new(&config.keys).ok_or(no_key)?;
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
            redemptions: super::redemptions::Redemptions::default(),
            gate: GuessGate::default(),
            conflicts: ConflictQueue::default(),
            event_count: AtomicU32::new(0),
            config,
        };
        Ok(AccountService { inner: Arc::new(inner) })
    }
}

/// A session is known by the key of its provider, which must be none of the names of the other ways to sign in.
#[cfg(feature = "oauth2")]
fn check_keys(providers: &[OAuth2Client]) -> Result<(), ConfigError> {
    let is_key = |id: &str| matches!(id.to_owned().try_into(), Ok(SessionProvider::Provider(_)));
    match providers.iter().all(|provider| is_key(provider.registration().id())) {
        true => Ok(()),
        false => Err(ConfigError {
            field: "providers",
            rule: "have keys of 1 to 36 letters, digits, period, hyphen and underscore, and none that means another method to sign in",
        }),
    }
}

impl<S: fmt::Debug, M, P, C> fmt::Debug for Builder<S, M, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("store", &self.store).finish_non_exhaustive()
    }
}
