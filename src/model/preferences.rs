//! Preferences: a free-form JSON object, stored as the client sent it.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{compact_json, invalid::Invalid};

/// A free-form JSON object, stored as it was sent except for insignificant white space.
///
/// It has at most 65,535 bytes and 64 levels. Content that some parsers or stores would change is
/// rejected: repeated names, NUL, lone surrogates and numbers beyond the range of a double. Cloning
/// is cheap. `Debug` hides the content.
///
/// # Examples
/// ```
/// # use account::model::Preferences;
/// let preferences: Preferences = r#"{ "theme": "dark", "size": 1.0 }"#.parse()?;
/// assert_eq!(preferences.as_json(), r#"{"theme":"dark","size":1.0}"#);
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "Arc<str>")]
pub struct Preferences(Arc<str>);

const MAX_BYTES: usize = 65_535;
const MAX_LEVELS: usize = 64;

impl Preferences {
    /// Parses a JSON object, or an empty array as no preferences.
    ///
    /// Clients in languages where maps and lists are one type send an empty array.
    ///
    /// # Errors
    /// [`Invalid::Preferences`] if the text is neither.
    pub fn parse_lenient(text: &str) -> Result<Self, Invalid> {
        let is_empty_array =
            text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).take(3).eq(*b"[]");
        if is_empty_array { Ok(Self::default()) } else { text.parse() }
    }

    /// Serializes a value of your application into preferences.
    ///
    /// # Errors
    /// [`Invalid::Preferences`] if the value does not serialize as an object or breaks a rule of
    /// the type.
    pub fn from_value(value: &impl Serialize) -> Result<Self, Invalid> {
        serde_json::to_string(value).map_err(|_| Invalid::Preferences)?.parse()
    }

    /// Deserializes the preferences into a type of your application.
    ///
    /// # Errors
    /// The error of `serde_json` if the object does not fit `T`.
    pub fn to_value<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// Returns the object as compact JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self("{}".into())
    }
}

impl FromStr for Preferences {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        compact_json::compact_object(text, MAX_BYTES, MAX_LEVELS)
            .map(|compact| Self(compact.into()))
            .ok_or(Invalid::Preferences)
    }
}

impl TryFrom<String> for Preferences {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Preferences> for Arc<str> {
    fn from(preferences: Preferences) -> Self {
        preferences.0
    }
}

impl fmt::Debug for Preferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preferences({{…}}, {} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn parse(text: &str) -> Option<String> {
        text.parse::<Preferences>().ok().map(|preferences| preferences.as_json().to_owned())
    }

    #[test]
    fn only_insignificant_white_space_is_dropped() {
        let sent = concat!(
            " {\t\"b\" : [ 1.0 , 1e2 ,\r\n-0, 12345678901234567890123 ], ",
            "\"a b\":\" \\u00e9\\/ é \",\"c\":{ } } ",
        );
        let kept = r#"{"b":[1.0,1e2,-0,12345678901234567890123],"a b":" \u00e9\/ é ","c":{}}"#;
        assert_eq!(parse(sent).as_deref(), Some(kept));
    }

    #[test]
    fn names_are_compared_decoded() {
        assert_eq!(parse(r#"{"a":1,"\u0061":2}"#), None);
        assert_eq!(parse(r#"{"x":{"a":1},"a":{"a":1}}"#).as_deref(), Some(r#"{"x":{"a":1},"a":{"a":1}}"#));
        assert!(parse(r#"{"a":1,"\"a":2,"a\"":3,"\"a\"":4}"#).is_some());
        assert_eq!(parse(r#"{"\u0000":1}"#), None);
    }

    #[test]
    fn size_and_depth_are_counted_exactly() {
        let sized = |bytes: usize| format!(r#"{{ "a" : "{}" }}"#, "x".repeat(bytes - 8));
        assert_eq!(parse(&sized(65_535)).map(|json| json.len()), Some(65_535));
        assert_eq!(parse(&sized(65_536)), None);
        let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(parse(&deep(64)).is_some());
        assert_eq!(parse(&deep(65)), None);
        assert_eq!(parse(&format!(r#"{{"a":{}1{}}}"#, "[".repeat(64), "]".repeat(64))), None);
    }

    #[test]
    fn an_empty_array_is_accepted_by_the_lenient_parser_only() {
        assert_eq!(parse("[]"), None);
        assert_eq!(Preferences::parse_lenient(" [ ] "), Ok(Preferences::default()));
        for bad in ["[1]", "[", "[]]", "", "[]{}"] {
            assert_eq!(Preferences::parse_lenient(bad), Err(Invalid::Preferences), "{bad}");
        }
        assert_eq!(Preferences::parse_lenient(r#"{"a":[]}"#), r#"{"a":[]}"#.parse());
    }

    #[test]
    fn values_of_the_application_come_back() {
        let preferences =
            Preferences::from_value(&std::collections::BTreeMap::from([("theme", "dark")])).unwrap();
        assert_eq!(preferences.to_value::<Value>().unwrap(), serde_json::json!({"theme": "dark"}));
        assert_eq!(Preferences::from_value(&[1]), Err(Invalid::Preferences));
    }

    #[test]
    fn debug_hides_the_content() {
        let preferences: Preferences = r#"{"diet":"x"}"#.parse().unwrap();
        assert_eq!(format!("{preferences:?}"), "Preferences({…}, 12 bytes)");
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z\"\\\\/\u{1}-\u{8}é😀]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z\"\\\\é]{0,3}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn objects_come_back_as_they_were_and_stay_so(value in json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(text.parse::<Preferences>().is_ok(), value.is_object());
            if let Ok(preferences) = text.parse::<Preferences>() {
                prop_assert_eq!(preferences.as_json(), serde_json::to_string(&value).unwrap());
                prop_assert_eq!(preferences.as_json().parse::<Preferences>().unwrap(), preferences.clone());
            }
        }

        #[test]
        fn what_is_accepted_is_json(text in "\\{\"a\":[ -+.0-9eE\\[\\]{}\",:atrufalsn\\\\]{0,12}\\}") {
            if let Some(compact) = parse(&text) {
                let parsed: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(parsed, serde_json::from_str::<Value>(&compact).unwrap());
            }
        }
    }
}
