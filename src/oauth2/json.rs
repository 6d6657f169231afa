//! Replies of providers, read strictly.

use std::collections::HashSet;

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::ReplyError;
use crate::model::compact_json::compact_value;

const MAX_LEVELS: usize = 32;
const MAX_FIELDS: usize = 64;

/// Reads JSON without repeated names and NUL: two readers of one text must not see different things in it.
pub(super) fn parse(body: &[u8]) -> Result<Value, ReplyError> {
    let text = std::str::from_utf8(body).map_err(|_| ReplyError::Malformed)?;
    let compact = compact_value(text, body.len(), MAX_LEVELS).ok_or(ReplyError::Malformed)?;
    serde_json::from_str(&compact).map_err(|_| ReplyError::Malformed)
}

/// Reads a form into an object of texts. What could be a page or broken JSON is none.
pub(super) fn parse_form(body: &[u8]) -> Option<Value> {
    let is_form =
        body.iter().all(|byte| byte.is_ascii_graphic() && !b"<>{}\"".contains(byte)) && body.contains(&b'=');
    if !is_form {
        return None;
    }
    let mut names = HashSet::new();
    let fields: Vec<_> = form_urlencoded::parse(body).take(MAX_FIELDS + 1).collect();
    let sound = fields.len() <= MAX_FIELDS
        && fields
            .iter()
            .all(|(name, value)| names.insert(name.clone()) && !name.contains('\0') && !value.contains('\0'));
    sound.then(|| {
        let members =
            fields.into_iter().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_that_could_be_read_in_two_ways_is_refused() {
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
