//! Settings from the environment: one typed value, checked completely before anything is opened.

mod values;

use std::{fmt, net::SocketAddr, path::PathBuf};

use account::{MasterKey, Secret, http::ProxyNetwork, model::ProviderId};
use url::{Host, Url};

use crate::{
    oauth2::{self, ProviderSettings},
    variables::{SettingError, Variables},
};

/// The settings of the server, with defaults for variables that are not set.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Without a trailing slash. `None`: `http://localhost` with the port that the server listens
    /// on.
    pub(crate) public_url: Option<String>,
    pub(crate) trusted_proxies: Vec<ProxyNetwork>,
    pub(crate) cross_site_cookies: Option<bool>,
    pub(crate) database: Database,
    /// The PostgreSQL schema of the tables.
    pub(crate) database_schema: Option<String>,
    /// `None`: kept in a file beside the database.
    pub(crate) keys: Option<Vec<MasterKey>>,
    pub(crate) project: String,
    pub(crate) project_name: Option<String>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_apps: Vec<String>,
    pub(crate) profile: Profile,
    pub(crate) api_key: Option<Secret>,
    pub(crate) rate_limits: bool,
    /// A URL, which may contain a password. `None`: request limits are counted in the database if
    /// it is PostgreSQL, otherwise in memory.
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
    /// A URL, which may contain a password.
    pub(crate) url: Secret,
    pub(crate) from: String,
}

/// The service that sends text messages.
#[derive(Debug)]
pub(crate) enum Sms {
    /// A URL, which may contain a key.
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
    /// A URL, which may contain a password.
    Postgres(DatabaseUrl),
}

/// The URL of a database. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Default,
    Appwrite16,
}

impl Settings {
    /// Reads the variables of the process that begin with `ACCOUNT_`.
    ///
    /// # Errors
    /// [`SettingError`] if a variable is unknown, does not parse or does not fit the others.
    pub(crate) fn from_environment() -> Result<Self, SettingError> {
        Self::read(Variables::from_environment()?)
    }

    fn read(mut variables: Variables) -> Result<Self, SettingError> {
        let mut settings = Self::read_values(&mut variables)?;
        settings.require_shared_key()?;
        settings.require_schema_of_postgres()?;
        settings.providers = oauth2::parse(&mut variables, settings.is_private())?;
        let allows_http = variables.switch("ACCOUNT_INSECURE_HTTP")?.unwrap_or(false);
        variables.finish()?;
        settings.require_https(allows_http)?;
        Ok(settings)
    }

    /// Reads all variables but those of the OAuth2 providers, each for itself.
    fn read_values(variables: &mut Variables) -> Result<Self, SettingError> {
        Ok(Self {
            listen: values::listen(variables)?,
            public_url: values::public_url(variables)?,
            trusted_proxies: values::trusted_proxies(variables)?,
            cross_site_cookies: variables.switch("ACCOUNT_CROSS_SITE_COOKIES")?,
            database: values::database(variables)?,
            database_schema: values::database_schema(variables)?,
            keys: values::keys(variables)?,
            project: values::project(variables)?,
            project_name: values::project_name(variables)?,
            allowed_hosts: values::allowed_hosts(variables)?,
            allowed_apps: values::allowed_apps(variables)?,
            profile: values::profile(variables)?,
            api_key: values::api_key(variables)?,
            rate_limits: variables.switch("ACCOUNT_RATE_LIMITS")?.unwrap_or(true),
            redis: values::redis(variables)?,
            push_providers: values::push_providers(variables)?,
            session_alerts: variables.switch("ACCOUNT_SESSION_ALERTS")?.unwrap_or(false),
            smtp: values::smtp(variables)?,
            sms: values::sms(variables)?,
            providers: Vec::new(),
        })
    }

    /// A key file is local to one node, so nodes that share a database need a configured key.
    fn require_shared_key(&self) -> Result<(), SettingError> {
        if matches!(self.database, Database::Postgres(_)) && self.keys.is_none() {
            let problem = "with postgres:// a key is required, the same on all nodes; \
                           generate one with `openssl rand -base64 32`";
            return Err(SettingError::new("ACCOUNT_KEY", problem));
        }
        Ok(())
    }

    fn require_schema_of_postgres(&self) -> Result<(), SettingError> {
        if self.database_schema.is_some() && !matches!(self.database, Database::Postgres(_)) {
            return Err(SettingError::new("ACCOUNT_DATABASE_SCHEMA", "only postgres:// has schemas"));
        }
        Ok(())
    }

    fn require_https(&self, allows_http: bool) -> Result<(), SettingError> {
        if self.is_https() || self.is_local() || allows_http {
            return Ok(());
        }
        let problem = "beyond loopback ACCOUNT_PUBLIC_URL must be https; \
                       ACCOUNT_INSECURE_HTTP=on allows http, which sends passwords and cookies unencrypted";
        Err(SettingError::new("ACCOUNT_LISTEN", problem))
    }

    /// Whether only programs on this machine can connect.
    pub(crate) fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// Whether all clients are on this machine, so that the development outbox may show unsent
    /// messages: the server listens on loopback, and neither the public URL nor a trusted proxy
    /// suggests that a proxy forwards remote requests to it.
    pub(crate) fn is_private(&self) -> bool {
        let url = self.public_url.as_deref().and_then(|url| Url::parse(url).ok());
        let is_here = url.is_none_or(|url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        });
        self.is_local() && is_here && self.trusted_proxies.is_empty()
    }

    /// Whether clients use https, which makes cookies `Secure`.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https:"))
    }
}

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

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

#[cfg(test)]
mod tests;
