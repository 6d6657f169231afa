//! Settings from the environment: one typed value, checked as a whole before anything is opened.

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf};

use account::{
    MasterKey, RedisLimiter, Secret, SmtpConfigError, SmtpMailer,
    http::ProxyNetwork,
    model::{AllowedRedirects, ProviderId},
};
use url::Url;

use crate::oauth2::{self, ProviderSettings};

/// What the server was told, and the defaults for the rest.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Without a trailing slash. `None`: `http://localhost` and the port that the server listens on.
    pub(crate) public_url: Option<String>,
    pub(crate) trusted_proxies: Vec<ProxyNetwork>,
    pub(crate) cross_site_cookies: bool,
    pub(crate) database: Database,
    /// `None`: kept in a file beside the database.
    pub(crate) keys: Option<Vec<MasterKey>>,
    pub(crate) project: String,
    pub(crate) project_name: Option<String>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_apps: Vec<String>,
    pub(crate) profile: Profile,
    pub(crate) api_key: Option<Secret>,
    pub(crate) rate_limits: bool,
    /// A URL, which may hold a password. `None`: request limits are counted in memory.
    pub(crate) redis: Option<Secret>,
    pub(crate) push_providers: Vec<ProviderId>,
    pub(crate) session_alerts: bool,
    pub(crate) smtp: Option<Smtp>,
    pub(crate) sms: Option<Sms>,
    pub(crate) providers: Vec<ProviderSettings>,
}

/// A mail server, and the sender that recipients see.
#[derive(Debug)]
pub(crate) struct Smtp {
    /// With the password in it.
    pub(crate) url: Secret,
    pub(crate) from: String,
}

/// Who sends text messages.
#[derive(Debug)]
pub(crate) enum Sms {
    /// A URL, which may hold a key.
    Webhook(Secret),
    Twilio {
        sid: String,
        token: Secret,
        from: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    Memory,
    Sqlite(PathBuf),
    /// A URL, which may hold a password.
    Postgres(DatabaseUrl),
}

/// A URL that nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Default,
    Appwrite16,
}

/// A variable that is unknown, does not parse or breaks a rule. It names the variable and never shows its value, which may be secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub(crate) struct SettingError {
    variable: String,
    problem: String,
}

