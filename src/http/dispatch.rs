//! The one way of every request: through the gates, to its operation, and back with the headers that each reply carries.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use tokio::task::JoinHandle;

#[cfg(feature = "oauth2")]
use super::flow_cookies::KeptFlows;
use super::{
    body::Fields,
    call::{Call, Principal},
    cookies::jwt,
    magic_page,
    origin::{Origin, PROJECT, preflight},
    page::Page,
    peer,
    query::Pairs,
    rejection::{Rejection, write_quota},
    reply::{Answer, CookieChange, Reply, harden},
    routes::{self, Route},
    settings::{HttpConfig, Settings},
};
use crate::{
    config::ConfigError,
    error::Error,
    model::ClientInfo,
    operation::{Access, Assurance, LimitKey, Operation, Subject},
    ports::{Clock, Mailer, Quota, SmsSender, Store},
    service::{AccountService, SessionHolder},
};

/// More than any set of parameters needs.
const MAX_BYTES: usize = 64 * 1024;
/// Preferences hold 65,535 bytes without white space; with it they may be longer.
const MAX_PREFERENCES_BYTES: usize = 1024 * 1024;
/// 126 days, as the API says it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=10886400");

const KEY: HeaderName = HeaderName::from_static("x-appwrite-key");

/// A service and the settings under which it is offered.
pub(super) struct Api<S, M, P, C> {
    service: AccountService<S, M, P, C>,
    config: Arc<HttpConfig>,
}

/// Principal is in front of the gates.
pub(super) enum AuthState {
    Guest,
    Signed(SessionHolder),
    /// Signed in, but held back: blocked, or owing a new password.
    Held(Error),
}

