//! The user's profile: requests for it, and what is read from the replies.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::{
    error::OAuth2Error,
    error_response::ErrorResponse,
    json::text_of,
    provider::{Body, Condition, EmailList, ProfileRequest, Test, Verified},
    registration::{Registration, Values},
    template::Template,
    urlencoded::{append_query, form},
};
use crate::{
    model::{Email, Name},
    ports::{HttpMethod, HttpRequest},
};

/// The longest provider id that a stored identity can hold, in bytes.
const MAX_UID_LENGTH: usize = 255;
/// The longest name that an account can hold, in characters.
const MAX_NAME_LENGTH: usize = 128;

/// A user, as the provider describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderUser {
    /// The user's id at the provider: 1–255 bytes without control characters. The provider never
    /// reuses it.
    pub uid: Box<str>,
    /// The email address, if the provider returned a usable one.
    pub email: Option<Email>,
    /// Whether the provider has verified the address. `false` without one.
    pub email_verified: bool,
    /// The user's name at the provider. May be empty.
    pub name: Name,
}

impl Registration {
    /// Builds one request for the profile.
    pub(super) fn profile_request(
        &self,
        profile: &ProfileRequest,
        discovered: Option<&Url>,
        values: &Values<'_>,
    ) -> Result<HttpRequest, OAuth2Error> {
        let mut url = self.endpoint(profile.url.as_ref(), discovered, values)?;
        append_query(&mut url, &fill(&profile.query, values)?);

        let method = if profile.body.is_some() { HttpMethod::Post } else { HttpMethod::Get };
        let mut request = HttpRequest::new(method, url);
        if let (true, Some(tokens)) = (profile.bearer, values.tokens) {
            request =
                request.with_header("Authorization", format!("Bearer {}", tokens.access_token.expose()));
        }
        for (name, value) in fill(&profile.headers, values)? {
            if value.chars().any(char::is_control) {
                return Err(OAuth2Error::NoEndpoint);
            }
            request = request.with_header(name.to_owned(), value);
        }
        if !profile.headers.keys().any(|name| name.eq_ignore_ascii_case("accept")) {
            request = request.with_header("Accept", "application/json".to_owned());
        }
        Ok(match &profile.body {
            None => request,
            Some(Body::Json(value)) => request.with_body("application/json", value.to_string().into_bytes()),
            Some(Body::Form(fields)) => {
                request.with_body("application/x-www-form-urlencoded", form(&fill(fields, values)?))
            }
        })
    }

    /// Reads the user from all replies. `secrets` are the secrets of the requests.
    pub(super) fn read_user(
        &self,
        values: &Values<'_>,
        secrets: &[&str],
    ) -> Result<ProviderUser, OAuth2Error> {
        let profile = &self.provider.profile;
        let uid = values.find(&profile.uid).and_then(text_of);
        let Some(uid) = uid.filter(|uid| is_uid(uid)) else {
            // Slack and others report errors with status 200.
            let mut replies = values.replies.iter().filter(|(source, _)| *source != "callback.user");
            let refusal = replies.find_map(|(_, reply)| ErrorResponse::within(200, reply, secrets));
            return Err(refusal.map_or(OAuth2Error::MissingId, OAuth2Error::Refused));
        };
        let (email, email_verified) =
            self.email(values).map_or((None, false), |(email, verified)| (Some(email), verified));
        Ok(ProviderUser { uid: uid.into(), email, email_verified, name: self.name(values) })
    }

    /// Returns the email address, and whether the provider has verified it.
    fn email(&self, values: &Values<'_>) -> Option<(Email, bool)> {
        let rule = &self.provider.profile.email;
        let listed = rule.list.as_ref().and_then(|list| choose(list, values));
        let direct = || {
            let email = address(values.find(rule.address.as_ref()?)?)?;
            Some((email, is_verified(&rule.verified, values)))
        };
        let fallback = || {
            let mut references = rule.otherwise.iter();
            references.find_map(|reference| address(values.find(reference)?)).map(|email| (email, false))
        };
        listed.or_else(direct).or_else(fallback)
    }

    fn name(&self, values: &Values<'_>) -> Name {
        let profile = &self.provider.profile;
        let text = |reference| {
            values.find(reference).and_then(Value::as_str).map(clean).filter(|text| !text.is_empty())
        };
        let joined = || profile.name_parts.iter().filter_map(text).collect::<Vec<_>>().join(" ");
        let name = profile.names.iter().find_map(text).unwrap_or_else(joined);
        Name::optional(&clean(&name)).unwrap_or(Name::EMPTY)
    }
}

/// Fills templates by name.
fn fill<'a>(
    templates: &'a BTreeMap<String, Template>,
    values: &Values<'_>,
) -> Result<Vec<(&'a str, String)>, OAuth2Error> {
    templates
        .iter()
        .map(|(name, value)| Ok((name.as_str(), value.text(values).ok_or(OAuth2Error::NoEndpoint)?)))
        .collect()
}

fn is_uid(uid: &str) -> bool {
    (1..=MAX_UID_LENGTH).contains(&uid.len()) && !uid.chars().any(char::is_control) && !uid.trim().is_empty()
}

fn address(value: &Value) -> Option<Email> {
    value.as_str()?.parse().ok()
}

fn is_verified(rule: &Verified, values: &Values<'_>) -> bool {
    match rule {
        Verified::Never => false,
        Verified::Always => true,
        Verified::When(check) => values.find(&check.at).is_some_and(|value| passes(&check.is, value, values)),
    }
}

/// Returns the address of the highest-ranked element that satisfies all requirements, and whether
/// the provider has verified it.
fn choose(list: &EmailList, values: &Values<'_>) -> Option<(Email, bool)> {
    let satisfies = |element: &Value, condition: &Condition| {
        condition.at.of(element).is_some_and(|value| passes(&condition.is, value, values))
    };
    let candidates = values
        .find(&list.of)?
        .as_array()?
        .iter()
        .filter(|element| list.require.iter().all(|condition| satisfies(element, condition)));
    let with_address = candidates.filter_map(|element| Some((element, address(list.address.of(element)?)?)));
    let rank = |element: &Value| {
        list.prefer.iter().map(|condition| !satisfies(element, condition)).collect::<Vec<bool>>()
    };
    let (element, email) = with_address.min_by_key(|(element, _)| rank(element))?;
    Some((email, list.verified.as_ref().is_some_and(|condition| satisfies(element, condition))))
}

fn passes(test: &Test, value: &Value, values: &Values<'_>) -> bool {
    match test {
        Test::True => value == &Value::Bool(true),
        Test::TrueOrText => value == &Value::Bool(true) || value == "true",
        Test::Present => value != "",
        Test::EqualTo(expected) => value == expected,
        Test::SameAs(reference) => values.find(reference) == Some(value),
    }
}

/// Reduces a text to one trimmed line of at most [`MAX_NAME_LENGTH`] characters.
fn clean(text: &str) -> String {
    let line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let short: String = line.trim().chars().take(MAX_NAME_LENGTH).collect();
    short.trim_end().to_owned()
}
