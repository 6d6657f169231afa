//! What can go wrong between this service and a provider.

use std::fmt;

use serde_json::Value;

use super::{json, openid::IdTokenError};
#[cfg(feature = "tracing")]
use crate::kind::with_causes;
use crate::{
    kind::Kind,
    ports::{HttpError, HttpResponse},
};

/// How much of a provider's words is kept, in characters.
const MAX_MESSAGE_LENGTH: usize = 200;
const MAX_WORD_LENGTH: usize = 64;
/// Where providers put what went wrong.
const MESSAGES: [&str; 8] = [
    "/error",
    "/error/message",
    "/error_description",
    "/error_summary",
    "/message",
    "/errors/0/message",
    "/status_txt",
    "/reason",
];

/// How providers say that it is the client or its registration that is wrong: RFC 6749 §5.2, GitHub, Google and Slack. Some do so with
/// status 400 or 200.
#[cfg(feature = "tracing")]
const FAULTS_OF_THE_CLIENT: [&str; 8] = [
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "incorrect_client_credentials",
    "redirect_uri_mismatch",
    "invalid_client_id",
    "bad_client_secret",
    "bad_redirect_uri",
];

/// Why a provider cannot sign somebody in.
///
/// # Security
/// Neither `Display` nor `Debug` holds a secret, a code or a token; a provider's message that repeats one is left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OAuth2Error {
    /// The provider finds fault with the request: 400. Mostly the code is used or too old.
    #[error("the provider found the request at fault: {0}")]
    BadRequest(ErrorResponse),
    /// The provider does not accept this service or its token: 401.
    #[error("the provider did not accept the credentials: {0}")]
    Unauthorized(ErrorResponse),
    /// The provider refuses in another way: any other status, or an error within a reply of status 200.
    #[error("the provider refused: {0}")]
    Refused(ErrorResponse),
    /// The browser comes back with an error instead of a code: mostly the person said no (RFC 6749 §4.1.2.1).
    #[error("the provider refused: {0}")]
    Declined(Box<str>),
    /// There is no whole reply.
    #[error("the provider gave no reply: {0}")]
    Unreachable(#[from] HttpError),
    /// The reply is not what it should be.
    #[error("the provider's reply cannot be used: {0}")]
    Reply(#[from] ReplyError),
    /// The provider did not say who the person is.
    #[error("the provider gave no id of the person")]
    MissingId,
    /// The id_token is missing or not to be believed.
    #[error("the id_token was refused: {0}")]
    IdToken(#[from] IdTokenError),
    /// The callback is another issuer's (RFC 9207 §2.4).
    #[error("the reply is another issuer's")]
    WrongIssuer,
    /// The callback names a data centre that is not in the table.
    #[error("the provider has no such region")]
    UnknownRegion,
    /// A scope has characters that a scope cannot have (RFC 6749 §3.3).
    #[error("a scope is malformed")]
    InvalidScope,
    /// A URL cannot be made, or leads where it must not.
    #[error("the provider has no such endpoint")]
    NoEndpoint,
    /// The client secret could not be signed.
    #[error("the client secret could not be signed")]
    Signing,
}

impl OAuth2Error {
    /// The stable name of this error, as in the Appwrite API (`user_oauth2_bad_request`).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "user_oauth2_bad_request",
            Self::Unauthorized(_) => "user_oauth2_unauthorized",
            Self::MissingId => "user_missing_id",
            Self::InvalidScope => "general_argument_invalid",
            _ => "user_oauth2_provider_error",
        }
    }

    /// What the provider said at the callback instead of a code: [`Declined`](Self::Declined).
    #[must_use]
    pub fn at_callback(error: &str, description: Option<&str>) -> Self {
        let said: String = [Some(error), description].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let message =
            said.chars().filter(|char| !char.is_control()).take(MAX_MESSAGE_LENGTH).collect::<String>();
        Self::Declined(message.into())
    }

    /// The class of this error: what the provider finds at fault, what it does not let in, or that it is of no use.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::BadRequest(_) | Self::MissingId | Self::InvalidScope => Kind::Invalid,
            Self::Unauthorized(_) => Kind::Unauthenticated,
            _ => Kind::Provider,
        }
    }

    /// The HTTP status of the provider, if it refused.
    #[must_use]
    pub fn provider_status(&self) -> Option<u16> {
        match self {
            Self::BadRequest(refusal) | Self::Unauthorized(refusal) | Self::Refused(refusal) => {
                Some(refusal.status)
            }
            _ => None,
        }
    }

    /// What the operator has to look after, if it is theirs or the provider's to mend. Of the provider's words only the error code is told:
    /// others may name the person.
    ///
    /// What the browser brings is no such fault, as anybody can forge it; and a code that is refused was mostly used before or is too old.
    #[cfg(feature = "tracing")]
    pub(crate) fn fault(&self) -> Option<String> {
        match self {
            Self::BadRequest(refusal) | Self::Unauthorized(refusal) | Self::Refused(refusal) => {
                refusal.fault()
            }
            Self::Declined(_) | Self::WrongIssuer | Self::UnknownRegion | Self::InvalidScope => None,
            Self::Unreachable(_)
            | Self::Reply(_)
            | Self::MissingId
            | Self::IdToken(_)
            | Self::NoEndpoint
            | Self::Signing => Some(with_causes(self)),
        }
    }

    /// By the status of a reply that is none of the hoped for ones.
    pub(super) fn refused(refusal: ErrorResponse) -> Self {
        match refusal.status {
            400 => Self::BadRequest(refusal),
            401 => Self::Unauthorized(refusal),
            _ => Self::Refused(refusal),
        }
    }
}

