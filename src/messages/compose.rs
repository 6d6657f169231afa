//! Composing a message from the sentences of a language, before it is formatted.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::{
    message::{EmailMessage, Notice, SmsMessage, TextNotice},
    value::{clean_link, fill, greeting_name, sanitize, single_line, without_line_breaks},
    wording::{Letter, Wording},
};
use crate::{
    model::{Timestamp, country_name},
    user_agent::Device,
};

/// The parts of an email in reading order, with all values inserted but not escaped.
pub(super) struct Page<'a> {
    pub(super) wording: &'a Wording,
    pub(super) project: String,
    pub(super) subject: String,
    pub(super) headline: String,
    pub(super) greeting: String,
    pub(super) body: String,
    pub(super) credential: Option<Credential<'a>>,
    pub(super) details: Vec<(&'a str, String)>,
    pub(super) notes: Vec<String>,
    pub(super) footer: String,
}

/// The link or code of an email, and how long it is valid.
pub(super) enum Credential<'a> {
    Link { link: String, button: String, instead: String, lasts: String },
    Code { code: &'a str, lasts: String },
}

/// Composes an email.
pub(super) fn page<'a>(message: &'a EmailMessage, wording: &'a Wording) -> Page<'a> {
    let writer = Writer::new(message, wording);
    let letter = letter(&message.notice, wording);
    let greeting = if writer.name.is_empty() { &wording.greeting_nameless } else { &wording.greeting };
    Page {
        wording,
        subject: without_line_breaks(&writer.fill(&letter.subject)),
        headline: writer.fill(&letter.headline),
        greeting: writer.fill(greeting),
        body: writer.fill(&letter.body),
        credential: writer.credential(),
        details: writer.details(),
        notes: writer.notes(),
        footer: writer.fill(&wording.footer),
        project: writer.project,
    }
}

/// Composes a text message. The project's name is not isolated, because one such character halves
/// the length available in an SMS.
pub(super) fn text_message(message: &SmsMessage, wording: &Wording) -> String {
    let (sentence, code) = match &message.notice {
        TextNotice::SignInCode { code } => (&wording.text_sign_in, code),
        TextNotice::VerificationCode { code } => (&wording.text_verification, code),
        TextNotice::MfaCode { code } => (&wording.text_mfa, code),
    };
    fill(sentence, &[("code", code.expose()), ("project", &single_line(&message.project))])
}

fn letter<'a>(notice: &Notice, wording: &'a Wording) -> &'a Letter {
    match notice {
        Notice::Verification { .. } => &wording.verification,
        Notice::Recovery { .. } => &wording.recovery,
        Notice::MagicUrl { .. } => &wording.magic_url,
        Notice::EmailCode { .. } => &wording.email_code,
        Notice::MfaCode { .. } => &wording.mfa_code,
        Notice::SessionAlert { .. } => &wording.session_alert,
        Notice::PasswordChanged => &wording.password_changed,
        Notice::EmailChanged => &wording.email_changed,
        Notice::PhoneChanged => &wording.phone_changed,
        Notice::MfaEnabled => &wording.mfa_enabled,
        Notice::MfaDisabled => &wording.mfa_disabled,
        Notice::AuthenticatorAdded => &wording.authenticator_added,
        Notice::AuthenticatorRemoved => &wording.authenticator_removed,
        Notice::RecoveryCodesChanged => &wording.recovery_codes_changed,
        Notice::IdentityLinked { .. } => &wording.identity_linked,
        Notice::IdentityUnlinked { .. } => &wording.identity_unlinked,
    }
}

/// Fills the sentences of one message.
struct Writer<'a> {
    message: &'a EmailMessage,
    wording: &'a Wording,
    project: String,
    name: String,
}

impl<'a> Writer<'a> {
    fn new(message: &'a EmailMessage, wording: &'a Wording) -> Self {
        let name = greeting_name(message.name.as_str()).unwrap_or_default();
        Self {
            message,
            wording,
            project: sanitize(&message.project, wording.direction),
            name: sanitize(name, wording.direction),
        }
    }

    fn fill(&self, sentence: &str) -> String {
        let code = match &self.message.notice {
            Notice::EmailCode { code, .. } | Notice::MfaCode { code, .. } => code.expose(),
            _ => "{code}",
        };
        let provider = match &self.message.notice {
            Notice::IdentityLinked { provider } | Notice::IdentityUnlinked { provider } => {
                sanitize(provider, self.wording.direction)
            }
            _ => "{provider}".into(),
        };
        let values =
            [("project", &*self.project), ("name", &self.name), ("code", code), ("provider", &provider)];
        fill(sentence, &values)
    }

