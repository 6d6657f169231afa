//! What routes of your application need of this layer: who asks, from where, and cookies.

use std::{fmt, net::IpAddr, sync::Arc};

use async_trait::async_trait;
use http::request::Parts;

use super::{
    auth::{AuthState, first_live},
    config::HttpConfig,
    cookies::{Cookies, jwt},
    origin::Origin,
    peer,
    rejection::Rejection,
    route::is_unsafe,
    settings::Settings,
};
use crate::{
    config::ConfigError,
    error::Error,
    model::{AllowedRedirects, CheckedUrl, ClientInfo, Invalid, Timestamp},
    operation::{Operation, Subject},
    ports::{Clock, Mailer, Quota, SmsSender, Store},
    service::{AccountService, Authenticate, Caller, SessionHolder},
};

/// Authenticates requests to routes of your application, and gives them what else they need of
/// HTTP: the client's description, cookies, the check against CSRF, and request limits.
///
/// It accepts what the API accepts: the session cookie, `X-Appwrite-Session`, or `X-Appwrite-JWT`.
/// Create one per service, and keep it in your application's state; cloning is cheap. It works with
/// every framework whose requests are, or convert to, those of the crate `http`. With axum, use the
/// extractors of [`account::axum`](crate::axum).
///
/// # Examples
/// ```
/// use account::http::{Authenticator, KeepSignedIn, Rejection, Settings};
/// use account::{AccountService, Config, Error, MasterKey, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new(MasterKey::generate()?);
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let authenticator = Authenticator::new(service.clone(), &Settings::default())?;
/// let peer = Some([192, 0, 2, 7].into());
///
/// // A route that signs in …
/// let (parts, ()) = http::Request::post("/join").body(())?.into_parts();
/// let signed_in = service.sign_in_anonymously(&authenticator.client(&parts, peer)).await?;
/// let mut response = http::Response::new(());
/// authenticator
///     .cookies()
///     .signed_in(&signed_in, KeepSignedIn::UntilExpiry)
///     .append_to(response.headers_mut());
///
/// // … and one for signed-in users.
/// let cookie = response.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
/// let (parts, ()) = http::Request::get("/me").header("cookie", cookie).body(())?.into_parts();
/// let caller = authenticator.caller(&parts, peer).await?.ok_or(Error::NotSignedIn)?;
/// assert_eq!(caller.user_id(), &signed_in.session.user);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    service: Box<dyn Service>,
    config: HttpConfig,
}

/// What an authenticator needs of a service, without its type parameters.
#[async_trait]
trait Service: Authenticate {
    async fn admit(&self, operation: Operation, subject: &Subject<'_>) -> Result<Option<Quota>, Error>;

    fn now(&self) -> Timestamp;
}

#[async_trait]
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Service for AccountService<S, M, P, C> {
    async fn admit(&self, operation: Operation, subject: &Subject<'_>) -> Result<Option<Quota>, Error> {
        self.admit(operation, subject).await
    }

    fn now(&self) -> Timestamp {
        self.clock().now()
    }
}

impl Authenticator {
    /// Creates an authenticator of this service. Use the settings of the API, if you serve it too.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that breaks a rule.
    pub fn new<S: Store, M: Mailer, P: SmsSender, C: Clock>(
        service: AccountService<S, M, P, C>,
        settings: &Settings,
    ) -> Result<Self, ConfigError> {
        let config = HttpConfig::new(settings, service.config())?;
        Ok(Self(Arc::new(Inner { service: Box::new(service), config })))
    }

    /// Returns the caller of a request, or `None` for a guest. `peer` is the address that the
    /// request comes from.
    ///
    /// # Errors
    /// [`Rejection`] if the request would change something and comes from a foreign origin, its JWT
    /// is invalid, its account is blocked, a second factor or a new password is missing, or the
    /// store does not answer.
    pub async fn caller(&self, parts: &Parts, peer: Option<IpAddr>) -> Result<Option<Caller>, Rejection> {
        let Some(holder) = self.holder(parts).await? else { return Ok(None) };
        let caller = holder.into_caller()?;
        Ok(Some(caller.with_client(self.client(parts, peer))))
    }

    /// Returns the holder of the request's session, which may lack a second factor: for the page
    /// that asks for it, and for signing out. `None` for a guest.
    ///
    /// # Errors
    /// As [`caller`](Authenticator::caller), without a missing second factor.
    pub async fn session_holder(
        &self,
        parts: &Parts,
        peer: Option<IpAddr>,
    ) -> Result<Option<SessionHolder>, Rejection> {
        let holder = self.holder(parts).await?;
        Ok(holder.map(|holder| holder.with_client(self.client(parts, peer))))
    }

