//! Who gives messages their words.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use super::{
    Direction, EmailMessage, Locale, SmsMessage, Wording,
    compose::{Page, page, text_message},
    html,
    locale::{canonical, ranges},
    plain, texts,
};

/// Gives messages their words. Mailers and SMS senders hold one and ask it just before they send.
///
/// [`Texts`] is the one that comes with the crate; a host with a template engine puts its own here and matches on
/// [`EmailMessage::notice`] and [`SmsMessage::notice`].
///
/// # Security
/// Names of people and devices are whatever somebody typed: escape them for HTML, and let no line break into a subject.
pub trait Renderer: fmt::Debug + Send + Sync + 'static {
    /// The words of an email; must return promptly.
    fn email(&self, message: &EmailMessage) -> RenderedEmail;

    /// The words of a text message; must return promptly.
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

/// An email in words, ready for its envelope.
///
/// # Security
/// It holds the code or link, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedEmail {
    /// The subject line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as a whole HTML document.
    pub html: String,
}

impl fmt::Debug for RenderedEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RenderedEmail(…)")
    }
}

/// The crate's own words in the languages of [`Locale`], any sentence of which a host can replace.
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
    /// The words that come with the crate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sentences for a reader of this language (BCP 47): the host's or the crate's for the longest part of the tag that there are
    /// any for (RFC 4647 §3.4), else those of the language to fall back to, else the English ones.
    #[must_use]
    pub fn wording(&self, tag: &str) -> &Wording {
        let tag = canonical(tag);
        let english = Locale::English.tag();
        let wanted = [&*tag, self.fallback.as_deref().unwrap_or(english), english];
        let found = wanted.into_iter().flat_map(ranges).find_map(|range| self.exactly(range));
        found.unwrap_or_else(|| texts::wording(Locale::English))
    }

    /// Writes in this language instead of English to readers of languages that are not there, or who have not told theirs.
    pub fn fall_back_to(&mut self, tag: &str) {
        self.fallback = Some(canonical(tag).into());
    }

    /// The sentences of exactly this language, to be changed while the host starts. A new language or variant, such as `sv` or
    /// `de-AT`, begins with the sentences that its readers got so far.
    pub fn wording_mut(&mut self, tag: &str) -> &mut Wording {
        let key = canonical(tag);
        let mut beginning = self.wording(&key).clone();
        if Locale::named(&key).is_none() {
            beginning.language = Cow::Owned(key.clone());
            beginning.direction = Direction::of(&key);
        }
        self.changed.entry(key.into()).or_insert(beginning)
    }

    fn exactly(&self, tag: &str) -> Option<&Wording> {
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

/// The message in the crate's own words; a host with others asks its [`Renderer`].
impl EmailMessage {
    /// The subject line.
    #[must_use]
    pub fn subject(&self) -> String {
        Texts::new().page(self).subject
    }

    /// The plain text.
    #[must_use]
    pub fn text(&self) -> String {
        plain::text(&Texts::new().page(self))
    }

    /// The same as a whole HTML document.
    #[must_use]
    pub fn html(&self) -> String {
        html::html(&Texts::new().page(self))
    }
}

/// The message in the crate's own words; a host with others asks its [`Renderer`].
impl SmsMessage {
    /// The text. It begins with the code.
    #[must_use]
    pub fn text(&self) -> String {
        Texts::new().sms(self)
    }
}