impl Settings {
    /// Reads the variables of the process that begin with `ACCOUNT_`.
    pub(crate) fn from_environment() -> Result<Self, SettingError> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("ACCOUNT_") {
                let value =
                    value.into_string().map_err(|_| SettingError::new(&name, "the value is not UTF-8"))?;
                variables.insert(name, value);
            }
        }
        Self::parse(variables)
    }

    /// Reads variables whose names begin with `ACCOUNT_`; all of them must be known.
    pub(crate) fn parse(variables: BTreeMap<String, String>) -> Result<Self, SettingError> {
        let mut given = Given(variables);
        let mut settings = Self {
            listen: given
                .read("ACCOUNT_LISTEN", "an address such as `127.0.0.1:8080`", |text| text.parse().ok())?
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: given.read(
                "ACCOUNT_PUBLIC_URL",
                "an http or https URL such as `https://accounts.example.com`",
                public_url,
            )?,
            trusted_proxies: given
                .list("ACCOUNT_TRUSTED_PROXIES", "networks such as `10.0.0.0/8, ::1`", |text| {
                    text.parse().ok()
                })?
                .unwrap_or_default(),
            cross_site_cookies: given.switch("ACCOUNT_CROSS_SITE_COOKIES")?.unwrap_or(false),
            database: database(&mut given)?,
            keys: given.list("ACCOUNT_KEY", "keys as `openssl rand -base64 32` makes them", |text| {
                MasterKey::from_base64(text).ok()
            })?,
            project: given
                .read("ACCOUNT_PROJECT", "1 to 36 characters of `A-Z a-z 0-9 . _ -`", |text| {
                    text.parse::<ProviderId>().is_ok().then(|| text.to_owned())
                })?
                .unwrap_or_else(|| "default".to_owned()),
            project_name: given.read(
                "ACCOUNT_PROJECT_NAME",
                "a text without control characters",
                |text| (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned()),
            )?,
            allowed_hosts: given
                .list("ACCOUNT_ALLOWED_HOSTS", "hosts such as `localhost, *.example.com`", |text| {
                    AllowedRedirects::new([text], []).is_ok().then(|| text.to_owned())
                })?
                .unwrap_or_else(|| vec!["localhost".to_owned()]),
            allowed_apps: given
                .list("ACCOUNT_ALLOWED_APPS", "application ids such as `com.example.app`", |text| {
                    AllowedRedirects::new([], [text]).is_ok().then(|| text.to_owned())
                })?
                .unwrap_or_default(),
            profile: given
                .read("ACCOUNT_PROFILE", "`default` or `appwrite-1.6`", |text| match text {
                    "default" => Some(Profile::Default),
                    "appwrite-1.6" => Some(Profile::Appwrite16),
                    _ => None,
                })?
                .unwrap_or(Profile::Default),
            api_key: given.read("ACCOUNT_API_KEY", "16 or more visible ASCII characters", |text| {
                let is_plain = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_graphic());
                is_plain.then(|| Secret::new(text.to_owned()))
            })?,
            rate_limits: given.switch("ACCOUNT_RATE_LIMITS")?.unwrap_or(true),
            redis: redis(&mut given)?,
            push_providers: given
                .list("ACCOUNT_PUSH_PROVIDERS", "provider ids such as `fcm, apns`", |text| text.parse().ok())?
                .unwrap_or_default(),
            session_alerts: given.switch("ACCOUNT_SESSION_ALERTS")?.unwrap_or(false),
            smtp: smtp(&mut given)?,
            sms: sms(&mut given)?,
            providers: Vec::new(),
        };
        if matches!(settings.database, Database::Postgres(_)) && settings.keys.is_none() {
            let problem = "with postgres:// a key is required, the same for all nodes; `openssl rand -base64 32` makes one";
            return Err(SettingError::new("ACCOUNT_KEY", problem));
        }
        settings.providers = oauth2::parse(&mut given.0, settings.is_private())?;
        let insecure_http = given.switch("ACCOUNT_INSECURE_HTTP")?.unwrap_or(false);
        given.nothing_is_left()?;
        if !settings.is_https() && !settings.is_local() && !insecure_http {
            let problem = "beyond loopback ACCOUNT_PUBLIC_URL must be https, \
                           unless ACCOUNT_INSECURE_HTTP=on lets passwords and cookies pass in clear";
            return Err(SettingError::new("ACCOUNT_LISTEN", problem));
        }
        Ok(settings)
    }

    /// Whether only programs on this machine can connect.
    pub(crate) fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// Whether everybody who reaches the server sits at this machine, so that the development outbox may show what was not sent: it
    /// listens on loopback, and nothing says that a proxy passes strangers on to it.
    pub(crate) fn is_private(&self) -> bool {
        let url = self.public_url.as_deref().and_then(|url| url::Url::parse(url).ok());
        let is_here = url.is_none_or(|url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        });
        self.is_local() && is_here && self.trusted_proxies.is_empty()
    }

    /// Whether clients use https, which decides on `Secure` cookies.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https:"))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

impl SettingError {
    pub(crate) fn new(variable: &str, problem: &str) -> Self {
        Self { variable: variable.to_owned(), problem: problem.to_owned() }
    }
}

/// The variables not read so far: reading takes a variable out, so that what is left at the end is unknown.
struct Given(BTreeMap<String, String>);

