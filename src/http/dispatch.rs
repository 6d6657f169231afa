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
    call::{Call, Who},
    cookies::jwt,
    magic_page,
    origin::{Origin, PROJECT, preflight},
    page::Page,
    peer,
    query::Pairs,
    refusal::{Refusal, write_quota},
    reply::{Answer, CookieChange, Reply, harden},
    routes::{self, Route},
    settings::{Door, Settings},
};
use crate::{
    AccountService, ConfigError, Error, SessionHolder,
    model::Client,
    operation::{Access, Assurance, LimitKey, Operation, Subject},
    ports::{Clock, Mailer, Quota, SmsSender, Store},
};

/// More than any set of parameters needs.
const MOST_BYTES: usize = 64 * 1024;
/// Preferences hold 65,535 bytes without white space; with it they may be longer.
const MOST_BYTES_OF_PREFERENCES: usize = 1024 * 1024;
/// 126 days, as the API says it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=10886400");

const KEY: HeaderName = HeaderName::from_static("x-appwrite-key");

/// A service and the settings under which it is offered.
pub(super) struct Desk<S, M, P, C> {
    service: AccountService<S, M, P, C>,
    door: Arc<Door>,
}

/// Who is in front of the gates.
pub(super) enum Standing {
    Guest,
    Signed(SessionHolder),
    /// Signed in, but held back: blocked, or owing a new password.
    Held(Error),
}

