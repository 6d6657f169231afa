//! Text messages through providers that speak HTTP.

mod error;
mod twilio;
mod webhook;

pub use self::{
    error::{SmsConfigError, SmsError},
    twilio::TwilioSms,
    webhook::WebhookSms,
};

use url::Url;

use crate::ports::SendError;

impl From<SmsError> for SendError {
    fn from(error: SmsError) -> Self {
        if error.is_permanent() { Self::permanent(error) } else { Self::temporary(error) }
    }
}

fn http_url(text: &str) -> Result<Url, SmsConfigError> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or(SmsConfigError::Url)
}
