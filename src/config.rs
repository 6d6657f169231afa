//! The configuration of a service, checked once when it is built.

use std::time::Duration;

use crate::{
    crypto::MasterKey,
    model::{Argon2Params, Lockout, ProviderId},
    operation::AuthMethod,
};

/// The configuration of an [`AccountService`](crate::AccountService): keys, lifetimes, limits and
/// password rules.
///
/// [`Config::new`] has secure defaults. Change any field before the service is built, which checks
/// them all.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{Config, MasterKey};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.project_name = "Example".into();
/// config.session_lifetime = Duration::from_secs(30 * 24 * 3600);
/// assert_eq!(config.session_limit, 10); // a default
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The master keys. The first one signs and encrypts, all of them verify and decrypt. To rotate
    /// keys, insert a new one at the front.
    pub keys: Vec<MasterKey>,
    /// The project's id: the audience of JWTs and part of the HTTP cookies' names. 1 to 36
    /// characters of `A-Z a-z 0-9 . _ -`. Default: `default`.
    pub project: String,
    /// The project's name in messages, without control characters. Default: `Account`.
    pub project_name: String,
    /// The lifetime of a session that is not extended, 60 s to 10 years. Default: 365 days.
    pub session_lifetime: Duration,
    /// The maximum lifetime of a session that is extended. Default: unlimited.
    pub session_max_lifetime: Option<Duration>,
    /// The maximum number of live sessions of an account, 1 to 100. A new session ends the oldest
    /// one beyond it. Default: 10.
    pub session_limit: usize,
    /// The lifetime of a JWT, 1 s to 1 h. Default: 15 minutes.
    pub jwt_lifetime: Duration,
    /// The rules for new passwords.
    pub passwords: PasswordPolicy,
    /// After how many wrong guesses in a row an account refuses guesses, and for how long.
    #[doc(alias = "brute force")]
    #[doc(alias = "account lockout")]
    pub lockout: Lockout,
    /// When an account's email address is notified of a new session. Default: never.
    pub session_alerts: SessionAlerts,
    /// Whether turning MFA off and adding or removing an authenticator app require a fresh
    /// challenge while MFA is active. Default: `true`.
    pub fresh_challenges: bool,
    /// Whether a session started by an OAuth2 provider needs no second factor, as at Appwrite.
    /// Default: `false`. Sessions started by a token of a provider, and sessions started while this
    /// was off, need one like any other.
    ///
    /// # Security
    /// Control of the account at the provider is then enough to sign in.
    pub providers_prove_both_factors: bool,
    /// Whether answers reveal that no account has an address or id, as Appwrite's do. Default:
    /// `false`.
    ///
    /// # Security
    /// If `true`, recovery and verification allow user enumeration.
    #[doc(alias = "enumeration")]
    pub reveals_unknown_accounts: bool,
    /// The sign-in methods that are enabled. Default: all.
    pub methods: SignInMethods,
    /// The ids of push providers. A target without one gets the first. Default: empty, which
    /// accepts any id.
    pub push_providers: Vec<ProviderId>,
    /// The maximum number of push targets of an account, 1 to 1,000. Default: 100.
    pub target_limit: usize,
    /// Whether a change of password or email ends the account's other sessions. Default: `true`.
    pub end_other_sessions: bool,
    /// The cost of new password hashes. Default: m = 19,456 KiB, t = 2, p = 1 (OWASP Password
    /// Storage).
    pub hashing: Argon2Params,
    /// The number of log entries that a query without a limit returns, 1 to 5,000. Default: 25.
    pub log_page: u32,
    /// How long conflicting changes of one account are retried, 100 ms to 1 minute. Default: 5 s.
    ///
    /// A change waits for those before it, so it may take as long as a store that does not answer.
    pub conflict_timeout: Duration,
}

