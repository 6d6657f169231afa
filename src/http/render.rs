//! Rendering: from the typed outcome of an operation to the API's response.

use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};

#[cfg(feature = "oauth2")]
use super::outcome::FlowChange;
use super::{
    account_json::account_json,
    api::Api,
    models::{
        AuthenticatorModel, ChallengeModel, FactorsModel, IdentityListModel, JwtModel, LogListModel,
        RecoveryCodesModel, SessionListModel, SessionModel, TargetModel, TokenModel, preferences_model,
    },
    outcome::{Answer, CookieChange, Done, Outcome},
    rejection::Rejection,
    response::{empty, json, json_text, write_quota},
};
use crate::ports::{Clock, Mailer, Quota, SmsSender, Store};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Api<S, M, P, C> {
    /// The response. Only a server with the API key sees the secrets of sessions and tokens.
    pub(super) fn render(&self, answer: Answer, quota: Option<Quota>, has_api_key: bool) -> Response {
        match answer {
            Ok(done) => {
                let mut response = render_outcome(&done, has_api_key);
                self.write_cookies(done, response.headers_mut());
                if let Some(quota) = quota {
                    write_quota(&mut response, &quota, None);
                }
                response
            }
            Err(rejection) => self.reject(rejection, quota),
        }
    }

    fn reject(&self, rejection: Rejection, quota: Option<Quota>) -> Response {
        let exceeded = rejection.quota();
        let wait = exceeded.map(|quota| quota.reset.since(self.service.clock().now()));
        let mut response = rejection.into_response();
        if let Some(quota) = exceeded.or(quota) {
            write_quota(&mut response, &quota, wait);
        }
        response
    }

    fn write_cookies(&self, done: Done, headers: &mut HeaderMap) {
        let cookies = &self.config.cookies;
        #[cfg(feature = "oauth2")]
        match done.flow {
            FlowChange::Keep => {}
            FlowChange::Add(started, kept) => cookies.flows.set(&started, &kept, headers),
            FlowChange::Remove(name) => cookies.flows.clear(&name, headers),
        }
        match done.cookie {
            CookieChange::Keep => {}
            CookieChange::Set(secret, expires_at) => cookies.set(&secret, expires_at, headers),
            CookieChange::Clear => cookies.clear(headers),
        }
        if let Some(device) = done.device {
            cookies.set_device(&device, self.service.clock().now(), headers);
        }
    }
}

fn render_outcome(done: &Done, has_api_key: bool) -> Response {
    const OK: StatusCode = StatusCode::OK;
    const CREATED: StatusCode = StatusCode::CREATED;
    match &done.outcome {
        Outcome::SignedUp(user) => json_text(CREATED, account_json(user)),
        Outcome::User(user) => json_text(OK, account_json(user)),
        Outcome::Preferences(preferences) => json(OK, &preferences_model(preferences.as_json())),
        Outcome::SignedIn(session) => {
            let secret = match &done.cookie {
                CookieChange::Set(secret, _) if has_api_key => secret.to_wire(),
                _ => String::new(),
            };
            json(CREATED, &SessionModel::new(session, &secret))
        }
        Outcome::Session(session) => json(OK, &SessionModel::new(session, "")),
        Outcome::Sessions(sessions) => json(OK, &SessionListModel::new(sessions)),
        Outcome::Jwt(jwt) => json(CREATED, &JwtModel { jwt: jwt.as_str() }),
        Outcome::TokenSent(token) => json(CREATED, &TokenModel::new(token, has_api_key)),
        Outcome::TokenRedeemed(token) => json(OK, &TokenModel::new(token, false)),
        Outcome::Factors(factors) => json(OK, &FactorsModel::new(*factors)),
        Outcome::Authenticator(authenticator) => json(OK, &AuthenticatorModel::new(authenticator)),
        Outcome::ChallengeStarted(challenge) => json(CREATED, &ChallengeModel::new(challenge)),
        Outcome::RecoveryCodesCreated(codes) => json(CREATED, &RecoveryCodesModel::new(codes)),
        Outcome::RecoveryCodes(codes) => json(OK, &RecoveryCodesModel::new(codes)),
        Outcome::TargetAdded(target) => json(CREATED, &TargetModel::new(target)),
        Outcome::Target(target) => json(OK, &TargetModel::new(target)),
        Outcome::Identities(page) => json(OK, &IdentityListModel::new(page)),
        Outcome::Log(page) => json(OK, &LogListModel::new(page)),
        #[cfg(feature = "oauth2")]
        Outcome::Redirect(status, location) => redirect(*status, location),
        Outcome::Nothing => empty(StatusCode::NO_CONTENT),
    }
}

/// A redirect that is not cached and not reported to other sites.
#[cfg(feature = "oauth2")]
fn redirect(status: StatusCode, location: &str) -> Response {
    use axum::http::{HeaderValue, header};

    let Ok(mut location) = HeaderValue::from_str(location) else {
        return Rejection::unknown().into_response();
    };
    location.set_sensitive(true);
    let mut response = empty(status);
    response.headers_mut().insert(header::LOCATION, location);
    response
}
