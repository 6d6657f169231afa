//! What messages say in one language, sentence by sentence.

use std::borrow::Cow;

use super::Direction;

/// The sentences of one language. Every message is put together from them.
///
/// They are plain text, never markup. `{project}` and `{name}` stand for the project's and the recipient's name everywhere, `{code}` for
/// the code in messages that bring one, `{provider}` for the provider's name where an account there was linked or unlinked; other braces stay as they are. What is put in is never read as a sentence again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wording {
    /// The language as HTML names it (BCP 47), such as `zh-Hans`.
    pub language: Cow<'static, str>,
    /// Where its lines begin.
    pub direction: Direction,
    /// An instant, from `{day}`, `{month}`, `{year}` and `{time}`; all instants are in UTC.
    pub moment: Cow<'static, str>,
    /// The months as they are called within a date.
    pub months: [Cow<'static, str>; 12],
    /// The salutation of a recipient who has a name.
    pub greeting: Cow<'static, str>,
    /// The salutation of a recipient who has none.
    pub greeting_nameless: Cow<'static, str>,
    /// Prove the address by a link.
    pub verification: Letter,
    /// What the button of [`verification`](Self::verification) says.
    pub verification_button: Cow<'static, str>,
    /// Set a new password by a link.
    pub recovery: Letter,
    /// What the button of [`recovery`](Self::recovery) says.
    pub recovery_button: Cow<'static, str>,
    /// Sign in by a link.
    pub magic_url: Letter,
    /// What the button of [`magic_url`](Self::magic_url) says.
    pub magic_url_button: Cow<'static, str>,
    /// Sign in by a code.
    pub email_code: Letter,
    /// Answer a second-factor challenge by a code.
    pub mfa_code: Letter,
    /// Somebody signed in.
    pub session_alert: Letter,
    /// The password was set or changed.
    pub password_changed: Letter,
    /// The email address is another one.
    pub email_changed: Letter,
    /// The phone number is another one.
    pub phone_changed: Letter,
    /// Sign-in now asks for a second factor.
    pub mfa_enabled: Letter,
    /// Sign-in no longer asks for a second factor.
    pub mfa_disabled: Letter,
    /// An authenticator app was added.
    pub authenticator_added: Letter,
    /// The authenticator app was removed.
    pub authenticator_removed: Letter,
    /// Recovery codes were made or replaced.
    pub recovery_codes_changed: Letter,
    /// An account at a provider was linked.
    pub identity_linked: Letter,
    /// An account at a provider was unlinked.
    pub identity_unlinked: Letter,
    /// What to do if the button does not work; the link follows.
    pub link_instead: Cow<'static, str>,
    /// How long a verification link is valid.
    pub link_lasts_seven_days: Cow<'static, str>,
    /// How long the other links are valid.
    pub link_lasts_an_hour: Cow<'static, str>,
    /// How long a code is valid.
    pub code_lasts_fifteen_minutes: Cow<'static, str>,
    /// To keep the link to oneself.
    pub keep_the_link: Cow<'static, str>,
    /// To keep the code to oneself.
    pub keep_the_code: Cow<'static, str>,
    /// What to do about a link or code that one did not ask for.
    pub unasked: Cow<'static, str>,
    /// What to do about a second-factor code that one did not ask for: somebody knows the password.
    pub mfa_unasked: Cow<'static, str>,
    /// What to do about a sign-in that was somebody else's.
    pub alert_advice: Cow<'static, str>,
    /// What to do about a change that somebody else made.
    pub change_advice: Cow<'static, str>,
    /// A detail in the plain text, from `{label}` and `{value}`.
    pub detail: Cow<'static, str>,
    /// The label of the device.
    pub device: Cow<'static, str>,
    /// The label of address and country.
    pub place: Cow<'static, str>,
    /// The label of the time.
    pub time: Cow<'static, str>,
    /// What stands for an unknown device or place.
    pub unknown: Cow<'static, str>,
    /// The label of the security phrase.
    pub phrase: Cow<'static, str>,
    /// What the security phrase is for.
    pub phrase_advice: Cow<'static, str>,
    /// Why one gets this message.
    pub footer: Cow<'static, str>,
    /// The text message with a code that signs in. Begin with `{code}`: clients look for it there.
    pub text_sign_in: Cow<'static, str>,
    /// The text message with a code that proves the number.
    pub text_verification: Cow<'static, str>,
    /// The text message with a code that answers a second-factor challenge.
    pub text_mfa: Cow<'static, str>,
}

/// What one kind of email says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Letter {
    /// The subject line.
    pub subject: Cow<'static, str>,
    /// The headline, shown by the HTML form.
    pub headline: Cow<'static, str>,
    /// What it is about; mail clients show its beginning beside the subject.
    pub body: Cow<'static, str>,
}

impl Letter {
    pub(super) const fn of([subject, headline, body]: [&'static str; 3]) -> Self {
        Self { subject: Cow::Borrowed(subject), headline: Cow::Borrowed(headline), body: Cow::Borrowed(body) }
    }
}

/// Writes a [`Wording`]: three texts in brackets are a letter. A sentence that is missing does not compile.
macro_rules! wording {
    ($direction:ident, months: [$($month:literal),* $(,)?], $($field:ident: $text:tt),* $(,)?) => {
        $crate::messages::wording::Wording {
            direction: $crate::messages::Direction::$direction,
            months: [$(::std::borrow::Cow::Borrowed($month)),*],
            $($field: $crate::messages::wording::wording!(@ $text)),*
        }
    };
    (@ [$($text:literal),* $(,)?]) => { $crate::messages::wording::Letter::of([$($text),*]) };
    (@ $text:literal) => { ::std::borrow::Cow::Borrowed($text) };
}

pub(super) use wording;
