//! The API's JSON models: their keys, in order, and the format of their values.

use std::net::IpAddr;

use serde::{Serialize, Serializer, ser::SerializeSeq as _};
use serde_json::value::RawValue;

use super::date::Date;
use crate::{
    features::{Challenge, FactorList, IdentityPage, LogEntry, LogPage, NewAuthenticator, RecoveryCodes},
    model::{Factor, Identity, Session, Target, Timestamp, Token, country_name},
    secret::Secret,
    user_agent::Device,
};

/// A time, or the empty text.
fn date_or_empty<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => Date(*at).serialize(serializer),
        None => serializer.serialize_str(""),
    }
}

/// An IP address, or the empty text.
fn ip_or_empty<S: Serializer>(ip: &Option<IpAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    match ip {
        Some(ip) => serializer.collect_str(ip),
        None => serializer.serialize_str(""),
    }
}

/// Preferences as they were sent.
pub(super) fn preferences_model(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetModel<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt")]
    created_at: Date,
    #[serde(rename = "$updatedAt")]
    updated_at: Date,
    name: &'a str,
    user_id: &'a str,
    provider_id: Option<&'a str>,
    provider_type: &'static str,
    identifier: &'a str,
    expired: bool,
}

impl<'a> TargetModel<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
        Self {
            id: target.id.as_str(),
            created_at: Date(target.created_at),
            updated_at: Date(target.updated_at),
            name: &target.name,
            user_id: target.user.as_str(),
            provider_id: target.provider.as_ref().map(|provider| provider.as_str()),
            provider_type: target.kind.name(),
            identifier: &target.identifier,
            expired: false,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionModel<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt")]
    created_at: Date,
    #[serde(rename = "$updatedAt")]
    updated_at: Date,
    user_id: &'a str,
    expire: Date,
    provider: &'a str,
    provider_uid: &'a str,
    provider_access_token: &'static str,
    #[serde(serialize_with = "date_or_empty")]
    provider_access_token_expiry: Option<Timestamp>,
    provider_refresh_token: &'static str,
    #[serde(serialize_with = "ip_or_empty")]
    ip: Option<IpAddr>,
    #[serde(flatten)]
    device: &'a Device,
    #[serde(flatten)]
    country: Country<'a>,
    current: bool,
    #[serde(serialize_with = "factors")]
    factors: &'a [Factor],
    secret: &'a str,
    #[serde(serialize_with = "date_or_empty")]
    mfa_updated_at: Option<Timestamp>,
}

impl<'a> SessionModel<'a> {
    /// The secret of a new session is shown only to servers. For other clients it is empty.
    pub(super) fn new(session: &'a Session, secret: &'a str) -> Self {
        Self {
            id: session.id.as_str(),
            created_at: Date(session.created_at),
            updated_at: Date(session.updated_at),
            user_id: session.user.as_str(),
            expire: Date(session.expires_at),
            provider: session.provider.name(),
            provider_uid: &session.provider_uid,
            provider_access_token: "",
            provider_access_token_expiry: session.provider_access_expires_at,
            provider_refresh_token: "",
            ip: session.ip,
            device: &session.device,
            country: Country(session.country.as_deref()),
            current: session.current,
            factors: &session.factors,
            secret,
            mfa_updated_at: session.challenged_at,
        }
    }
}

fn factors<S: Serializer>(factors: &[Factor], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(factors.iter().map(|factor| factor.name()))
}

/// The two keys of a country.
struct Country<'a>(Option<&'a str>);

impl Serialize for Country<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Keys<'a> {
            country_code: &'a str,
            country_name: &'a str,
        }
        let code = self.0.map(str::to_ascii_lowercase);
        let country_name = self.0.and_then(country_name).unwrap_or("Unknown");
        Keys { country_code: code.as_deref().unwrap_or("--"), country_name }.serialize(serializer)
    }
}

#[derive(Serialize)]
pub(super) struct SessionListModel<'a> {
    total: usize,
    #[serde(serialize_with = "sessions")]
    sessions: &'a [Session],
}

impl<'a> SessionListModel<'a> {
    pub(super) fn new(sessions: &'a [Session]) -> Self {
        Self { total: sessions.len(), sessions }
    }
}

fn sessions<S: Serializer>(sessions: &[Session], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(sessions.iter().map(|session| SessionModel::new(session, "")))
}

#[derive(Serialize)]
pub(super) struct JwtModel<'a> {
    pub(super) jwt: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenModel<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt")]
    created_at: Date,
    user_id: &'a str,
    secret: &'a str,
    expire: Date,
    phrase: &'a str,
}

