//! Who the person is: requests for the profile, and what is read out of the replies.

use url::Url;

use super::{
    Condition, EmailList, ErrorResponse, OAuth2Error, ProfileRequest, Registration, Test, Verified,
    authorize::append,
    provider::Body,
    registration::{Context, text_of},
    token_request::form,
};
use crate::{
    model::{Email, Name},
    ports::{HttpMethod, HttpRequest},
};
use serde_json::Value;

/// What stored identities have room for, in bytes.
const MAX_UID_LENGTH: usize = 255;
const MAX_NAME_LENGTH: usize = 128;

/// A person, as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderUser {
    /// The provider's id of the person: 1–255 bytes without control characters, never reused by the provider.
    pub uid: Box<str>,
    /// The address, if there is one that this service can use.
    pub email: Option<Email>,
    /// Whether the provider vouches that the person holds the address. `false` without one.
    pub email_verified: bool,
    /// What the person is called there, or nothing.
    pub name: Name,
}

impl Registration {
    pub(super) fn profile_request(
        &self,
        asked: &ProfileRequest,
        discovered: Option<&Url>,
        values: &Context<'_>,
    ) -> Result<HttpRequest, OAuth2Error> {
        let mut url = self.endpoint(asked.url.as_ref(), discovered, values)?;
        let filled = |text: Option<String>| text.ok_or(OAuth2Error::NoEndpoint);
        let query = asked.query.iter().map(|(name, value)| Ok((name.as_str(), filled(value.text(values))?)));
        append(&mut url, &query.collect::<Result<Vec<_>, OAuth2Error>>()?);

        let method = if asked.body.is_some() { HttpMethod::Post } else { HttpMethod::Get };
        let mut request = HttpRequest::new(method, url);
        if let (true, Some(tokens)) = (asked.bearer, values.tokens) {
            request =
                request.with_header("Authorization", format!("Bearer {}", tokens.access_token.expose()));
        }
        for (name, value) in &asked.headers {
            let value = filled(value.text(values))?;
            if value.chars().any(char::is_control) {
                return Err(OAuth2Error::NoEndpoint);
            }
            request = request.with_header(name.clone(), value);
        }
        if !asked.headers.keys().any(|name| name.eq_ignore_ascii_case("accept")) {
            request = request.with_header("Accept", "application/json".to_owned());
        }
        Ok(match &asked.body {
            None => request,
            Some(Body::Json(value)) => request.with_body("application/json", value.to_string().into_bytes()),
            Some(Body::Form(fields)) => {
                let fields =
                    fields.iter().map(|(name, value)| Ok((name.as_str(), filled(value.text(values))?)));
                let fields = fields.collect::<Result<Vec<_>, OAuth2Error>>()?;
                request.with_body("application/x-www-form-urlencoded", form(&fields))
            }
        })
    }

    /// Reads the person out of all replies.
    pub(super) fn read_user(
        &self,
        replies: &Context<'_>,
        secrets: &[&str],
    ) -> Result<ProviderUser, OAuth2Error> {
        let profile = &self.provider.profile;
        let uid = replies.find(&profile.uid).and_then(text_of);
        let Some(uid) = uid.filter(|uid| is_uid(uid)) else {
            // Slack and others answer with status 200 and say in the reply that it is an error.
            let told = replies.replies.iter().filter(|(source, _)| *source != "callback.user");
            let refusal = told.filter_map(|(_, reply)| ErrorResponse::within(200, reply, secrets)).next();
            return Err(refusal.map_or(OAuth2Error::MissingId, OAuth2Error::Refused));
        };
        let (email, email_verified) =
            self.email(replies).map_or((None, false), |(email, verified)| (Some(email), verified));
        Ok(ProviderUser { uid: uid.into(), email, email_verified, name: self.name(replies) })
    }

    fn email(&self, replies: &Context<'_>) -> Option<(Email, bool)> {
        let rule = &self.provider.profile.email;
        let chosen = rule.list.as_ref().and_then(|list| choose(list, replies));
        let direct = || {
            let email = address(replies.find(rule.address.as_ref()?)?)?;
            let verified = match &rule.verified {
                Verified::Never => false,
                Verified::Always => true,
                Verified::When(check) => {
                    replies.find(&check.at).is_some_and(|value| holds(&check.is, value, replies))
                }
            };
            Some((email, verified))
        };
        let fallback = || {
            rule.otherwise.iter().find_map(|place| address(replies.find(place)?)).map(|email| (email, false))
        };
        chosen.or_else(direct).or_else(fallback)
    }

    fn name(&self, replies: &Context<'_>) -> Name {
        let profile = &self.provider.profile;
        let text =
            |place| replies.find(place).and_then(Value::as_str).map(clean).filter(|text| !text.is_empty());
        let joined = || profile.name_parts.iter().filter_map(text).collect::<Vec<_>>().join(" ");
        let name = profile.names.iter().find_map(text).unwrap_or_else(joined);
        Name::optional(&clean(&name)).unwrap_or(Name::EMPTY)
    }
}

fn is_uid(uid: &str) -> bool {
    (1..=MAX_UID_LENGTH).contains(&uid.len()) && !uid.chars().any(char::is_control) && !uid.trim().is_empty()
}

fn address(value: &Value) -> Option<Email> {
    value.as_str()?.parse().ok()
}

/// The most preferred element of a list that satisfies all requirements and has an address.
fn choose(list: &EmailList, replies: &Context<'_>) -> Option<(Email, bool)> {
    let meets = |element: &Value, condition: &Condition| {
        condition.at.of(element).is_some_and(|value| holds(&condition.is, value, replies))
    };
    let candidates = replies
        .find(&list.of)?
        .as_array()?
        .iter()
        .filter(|element| list.require.iter().all(|one| meets(element, one)));
    let with_address = candidates.filter_map(|element| Some((element, address(list.address.of(element)?)?)));
    let rank = |element: &Value| {
        list.prefer.iter().map(|condition| !meets(element, condition)).collect::<Vec<bool>>()
    };
    let (element, email) = with_address.min_by_key(|(element, _)| rank(element))?;
    Some((email, list.verified.as_ref().is_some_and(|condition| meets(element, condition))))
}

fn holds(test: &Test, value: &Value, replies: &Context<'_>) -> bool {
    match test {
        Test::True => value == &Value::Bool(true),
        Test::TrueOrText => value == &Value::Bool(true) || value == "true",
        Test::Present => value != "",
        Test::EqualTo(expected) => value == expected,
        Test::SameAs(reference) => replies.find(reference) == Some(value),
    }
}

/// One line, trimmed, and no longer than a name may be.
fn clean(text: &str) -> String {
    let line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let short: String = line.trim().chars().take(MAX_NAME_LENGTH).collect();
    short.trim_end().to_owned()
}
