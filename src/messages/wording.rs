//! The sentences of one language.

use std::borrow::Cow;

use super::locale::Direction;

/// The sentences of one language, from which all messages are composed.
///
/// A sentence is plain text, never markup. These placeholders are replaced; all other braces stay
/// as they are, and a placeholder inside an inserted value is not replaced again.
///
/// - `{project}` and `{name}`, in all messages: the name of the project and of the recipient.
/// - `{code}`, in messages with a code: the code.
/// - `{provider}`, in messages about a linked or unlinked account at a provider: the provider's
///   name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wording {
    /// The language tag for HTML (BCP 47), such as `zh-Hans`.
    pub language: Cow<'static, str>,
    /// The direction of the script.
    pub direction: Direction,
    /// The format of a time, from `{day}`, `{month}`, `{year}` and `{time}`. All times are in UTC.
    pub moment: Cow<'static, str>,
    /// The names of the months, in the form used in a date.
    pub months: [Cow<'static, str>; 12],
    /// The salutation of a recipient with a name.
    pub greeting: Cow<'static, str>,
    /// The salutation of a recipient without a name.
    pub greeting_nameless: Cow<'static, str>,
    /// The email with a link that verifies the address.
    pub verification: Letter,
    /// The button of [`verification`](Self::verification).
    pub verification_button: Cow<'static, str>,
    /// The email with a link for setting a new password.
    pub recovery: Letter,
    /// The button of [`recovery`](Self::recovery).
    pub recovery_button: Cow<'static, str>,
    /// The email with a sign-in link.
    pub magic_url: Letter,
    /// The button of [`magic_url`](Self::magic_url).
    pub magic_url_button: Cow<'static, str>,
    /// The email with a sign-in code.
    pub email_code: Letter,
    /// The email with a code for a second-factor challenge.
    pub mfa_code: Letter,
    /// The email about a new sign-in.
    pub session_alert: Letter,
    /// The email about a new password.
    pub password_changed: Letter,
    /// The email about a changed email address.
    pub email_changed: Letter,
    /// The email about a changed phone number.
    pub phone_changed: Letter,
    /// The email about multi-factor sign-in switched on.
    pub mfa_enabled: Letter,
    /// The email about multi-factor sign-in switched off.
    pub mfa_disabled: Letter,
    /// The email about a new authenticator app.
    pub authenticator_added: Letter,
    /// The email about a removed authenticator app.
    pub authenticator_removed: Letter,
    /// The email about new recovery codes.
    pub recovery_codes_changed: Letter,
    /// The email about a linked account at a provider.
    pub identity_linked: Letter,
    /// The email about an unlinked account at a provider.
    pub identity_unlinked: Letter,
    /// What to do if the button does not work. The link follows.
    pub link_instead: Cow<'static, str>,
    /// How long a verification link is valid.
    pub link_lasts_seven_days: Cow<'static, str>,
    /// How long the other links are valid.
    pub link_lasts_an_hour: Cow<'static, str>,
    /// How long a code is valid.
    pub code_lasts_fifteen_minutes: Cow<'static, str>,
    /// The advice not to forward a link.
    pub keep_the_link: Cow<'static, str>,
    /// The advice not to share a code.
    pub keep_the_code: Cow<'static, str>,
    /// What to do about a link or code that the recipient did not ask for.
    pub unasked: Cow<'static, str>,
    /// What to do about a second-factor code that the recipient did not ask for. Another person may
    /// know the password.
    pub mfa_unasked: Cow<'static, str>,
    /// What to do about a sign-in by another person.
    pub alert_advice: Cow<'static, str>,
    /// What to do about a change by another person.
    pub change_advice: Cow<'static, str>,
    /// The format of a detail in the plain text, from `{label}` and `{value}`.
    pub detail: Cow<'static, str>,
    /// The label of the device.
    pub device: Cow<'static, str>,
    /// The label of the IP address and country.
    pub place: Cow<'static, str>,
    /// The label of the time.
    pub time: Cow<'static, str>,
    /// The word for an unknown device or location.
    pub unknown: Cow<'static, str>,
    /// The label of the security phrase.
    pub phrase: Cow<'static, str>,
    /// What to do with the security phrase.
    pub phrase_advice: Cow<'static, str>,
    /// Why the recipient gets the message.
    pub footer: Cow<'static, str>,
    /// The text message with a sign-in code. Begin with `{code}`: clients look for it there.
    pub text_sign_in: Cow<'static, str>,
    /// The text message with a code that verifies the phone number.
    pub text_verification: Cow<'static, str>,
    /// The text message with a code for a second-factor challenge.
    pub text_mfa: Cow<'static, str>,
}

/// The sentences of one kind of email.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Letter {
    /// The subject line.
    pub subject: Cow<'static, str>,
    /// The headline of the HTML form.
    pub headline: Cow<'static, str>,
    /// The first paragraph. Mail clients show its beginning next to the subject.
    pub body: Cow<'static, str>,
}

impl Letter {
    pub(super) const fn of([subject, headline, body]: [&'static str; 3]) -> Self {
        Self { subject: Cow::Borrowed(subject), headline: Cow::Borrowed(headline), body: Cow::Borrowed(body) }
    }
}

/// Creates a [`Wording`]. Three texts in brackets are a [`Letter`]. A missing sentence is a compile
/// error.
macro_rules! wording {
    ($direction:ident, months: [$($month:literal),* $(,)?], $($field:ident: $text:tt),* $(,)?) => {
        $crate::messages::wording::Wording {
            direction: $crate::messages::locale::Direction::$direction,
            months: [$(::std::borrow::Cow::Borrowed($month)),*],
            $($field: $crate::messages::wording::wording!(@ $text)),*
        }
    };
    (@ [$($text:literal),* $(,)?]) => { $crate::messages::wording::Letter::of([$($text),*]) };
    (@ $text:literal) => { ::std::borrow::Cow::Borrowed($text) };
}

pub(super) use wording;
