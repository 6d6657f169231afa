//! Who the user is: the claims of the id_token, and the profile.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::{
    super::{
        attempt::{Attempt, Callback},
        discovery::{Discovery, Issuers},
        error::OAuth2Error,
        json,
        openid::{Expected, IdTokenError, verify},
        registration::Values,
        tokens::Tokens,
    },
    OAuth2Client,
};
use crate::model::Timestamp;

/// The longest form field `user` of a callback that is read, in bytes.
const MAX_FORM_USER_LENGTH: usize = 4096;

/// A reply, and the source by which references name it.
type Reply<'a> = (&'a str, Value);

impl OAuth2Client {
    /// Returns the checked claims of the id_token, if the provider issues one that can be checked.
    pub(super) async fn claims(
        &self,
        tokens: &Tokens,
        attempt: &Attempt<'_>,
        values: &Values<'_>,
        now: Timestamp,
    ) -> Result<Option<Value>, OAuth2Error> {
        let registration = &self.registration;
        let provider = &registration.provider;
        let token = match &tokens.id_token {
            Some(token) if registration.checks_id_tokens() => token.expose(),
            None if provider.requires_id_token(&registration.values()) => {
                return Err(IdTokenError::Missing.into());
            }
            _ => return Ok(None),
        };
        let (keys, discovered) = self.find_keys(values, now).await?;
        let is_issuer = |issuer: &str, claims: &Value| {
            registration.is_expected_issuer(issuer, claims, values, discovered.as_deref())
        };
        let expected = Expected {
            is_issuer: &is_issuer,
            client_id: &registration.credentials.client_id,
            nonce: registration.sends_nonce().then_some(attempt.nonce),
            max_age: provider.authorize.max_age(values),
            now,
        };
        self.verify_id_token(token, &keys, &expected).await.map(Some)
    }

    /// Returns the URL of the provider's keys, and the discovery document if it is needed for the
    /// keys or the issuer.
    async fn find_keys(
        &self,
        values: &Values<'_>,
        now: Timestamp,
    ) -> Result<(Url, Option<Arc<Discovery>>), OAuth2Error> {
        let openid = self.registration.provider.openid.as_ref();
        let fixed = openid.and_then(|openid| openid.keys.as_ref()).filter(|keys| keys.url(values).is_some());
        let needs_discovery = fixed.is_none() || self.registration.issuers(values) == Issuers::Unknown;
        let discovered = if needs_discovery { self.discover(values, now).await? } else { None };
        let discovered_url = discovered.as_ref().and_then(|found| found.keys.as_ref());
        let url = self.registration.endpoint(fixed, discovered_url, values)?;
        Ok((url, discovered))
    }

    async fn verify_id_token(
        &self,
        token: &str,
        keys: &Url,
        expected: &Expected<'_>,
    ) -> Result<Value, OAuth2Error> {
        let cached = self.keys(keys, expected.now).await?;
        match verify(token, &cached, expected) {
            // The provider may have rotated its keys since they were cached.
            Err(IdTokenError::UnknownKey) => {
                let current = self.refetch_keys(keys, expected.now).await?;
                Ok(verify(token, &current, expected)?)
            }
            verified => Ok(verified?),
        }
    }

    /// Returns all replies from which the user is read: of the token endpoint, the callback, the
    /// id_token and the profile requests.
    pub(super) async fn fetch_profile<'a>(
        &'a self,
        tokens: &Tokens,
        callback: &Callback<'_>,
        claims: Option<Value>,
        values: &Values<'_>,
        now: Timestamp,
    ) -> Result<Vec<Reply<'a>>, OAuth2Error> {
        let requests = &self.registration.provider.profile.requests;
        let discovered = self.discover_endpoints(values, now).await?;
        let discovered = discovered.as_ref().and_then(|discovered| discovered.user.as_ref());
        let mut replies: Vec<Reply<'_>> = vec![("token", tokens.rest.clone())];
        replies.extend(form_user(callback).map(|user| ("callback.user", user)));
        replies.extend(claims.clone().map(|claims| ("id_token", claims)));
        let first_profile = replies.len();
        for (index, profile) in requests.iter().enumerate() {
            let known: Vec<_> = replies.iter().map(|(source, value)| (*source, value)).collect();
            let values = values.with_replies(&known);
            let discovered = discovered.filter(|_| index == 0);
            let request = self.registration.profile_request(profile, discovered, &values)?;
            let reply = self.send_ok(request, &[tokens.access_token.expose()]).await?;
            replies.push((&profile.name, json::parse(reply.body())?));
        }
        if let (Some(claims), Some((_, user))) = (&claims, replies.get(first_profile)) {
            check_subject(claims, user)?;
        }
        Ok(replies)
    }
}

/// Returns the form field `user` of the callback, if it is JSON.
fn form_user(callback: &Callback<'_>) -> Option<Value> {
    let text = callback.user.filter(|user| user.len() <= MAX_FORM_USER_LENGTH)?;
    json::parse(text.as_bytes()).ok()
}

/// Refuses user info whose subject is not that of the id_token (OpenID Connect Core §5.3.2).
fn check_subject(claims: &Value, user: &Value) -> Result<(), IdTokenError> {
    match user.get("sub") {
        Some(subject) if claims.get("sub") != Some(subject) => Err(IdTokenError::Subject),
        _ => Ok(()),
    }
}