/// The rules for new passwords. The length of 8 to 256 characters always applies.
///
/// # Examples
/// ```
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use account::{AccountService, Config, MasterKey, MemoryStore, SignUp, model::ClientInfo};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.passwords.context_words = vec!["acme".into()];
/// config.passwords.history = 3;
/// let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
///
/// let new = SignUp::new("ada@example.com".parse()?, "I-love-ACME-2026".parse()?);
/// assert!(accounts.sign_up(new, &ClientInfo::default()).await.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// Whether the 10,000 most common passwords are refused, in any case. Needs the feature
    /// `strength`. Default: `true`.
    pub refuse_common: bool,
    /// Whether passwords that contain the account's id, name, email, its local part or the phone
    /// number are refused. Default: `true`.
    pub refuse_personal_data: bool,
    /// Words that no password may contain, such as the product's name (ASVS 6.2.11). Default: none.
    pub context_words: Vec<String>,
    /// How many earlier passwords, including the current one, may not be reused, 0 to 20. Default:
    /// 0, no check.
    pub history: usize,
}

/// When an account's email address is notified of a new session.
///
/// # Examples
/// ```
/// use account::{Config, MasterKey, SessionAlerts};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.session_alerts = SessionAlerts::NewDevices;
/// assert_eq!(Config::new(MasterKey::generate()?).session_alerts, SessionAlerts::Off);
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionAlerts {
    /// Never.
    Off,
    /// At a sign-in with any method from a device that the account does not know, except for the
    /// first sign-in.
    NewDevices,
    /// As Appwrite does: at every session except an account's only one, and except sign-in by magic
    /// link, by email code and without any identifier.
    EverySession,
}

/// Which sign-in methods are enabled. A disabled one returns
/// [`MethodDisabled`](crate::Error::MethodDisabled).
///
/// # Examples
/// ```
/// use account::{AccountService, Config, Error, MasterKey, MemoryStore, model::ClientInfo};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = Config::new(MasterKey::generate()?);
/// config.methods.anonymous = false;
/// let accounts = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let refused = accounts.sign_in_anonymously(&ClientInfo::default()).await;
/// assert!(matches!(refused, Err(Error::MethodDisabled)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignInMethods {
    /// Sign-up and sign-in with email and password.
    pub email_password: bool,
    /// Anonymous accounts.
    pub anonymous: bool,
    /// JWTs of sessions.
    pub jwt: bool,
    /// Links sent by email.
    pub magic_url: bool,
    /// Codes sent by email.
    pub email_code: bool,
    /// Codes sent to a phone, for signing in and for verifying the number.
    pub phone: bool,
}

impl SignInMethods {
    /// Whether this method is enabled.
    #[must_use]
    pub fn is_on(&self, method: AuthMethod) -> bool {
        match method {
            AuthMethod::EmailPassword => self.email_password,
            AuthMethod::Anonymous => self.anonymous,
            AuthMethod::Jwt => self.jwt,
            AuthMethod::MagicUrl => self.magic_url,
            AuthMethod::EmailOtp => self.email_code,
            AuthMethod::Phone => self.phone,
        }
    }
}

/// An invalid configuration: the field and the rule that it breaks.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.session_limit = 1_000;
/// let error = AccountService::builder(MemoryStore::new()).config(config).build().unwrap_err();
/// assert_eq!(error.to_string(), "invalid `session_limit`: must be between 1 and 100");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid `{field}`: {rule}")]
pub struct ConfigError {
    /// The field of [`Config`], or the part of the builder.
    pub field: &'static str,
    /// The rule, such as "must be between 1 and 100".
    pub rule: &'static str,
}

impl Config {
    /// The secure defaults with this master key.
    #[must_use]
    pub fn new(key: MasterKey) -> Self {
        Self {
            keys: vec![key],
            project: "default".into(),
            project_name: "Account".into(),
            session_lifetime: Duration::from_secs(365 * 24 * 3600),
            session_max_lifetime: None,
            session_limit: 10,
            jwt_lifetime: Duration::from_secs(900),
            passwords: PasswordPolicy {
                refuse_common: cfg!(feature = "strength"),
                refuse_personal_data: true,
                context_words: Vec::new(),
                history: 0,
            },
            lockout: Lockout::default(),
            session_alerts: SessionAlerts::Off,
            fresh_challenges: true,
            providers_prove_both_factors: false,
            reveals_unknown_accounts: false,
            methods: SignInMethods {
                email_password: true,
                anonymous: true,
                jwt: true,
                magic_url: true,
                email_code: true,
                phone: true,
            },
            push_providers: Vec::new(),
            target_limit: 100,
            end_other_sessions: true,
            hashing: Argon2Params::default(),
            log_page: 25,
            conflict_timeout: Duration::from_secs(5),
        }
    }

