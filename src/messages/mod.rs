//! Email and text messages: the data they carry, and their texts in twelve languages.
//!
//! A message renders itself. Your application can replace single sentences or add languages with
//! [`Texts`], or bring its own templates with a [`Renderer`] that matches on the notice.

mod compose;
mod html;
mod locale;
mod message;
mod phrase;
mod plain;
mod renderer;
mod texts;
mod value;
mod wording;

pub use locale::{Direction, Locale};
pub use message::{EmailMessage, Notice, SmsMessage, TextNotice};
pub(crate) use phrase::phrase;
pub use renderer::{RenderedEmail, Renderer, Texts};
pub use wording::{Letter, Wording};