    async fn holder(&self, parts: &Parts) -> Result<Option<SessionHolder>, Rejection> {
        let Inner { service, config } = &*self.0;
        let headers = &parts.headers;
        let credentials = config.cookies.find(headers);
        if is_unsafe(&parts.method) {
            let by_cookie = credentials.first().is_some_and(|credential| credential.by_cookie);
            Origin::of(headers, config).check(headers, config, by_cookie)?;
        }
        let auth = match jwt(headers) {
            Some(jwt) => AuthState::of(service.session_holder_by_jwt(jwt).await)?,
            None => first_live(credentials, &**service).await?.0,
        };
        match auth {
            AuthState::Guest => Ok(None),
            AuthState::Restricted(error) => Err(error.into()),
            AuthState::SignedIn(holder) => Ok(Some(holder)),
        }
    }

    /// Returns the client of a request, for sessions, the security log and messages: its address
    /// behind [trusted proxies](Settings::trusted_proxies), user agent, language and known device.
    #[must_use]
    pub fn client(&self, parts: &Parts, peer: Option<IpAddr>) -> ClientInfo {
        let config = &self.0.config;
        let address = config.proxies.client_address(&parts.headers, peer);
        config.cookies.with_device(peer::client(parts, address, false), &parts.headers)
    }

    /// Rejects a request that a page of another site may have made the browser send (CSRF, login
    /// CSRF). Use it for forms that guests send, such as the one to sign in; requests of a
    /// [`caller`](Authenticator::caller) are checked already.
    ///
    /// The origin of the public URL and the [allowed hosts](Settings::allowed_hosts) may send
    /// requests. Requests without `Origin`, `Referer` and `Sec-Fetch-Site` are rejected, which all
    /// browsers in use send with a form. Methods that change nothing, such as `GET`, pass.
    ///
    /// # Errors
    /// [`Rejection`] with status 403.
    pub fn check_origin(&self, parts: &Parts) -> Result<(), Rejection> {
        match is_unsafe(&parts.method) {
            true => Origin::of(&parts.headers, &self.0.config).check(&parts.headers, &self.0.config, true),
            false => Ok(()),
        }
    }

    /// Counts a request against the limits of its operation. Returns what is left, for
    /// [`quota_headers`](super::quota_headers), or `None` if nothing limits it. Call it once per
    /// request, before the operation.
    ///
    /// # Errors
    /// [`Rejection`] with status 429 and the headers of the limit, or 503 if it could not be
    /// counted. Refuse the request with either.
    pub async fn admit(
        &self,
        operation: Operation,
        subject: &Subject<'_>,
    ) -> Result<Option<Quota>, Rejection> {
        if !self.0.config.rate_limits {
            return Ok(None);
        }
        let service = &self.0.service;
        service.admit(operation, subject).await.map_err(|error| Rejection::from(error).at(service.now()))
    }

    /// Whether both are the same authenticator.
    #[cfg(feature = "axum")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The cookies of this service.
    #[must_use]
    pub fn cookies(&self) -> &Cookies {
        &self.0.config.cookies
    }

    /// Returns the URL of a page of your application, by its path below the public URL: for links
    /// in messages, and for the callbacks of providers.
    ///
    /// # Errors
    /// [`Invalid::RedirectUrl`] if the path does not begin with `/`, or is not spelled plainly.
    ///
    /// # Examples
    /// ```
    /// use account::http::{Authenticator, Settings};
    /// # use account::{AccountService, Config, MasterKey, MemoryStore};
    /// # let config = Config::new(MasterKey::generate()?);
    /// # let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
    ///
    /// let mut settings = Settings::default();
    /// settings.public_url = "https://notes.example.com".into();
    /// let authenticator = Authenticator::new(service, &settings)?;
    /// assert_eq!(authenticator.page("/verify")?.as_str(), "https://notes.example.com/verify");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn page(&self, path: &str) -> Result<CheckedUrl, Invalid> {
        let config = &self.0.config;
        let path = Some(path).filter(|path| path.starts_with('/')).ok_or(Invalid::RedirectUrl)?;
        config.origins.check(&format!("{}{path}", config.base))
    }

    /// Where links and redirects may lead: below the public URL, and to the hosts and apps of the
    /// settings.
    #[must_use]
    pub fn allowed_redirects(&self) -> &AllowedRedirects {
        &self.0.config.origins
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("service", &self.service).finish_non_exhaustive()
    }
}