impl Given {
    fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        let Some(text) = self.0.remove(name) else { return Ok(None) };
        match parse(text.trim()) {
            Some(value) => Ok(Some(value)),
            None => Err(SettingError::new(name, &format!("expected {expected}"))),
        }
    }

    /// Comma-separated values. An empty text is an empty list, except for keys, where no value parses from it.
    fn list<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, SettingError> {
        self.read(name, expected, |text| {
            if text.is_empty() && name != "ACCOUNT_KEY" {
                return Some(Vec::new());
            }
            text.split(',').map(|item| parse(item.trim())).collect()
        })
    }

    fn switch(&mut self, name: &str) -> Result<Option<bool>, SettingError> {
        self.read(name, "`on` or `off`", |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    fn nothing_is_left(self) -> Result<(), SettingError> {
        let Some(name) = self.0.into_keys().next() else { return Ok(()) };
        Err(SettingError::new(&name, "this is no setting of the server"))
    }
}

fn database(given: &mut Given) -> Result<Database, SettingError> {
    const NAME: &str = "ACCOUNT_DATABASE";
    let expected = "`sqlite:` with a path, such as `sqlite:account.db`, `postgres://…` or `memory`";
    let database = given.read(NAME, expected, |text| {
        if text == "memory" {
            return Some(Database::Memory);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(Database::Postgres(DatabaseUrl(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:")?;
        // The forms of URLs, `sqlite:///path` and `sqlite://path`, differ too easily from what is meant.
        let is_path = !path.is_empty() && !path.starts_with("//") && !path.starts_with(':');
        is_path.then(|| Database::Sqlite(path.into()))
    })?;
    Ok(database.unwrap_or_else(|| Database::Sqlite("account.db".into())))
}

fn redis(given: &mut Given) -> Result<Option<Secret>, SettingError> {
    const NAME: &str = "ACCOUNT_REDIS";
    let Some(url) = given.0.remove(NAME) else { return Ok(None) };
    match RedisLimiter::from_url(url.trim()) {
        Ok(_) => Ok(Some(Secret::new(url.trim().to_owned()))),
        Err(error) => Err(SettingError::new(NAME, &error.to_string())),
    }
}

fn smtp(given: &mut Given) -> Result<Option<Smtp>, SettingError> {
    let [url, from] = ["ACCOUNT_SMTP", "ACCOUNT_SMTP_FROM"];
    match together(given, [url, from])? {
        None => Ok(None),
        Some([server, sender]) => match SmtpMailer::from_url(&server, &sender) {
            Ok(_) => Ok(Some(Smtp { url: Secret::new(server), from: sender })),
            Err(error) => {
                let variable = if matches!(error, SmtpConfigError::Sender) { from } else { url };
                Err(SettingError::new(variable, &error.to_string()))
            }
        },
    }
}

fn sms(given: &mut Given) -> Result<Option<Sms>, SettingError> {
    const WEBHOOK: &str = "ACCOUNT_SMS_WEBHOOK";
    const TWILIO: [&str; 3] = ["ACCOUNT_TWILIO_SID", "ACCOUNT_TWILIO_TOKEN", "ACCOUNT_TWILIO_FROM"];
    let webhook = given.read(WEBHOOK, "an http or https URL", |text| {
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| Secret::new(text.to_owned()))
    })?;
    match (webhook, together(given, TWILIO)?) {
        (Some(_), Some(_)) => Err(SettingError::new(WEBHOOK, "SMS goes either here or through Twilio")),
        (Some(url), None) => Ok(Some(Sms::Webhook(url))),
        (None, Some([sid, token, from])) => Ok(Some(Sms::Twilio { sid, token: Secret::new(token), from })),
        (None, None) => Ok(None),
    }
}

/// Variables that come all or none.
fn together<const N: usize>(
    given: &mut Given,
    names: [&str; N],
) -> Result<Option<[String; N]>, SettingError> {
    let found = names.map(|name| given.0.remove(name).filter(|text| !text.is_empty()));
    if found.iter().all(Option::is_none) {
        return Ok(None);
    }
    if let Some(place) = found.iter().position(Option::is_none) {
        let others = names.join(", ");
        let missing = names.get(place).copied().unwrap_or_default();
        return Err(SettingError::new(missing, &format!("{others} come together")));
    }
    Ok(Some(found.map(Option::unwrap_or_default)))
}

fn public_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_base = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_base.then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