    /// The profile for a migration from Appwrite 1.6: less strict where its clients rely on it.
    ///
    /// Passwords are not checked for common or personal words, other sessions survive a change of
    /// password or email, changes of MFA require no fresh challenge, sessions started by a provider
    /// need no second factor, answers reveal whether an account exists, and logs have pages of
    /// 5,000 entries.
    #[must_use]
    pub fn appwrite_1_6(key: MasterKey) -> Self {
        let mut config = Self::new(key);
        config.passwords.refuse_common = false;
        config.passwords.refuse_personal_data = false;
        config.end_other_sessions = false;
        config.fresh_challenges = false;
        config.providers_prove_both_factors = true;
        config.reveals_unknown_accounts = true;
        config.log_page = 5_000;
        config
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let rules = self.identity_rules().into_iter().chain(self.session_rules());
        let mut rules = rules.chain(self.password_rules()).chain(self.limit_rules());
        match rules.find(|(holds, ..)| !holds) {
            Some((_, field, rule)) => Err(ConfigError { field, rule }),
            None => Ok(()),
        }
    }

    fn identity_rules(&self) -> [FieldRule; 3] {
        let is_name = !self.project_name.is_empty() && !self.project_name.contains(char::is_control);
        [
            (!self.keys.is_empty(), "keys", "must hold at least one master key"),
            (
                self.project.parse::<ProviderId>().is_ok(),
                "project",
                "must have 1 to 36 characters of A-Z a-z 0-9 . _ -, the first a letter or digit",
            ),
            (is_name, "project_name", "must be a text without control characters"),
        ]
    }

    fn session_rules(&self) -> [FieldRule; 4] {
        let secs = Duration::from_secs;
        [
            (
                (secs(60)..=secs(10 * 365 * 86_400)).contains(&self.session_lifetime),
                "session_lifetime",
                "must be between 60 seconds and 10 years",
            ),
            (
                self.session_max_lifetime.is_none_or(|max| max >= self.session_lifetime),
                "session_max_lifetime",
                "must not be shorter than the session lifetime",
            ),
            ((1..=100).contains(&self.session_limit), "session_limit", "must be between 1 and 100"),
            (
                (secs(1)..=secs(3600)).contains(&self.jwt_lifetime),
                "jwt_lifetime",
                "must be between 1 second and 1 hour",
            ),
        ]
    }

    fn limit_rules(&self) -> [FieldRule; 5] {
        let secs = Duration::from_secs;
        let Lockout { threshold, duration, max_duration } = self.lockout;
        [
            ((1..=1000).contains(&threshold), "lockout.threshold", "must be between 1 and 1,000"),
            (
                (secs(1)..=max_duration).contains(&duration),
                "lockout.duration",
                "must be between 1 second and the maximum duration",
            ),
            ((1..=1000).contains(&self.target_limit), "target_limit", "must be between 1 and 1,000"),
            ((1..=5000).contains(&self.log_page), "log_page", "must be between 1 and 5,000"),
            (
                (Duration::from_millis(100)..=secs(60)).contains(&self.conflict_timeout),
                "conflict_timeout",
                "must be between 100 milliseconds and 1 minute",
            ),
        ]
    }

    fn password_rules(&self) -> [FieldRule; 3] {
        let PasswordPolicy { refuse_common, context_words, history, .. } = &self.passwords;
        [
            (*history <= 20, "passwords.history", "must be between 0 and 20"),
            (
                cfg!(feature = "strength") || !refuse_common,
                "passwords.refuse_common",
                "needs the feature `strength`",
            ),
            (
                context_words.iter().all(|word| word.chars().count() >= 3),
                "passwords.context_words",
                "must be words of 3 characters or more",
            ),
        ]
    }
}

/// Whether a rule holds, the field that it is about, and the rule in words.
type FieldRule = (bool, &'static str, &'static str);
