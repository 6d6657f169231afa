//! Error replies of providers.

use std::fmt;

use serde_json::Value;

use super::{json, urlencoded::percent_encode};
use crate::ports::HttpResponse;

/// The longest part of a provider's message that is kept, in characters.
const MAX_MESSAGE_LENGTH: usize = 200;
const MAX_WORD_LENGTH: usize = 64;

/// Where providers put their error messages.
const MESSAGE_POINTERS: [&str; 8] = [
    "/error",
    "/error/message",
    "/error_description",
    "/error_summary",
    "/message",
    "/errors/0/message",
    "/status_txt",
    "/reason",
];

/// Error codes that report a fault of the client or its registration: RFC 6749 §5.2, GitHub, Google
/// and Slack. Some providers send them with status 400 or 200.
#[cfg(feature = "tracing")]
const CLIENT_FAULT_CODES: [&str; 8] = [
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "incorrect_client_credentials",
    "redirect_uri_mismatch",
    "invalid_client_id",
    "bad_client_secret",
    "bad_redirect_uri",
];

/// An error reply of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `invalid_client` (RFC 6749 §5.2), if it is a single word.
    pub code: Option<Box<str>>,
    /// The provider's message, as one short line.
    pub message: Option<Box<str>>,
}

impl ErrorResponse {
    /// Reads an error reply. `secrets` are the secrets of the request; a message that repeats one
    /// of them is left out.
    pub(super) fn read(reply: &HttpResponse, secrets: &[&str]) -> Self {
        let value = json::parse(reply.body()).ok().or_else(|| json::parse_form(reply.body()));
        Self {
            status: reply.status(),
            code: value.as_ref().and_then(|value| code(value, secrets)),
            message: value.and_then(|value| message(&value, secrets)),
        }
    }

    /// Reads an error from the body of a successful reply.
    pub(super) fn within(status: u16, value: &Value, secrets: &[&str]) -> Option<Self> {
        message(value, secrets).map(|message| Self {
            status,
            code: code(value, secrets),
            message: Some(message),
        })
    }

    /// Describes the error for the operator's log, if it is one that the operator can fix.
    #[cfg(feature = "tracing")]
    pub(super) fn fault(&self) -> Option<String> {
        let code = self.code.as_deref();
        let is_client_fault = code.is_some_and(|code| CLIENT_FAULT_CODES.contains(&code));
        let is_fault = is_client_fault || !matches!(self.status, 200..300 | 400);
        is_fault.then(|| match code {
            Some(code) => format!("the provider refused: {}: {code}", self.status),
            None => format!("the provider refused: {}", self.status),
        })
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            // A success status does not describe the error.
            Some(message) if self.status < 300 => f.write_str(message),
            Some(message) => write!(f, "{}: {message}", self.status),
            None => write!(f, "{}", self.status),
        }
    }
}

/// Returns all spellings in which a provider could repeat these secrets.
pub(super) fn spellings(secrets: &[&str]) -> Vec<String> {
    secrets.iter().flat_map(|secret| [(*secret).to_owned(), percent_encode(secret)]).collect()
}

/// Shortens the `error` and `error_description` of a callback to one line.
pub(super) fn callback_message(error: &str, description: Option<&str>) -> Box<str> {
    let message = [Some(error), description].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let printable = message.chars().filter(|char| !char.is_control());
    printable.take(MAX_MESSAGE_LENGTH).collect::<String>().into()
}

fn code(value: &Value, secrets: &[&str]) -> Option<Box<str>> {
    let code = value.get("error")?.as_str().filter(|code| (1..=MAX_WORD_LENGTH).contains(&code.len()))?;
    let is_word = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (is_word && !contains_secret(code, secrets)).then(|| code.into())
}

fn message(value: &Value, secrets: &[&str]) -> Option<Box<str>> {
    let texts: Vec<&str> = MESSAGE_POINTERS
        .iter()
        .filter_map(|pointer| value.pointer(pointer)?.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    let whole = texts.join(": ");
    if whole.is_empty() || contains_secret(&whole, secrets) {
        return None;
    }
    // A very long word may be a token that is not among `secrets`.
    let words = whole.split(|char: char| char.is_control() || char == ' ').filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| if word.len() > MAX_WORD_LENGTH { "…" } else { word }).collect();
    Some(words.join(" ").chars().take(MAX_MESSAGE_LENGTH).collect::<String>().into())
}

fn contains_secret(text: &str, secrets: &[&str]) -> bool {
    secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> ErrorResponse {
        ErrorResponse::read(&HttpResponse::new(status, body.into()), &["code-1", ""])
    }

    #[test]
    fn a_message_is_one_short_line() {
        let refused = refusal(400, r#"{"error":"invalid_grant","error_description":"too\nold"}"#);
        assert_eq!(refused.to_string(), "400: invalid_grant: too old");
        assert_eq!(refusal(400, r#"{"error":{"message":"no"}}"#).to_string(), "400: no");
        assert_eq!(refusal(400, "error=bad_verification_code").to_string(), "400: bad_verification_code");
        assert_eq!(refusal(500, "<html>").message, None);
        let long = refusal(400, &format!(r#"{{"error":"{}"}}"#, "word ".repeat(5_000)));
        assert_eq!(long.message.unwrap().len(), MAX_MESSAGE_LENGTH);
    }

    #[test]
    fn a_message_repeats_no_secret_of_the_request() {
        assert_eq!(refusal(400, r#"{"error":"code code-1 is unknown"}"#).message, None);
        let token = format!(r#"{{"error":"not {}"}}"#, "x".repeat(65));
        assert_eq!(refusal(400, &token).to_string(), "400: not …");
    }
}