    fn credential(&self) -> Option<Credential<'a>> {
        let wording = self.wording;
        let (link, button, lasts) = match &self.message.notice {
            Notice::Verification { link } => {
                (link, &wording.verification_button, &wording.link_lasts_seven_days)
            }
            Notice::Recovery { link } => (link, &wording.recovery_button, &wording.link_lasts_an_hour),
            Notice::MagicUrl { link, .. } => (link, &wording.magic_url_button, &wording.link_lasts_an_hour),
            Notice::EmailCode { code, .. } | Notice::MfaCode { code, .. } => {
                let lasts = self.fill(&wording.code_lasts_fifteen_minutes);
                return Some(Credential::Code { code: code.expose(), lasts });
            }
            _ => return None,
        };
        Some(Credential::Link {
            link: clean_link(link.expose()),
            button: self.fill(button),
            instead: self.fill(&wording.link_instead),
            lasts: self.fill(lasts),
        })
    }

    fn details(&self) -> Vec<(&'a str, String)> {
        let wording = self.wording;
        let device_row = |device| (&*wording.device, self.detail(&describe(device)));
        let phrase_row = |phrase: &str| (&*wording.phrase, self.detail(phrase));
        let time_row = (&*wording.time, moment(self.message.at, wording));
        match &self.message.notice {
            Notice::Verification { .. } | Notice::Recovery { .. } => Vec::new(),
            Notice::MagicUrl { device, phrase, .. } | Notice::EmailCode { device, phrase, .. } => {
                phrase.as_deref().map(phrase_row).into_iter().chain([device_row(device), time_row]).collect()
            }
            Notice::MfaCode { device, .. } => vec![device_row(device), time_row],
            Notice::SessionAlert { device, ip, country } => {
                let place_row = (&*wording.place, self.detail(&place(*ip, country.as_deref())));
                vec![device_row(device), place_row, time_row]
            }
            _ => vec![time_row],
        }
    }

    fn detail(&self, value: &str) -> String {
        sanitize(if value.is_empty() { &self.wording.unknown } else { value }, self.wording.direction)
    }

    fn notes(&self) -> Vec<String> {
        let wording = self.wording;
        let phrase_advice = |phrase: &Option<_>| phrase.as_ref().map(|_| &wording.phrase_advice);
        let notes = match &self.message.notice {
            Notice::Verification { .. } => [None, None, Some(&wording.unasked)],
            Notice::Recovery { .. } => [None, Some(&wording.keep_the_link), Some(&wording.unasked)],
            Notice::MagicUrl { phrase, .. } => {
                [phrase_advice(phrase), Some(&wording.keep_the_link), Some(&wording.unasked)]
            }
            Notice::EmailCode { phrase, .. } => {
                [phrase_advice(phrase), Some(&wording.keep_the_code), Some(&wording.unasked)]
            }
            Notice::MfaCode { .. } => [None, Some(&wording.keep_the_code), Some(&wording.mfa_unasked)],
            Notice::SessionAlert { .. } => [None, None, Some(&wording.alert_advice)],
            _ => [None, None, Some(&wording.change_advice)],
        };
        notes.into_iter().flatten().map(|note| self.fill(note)).collect()
    }
}

/// Names the client, operating system and hardware, as far as they are known. Versions are left
/// out, because half of them are wrong (Windows 11 claims to be 10).
fn describe(device: &Device) -> String {
    let hardware = format!("{} {}", device.device_brand, device.device_model);
    let parts = [&*device.client_name, &*device.os_name, hardware.trim()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn place(ip: Option<IpAddr>, country: Option<&str>) -> String {
    let country = country.map(|code| country_name(code).unwrap_or(code));
    match (ip, country) {
        (Some(ip), Some(country)) => format!("{ip} ({country})"),
        (Some(ip), None) => ip.to_string(),
        (None, country) => country.unwrap_or_default().to_owned(),
    }
}

fn moment(at: Timestamp, wording: &Wording) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.as_secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let month = wording.months.get(usize::from(u8::from(at.month())).saturating_sub(1));
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    let (day, year) = (at.day().to_string(), at.year().to_string());
    let month = month.map(|month| &**month).unwrap_or_default();
    fill(&wording.moment, &[("day", &day), ("month", month), ("year", &year), ("time", &time)])
}