/// A provider's "no".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `invalid_client` (RFC 6749 §5.2), if it is one word.
    pub code: Option<Box<str>>,
    /// What it said, as one short line.
    pub message: Option<Box<str>>,
}

impl ErrorResponse {
    /// Reads what a reply says. `secrets` are those of the request: a message with one of them in it is left out.
    pub(super) fn read(reply: &HttpResponse, secrets: &[&str]) -> Self {
        let value = json::parse(reply.body()).ok().or_else(|| json::parse_form(reply.body()));
        Self {
            status: reply.status(),
            code: value.as_ref().and_then(|value| code(value, secrets)),
            message: value.and_then(|value| message(&value, secrets)),
        }
    }

    /// A refusal within a reply of success.
    pub(super) fn within(status: u16, value: &Value, secrets: &[&str]) -> Option<Self> {
        message(value, secrets).map(|message| Self {
            status,
            code: code(value, secrets),
            message: Some(message),
        })
    }

    #[cfg(feature = "tracing")]
    fn fault(&self) -> Option<String> {
        let code = self.code.as_deref();
        let is_of_the_client = code.is_some_and(|code| FAULTS_OF_THE_CLIENT.contains(&code));
        let is_fault = is_of_the_client || !matches!(self.status, 200..300 | 400);
        is_fault.then(|| match code {
            Some(code) => format!("the provider refused: {}: {code}", self.status),
            None => format!("the provider refused: {}", self.status),
        })
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            // A status of success says nothing about a refusal.
            Some(message) if self.status < 300 => f.write_str(message),
            Some(message) => write!(f, "{}: {message}", self.status),
            None => write!(f, "{}", self.status),
        }
    }
}

fn code(value: &Value, secrets: &[&str]) -> Option<Box<str>> {
    let code = value.get("error")?.as_str().filter(|code| (1..=MAX_WORD_LENGTH).contains(&code.len()))?;
    let is_word = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (is_word && !repeats(code, secrets)).then(|| code.into())
}

/// Whether a provider's words hold a secret that it was sent.
fn repeats(words: &str, secrets: &[&str]) -> bool {
    secrets.iter().any(|secret| !secret.is_empty() && words.contains(secret))
}

fn message(value: &Value, secrets: &[&str]) -> Option<Box<str>> {
    let texts: Vec<&str> = MESSAGES
        .iter()
        .filter_map(|place| value.pointer(place)?.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    let whole = texts.join(": ");
    if whole.is_empty() || repeats(&whole, secrets) {
        return None;
    }
    // A long word is no word: it may be a token that nobody here knows.
    let words = whole.split(|char: char| char.is_control() || char == ' ').filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| if word.len() > MAX_WORD_LENGTH { "…" } else { word }).collect();
    Some(words.join(" ").chars().take(MAX_MESSAGE_LENGTH).collect::<String>().into())
}

