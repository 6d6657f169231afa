//! Middleware that guards routes of your application.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};

use super::{extract::FoundCaller, router::peer};
use crate::{
    error::Error,
    http::{Authenticator, Rejection, RejectionCause, ReturnPath, quota_headers},
    operation::{Operation, Subject},
    service::Caller,
};

/// Lets only signed-in users pass; others get the API's response 401.
///
/// Handlers behind it take [`Caller`] without authenticating the request again.
///
/// # Examples
/// ```
/// use account::{Caller, axum::require_caller};
/// # use account::{AccountService, Config, MasterKey, MemoryStore};
/// # use account::http::{Authenticator, Settings};
/// use axum::{Router, middleware::from_fn_with_state, routing::get};
///
/// # let config = Config::new(MasterKey::generate()?);
/// # let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let authenticator = Authenticator::new(service, &Settings::default())?;
/// let app: Router = Router::new()
///     .route("/me", get(|caller: Caller| async move { caller.user_id().to_string() }))
///     .route_layer(from_fn_with_state(authenticator.clone(), require_caller))
///     .with_state(authenticator);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn require_caller(
    State(authenticator): State<Authenticator>,
    request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let (request, caller) = authenticated(&authenticator, request).await;
    pass(authenticator, request, caller?, next).await
}

/// Where guests are redirected to; the state of [`require_caller_or_redirect`].
#[derive(Debug, Clone)]
pub struct SignInPage {
    authenticator: Authenticator,
    path: Box<str>,
    second_factor: Option<Box<str>>,
}

impl SignInPage {
    /// The page at this path, such as `/sign-in`.
    #[must_use]
    pub fn at(path: impl Into<Box<str>>, authenticator: Authenticator) -> Self {
        Self { authenticator, path: path.into(), second_factor: None }
    }

    /// Sets the page that asks for the second factor, such as `/second-factor`. Default: the
    /// sign-in page.
    #[must_use]
    pub fn second_factor(self, path: impl Into<Box<str>>) -> Self {
        Self { second_factor: Some(path.into()), ..self }
    }

    /// The page that this request needs.
    fn page_for(self, rejection: &Rejection) -> Box<str> {
        let lacks_factor = matches!(rejection.cause(), RejectionCause::Error(Error::MoreFactorsRequired));
        self.second_factor.filter(|_| lacks_factor).unwrap_or(self.path)
    }
}

/// Lets only signed-in users pass. Guests, and users who lack a second factor, are redirected to a
/// sign-in page, with the path that they asked for as its parameter `next`; read it as
/// [`ReturnPath`].
///
/// # Errors
/// The [`Rejection`] of a request that was refused for another reason, such as a blocked account.
///
/// # Examples
/// ```
/// use account::axum::{SignInPage, require_caller_or_redirect};
/// # use account::{AccountService, Config, MasterKey, MemoryStore};
/// # use account::http::{Authenticator, Settings};
/// use axum::{Router, middleware::from_fn_with_state, routing::get};
///
/// # let config = Config::new(MasterKey::generate()?);
/// # let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let authenticator = Authenticator::new(service, &Settings::default())?;
/// let page = SignInPage::at("/sign-in", authenticator);
/// let app: Router = Router::new()
///     .route("/notes", get(|| async { "only for signed-in users" }))
///     .route_layer(from_fn_with_state(page, require_caller_or_redirect));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "own login page")]
pub async fn require_caller_or_redirect(
    State(page): State<SignInPage>,
    request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let (request, caller) = authenticated(&page.authenticator, request).await;
    match caller {
        Ok(caller) => pass(page.authenticator, request, caller, next).await,
        Err(rejection) if may_sign_in(&rejection) => {
            let (parts, _) = request.into_parts();
            let page = page.page_for(&rejection);
            let location = match ReturnPath::of(&parts) {
                Some(path) => path.after(&page),
                None => page.into_string(),
            };
            Ok(Redirect::to(&location).into_response())
        }
        Err(rejection) => Err(rejection),
    }
}

/// Counts requests against the limits of an operation, by network and by caller, and refuses those
/// over them with status 429. Other responses get the `X-RateLimit-*` headers.
///
/// Use it for routes of your own that call one operation, or cost as much as one. An operation
/// whose limit has the email address or another parameter in its key is better counted in the
/// handler, by [`Authenticator::admit`].
///
/// # Examples
/// ```
/// use account::{axum::limit_requests, operation::Operation};
/// # use account::{AccountService, Config, MasterKey, MemoryStore};
/// # use account::http::{Authenticator, Settings};
/// use axum::{Router, middleware::from_fn_with_state, routing::post};
///
/// # let config = Config::new(MasterKey::generate()?);
/// # let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let authenticator = Authenticator::new(service, &Settings::default())?;
/// let app: Router = Router::new()
///     .route("/join", post(|| async { "welcome" }))
///     .route_layer(from_fn_with_state((authenticator, Operation::SignUp), limit_requests));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "rate limit")]
pub async fn limit_requests(
    State((authenticator, operation)): State<(Authenticator, Operation)>,
    request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let (parts, body) = request.into_parts();
    let client = authenticator.client(&parts, peer(&parts.extensions));
    let caller_id = FoundCaller::of(&parts.extensions, &authenticator).map(|caller| *caller.user_id());
    let subject = Subject {
        ip: client.ip(),
        caller_id: caller_id.as_ref().map(|id| id.as_str()),
        ..Subject::default()
    };
    let quota = authenticator.admit(operation, &subject).await?;
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(quota) = quota {
        for (name, value) in quota_headers(&quota) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Runs requests that may change something to their end, on a task of their own, so that a client
/// that disconnects cannot suppress notices of what it did. Add it to the routes of your
/// application that call operations; the routes of the API do so themselves.
///
/// # Examples
/// ```
/// use axum::{Router, middleware::from_fn, routing::post};
///
/// let app: Router = Router::new()
///     .route("/sign-in", post(|| async { "signed in" }))
///     .layer(from_fn(account::axum::run_to_end));
/// ```
pub async fn run_to_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    tokio::spawn(next.run(request)).await.unwrap_or_else(|_| Rejection::unknown().into_response())
}

async fn authenticated(
    authenticator: &Authenticator,
    request: Request,
) -> (Request, Result<Caller, Rejection>) {
    let (parts, body) = request.into_parts();
    let caller = authenticator.caller(&parts, peer(&parts.extensions)).await;
    let caller = caller.and_then(|caller| caller.ok_or_else(|| Error::NotSignedIn.into()));
    (Request::from_parts(parts, body), caller)
}

async fn pass(
    authenticator: Authenticator,
    mut request: Request,
    caller: Caller,
    next: Next,
) -> Result<Response, Rejection> {
    request.extensions_mut().insert(FoundCaller { authenticator, caller });
    Ok(next.run(request).await)
}

/// Whether signing in, or its second step, is what is missing.
fn may_sign_in(rejection: &Rejection) -> bool {
    use Error::{InvalidJwt, MoreFactorsRequired, NotSignedIn};

    matches!(rejection.cause(), RejectionCause::Error(NotSignedIn | InvalidJwt(_) | MoreFactorsRequired))
}