impl AuthState {
    /// What the service said of a session or JWT. Whoever is not signed in is a guest, not an error.
    pub(super) fn of(outcome: Result<SessionHolder, Error>) -> Result<Self, Rejection> {
        match outcome {
            Ok(holder) => Ok(Self::Signed(holder)),
            Err(Error::NotSignedIn) => Ok(Self::Guest),
            Err(held @ (Error::Blocked | Error::PasswordResetRequired)) => Ok(Self::Held(held)),
            Err(error) => Err(error.into()),
        }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Api<S, M, P, C> {
    pub(super) fn new(service: AccountService<S, M, P, C>, settings: &Settings) -> Result<Self, ConfigError> {
        let config = HttpConfig::new(settings, service.config())?;
        Ok(Self { service, config: Arc::new(config) })
    }

    pub(super) async fn answer(self: Arc<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let origin = Origin::of(&parts.headers, &self.config);
        let mut response = if parts.method == Method::OPTIONS {
            let mut response = preflight(&origin);
            harden(response.headers_mut());
            response
        } else if let Some(page) = static_page(&parts) {
            page.response()
        } else {
            let mut quota = None;
            let answer = self.pass(&parts, body, &origin, &mut quota).await;
            self.render(answer, quota)
        };
        origin.write(&mut response);
        if self.config.is_https {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        response
    }

    /// The gates, in the order of the API. `quota` is what is left of the limit that counted the request.
    async fn pass(&self, parts: &Parts, body: Body, origin: &Origin, quota: &mut Option<Quota>) -> Answer {
        #[cfg(feature = "oauth2")]
        if let Some(back) = super::oauth2::Callback::of(parts) {
            return Box::pin(back.pass_on(&self.config, parts, body)).await;
        }
        let route = Route::find(&parts.method, parts.uri.path());
        // Else a foreign page could have its own identity linked to whoever is signed in here.
        let begins_flow = route.as_ref().is_some_and(|route| {
            matches!(route.operation, Operation::StartOAuth2 | Operation::StartOAuth2Token)
        });
        let is_led = begins_flow && origin.is_led_by_others(&parts.headers, &self.config);
        let credential =
            self.config.cookies.find(&parts.headers).filter(|credential| !(is_led && credential.by_cookie));
        let key = parts.headers.get(KEY).map(HeaderValue::as_bytes).filter(|key| !key.is_empty());
        let has_body = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
        if has_body && key.is_none() {
            let by_cookie = credential.as_ref().is_some_and(|credential| credential.by_cookie);
            origin.check(&parts.headers, &self.config, by_cookie)?;
        }
        let by_jwt = self.by_jwt(&parts.headers).await?;
        self.check_project(parts)?;
        let has_api_key = self.check_key(key)?;
        let (auth, credential) = match (by_jwt, credential) {
            (Some(auth), _) => (auth, None),
            (None, Some(credential)) => {
                (AuthState::of(self.service.session_holder(&credential.secret).await)?, Some(credential))
            }
            (None, None) => (AuthState::Guest, None),
        };
        if has_api_key && !matches!(auth, AuthState::Guest) {
            let message = "API key and session used in the same request. Use either setSession or setKey.";
            return Err(Rejection::new(StatusCode::FORBIDDEN, "user_key_and_session_set", message));
        }
        let who = admit_auth(auth, has_api_key, route.as_ref().map(|route| route.operation));
        let who = match &route {
            // Whoever is held back here may be somebody else than who comes from the provider; and if not, the flow ends at its failure page.
            Some(route) if route.operation == Operation::OAuth2Redirect => who.unwrap_or_default(),
            _ => who?,
        };
        // Whether a route exists is told only to those who may come this far.
        let Some(Route { operation, path }) = route else { return Err(Rejection::unknown_route()) };
        // Led there by a provider, a browser can send nothing but GET. What it must bring along says that it is its own flow.
        let ends_flow = operation == Operation::OAuth2Redirect;
        if ends_flow && parts.method != Method::GET {
            return Err(Rejection::unknown_route());
        }
        let changes = has_body || ends_flow;

        let fields = if has_body {
            let most_bytes = match operation {
                Operation::ReplacePreferences => MAX_PREFERENCES_BYTES,
                _ => MAX_BYTES,
            };
            // Boxed, because the many requests that only read should not carry its room along.
            Box::pin(Fields::read(&parts.headers, body, most_bytes, self.config.form_bodies)).await
        } else {
            Ok(Fields::default())
        };
        let needs_address = changes || !operation.limits().is_empty();
        let address = needs_address.then(|| peer::client_address(parts, &self.config.proxies)).flatten();
        if self.config.rate_limits && !operation.limits().is_empty() {
            let none = Fields::default();
            let fields = fields.as_ref().unwrap_or(&none);
            *quota = self.count(operation, address, who.as_deref(), fields, has_api_key).await?;
        }
        self.check_operation(operation, who.as_deref())?;
        let client = if changes {
            self.config.cookies.with_device(peer::client(parts, address), &parts.headers)
        } else {
            ClientInfo::default()
        };
        // A new secret is handed out as a cookie, and a client that keeps the old one itself would not notice.
        let keeps_it_itself = credential.as_ref().is_some_and(|credential| !credential.is_kept_for_us);
        let who = who.map(|who| if keeps_it_itself { who.keeping_secret() } else { who });
        let call = Call {
            service: self.service.clone(),
            config: Arc::clone(&self.config),
            who: who.map(|who| who.with_client(client.clone())),
            credential,
            has_api_key,
            client,
            #[cfg(feature = "oauth2")]
            flows: match operation {
                Operation::StartOAuth2 | Operation::StartOAuth2Token | Operation::OAuth2Redirect => {
                    self.config.cookies.flows.find(&parts.headers)
                }
                _ => KeptFlows::default(),
            },
            fields: fields?,
            uri: parts.uri.clone(),
            route: path,
        };
        if changes {
            on_its_own(operation, call).await.unwrap_or_else(|_| Err(Rejection::unknown()))
        } else {
            routes::read(operation, &call).await
        }
    }

    /// Whom a JWT proves, if there is one. It replaces whoever the session would prove.
    async fn by_jwt(&self, headers: &HeaderMap) -> Result<Option<AuthState>, Rejection> {
        let Some(jwt) = jwt(headers) else { return Ok(None) };
        let outcome = self.service.session_holder_by_jwt(jwt).await;
        AuthState::of(outcome).map(Some)
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
        if is_named {
            return Ok(());
        }
        Err(Rejection::unknown_project())
    }

    /// Whether the request carries the API key.
    fn check_key(&self, key: Option<&[u8]>) -> Result<bool, Rejection> {
        match key {
            None => Ok(false),
            Some(key) if self.config.is_api_key(key) => Ok(true),
            Some(_) => Err(Rejection::new(
                StatusCode::UNAUTHORIZED,
                "user_unauthorized",
                "The API key is not valid.",
            )),
        }
    }

    async fn count(
        &self,
        operation: Operation,
        ip: Option<IpAddr>,
        caller: Option<&SessionHolder>,
        fields: &Fields,
        has_api_key: bool,
    ) -> Result<Option<Quota>, Rejection> {
        let is_counted_by = |key| operation.limits().iter().any(|limit| limit.by.contains(&key));
        let text = |key, name| is_counted_by(key).then(|| fields.text(name)).flatten();
        let (email, phone) = (text(LimitKey::Email, "email"), text(LimitKey::Phone, "phone"));
        let user_id = text(LimitKey::UserIdParam, "userId");
        let challenge = text(LimitKey::ChallengeId, "challengeId");
        let subject = Subject {
            ip,
            email: email.as_ref().map(|text| text.as_str()),
            phone: phone.as_ref().map(|text| text.as_str()),
            user_id_param: user_id.as_ref().map(|text| text.as_str()),
            caller_id: caller.map(|caller| caller.user_id().as_str()),
            challenge: challenge.as_ref().map(|text| text.as_str()),
        };
        match self.service.admit(operation, &subject).await {
            Err(Error::RateLimited(quota)) if has_api_key => Ok(Some(quota)),
            Err(Error::Limiter(_)) if has_api_key => Ok(None),
            outcome => Ok(outcome?),
        }
    }

    /// The gates of one operation: sign-in method, active session, fresh factor.
    fn check_operation(&self, operation: Operation, holder: Option<&SessionHolder>) -> Result<(), Rejection> {
        self.service.require_method(operation)?;
        match holder {
            Some(_) if operation.refuses_session() => Err(Error::SessionExists.into()),
            Some(holder) => Ok(holder.require(self.service.assurance_of(operation))?),
            None => Ok(()),
        }
    }

    fn render(&self, answer: Answer, quota: Option<Quota>) -> Response {
        match answer {
            Ok(Reply { mut response, cookie, device }) => {
                let headers = response.headers_mut();
                match cookie {
                    CookieChange::Keep => {}
                    CookieChange::Set(secret, expires_at) => {
                        self.config.cookies.set(&secret, expires_at, headers)
                    }
                    CookieChange::Clear => self.config.cookies.clear(headers),
                }
                if let Some(device) = device {
                    self.config.cookies.set_device(&device, self.service.clock().now(), headers);
                }
                if let Some(quota) = quota {
                    write_quota(&mut response, &quota, None);
                }
                response
            }
            Err(refusal) => {
                let refused_by = refusal.quota();
                let wait = refused_by.map(|quota| quota.reset.since(self.service.clock().now()));
                let mut response = refusal.into_response();
                if let Some(quota) = refused_by.or(quota) {
                    write_quota(&mut response, &quota, wait);
                }
                response
            }
        }
    }
}

/// The static page at this path, if there is one.
fn static_page(parts: &Parts) -> Option<&'static Page> {
    match parts.uri.path() {
        _ if !matches!(parts.method, Method::GET | Method::HEAD) => None,
        magic_page::PATH => Some(&magic_page::PAGE),
        #[cfg(feature = "oauth2")]
        super::oauth2::SUCCESS | super::oauth2::FAILURE => Some(&super::oauth2::PAGE),
        _ => None,
    }
}

/// Scope, block, reset and factors.
fn admit_auth(
    auth: AuthState,
    has_api_key: bool,
    operation: Option<Operation>,
) -> Result<Option<Principal>, Rejection> {
    match auth {
        AuthState::Signed(holder) if operation.is_some_and(|it| it.assurance() == Assurance::Exempt) => {
            Ok(Some(Principal::Owing(holder)))
        }
        AuthState::Signed(holder) => Ok(Some(Principal::Full(holder.into_caller()?))),
        AuthState::Held(error) => Err(error.into()),
        AuthState::Guest => {
            let access = operation.map_or(Access::Public, Operation::access);
            let who = if has_api_key { "App (role: applications" } else { "User (role: guests" };
            if access.allows_guests() {
                Ok(None)
            } else {
                Err(Rejection::unauthorized_scope(who, access.scope()))
            }
        }
    }
}

/// Starts a change on a task of its own: it runs to its end even if the client hangs up, and a panic in it becomes an answer.
fn on_its_own<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    operation: Operation,
    call: Call<S, M, P, C>,
) -> JoinHandle<Answer> {
    tokio::spawn(routes::change(operation, call))
}
