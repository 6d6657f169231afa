//! Rendering: from the typed outcome of an operation to the API's response.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

#[cfg(feature = "oauth2")]
use super::outcome::FlowChange;
use super::{
    account_json::account_json,
    api::{Api, ResponseFacts},
    cookies::KeepSignedIn,
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
    pub(super) fn render(&self, answer: Answer, facts: &ResponseFacts) -> Response<Bytes> {
        let quota = facts.quota;
        match answer {
            Ok(done) => {
                let mut response = render_outcome(&done, facts.has_api_key);
                self.write_cookies(done, facts.is_web, response.headers_mut());
                if let Some(quota) = quota {
                    write_quota(response.headers_mut(), &quota);
                }
                response
            }
            Err(rejection) => self.reject(rejection, quota),
        }
    }

    fn reject(&self, rejection: Rejection, quota: Option<Quota>) -> Response<Bytes> {
        let rejection = rejection.at(self.service.clock().now());
        let mut response = rejection.to_response();
        if let Some(quota) = quota.filter(|_| rejection.quota().is_none()) {
            write_quota(response.headers_mut(), &quota);
        }
        response
    }

    fn write_cookies(&self, done: Done, is_web: bool, headers: &mut HeaderMap) {
        let plain = self.config.plain_cookies.as_ref().filter(|_| !is_web);
        let cookies = plain.unwrap_or(&self.config.cookies);
        #[cfg(feature = "oauth2")]
        match done.flow {
            FlowChange::Keep => {}
            FlowChange::Add(started, kept) => {
                self.config.flow_cookies.add(&started, &kept).append_to(headers);
            }
            FlowChange::Remove(name) => self.config.flow_cookies.clear(&name).append_to(headers),
        }
        if let Some(device) = done.device {
            cookies.device(&device, self.service.clock().now()).append_to(headers);
        }
        match done.cookie {
            CookieChange::Keep => {}
            CookieChange::Set(secret, expires_at) => {
                cookies.new_secret(&secret, expires_at, KeepSignedIn::UntilExpiry).append_to(headers);
            }
            CookieChange::Clear => cookies.signed_out().append_to(headers),
        }
    }
}

fn render_outcome(done: &Done, has_api_key: bool) -> Response<Bytes> {
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
fn redirect(status: StatusCode, location: &str) -> Response<Bytes> {
    use http::{HeaderValue, header};

    let Ok(mut location) = HeaderValue::from_str(location) else {
        return Rejection::unknown().to_response();
    };
    location.set_sensitive(true);
    let mut response = empty(status);
    response.headers_mut().insert(header::LOCATION, location);
    response
}
