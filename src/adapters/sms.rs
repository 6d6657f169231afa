//! Text messages through providers with an HTTP API.

mod error;
mod twilio;
mod url;
mod webhook;

pub use self::{
    error::{SmsConfigError, SmsError},
    twilio::TwilioSms,
    webhook::WebhookSms,
};
