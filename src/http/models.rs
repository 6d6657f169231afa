//! The API's models: which keys there are, in which order, and how values are written.

use std::net::IpAddr;

use serde::{Serialize, Serializer, ser::SerializeSeq as _};
use serde_json::value::RawValue;

use crate::{
    IdentityPage, LogEntry, LogPage,
    model::{Factor, Identity, Label, Session, Target, Timestamp, User},
    user_agent::Device,
};

/// An instant, as `2020-10-15T06:38:00.000+00:00`.
///
/// A reply holds several, so they are written without allocating.
#[derive(Clone, Copy)]
struct Date(Timestamp);

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl Date {
    fn digits(self) -> [u8; 29] {
        let millis = self.0.as_millis();
        let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        let digit = |value: i64, scale: i64| b'0' + u8::try_from(value / scale % 10).unwrap_or(0);
        let (hour, minute, second, milli) =
            (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
        [
            digit(year, 1000),
            digit(year, 100),
            digit(year, 10),
            digit(year, 1),
            b'-',
            digit(month, 10),
            digit(month, 1),
            b'-',
            digit(day, 10),
            digit(day, 1),
            b'T',
            digit(hour, 10),
            digit(hour, 1),
            b':',
            digit(minute, 10),
            digit(minute, 1),
            b':',
            digit(second, 10),
            digit(second, 1),
            b'.',
            digit(milli, 100),
            digit(milli, 10),
            digit(milli, 1),
            b'+',
            b'0',
            b'0',
            b':',
            b'0',
            b'0',
        ]
    }
}

/// Year, month and day of a day since the epoch, in the proleptic Gregorian calendar. Years are taken to begin in March, so that the leap
/// day is their last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (year_of_era + era * 400, if month < 10 { month + 3 } else { month - 9 });
    (year + i64::from(month <= 2), month, day)
}

/// An instant, or the empty text if there is none.
fn date_or_empty<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => Date(*at).serialize(serializer),
        None => serializer.serialize_str(""),
    }
}

/// An address, or the empty text if there is none.
fn ip_or_empty<S: Serializer>(ip: &Option<IpAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    match ip {
        Some(ip) => serializer.collect_str(ip),
        None => serializer.serialize_str(""),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountModel<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    #[serde(rename = "$createdAt")]
    created_at: Date,
    #[serde(rename = "$updatedAt")]
    updated_at: Date,
    name: &'a str,
    registration: Date,
    status: bool,
    #[serde(serialize_with = "labels")]
    labels: &'a [Label],
    #[serde(serialize_with = "date_or_empty")]
    password_update: Option<Timestamp>,
    email: &'a str,
    phone: &'a str,
    email_verification: bool,
    phone_verification: bool,
    mfa: bool,
    prefs: &'a RawValue,
    #[serde(serialize_with = "targets")]
    targets: Vec<Target>,
    accessed_at: Date,
}

impl<'a> AccountModel<'a> {
    /// `preferences` are those of the user, lent because the user gives them by value.
    pub(super) fn new(user: &'a User, preferences: &'a str) -> Self {
        Self {
            id: user.id().as_str(),
            created_at: Date(user.created_at()),
            updated_at: Date(user.updated_at()),
            name: user.name().as_str(),
            registration: Date(user.created_at()),
            status: !user.is_blocked(),
            labels: user.labels(),
            password_update: user.password_updated_at(),
            email: user.email().map_or("", |email| email.as_str()),
            phone: user.phone().map_or("", |phone| phone.as_str()),
            email_verification: user.is_email_verified(),
            phone_verification: user.is_phone_verified(),
            mfa: user.has_mfa(),
            prefs: preferences_model(preferences),
            targets: user.targets(),
            accessed_at: Date(user.accessed_at()),
        }
    }
}

/// Preferences as they were sent.
pub(super) fn preferences_model(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}

fn labels<S: Serializer>(labels: &[Label], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(labels.iter().map(Label::as_str))
}

fn targets<S: Serializer>(targets: &[Target], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(targets.iter().map(TargetModel::new))
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
    provider: &'static str,
    provider_uid: &'a str,
    provider_access_token: &'static str,
    provider_access_token_expiry: &'static str,
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
    /// The secret is that of a new session and shown to servers only; to everybody else it is empty.
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
            provider_access_token_expiry: "",
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

/// The two keys that tell a country.
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

/// The English name of a country; none is known yet.
fn country_name(_code: &str) -> Option<&'static str> {
    None
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
    provider_access_token_expiry: &'static str,
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
        provider_access_token_expiry: "",
        provider_refresh_token: "",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_crate_writes_them() {
        let day = 86_400_000;
        let millis = (0..3000).map(|step| step * 997 * day + step * 12_345_679);
        let edges = [0, 951_782_400_000, 951_868_799_999, 4_107_542_400_000, Timestamp::MAX.as_millis()];
        for at in millis.chain(edges).map(Timestamp::from_millis) {
            assert_eq!(std::str::from_utf8(&Date(at).digits()).unwrap(), at.to_string());
        }
    }
}
