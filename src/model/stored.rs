//! The stored form of an account: JSON with a format number.
//!
//! A format can be read one minor release before it is written. Unknown fields are rejected, so
//! that an older program never drops data of a newer one: it returns [`FormatError::Newer`]
//! instead.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{
    account::{Account, Attachment, Contact, PasswordRecord, Profile, ProviderTokens, SpentState},
    device::KnownDevices,
    email::Email,
    failures::Failures,
    format_error::FormatError,
    identity::IdentityRecord,
    ids::UserId,
    label::Label,
    name::Name,
    password_hash::PasswordHash,
    phone::Phone,
    preferences::Preferences,
    sealed::Sealed,
    second_factor::{Authenticator, ChallengeRecord},
    session_record::SessionRecord,
    target::PushTargetRecord,
    time::Timestamp,
    token::TokenRecord,
};

/// The format that this release writes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    format: u32,
    account: AccountForm,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountForm {
    id: UserId,
    created_at: Timestamp,
    updated_at: Timestamp,
    accessed_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    began_anonymously: bool,
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    name: Name,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Label>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reset_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<Contact<Email>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<Contact<Phone>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<PasswordRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    password_history: Vec<PasswordHash>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    mfa: bool,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    sessions: SmallVec<[SessionRecord; 1]>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    identities: Vec<IdentityRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    targets: Vec<PushTargetRecord>,
    #[serde(default)]
    failures: Failures,
    #[serde(default)]
    known_failures: Failures,
    #[serde(default, skip_serializing_if = "KnownDevices::is_empty")]
    devices: KnownDevices,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<TokenRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authenticator: Option<Authenticator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    challenges: Vec<ChallengeRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spent_states: Vec<SpentState>,
    #[serde(default)]
    jwt_generation: u32,
}

impl From<&Account> for AccountForm {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            created_at: account.created_at,
            updated_at: account.updated_at,
            accessed_at: account.accessed_at,
            began_anonymously: account.began_anonymously,
            name: account.name.clone(),
            labels: account.labels.clone(),
            blocked: account.blocked,
            reset_required: account.reset_required,
            email: account.email.clone(),
            phone: account.phone.clone(),
            password: account.password.clone(),
            password_history: account.password_history.clone(),
            mfa: account.mfa,
            sessions: account.sessions.clone(),
            identities: account.identities.clone(),
            targets: account.targets.clone(),
            failures: account.failures.clone(),
            known_failures: account.known_failures.clone(),
            devices: account.devices.clone(),
            tokens: account.tokens.clone(),
            authenticator: account.authenticator.clone(),
            recovery_codes: account.recovery_codes.clone(),
            challenges: account.challenges.clone(),
            spent_states: account.spent_states.clone(),
            jwt_generation: account.jwt_generation,
        }
    }
}

impl From<AccountForm> for Account {
    fn from(form: AccountForm) -> Self {
        let rest = Profile {
            created_at: form.created_at,
            updated_at: form.updated_at,
            began_anonymously: form.began_anonymously,
            name: form.name,
            labels: form.labels,
            email: form.email,
            phone: form.phone,
            password: form.password,
            password_history: form.password_history,
            identities: form.identities,
            targets: form.targets,
            failures: form.failures,
            known_failures: form.known_failures,
            devices: form.devices,
            tokens: form.tokens,
            authenticator: form.authenticator,
            recovery_codes: form.recovery_codes,
            challenges: form.challenges,
            spent_states: form.spent_states,
            jwt_generation: form.jwt_generation,
            attachment: None,
        };
        let mut account = Self::from_parts(form.id, form.accessed_at, rest);
        account.blocked = form.blocked;
        account.reset_required = form.reset_required;
        account.mfa = form.mfa;
        account.sessions = form.sessions;
        account
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachmentForm {
    format: u32,
    preferences: Preferences,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    provider_tokens: Vec<ProviderTokens>,
}

pub(crate) fn encode(account: &Account) -> Result<String, FormatError> {
    serde_json::to_string(&Body { format: FORMAT, account: account.into() }).map_err(|_| FormatError::Corrupt)
}

pub(crate) fn encode_attachment(attachment: &Attachment) -> Result<String, FormatError> {
    let form = AttachmentForm {
        format: FORMAT,
        preferences: attachment.preferences.clone(),
        provider_tokens: attachment.provider_tokens.clone(),
    };
    serde_json::to_string(&form).map_err(|_| FormatError::Corrupt)
}

pub(crate) fn decode(body: &str) -> Result<Account, FormatError> {
    match serde_json::from_str::<Body>(body) {
        Ok(Body { format: FORMAT, account }) => Ok(account.into()),
        _ => Err(error_of(body)),
    }
}

pub(crate) fn decode_attachment(text: &str) -> Result<Attachment, FormatError> {
    match serde_json::from_str(text) {
        Ok(AttachmentForm { format: FORMAT, preferences, provider_tokens }) => {
            Ok(Attachment { preferences, provider_tokens })
        }
        _ => Err(error_of(text)),
    }
}

/// Distinguishes a newer format from corrupt data.
fn error_of(text: &str) -> FormatError {
    match serde_json::from_str(text) {
        Ok(Header { format }) if format > FORMAT => FormatError::Newer(format),
        _ => FormatError::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("../../tests/data/account-format-1.json");

    #[test]
    fn every_released_form_can_be_read() {
        let account = decode(GOLDEN.trim_end()).unwrap();
        assert_eq!(account.sessions.len(), 2);
        assert_eq!(account.keys().len(), 7);
        assert!(account.is_email_verified());
    }

    #[test]
    fn the_golden_form_is_what_is_written() {
        let account = decode(GOLDEN.trim_end()).unwrap();
        let again: serde_json::Value = serde_json::from_str(&encode(&account).unwrap()).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(GOLDEN).unwrap());
    }

    #[test]
    fn a_newer_format_is_reported_and_not_read() {
        assert!(matches!(decode(r#"{"format":2,"account":{"anything":1}}"#), Err(FormatError::Newer(2))));
        assert!(matches!(decode_attachment(r#"{"format":3,"tokens":[]}"#), Err(FormatError::Newer(3))));
    }

    #[test]
    fn an_unknown_field_is_rejected() {
        let more = GOLDEN.replacen("\"failures\"", "\"colour\":1,\"failures\"", 1);
        assert!(matches!(decode(&more), Err(FormatError::Corrupt)));
        assert!(matches!(decode("not json"), Err(FormatError::Corrupt)));
    }
}
