//! Extractors: the signed-in caller as an argument of your application's handlers.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};

use super::{
    auth::AuthState, config::HttpConfig, cookies::jwt, origin::Origin, peer, rejection::Rejection,
    route::is_unsafe, settings::Settings,
};
use crate::{
    config::ConfigError,
    error::Error,
    ports::{Clock, Mailer, SmsSender, Store},
    service::{AccountService, Authenticate, Caller},
};

/// Authenticates requests. Keep one in the state of your application's router; cloning is cheap.
///
/// The extractors [`Caller`], `Option<Caller>` and [`FreshCaller`] use it. They accept what the API
/// accepts: the session cookie, `X-Appwrite-Session`, or `X-Appwrite-JWT`.
///
/// # Security
/// Prevents CSRF: requests with `POST`, `PUT`, `PATCH` or `DELETE` from foreign origins are
/// rejected, as by the API.
///
/// # Examples
/// ```
/// use account::http::{Authenticator, Settings};
/// use account::{AccountService, Caller, Config, MasterKey, MemoryStore};
/// use axum::{Router, extract::FromRef, routing::get};
///
/// #[derive(Clone)]
/// struct AppState {
///     authenticator: Authenticator,
/// }
///
/// impl FromRef<AppState> for Authenticator {
///     fn from_ref(state: &AppState) -> Self {
///         state.authenticator.clone()
///     }
/// }
///
/// let config = Config::new(MasterKey::generate()?);
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let authenticator = Authenticator::new(service, &Settings::default())?;
/// let app: Router = Router::new()
///     .route("/id", get(|caller: Caller| async move { caller.user_id().to_string() }))
///     .with_state(AppState { authenticator });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Box<dyn Authenticate>,
    config: HttpConfig,
}

impl Authenticator {
    /// Creates an authenticator of this service. Use the settings of the router.
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

    /// Returns the caller of a request, or `None` for a guest. The extractors call it; use it in
    /// middleware of your own.
    ///
    /// # Errors
    /// [`Rejection`] if the request comes from a foreign origin, its JWT is invalid, its account is
    /// blocked, a second factor or a new password is missing, or the store does not answer.
    pub async fn caller(&self, parts: &Parts) -> Result<Option<Caller>, Rejection> {
        let Inner { service, config } = &*self.0;
        let headers = &parts.headers;
        let credential = config.cookies.find(headers);
        if is_unsafe(&parts.method) {
            let by_cookie = credential.as_ref().is_some_and(|credential| credential.by_cookie);
            Origin::of(headers, config).check(headers, config, by_cookie)?;
        }
        let auth = match (jwt(headers), credential) {
            (Some(jwt), _) => AuthState::of(service.session_holder_by_jwt(jwt).await)?,
            (None, Some(credential)) => AuthState::of(service.session_holder(&credential.secret).await)?,
            (None, None) => AuthState::Guest,
        };
        match auth {
            AuthState::Guest => Ok(None),
            AuthState::Restricted(error) => Err(error.into()),
            AuthState::SignedIn(holder) => {
                let caller = holder.into_caller()?;
                let client = peer::client(parts, peer::client_address(parts, &config.proxies));
                let client = config.cookies.with_device(client, headers);
                Ok(Some(caller.with_client(client)))
            }
        }
    }
}

/// A [`Caller`] who passed a second-factor challenge in the last 30 minutes.
#[derive(Debug, Clone)]
pub struct FreshCaller(pub Caller);

impl<S> FromRequestParts<S> for Caller
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Authenticator::from_ref(state).caller(parts).await?.ok_or_else(|| Error::NotSignedIn.into())
    }
}

impl<S> OptionalFromRequestParts<S> for Caller
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        Authenticator::from_ref(state).caller(parts).await
    }
}

impl<S> FromRequestParts<S> for FreshCaller
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let caller = <Caller as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        caller.require_fresh_factor()?;
        Ok(Self(caller))
    }
}
