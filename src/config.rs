//! The policy of a service, checked once when it is built.

use std::time::Duration;

use crate::{
    crypto::MasterKey,
    model::{Argon2Params, Lockout, ProviderId},
    operation::AuthMethod,
};

/// The policy of an [`AccountService`](crate::AccountService): keys, lifetimes, limits and password rules.
///
/// [`Config::new`] gives the safe defaults; change fields as you like before the service is built, which checks them all.
///
/// ```
/// use std::time::Duration;
/// use account::{Config, MasterKey};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.project_name = "Example".into();
/// config.session_lifetime = Duration::from_secs(30 * 24 * 3600);
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The master keys. The first one signs and seals, all of them verify and open: put a new one in front to rotate.
    pub keys: Vec<MasterKey>,
    /// The project's id: the audience of JWTs and part of the HTTP cookies' names. 1–36 characters of `A-Z a-z 0-9 . _ -`; `default`.
    pub project: String,
    /// The project's name as people read it in messages, without control characters; `Account`.
    pub project_name: String,
    /// How long a session lives without being extended, 60 s to 10 years; 365 days.
    pub session_lifetime: Duration,
    /// How long a session lives at the most, however often it is extended; no bound.
    pub session_max_lifetime: Option<Duration>,
    /// How many live sessions an account has at the most, 1–100; the oldest end first. 10.
    pub session_limit: usize,
    /// How long a JWT lives, 1 s to 1 h; 15 minutes.
    pub jwt_lifetime: Duration,
    /// The rules for new passwords.
    pub passwords: PasswordPolicy,
    /// Wrong guesses in a row until an account's guesses are locked.
    pub lockout: Lockout,
    /// When an account's email address is told of a new session; never.
    pub session_alerts: SessionAlerts,
    /// Whether switching MFA off and adding or removing an authenticator app ask for a fresh challenge while MFA is active; `true`.
    pub fresh_challenges: bool,
    /// Whether a session that a provider started owes no second factor, as at Appwrite; `false`. A session that comes by a provider's token, and
    /// those that began while this was off, owe it as any other.
    ///
    /// # Security
    /// Who holds the account at the provider then needs nothing else, whatever the account here asks for.
    pub providers_prove_both_factors: bool,
    /// Whether an answer may tell that there is no account of an address or id, as Appwrite's does; `false`.
    pub reveals_unknown_accounts: bool,
    /// The sign-in methods that are switched on; all.
    pub methods: SignInMethods,
    /// The ids of push providers; a target without one gets the first. Empty (the default): any id is accepted.
    pub push_providers: Vec<ProviderId>,
    /// How many push targets an account has at the most, 1–1,000; 100.
    pub target_limit: usize,
    /// Whether a change of password or email ends the account's other sessions; `true`.
    pub end_other_sessions: bool,
    /// The cost of new password hashes; m = 19,456 KiB, t = 2, p = 1 (OWASP Password Storage).
    pub hashing: Argon2Params,
    /// How many log entries a query without a limit gets, 1–5,000; 25.
    pub log_page: u32,
    /// How long colliding changes of one account are tried again, 100 ms to 1 minute; 5 s. Each waits for those before it, so where the store hangs
    /// it may take as long as the store does.
    pub conflict_timeout: Duration,
}

/// The rules for new passwords. The length of 8 to 256 characters always applies.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// Refuse the 10,000 most common passwords in any case (needs the feature `strength`); `true`.
    pub refuse_common: bool,
    /// Refuse passwords that contain the account's id, name, email, its local part or the phone number; `true`.
    pub refuse_personal_data: bool,
    /// Words that no password may contain, such as the product's name (ASVS 6.2.11); none.
    pub context_words: Vec<String>,
    /// How many earlier passwords, the current one included, may not be used again, 0–20; 0 = no check.
    pub history: usize,
}

/// When an account's email address is told of a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionAlerts {
    /// Never.
    Off,
    /// When somebody signs in, by whatever method, from a device that the account does not know; not at the first sign-in.
    NewDevices,
    /// As Appwrite does: at every session but an account's only one, except by magic link, email code or without any identifier.
    EverySession,
}

/// Which ways to sign in are switched on. A method that is off answers [`MethodDisabled`](crate::Error::MethodDisabled).
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
    /// Codes sent to a phone, for signing in and for proving the number.
    pub phone: bool,
}

impl SignInMethods {
    /// Whether this method is switched on.
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

/// What is wrong with a configuration: the field and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct ConfigError {
    /// The field of [`Config`] or the part of the builder.
    pub field: &'static str,
    /// The rule.
    pub rule: &'static str,
}

impl Config {
    /// The safe defaults with this master key.
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

    /// The profile for those who migrate from Appwrite 1.6: where its clients rely on less safe behaviour, so does this.
    ///
    /// No common-password or personal-data check, other sessions go on after a change, changes of MFA ask for no fresh challenge, sessions that a
    /// provider started owe no second factor, answers tell whether there is an account, logs come in pages of 5,000.
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
        let within = |value: Duration, low: Duration, high: Duration| (low..=high).contains(&value);
        let secs = Duration::from_secs;
        let rules = [
            (!self.keys.is_empty(), "keys", "at least one master key is needed"),
            (
                self.project.parse::<ProviderId>().is_ok(),
                "project",
                "1 to 36 characters of A-Z a-z 0-9 . _ -, the first a letter or digit",
            ),
            (
                !self.project_name.is_empty() && !self.project_name.contains(char::is_control),
                "project_name",
                "a text without control characters",
            ),
            (
                within(self.session_lifetime, secs(60), secs(10 * 365 * 86_400)),
                "session_lifetime",
                "60 seconds to 10 years",
            ),
            (
                self.session_max_lifetime.is_none_or(|cap| cap >= self.session_lifetime),
                "session_max_lifetime",
                "at least the session lifetime",
            ),
            ((1..=100).contains(&self.session_limit), "session_limit", "1 to 100"),
            (within(self.jwt_lifetime, secs(1), secs(3600)), "jwt_lifetime", "1 second to 1 hour"),
            (self.passwords.history <= 20, "passwords.history", "0 to 20"),
            (
                cfg!(feature = "strength") || !self.passwords.refuse_common,
                "passwords.refuse_common",
                "needs the feature `strength`",
            ),
            (
                self.passwords.context_words.iter().all(|word| word.chars().count() >= 3),
                "passwords.context_words",
                "words of 3 characters or more",
            ),
            ((1..=1000).contains(&self.lockout.threshold), "lockout.threshold", "1 to 1,000"),
            (
                within(self.lockout.duration, secs(1), self.lockout.max_duration),
                "lockout.duration",
                "1 second to the longest lock",
            ),
            ((1..=1000).contains(&self.target_limit), "target_limit", "1 to 1,000"),
            ((1..=5000).contains(&self.log_page), "log_page", "1 to 5,000"),
            (
                within(self.conflict_timeout, Duration::from_millis(100), secs(60)),
                "conflict_timeout",
                "100 milliseconds to 1 minute",
            ),
        ];
        match rules.iter().find(|(holds, ..)| !holds) {
            Some((_, field, rule)) => Err(ConfigError { field, rule }),
            None => Ok(()),
        }
    }
}