impl Standing {
    /// What the service said of a session or JWT. Whoever is not signed in is a guest, not an error.
    pub(super) fn of(outcome: Result<SessionHolder, Error>) -> Result<Self, Refusal> {
        match outcome {
            Ok(holder) => Ok(Self::Signed(holder)),
            Err(Error::NotSignedIn) => Ok(Self::Guest),
            Err(held @ (Error::Blocked | Error::PasswordResetRequired)) => Ok(Self::Held(held)),
            Err(error) => Err(error.into()),
        }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Desk<S, M, P, C> {
    pub(super) fn new(service: AccountService<S, M, P, C>, settings: &Settings) -> Result<Self, ConfigError> {
        let door = Door::new(settings, service.config())?;
        Ok(Self { service, door: Arc::new(door) })
    }

    pub(super) async fn answer(self: Arc<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let origin = Origin::of(&parts.headers, &self.door);
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
        if self.door.is_https {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        response
    }

    /// The gates, in the order of the API. `quota` is what is left of the limit that counted the request.
    async fn pass(&self, parts: &Parts, body: Body, origin: &Origin, quota: &mut Option<Quota>) -> Answer {
        #[cfg(feature = "oauth2")]
        if let Some(back) = super::oauth2::Return::of(parts) {
            return Box::pin(back.pass_on(&self.door, parts, body)).await;
        }
        let route = Route::find(&parts.method, parts.uri.path());
        // Else a foreign page could have its own identity linked to whoever is signed in here.
        let begins_flow = route.as_ref().is_some_and(|route| {
            matches!(route.operation, Operation::StartOAuth2 | Operation::StartOAuth2Token)
        });
        let is_led = begins_flow && origin.is_led_by_others(&parts.headers, &self.door);
        let presented =
            self.door.cookies.find(&parts.headers).filter(|presented| !(is_led && presented.by_cookie));
        let key = parts.headers.get(KEY).map(HeaderValue::as_bytes).filter(|key| !key.is_empty());
        let has_body = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
        if has_body && key.is_none() {
            let by_cookie = presented.as_ref().is_some_and(|presented| presented.by_cookie);
            origin.check(&parts.headers, &self.door, by_cookie)?;
        }
        let by_jwt = self.by_jwt(&parts.headers).await?;
        self.check_project(parts)?;
        let is_trusted = self.check_key(key)?;
        let (standing, presented) = match (by_jwt, presented) {
            (Some(standing), _) => (standing, None),
            (None, Some(presented)) => {
                (Standing::of(self.service.session_holder(&presented.secret).await)?, Some(presented))
            }
            (None, None) => (Standing::Guest, None),
        };
        if is_trusted && !matches!(standing, Standing::Guest) {
            let message = "API key and session used in the same request. Use either setSession or setKey.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "user_key_and_session_set", message));
        }
        let who = admit_standing(standing, is_trusted, route.as_ref().map(|route| route.operation));
        let who = match &route {
            // Whoever is held back here may be somebody else than who comes from the provider; and if not, the flow ends at its failure page.
            Some(route) if route.operation == Operation::OAuth2Redirect => who.unwrap_or_default(),
            _ => who?,
        };
        // Whether a route exists is told only to those who may come this far.
        let Some(Route { operation, path }) = route else { return Err(Refusal::unknown_route()) };
        // Led there by a provider, a browser can send nothing but GET. What it must bring along says that it is its own flow.
        let ends_flow = operation == Operation::OAuth2Redirect;
        if ends_flow && parts.method != Method::GET {
            return Err(Refusal::unknown_route());
        }
        let changes = has_body || ends_flow;

        let fields = if has_body {
            let most_bytes = match operation {
                Operation::ReplacePreferences => MOST_BYTES_OF_PREFERENCES,
                _ => MOST_BYTES,
            };
            // Boxed, because the many requests that only read should not carry its room along.
            Box::pin(Fields::read(&parts.headers, body, most_bytes, self.door.form_bodies)).await
        } else {
            Ok(Fields::default())
        };
        let needs_address = changes || !operation.limits().is_empty();
        let address = needs_address.then(|| peer::client_address(parts, &self.door.proxies)).flatten();
        if self.door.rate_limits && !operation.limits().is_empty() {
            let none = Fields::default();
            let fields = fields.as_ref().unwrap_or(&none);
            *quota = self.count(operation, address, who.as_deref(), fields, is_trusted).await?;
        }
        self.check_operation(operation, who.as_deref())?;
        let client = if changes {
            self.door.cookies.with_device(peer::client(parts, address), &parts.headers)
        } else {
            Client::default()
        };
        // A new secret is handed out as a cookie, and a client that keeps the old one itself would not notice.
        let keeps_it_itself = presented.as_ref().is_some_and(|presented| !presented.is_kept_for_us);
        let who = who.map(|who| if keeps_it_itself { who.keeping_secret() } else { who });
        let call = Call {
            service: self.service.clone(),
            door: Arc::clone(&self.door),
            who: who.map(|who| who.with_client(client.clone())),
            presented,
            is_trusted,
            client,
            #[cfg(feature = "oauth2")]
            flows: match operation {
                Operation::StartOAuth2 | Operation::StartOAuth2Token | Operation::OAuth2Redirect => {
                    self.door.cookies.flows.find(&parts.headers)
                }
                _ => KeptFlows::default(),
            },
            fields: fields?,
            uri: parts.uri.clone(),
            route: path,
        };
        if changes {
            on_its_own(operation, call).await.unwrap_or_else(|_| Err(Refusal::unknown()))
        } else {
            routes::read(operation, &call).await
        }
    }

    /// Whom a JWT proves, if there is one. It replaces whoever the session would prove.
    async fn by_jwt(&self, headers: &HeaderMap) -> Result<Option<Standing>, Refusal> {
        let Some(jwt) = jwt(headers) else { return Ok(None) };
        let outcome = self.service.session_holder_by_jwt(jwt).await;
        Standing::of(outcome).map(Some)
    }

    fn check_project(&self, parts: &Parts) -> Result<(), Refusal> {
        let is_named = match parts.headers.get(PROJECT) {
            Some(project) => project.as_bytes() == self.door.project.as_bytes(),
            None => parts.uri.query().is_some_and(|query| {
                Pairs::read(query)
                    .and_then(|pairs| Ok(pairs.scalar("project")? == Some(&*self.door.project)))
                    .unwrap_or(false)
            }),
        };
        if is_named {
            return Ok(());
        }
        Err(Refusal::unknown_project())
    }

    /// Whether the request carries the API key.
    fn check_key(&self, key: Option<&[u8]>) -> Result<bool, Refusal> {
        match key {
            None => Ok(false),
            Some(key) if self.door.is_api_key(key) => Ok(true),
            Some(_) => {
                Err(Refusal::new(StatusCode::UNAUTHORIZED, "user_unauthorized", "The API key is not valid."))
            }
        }
    }

    async fn count(
        &self,
        operation: Operation,
        ip: Option<IpAddr>,
        caller: Option<&SessionHolder>,
        fields: &Fields,
        is_trusted: bool,
    ) -> Result<Option<Quota>, Refusal> {
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
            Err(Error::RateLimited(quota)) if is_trusted => Ok(Some(quota)),
            Err(Error::Limiter(_)) if is_trusted => Ok(None),
            outcome => Ok(outcome?),
        }
    }

    /// The gates of one operation: sign-in method, active session, fresh factor.
    fn check_operation(&self, operation: Operation, holder: Option<&SessionHolder>) -> Result<(), Refusal> {
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
                        self.door.cookies.set(&secret, expires_at, headers)
                    }
                    CookieChange::Clear => self.door.cookies.clear(headers),
                }
                if let Some(device) = device {
                    self.door.cookies.set_device(&device, self.service.clock().now(), headers);
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
fn admit_standing(
    standing: Standing,
    is_trusted: bool,
    operation: Option<Operation>,
) -> Result<Option<Who>, Refusal> {
    match standing {
        Standing::Signed(holder) if operation.is_some_and(|it| it.assurance() == Assurance::Exempt) => {
            Ok(Some(Who::Owing(holder)))
        }
        Standing::Signed(holder) => Ok(Some(Who::Full(holder.into_caller()?))),
        Standing::Held(error) => Err(error.into()),
        Standing::Guest => {
            let access = operation.map_or(Access::Public, Operation::access);
            let who = if is_trusted { "App (role: applications" } else { "User (role: guests" };
            if access.allows_guests() {
                Ok(None)
            } else {
                Err(Refusal::unauthorized_scope(who, access.scope()))
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
