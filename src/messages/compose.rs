//! From a message to the parts of its letter, before they are given a form.

use time::OffsetDateTime;

use super::{
    EmailMessage, Letter, Notice, SmsMessage, TextNotice, Wording,
    value::{fill, greetable, plain_link, single_line, tame, unbroken},
};
use crate::{
    model::{Timestamp, country_name},
    user_agent::Device,
};

/// An email's parts in the order in which they are read: filled, but not escaped.
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

/// What the recipient is to use, and how long it lasts.
pub(super) enum Credential<'a> {
    Link { link: String, button: String, instead: String, lasts: String },
    Code { code: &'a str, lasts: String },
}

/// The parts of an email.
pub(super) fn page<'a>(message: &'a EmailMessage, wording: &'a Wording) -> Page<'a> {
    let writer = Writer::new(message, wording);
    let letter = letter(&message.notice, wording);
    let greeting = if writer.name.is_empty() { &wording.greeting_nameless } else { &wording.greeting };
    Page {
        wording,
        subject: unbroken(&writer.fill(&letter.subject)),
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

/// The whole of a text message. No marks are put around the project's name: one such character makes the message twice as long.
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
        let name = greetable(message.name.as_str()).unwrap_or_default();
        Self {
            message,
            wording,
            project: tame(&message.project, wording.direction),
            name: tame(name, wording.direction),
        }
    }

    fn fill(&self, sentence: &str) -> String {
        let code = match &self.message.notice {
            Notice::EmailCode { code, .. } | Notice::MfaCode { code, .. } => code.expose(),
            _ => "{code}",
        };
        let provider = match &self.message.notice {
            Notice::IdentityLinked { provider } | Notice::IdentityUnlinked { provider } => {
                tame(provider, self.wording.direction)
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
            link: plain_link(link.expose()),
            button: self.fill(button),
            instead: self.fill(&wording.link_instead),
            lasts: self.fill(lasts),
        })
    }

    fn details(&self) -> Vec<(&'a str, String)> {
        let wording = self.wording;
        let device = |device| (&*wording.device, self.detail(&describe(device)));
        let phrase = |phrase: &str| (&*wording.phrase, self.detail(phrase));
        let time = (&*wording.time, moment(self.message.at, wording));
        match &self.message.notice {
            Notice::Verification { .. } | Notice::Recovery { .. } => Vec::new(),
            Notice::MagicUrl { device: from, phrase: words, .. }
            | Notice::EmailCode { device: from, phrase: words, .. } => {
                words.as_deref().map(phrase).into_iter().chain([device(from), time]).collect()
            }
            Notice::MfaCode { device: from, .. } => vec![device(from), time],
            Notice::SessionAlert { device: from, ip, country } => {
                let country = country.as_deref().map(|code| country_name(code).unwrap_or(code));
                let place = match (ip, country) {
                    (Some(ip), Some(country)) => format!("{ip} ({country})"),
                    (Some(ip), None) => ip.to_string(),
                    (None, country) => country.unwrap_or_default().to_owned(),
                };
                vec![device(from), (&*wording.place, self.detail(&place)), time]
            }
            _ => vec![time],
        }
    }

    fn detail(&self, value: &str) -> String {
        tame(if value.is_empty() { &self.wording.unknown } else { value }, self.wording.direction)
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

/// ClientInfo, system and device, as far as they are known. Versions are left out: half of them are made up (Windows 11 says it is 10).
fn describe(device: &Device) -> String {
    let hardware = format!("{} {}", device.device_brand, device.device_model);
    let parts = [&*device.client_name, &*device.os_name, hardware.trim()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn moment(at: Timestamp, wording: &Wording) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.as_secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let month = wording.months.get(usize::from(u8::from(at.month())).saturating_sub(1));
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    let (day, year) = (at.day().to_string(), at.year().to_string());
    let month = month.map(|month| &**month).unwrap_or_default();
    fill(&wording.moment, &[("day", &day), ("month", month), ("year", &year), ("time", &time)])
}
