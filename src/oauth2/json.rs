//! Strict parsing of providers' replies.

use std::collections::HashSet;

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::model::compact_json::compact_value;

const MAX_LEVELS: usize = 32;
const MAX_FIELDS: usize = 64;

/// Why a reply cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The reply is not JSON, or JSON with repeated names, NUL, too many levels or numbers beyond a
    /// double. The reply of a token endpoint is not a form either.
    #[error("it is malformed")]
    Malformed,
    /// A required value is missing or of the wrong type.
    #[error("a value is missing or of the wrong type")]
    Shape,
    /// The discovery document belongs to another issuer (OpenID Connect Discovery §4.3).
    #[error("it is another issuer's")]
    Issuer,
    /// A token is too long, or has characters that a header cannot carry (RFC 6749 §A.12).
    #[error("the token cannot be used")]
    Token,
}

/// Parses JSON, and refuses repeated names and NUL, which parsers interpret differently.
pub(super) fn parse(body: &[u8]) -> Result<Value, ReplyError> {
    let text = std::str::from_utf8(body).map_err(|_| ReplyError::Malformed)?;
    let compact = compact_value(text, body.len(), MAX_LEVELS).ok_or(ReplyError::Malformed)?;
    serde_json::from_str(&compact).map_err(|_| ReplyError::Malformed)
}

/// Parses a form into an object of texts. Refuses anything that could be an HTML page or broken
/// JSON.
pub(super) fn parse_form(body: &[u8]) -> Option<Value> {
    let is_form =
        body.iter().all(|byte| byte.is_ascii_graphic() && !b"<>{}\"".contains(byte)) && body.contains(&b'=');
    if !is_form {
        return None;
    }
    let mut names = HashSet::new();
    let fields: Vec<_> = form_urlencoded::parse(body).take(MAX_FIELDS + 1).collect();
    let is_valid = fields.len() <= MAX_FIELDS
        && fields
            .iter()
            .all(|(name, value)| names.insert(name.clone()) && !name.contains('\0') && !value.contains('\0'));
    is_valid.then(|| {
        let members =
            fields.into_iter().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

/// Returns a text or an integer as text, and `None` for any other value.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number
            .as_u64()
            .map(|number| number.to_string())
            .or_else(|| number.as_i64().map(|number| number.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ambiguous_json_is_refused() {
        assert_eq!(parse(br#" {"a":[1,"x"]} "#).unwrap(), json!({"a": [1, "x"]}));
        assert_eq!(parse(b"[]").unwrap(), json!([]));
        let deep = "[".repeat(40) + &"]".repeat(40);
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":"\u0000"}"#,
            "{\"a\":\"\0\"}",
            "{",
            "",
            "{} x",
            r#"{"a":1e999}"#,
            r#""\ud800""#,
            "\u{feff}{}",
            &deep,
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_form_is_plain_text_without_repeated_names() {
        assert_eq!(parse_form(b"a=1&b=x%20y").unwrap(), json!({"a": "1", "b": "x y"}));
        let long = (0..65).map(|place| format!("a{place}=1")).collect::<Vec<_>>().join("&");
        for bad in ["", "a", "a=1&a=2", "<a=1>", "a=1\n", "{a=1", "a=%00", &long] {
            assert!(parse_form(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
