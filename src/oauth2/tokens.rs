//! Replies of the token endpoint (RFC 6749 §5).

use std::{fmt, time::Duration};

use serde_json::Value;

use super::{ErrorResponse, OAuth2Error, Pointer, Registration, ReplyError, json, template::percent_encode};
use crate::{ports::HttpResponse, secret::Secret};

/// More than any provider's signed tokens have, in bytes.
const MAX_TOKEN_LENGTH: usize = 32 * 1024;

/// What the token endpoint gave.
///
/// # Security
/// `Debug` shows none of the tokens. The engine keeps them sealed, or not at all.
pub struct Tokens {
    /// Opens the provider's API in the person's name.
    pub access_token: Secret,
    /// Redeemed for new tokens. After a refresh it is the new one, or else the old one, which is still good.
    pub refresh_token: Option<Secret>,
    /// How long the access token is good for, if the provider says so.
    pub expires_in: Option<Duration>,
    /// What was granted, if the provider says so.
    pub scopes: Vec<Box<str>>,
    /// The data centre that has the person; to be kept with the refresh token, which is good only there.
    pub location: Option<Box<str>>,
    pub(super) id_token: Option<Secret>,
    /// The reply without its tokens, for references to `token`.
    pub(super) rest: Value,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Registration {
    /// Reads a reply. `secrets` are those of the request.
    pub(super) fn tokens(&self, reply: &HttpResponse, secrets: &[&str]) -> Result<Tokens, OAuth2Error> {
        if !reply.is_success() {
            return Err(OAuth2Error::refused(ErrorResponse::read(reply, secrets)));
        }
        let mut rest =
            json::parse(reply.body()).or_else(|error| json::parse_form(reply.body()).ok_or(error))?;
        let places = &self.provider.token.reply;
        let Some(access_token) = take(&mut rest, &places.access_token)? else {
            let refusal = ErrorResponse::within(reply.status(), &rest, secrets);
            return Err(refusal.map_or(OAuth2Error::Reply(ReplyError::Shape), OAuth2Error::Refused));
        };
        Ok(Tokens {
            access_token,
            refresh_token: take(&mut rest, &places.refresh_token)?,
            id_token: take(&mut rest, &places.id_token)?,
            expires_in: lifetime(&rest, &places.expires_in)?,
            scopes: scopes(&rest)?,
            location: None,
            rest,
        })
    }
}

/// Takes a token out of a reply. An empty text is none.
fn take(reply: &mut Value, place: &Pointer) -> Result<Option<Secret>, ReplyError> {
    let token = match reply.pointer_mut(place.as_str()).map(Value::take) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Secret::new(text),
        Some(_) => return Err(ReplyError::Shape),
    };
    // RFC 6749 §A.12 and §A.17. A space or control character would break the header that it is sent in.
    let is_sound = token.expose().bytes().all(|byte| byte.is_ascii_graphic())
        && token.expose().len() <= MAX_TOKEN_LENGTH;
    match (token.expose().is_empty(), is_sound) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(token)),
        (false, false) => Err(ReplyError::Token),
    }
}

fn lifetime(reply: &Value, places: &[Pointer]) -> Result<Option<Duration>, ReplyError> {
    let Some(value) = places.iter().find_map(|place| place.of(reply)) else { return Ok(None) };
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<u32>().ok().map(f64::from),
        _ => None,
    };
    let seconds =
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or(ReplyError::Shape)?;
    Ok(Some(Duration::from_secs(seconds.as_secs())))
}

/// A text with spaces or commas, or an array of texts.
fn scopes(reply: &Value) -> Result<Vec<Box<str>>, ReplyError> {
    let split =
        |text: &str| text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(Box::from).collect();
    match reply.get("scope") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(split(text)),
        Some(Value::Array(list)) => {
            list.iter().map(|scope| scope.as_str().map(Box::from).ok_or(ReplyError::Shape)).collect()
        }
        Some(_) => Err(ReplyError::Shape),
    }
}

/// The spellings under which a provider could repeat a secret.
pub(super) fn spellings(secrets: &[&str]) -> Vec<String> {
    secrets.iter().flat_map(|secret| [(*secret).to_owned(), percent_encode(secret)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Tokens, OAuth2Error> {
        let provider = super::super::Provider::builtin("bitly").unwrap();
        let registration =
            Registration::new(provider, super::super::Credentials::new("id", "hidden".to_owned())).unwrap();
        registration.tokens(&HttpResponse::new(200, body.into()), &["code-1"])
    }

    #[test]
    fn json_and_forms_are_told_apart_by_their_content() {
        assert_eq!(read("access_token=a%2Bb&login=ada&expires_in=60").unwrap().access_token.expose(), "a+b");
        assert_eq!(
            read(r#"{"access_token":"a","expires_in":"60"}"#).unwrap().expires_in,
            Some(Duration::from_secs(60))
        );
        assert_eq!(
            read(r#"{"access_token":"a","expires_in":null,"expires_in_sec":7.9}"#).unwrap().expires_in,
            Some(Duration::from_secs(7))
        );
    }

    #[test]
    fn scopes_are_a_text_or_an_array() {
        assert_eq!(
            read(r#"{"access_token":"a","scope":["openid","x"]}"#).unwrap().scopes,
            ["openid", "x"].map(Box::<str>::from)
        );
        assert_eq!(read(r#"{"access_token":"a","scope":"openid x,y"}"#).unwrap().scopes.len(), 3);
    }

    #[test]
    fn an_error_within_a_success_is_a_refusal_in_the_providers_words() {
        let error = read(r#"{"error":"bad_verification_code"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the provider refused: bad_verification_code");
        assert!(matches!(read(r#"{"error":"code-1"}"#), Err(OAuth2Error::Reply(ReplyError::Shape))));
    }

    #[test]
    fn tokens_that_cannot_be_sent_are_refused() {
        let long = "x".repeat(MAX_TOKEN_LENGTH + 1);
        for bad in ["a b", "a\\r\\nX: y", "\u{e9}", &long] {
            assert!(
                matches!(
                    read(&format!(r#"{{"access_token":"{bad}"}}"#)),
                    Err(OAuth2Error::Reply(ReplyError::Token))
                ),
                "{bad}"
            );
        }
        for bad in ["1", "{}", "true", "[\"a\"]"] {
            assert!(
                matches!(
                    read(&format!(r#"{{"access_token":{bad}}}"#)),
                    Err(OAuth2Error::Reply(ReplyError::Shape))
                ),
                "{bad}"
            );
        }
        for bad in ["-1", "1e30", "\"x\"", "{}", "true"] {
            assert!(read(&format!(r#"{{"access_token":"a","expires_in":{bad}}}"#)).is_err(), "{bad}");
        }
        for none in
            ["", r#"{"access_token":""}"#, r#"{"access_token":null}"#, "{}", "[]", "null", "\"access_token\""]
        {
            assert!(read(none).is_err(), "{none}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let shown = format!(
            "{:?}",
            read(r#"{"access_token":"hidden","id_token":"hidden","refresh_token":"hidden"}"#).unwrap()
        );
        assert_eq!(shown, "Tokens { expires_in: None, scopes: [], .. }");
    }
}
