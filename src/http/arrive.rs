//! Arrival: where a request comes from and who makes it.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, StatusCode, request::Parts};

use super::{
    api::Api,
    auth::{AuthState, first_live},
    cookies::{Credentials, SessionCredential, jwt},
    origin::{Origin, PROJECT},
    query::Pairs,
    rejection::Rejection,
    route::{Route, is_unsafe},
};
use crate::{
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
};

const KEY: HeaderName = HeaderName::from_static("x-appwrite-key");

/// A request whose sender is authenticated. Nothing has been decided about its operation.
pub(super) struct Arrival<'a> {
    pub(super) parts: &'a Parts,
    /// The address of the peer, a proxy's too.
    pub(super) peer: Option<IpAddr>,
    /// `None` for an unknown route, which is answered only after the gates.
    pub(super) route: Option<Route>,
    pub(super) auth: AuthState,
    /// The session that the request presented. `None` if a JWT took precedence.
    pub(super) credential: Option<SessionCredential>,
    pub(super) has_api_key: bool,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Api<S, M, P, C> {
    /// The first gates, in the API's order: origin, JWT, project, API key, session.
    pub(super) async fn arrive<'a>(
        &self,
        parts: &'a Parts,
        peer: Option<IpAddr>,
        origin: &Origin,
    ) -> Result<Arrival<'a>, Rejection> {
        let route = Route::find(&parts.method, parts.uri.path()).filter(|route| self.serves(route.operation));
        let credentials = self.credentials(parts, origin, route.as_ref());
        let key = parts.headers.get(KEY).map(HeaderValue::as_bytes).filter(|key| !key.is_empty());
        if is_unsafe(&parts.method) && key.is_none() {
            let by_cookie = credentials.first().is_some_and(|credential| credential.by_cookie);
            origin.check(&parts.headers, &self.config, by_cookie)?;
        }
        let by_jwt = self.authenticate_jwt(parts).await?;
        self.check_project(parts)?;
        let has_api_key = self.check_key(key)?;
        let (auth, credential) = match by_jwt {
            Some(auth) => (auth, None),
            None => first_live(credentials, &self.service).await?,
        };
        if has_api_key && !matches!(auth, AuthState::Guest) {
            let message = "API key and session used in the same request. Use either setSession or setKey.";
            return Err(Rejection::new(StatusCode::FORBIDDEN, "user_key_and_session_set", message));
        }
        Ok(Arrival { parts, peer, route, auth, credential, has_api_key })
    }

    /// The sessions that the request presents. The start of an OAuth2 flow ignores the cookie if
    /// another site led the browser there: that site could link an identity of its own to the
    /// account (login CSRF).
    fn credentials(&self, parts: &Parts, origin: &Origin, route: Option<&Route>) -> Credentials {
        let starts_flow = route.is_some_and(|route| {
            matches!(route.operation, Operation::StartOAuth2 | Operation::StartOAuth2Token)
        });
        let is_led = starts_flow && origin.is_led_by_others(&parts.headers, &self.config);
        let mut credentials = self.config.cookies.find(&parts.headers);
        credentials.retain(|credential| !(is_led && credential.by_cookie));
        credentials
    }

    /// Authenticates the JWT of the request, if it has one. It takes precedence over a session.
    async fn authenticate_jwt(&self, parts: &Parts) -> Result<Option<AuthState>, Rejection> {
        let Some(jwt) = jwt(&parts.headers) else { return Ok(None) };
        AuthState::of(self.service.session_holder_by_jwt(jwt).await).map(Some)
    }

    fn check_project(&self, parts: &Parts) -> Result<(), Rejection> {
        let is_named = match parts.headers.get(PROJECT) {
            Some(project) => project.as_bytes() == self.config.project.as_bytes(),
            None => parts.uri.query().is_some_and(|query| {
                Pairs::read(query)
                    .and_then(|pairs| Ok(pairs.scalar("project")? == Some(&*self.config.project)))
                    .unwrap_or(false)
            }),
        };
        if is_named { Ok(()) } else { Err(Rejection::unknown_project()) }
    }

    /// Whether the request has the API key.
    fn check_key(&self, key: Option<&[u8]>) -> Result<bool, Rejection> {
        match key {
            None => Ok(false),
            Some(key) if self.config.is_api_key(key) => Ok(true),
            Some(_) => {
                let message = "The API key is not valid.";
                Err(Rejection::new(StatusCode::UNAUTHORIZED, "user_unauthorized", message))
            }
        }
    }
}
