//! Rendering messages as text.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use super::{
    compose::{Page, page, text_message},
    html,
    locale::{Direction, Locale, canonical, ranges},
    message::{EmailMessage, SmsMessage},
    plain, texts,
    wording::Wording,
};

/// Renders messages as text. Mailers and SMS senders call it just before they send.
///
/// [`Texts`] is the built-in renderer. An application with its own templates implements the trait
/// and matches on [`EmailMessage::notice`] and [`SmsMessage::notice`].
///
/// # Security
/// Names of users and devices are untrusted input. Escape them in HTML (HTML injection), and remove
/// line breaks from a subject (header injection).
///
/// # Examples
/// ```
/// use account::messages::{EmailMessage, RenderedEmail, Renderer, SmsMessage, Texts};
///
/// /// The built-in texts, with a prefix in the subject.
/// #[derive(Debug)]
/// struct Staging(Texts);
///
/// impl Renderer for Staging {
///     fn email(&self, message: &EmailMessage) -> RenderedEmail {
///         let email = self.0.email(message);
///         RenderedEmail { subject: format!("[staging] {}", email.subject), ..email }
///     }
///
///     fn sms(&self, message: &SmsMessage) -> String {
///         self.0.sms(message)
///     }
/// }
/// ```
pub trait Renderer: fmt::Debug + Send + Sync + 'static {
    /// Renders an email. Must return promptly.
    fn email(&self, message: &EmailMessage) -> RenderedEmail;

    /// Renders a text message. Must return promptly.
    fn sms(&self, message: &SmsMessage) -> String;
}

impl<T: Renderer + ?Sized> Renderer for Arc<T> {
    fn email(&self, message: &EmailMessage) -> RenderedEmail {
        (**self).email(message)
    }

    fn sms(&self, message: &SmsMessage) -> String {
        (**self).sms(message)
    }
}

/// A rendered email.
///
/// # Security
/// It contains the code or link, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedEmail {
    /// The subject line.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part, a complete document.
    pub html: String,
}

impl fmt::Debug for RenderedEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RenderedEmail(…)")
    }
}

/// The built-in texts in the languages of [`Locale`]. Your application can replace any sentence.
///
/// # Examples
/// ```
/// use account::messages::Texts;
///
/// let mut texts = Texts::new();
/// texts.wording_mut("de").recovery.subject = "Ihr neues Passwort für {project}".into();
/// texts.wording_mut("sv").recovery.subject = "Återställ ditt lösenord".into();
/// assert_eq!(texts.wording("de-CH").recovery.subject, "Ihr neues Passwort für {project}");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Texts {
    changed: BTreeMap<Box<str>, Wording>,
    fallback: Option<Box<str>>,
}

impl Texts {
    /// Creates the texts as they come with the crate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the sentences for a language tag (BCP 47).
    ///
    /// They are the changed or built-in ones for the longest prefix of the tag that has any
    /// (RFC 4647 §3.4), else those of the fallback language, else the English ones.
    #[must_use]
    pub fn wording(&self, tag: &str) -> &Wording {
        let tag = canonical(tag);
        let english = Locale::English.tag();
        let wanted = [&*tag, self.fallback.as_deref().unwrap_or(english), english];
        let found = wanted.into_iter().flat_map(ranges).find_map(|range| self.get(range));
        found.unwrap_or_else(|| texts::wording(Locale::English))
    }

    /// Sets the fallback language, in place of English: for recipients with an unknown language, or
    /// with one that has no texts.
    pub fn fall_back_to(&mut self, tag: &str) {
        self.fallback = Some(canonical(tag).into());
    }

    /// Returns the sentences of exactly this language, to be changed when your application starts.
    ///
    /// A new language or variant, such as `sv` or `de-AT`, begins with the sentences that
    /// [`wording`](Self::wording) returned for it so far.
    pub fn wording_mut(&mut self, tag: &str) -> &mut Wording {
        let key = canonical(tag);
        let mut initial = self.wording(&key).clone();
        if Locale::named(&key).is_none() {
            initial.language = Cow::Owned(key.clone());
            initial.direction = Direction::of(&key);
        }
        self.changed.entry(key.into()).or_insert(initial)
    }

    fn get(&self, tag: &str) -> Option<&Wording> {
        self.changed.get(tag).or_else(|| Locale::named(tag).map(texts::wording))
    }

    fn page<'a>(&'a self, message: &'a EmailMessage) -> Page<'a> {
        page(message, self.wording(message.locale.as_deref().unwrap_or_default()))
    }
}

impl Renderer for Texts {
    fn email(&self, message: &EmailMessage) -> RenderedEmail {
        let page = self.page(message);
        RenderedEmail { text: plain::text(&page), html: html::html(&page), subject: page.subject }
    }

    fn sms(&self, message: &SmsMessage) -> String {
        text_message(message, self.wording(message.locale.as_deref().unwrap_or_default()))
    }
}

/// The message in the built-in texts. For other texts use a [`Renderer`].
impl EmailMessage {
    /// The subject line.
    #[must_use]
    pub fn subject(&self) -> String {
        Texts::new().page(self).subject
    }

    /// The plain text part.
    #[must_use]
    pub fn text(&self) -> String {
        plain::text(&Texts::new().page(self))
    }

    /// The HTML part, a complete document.
    #[must_use]
    pub fn html(&self) -> String {
        html::html(&Texts::new().page(self))
    }
}

/// The message in the built-in texts. For other texts use a [`Renderer`].
impl SmsMessage {
    /// The text, which begins with the code.
    #[must_use]
    pub fn text(&self) -> String {
        Texts::new().sms(self)
    }
}
