//! Replies of the token endpoint (RFC 6749 §5).

use std::time::Duration;

use serde_json::Value;

use super::{
    error::OAuth2Error,
    error_response::ErrorResponse,
    json::{self, ReplyError},
    registration::Registration,
    template::Pointer,
    tokens::Tokens,
};
use crate::{ports::HttpResponse, secret::Secret};

/// The longest token that is accepted, in bytes; the signed tokens of all known providers are
/// shorter.
const MAX_TOKEN_LENGTH: usize = 32 * 1024;

impl Registration {
    /// Reads the tokens of a reply. `secrets` are the secrets of the request.
    pub(super) fn tokens(&self, reply: &HttpResponse, secrets: &[&str]) -> Result<Tokens, OAuth2Error> {
        if !reply.is_success() {
            return Err(OAuth2Error::refused(ErrorResponse::read(reply, secrets)));
        }
        let mut rest =
            json::parse(reply.body()).or_else(|error| json::parse_form(reply.body()).ok_or(error))?;
        let pointers = &self.provider.token.reply;
        let Some(access_token) = take_token(&mut rest, &pointers.access_token)? else {
            let refusal = ErrorResponse::within(reply.status(), &rest, secrets);
            return Err(refusal.map_or(OAuth2Error::Reply(ReplyError::Shape), OAuth2Error::Refused));
        };
        Ok(Tokens {
            access_token,
            refresh_token: take_token(&mut rest, &pointers.refresh_token)?,
            id_token: take_token(&mut rest, &pointers.id_token)?,
            expires_in: lifetime(&rest, &pointers.expires_in)?,
            scopes: scopes(&rest)?,
            location: None,
            rest,
        })
    }
}

/// Removes a token from a reply and returns it. An empty text counts as absent.
fn take_token(reply: &mut Value, pointer: &Pointer) -> Result<Option<Secret>, ReplyError> {
    let token = match reply.pointer_mut(pointer.as_str()).map(Value::take) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Secret::new(text),
        Some(_) => return Err(ReplyError::Shape),
    };
    if token.expose().is_empty() {
        return Ok(None);
    }
    // RFC 6749 §A.12 and §A.17. A space or control character would break the header that carries
    // it.
    let is_valid = token.expose().bytes().all(|byte| byte.is_ascii_graphic())
        && token.expose().len() <= MAX_TOKEN_LENGTH;
    if is_valid { Ok(Some(token)) } else { Err(ReplyError::Token) }
}

fn lifetime(reply: &Value, pointers: &[Pointer]) -> Result<Option<Duration>, ReplyError> {
    let Some(value) = pointers.iter().find_map(|pointer| pointer.of(reply)) else { return Ok(None) };
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<u32>().ok().map(f64::from),
        _ => None,
    };
    let lifetime =
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or(ReplyError::Shape)?;
    Ok(Some(Duration::from_secs(lifetime.as_secs())))
}

/// Reads `scope`: a text separated by spaces or commas, or an array of texts.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth2::{provider::Provider, registration::Credentials};

    fn read(body: &str) -> Result<Tokens, OAuth2Error> {
        let provider = Provider::builtin("bitly").unwrap();
        let registration = Registration::new(provider, Credentials::new("id", "hidden".to_owned())).unwrap();
        registration.tokens(&HttpResponse::new(200, body.into()), &["code-1"])
    }

    #[test]
    fn json_and_forms_are_distinguished_by_their_content() {
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
    fn an_error_with_status_200_is_reported_as_a_refusal() {
        let error = read(r#"{"error":"bad_verification_code"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the provider refused: bad_verification_code");
        assert!(matches!(read(r#"{"error":"code-1"}"#), Err(OAuth2Error::Reply(ReplyError::Shape))));
    }

    #[test]
    fn tokens_that_cannot_be_sent_are_refused() {
        let long = "x".repeat(MAX_TOKEN_LENGTH + 1);
        for bad in ["a b", "a\\r\\nX: y", "\u{e9}", &long] {
            let refused = read(&format!(r#"{{"access_token":"{bad}"}}"#));
            assert!(matches!(refused, Err(OAuth2Error::Reply(ReplyError::Token))), "{bad}");
        }
        for bad in ["1", "{}", "true", "[\"a\"]"] {
            let refused = read(&format!(r#"{{"access_token":{bad}}}"#));
            assert!(matches!(refused, Err(OAuth2Error::Reply(ReplyError::Shape))), "{bad}");
        }
    }

    #[test]
    fn malformed_replies_are_refused() {
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
    fn debug_omits_the_tokens() {
        let shown = format!(
            "{:?}",
            read(r#"{"access_token":"hidden","id_token":"hidden","refresh_token":"hidden"}"#).unwrap()
        );
        assert_eq!(shown, "Tokens { expires_in: None, scopes: [], .. }");
    }
}