impl<'a> TokenModel<'a> {
    /// The secret is shown only to servers with the API key. For other clients it is empty. It is
    /// the plain one for every kind of token; the API encodes that of a phone in base64.
    pub(super) fn new(token: &'a Token, shows_secret: bool) -> Self {
        Self {
            id: token.id.as_str(),
            created_at: Date(token.created_at),
            user_id: if shows_secret { token.owner().as_str() } else { token.user.as_str() },
            secret: token.secret().filter(|_| shows_secret).map_or("", Secret::expose),
            expire: Date(token.expires_at),
            phrase: token.phrase.as_deref().unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FactorsModel {
    totp: bool,
    phone: bool,
    email: bool,
    recovery_code: bool,
}

impl FactorsModel {
    pub(super) fn new(factors: FactorList) -> Self {
        let FactorList { totp, phone, email, recovery_code } = factors;
        Self { totp, phone, email, recovery_code }
    }
}

#[derive(Serialize)]
pub(super) struct AuthenticatorModel<'a> {
    secret: &'a str,
    uri: &'a str,
}

impl<'a> AuthenticatorModel<'a> {
    pub(super) fn new(authenticator: &'a NewAuthenticator) -> Self {
        Self { secret: authenticator.secret.expose(), uri: authenticator.uri.as_str() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChallengeModel<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt")]
    created_at: Date,
    user_id: &'a str,
    expire: Date,
}

impl<'a> ChallengeModel<'a> {
    pub(super) fn new(challenge: &'a Challenge) -> Self {
        Self {
            id: challenge.id.as_str(),
            created_at: Date(challenge.created_at),
            user_id: challenge.user.as_str(),
            expire: Date(challenge.expires_at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecoveryCodesModel<'a> {
    #[serde(serialize_with = "exposed")]
    recovery_codes: &'a [Secret],
}

impl<'a> RecoveryCodesModel<'a> {
    pub(super) fn new(codes: &'a RecoveryCodes) -> Self {
        Self { recovery_codes: codes.codes() }
    }
}

fn exposed<S: Serializer>(secrets: &[Secret], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(secrets.iter().map(Secret::expose))
}

#[derive(Serialize)]
pub(super) struct LogListModel<'a> {
    total: u64,
    #[serde(serialize_with = "logs")]
    logs: &'a [LogEntry],
}

impl<'a> LogListModel<'a> {
    pub(super) fn new(page: &'a LogPage) -> Self {
        Self { total: page.total, logs: &page.entries }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogModel<'a> {
    event: &'static str,
    user_id: &'a str,
    user_email: &'a str,
    user_name: &'a str,
    mode: &'static str,
    #[serde(serialize_with = "ip_or_empty")]
    ip: Option<IpAddr>,
    time: Date,
    #[serde(flatten)]
    device: &'a Device,
    #[serde(flatten)]
    country: Country<'a>,
}

fn logs<S: Serializer>(entries: &[LogEntry], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(entries.len()))?;
    for LogEntry { event, device, country } in entries {
        list.serialize_element(&LogModel {
            event: event.kind.name(),
            user_id: event.user.as_str(),
            user_email: &event.email,
            user_name: &event.name,
            mode: "default",
            ip: event.ip,
            time: Date(event.at),
            device,
            country: Country(country.as_deref()),
        })?;
    }
    list.end()
}

#[derive(Serialize)]
pub(super) struct IdentityListModel<'a> {
    total: usize,
    #[serde(serialize_with = "identities")]
    identities: &'a [Identity],
}

impl<'a> IdentityListModel<'a> {
    pub(super) fn new(page: &'a IdentityPage) -> Self {
        Self { total: page.total, identities: &page.identities }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IdentityModel<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt")]
    created_at: Date,
    #[serde(rename = "$updatedAt")]
    updated_at: Date,
    user_id: &'a str,
    provider: &'a str,
    provider_uid: &'a str,
    provider_email: &'a str,
    provider_access_token: &'static str,
    #[serde(serialize_with = "date_or_empty")]
    provider_access_token_expiry: Option<Timestamp>,
    provider_refresh_token: &'static str,
}

fn identities<S: Serializer>(identities: &[Identity], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(identities.iter().map(|identity| IdentityModel {
        id: identity.id.as_str(),
        created_at: Date(identity.created_at),
        updated_at: Date(identity.updated_at),
        user_id: identity.user.as_str(),
        provider: &identity.provider,
        provider_uid: &identity.provider_uid,
        provider_email: identity.provider_email.as_ref().map_or("", |email| email.as_str()),
        provider_access_token: "",
        provider_access_token_expiry: identity.access_expires_at,
        provider_refresh_token: "",
    }))
}