/// What is wrong with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Not JSON, or JSON with repeated names, NUL, too many levels or numbers beyond a double; for tokens, no form either.
    #[error("it is malformed")]
    Malformed,
    /// What it should have is not there, or of another type.
    #[error("a value is missing or of the wrong type")]
    Shape,
    /// The discovery document is another issuer's (OpenID Connect Discovery §4.3).
    #[error("it is another issuer's")]
    Issuer,
    /// The access token cannot be sent in a header (RFC 6749 §A.12), or is endless.
    #[error("the token cannot be used")]
    Token,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> ErrorResponse {
        ErrorResponse::read(&HttpResponse::new(status, body.into()), &["code-1", ""])
    }

    #[test]
    fn the_status_decides_what_kind_of_refusal_it_is() {
        for (status, code) in [
            (400, "user_oauth2_bad_request"),
            (401, "user_oauth2_unauthorized"),
            (403, "user_oauth2_provider_error"),
            (302, "user_oauth2_provider_error"),
        ] {
            let error = OAuth2Error::refused(refusal(status, ""));
            assert_eq!((error.code(), error.provider_status()), (code, Some(status)));
        }
    }

    #[cfg(feature = "tracing")]
    #[test]
    fn the_operator_hears_of_what_is_theirs_to_mend_and_nothing_that_may_name_somebody() {
        let told = |status, body| OAuth2Error::refused(refusal(status, body)).fault();
        for (status, body, fault) in [
            (400, r#"{"error":"invalid_client","error_description":"x"}"#, "400: invalid_client"),
            (401, "error=invalid_client&error_description=ada%40example.com", "401: invalid_client"),
            (403, r#"{"error":"the user ada@example.com is not assigned"}"#, "403"),
            (403, r#"{"error":"code-1"}"#, "403"),
            (502, "<html>", "502"),
        ] {
            assert_eq!(told(status, body), Some(format!("the provider refused: {fault}")));
        }
        assert_eq!(told(400, r#"{"error":"invalid_grant"}"#), None);
        let within = |code: &str| {
            let refusal = ErrorResponse::within(200, &serde_json::json!({ "error": code }), &[]).unwrap();
            OAuth2Error::Refused(refusal).fault()
        };
        assert_eq!(within("bad_verification_code"), None);
        assert!(within("incorrect_client_credentials").is_some());
        assert_eq!(OAuth2Error::at_callback("server_error", None).fault(), None);
        assert_eq!(OAuth2Error::WrongIssuer.fault(), None);
        let silent = OAuth2Error::from(HttpError::TimedOut).fault();
        assert_eq!(silent.unwrap(), "the provider gave no reply: the other side did not answer in time");
    }

    #[test]
    fn a_message_is_one_short_line_without_the_secrets_of_the_request() {
        let told = refusal(400, r#"{"error":"invalid_grant","error_description":"too\nold"}"#);
        assert_eq!(told.to_string(), "400: invalid_grant: too old");
        assert_eq!(refusal(400, r#"{"error":{"message":"no"}}"#).to_string(), "400: no");
        assert_eq!(
            OAuth2Error::at_callback("access_denied", Some("Not today")).to_string(),
            "the provider refused: access_denied: Not today"
        );
        assert_eq!(refusal(400, "error=bad_verification_code").to_string(), "400: bad_verification_code");
        assert_eq!(refusal(400, r#"{"error":"code code-1 is unknown"}"#).message, None);
        assert_eq!(refusal(500, "<html>").message, None);
        let long = refusal(400, &format!(r#"{{"error":"{}"}}"#, "word ".repeat(5_000)));
        assert_eq!(long.message.unwrap().len(), MAX_MESSAGE_LENGTH);
        let token = format!(r#"{{"error":"not {}"}}"#, "x".repeat(65));
        assert_eq!(refusal(400, &token).to_string(), "400: not …");
    }
}
