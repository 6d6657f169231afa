//! Extractors: the signed-in caller and the client as arguments of your application's handlers.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::{Extensions, request::Parts};

use super::router::peer;
use crate::{
    error::Error,
    http::{Authenticator, Rejection},
    model::ClientInfo,
    service::{Caller, SessionHolder},
};

/// A [`Caller`] who passed a second-factor challenge in the last 30 minutes.
#[derive(Debug, Clone)]
pub struct FreshCaller(pub Caller);

/// The request does not come from a page of another site; see [`Authenticator::check_origin`].
///
/// Take it in handlers of forms that guests send, such as the one to sign in. [`Caller`] and
/// [`SessionHolder`] check the same.
///
/// # Examples
/// ```
/// use account::{axum::SameOrigin, http::Authenticator, model::ClientInfo};
/// use axum::{Router, routing::post};
///
/// async fn sign_in(_: SameOrigin, client: ClientInfo, form: String) -> String {
///     format!("{} characters from {:?}", form.len(), client.ip())
/// }
/// let app: Router<Authenticator> = Router::new().route("/sign-in", post(sign_in));
/// ```
#[doc(alias = "CSRF")]
#[derive(Debug, Clone, Copy)]
pub struct SameOrigin;

/// Extracts `T` with the [`Authenticator`] of the request's extensions instead of the state's, for
/// frameworks that own the state: add it with [`axum::Extension`] as a layer.
///
/// # Examples
/// ```
/// use account::{Caller, axum::ViaExtension};
/// # use account::{AccountService, Config, MasterKey, MemoryStore};
/// # use account::http::{Authenticator, Settings};
/// use axum::{Extension, Router, routing::get};
///
/// async fn name(ViaExtension(caller): ViaExtension<Caller>) -> String {
///     caller.account().name().to_string()
/// }
/// # let config = Config::new(MasterKey::generate()?);
/// # let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let authenticator = Authenticator::new(service, &Settings::default())?;
/// let app: Router = Router::new().route("/name", get(name)).layer(Extension(authenticator));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "loco")]
#[doc(alias = "leptos")]
#[derive(Debug, Clone, Copy)]
pub struct ViaExtension<T>(pub T);

/// The caller that a middleware has found, in the extensions of the request.
#[derive(Clone)]
pub(super) struct FoundCaller {
    pub(super) authenticator: Authenticator,
    pub(super) caller: Caller,
}

impl FoundCaller {
    /// The caller, if the same authenticator has found it: an application may have several
    /// services.
    pub(super) fn of<'a>(extensions: &'a Extensions, authenticator: &Authenticator) -> Option<&'a Caller> {
        let found = extensions.get::<Self>().filter(|found| found.authenticator.is(authenticator));
        found.map(|found| &found.caller)
    }
}

/// The caller that [`require_caller`](super::require_caller) has found already, or that of the
/// request.
async fn caller(parts: &Parts, authenticator: &Authenticator) -> Result<Option<Caller>, Rejection> {
    match FoundCaller::of(&parts.extensions, authenticator) {
        Some(caller) => Ok(Some(caller.clone())),
        None => authenticator.caller(parts, peer(&parts.extensions)).await,
    }
}

impl<S> FromRequestParts<S> for Caller
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let caller = caller(parts, &Authenticator::from_ref(state)).await?;
        caller.ok_or_else(|| Error::NotSignedIn.into())
    }
}

impl<S> OptionalFromRequestParts<S> for Caller
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        caller(parts, &Authenticator::from_ref(state)).await
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

impl<S> FromRequestParts<S> for SessionHolder
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let authenticator = Authenticator::from_ref(state);
        let holder = authenticator.session_holder(parts, peer(&parts.extensions)).await?;
        holder.ok_or_else(|| Error::NotSignedIn.into())
    }
}

impl<S> OptionalFromRequestParts<S> for SessionHolder
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        Authenticator::from_ref(state).session_holder(parts, peer(&parts.extensions)).await
    }
}

/// The client that the request comes from.
impl<S> FromRequestParts<S> for ClientInfo
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Authenticator::from_ref(state).client(parts, peer(&parts.extensions)))
    }
}

impl<S> FromRequestParts<S> for SameOrigin
where
    Authenticator: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Authenticator::from_ref(state).check_origin(parts).map(|()| Self)
    }
}

impl<S, T> FromRequestParts<S> for ViaExtension<T>
where
    T: FromRequestParts<Authenticator>,
    S: Send + Sync,
    Rejection: From<T::Rejection>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let Some(authenticator) = parts.extensions.get::<Authenticator>().cloned() else {
            return Err(Rejection::missing_authenticator());
        };
        Ok(Self(T::from_request_parts(parts, &authenticator).await?))
    }
}
