//! Request bodies: JSON objects, and forms if the settings allow them. Fields are kept as their
//! text.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderMap, header};
use serde::{
    Deserializer as _,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{query::Pairs, rejection::Rejection};

/// More than any set of parameters needs.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// Preferences hold 65,535 bytes without white space, and may have more with it.
pub(super) const MAX_PREFERENCES_BYTES: usize = 1024 * 1024;
/// More fields than any client of the API sends.
const MAX_FIELDS: usize = 256;

/// The body of a request. It is read only once the request may perform its operation.
pub trait RequestBody: Send {
    /// Reads all of it. `None` if it has more than `max_bytes` or cannot be read.
    ///
    /// A longer one should be read on to some bound and dropped: many clients do not read the
    /// response before they have sent their whole request.
    fn read(self, max_bytes: usize) -> impl Future<Output = Option<Bytes>> + Send;
}

impl RequestBody for Bytes {
    async fn read(self, max_bytes: usize) -> Option<Self> {
        (self.len() <= max_bytes).then_some(self)
    }
}

/// The fields of a body, sorted by name. A value is parsed when it is asked for.
#[derive(Default)]
pub(super) struct Fields(Vec<(Box<str>, Value)>);

enum Value {
    Json(Box<RawValue>),
    Text(Zeroizing<String>),
}

/// One field of a body.
pub(super) enum Field<'a> {
    Absent,
    Null,
    Text(Cow<'a, Zeroizing<String>>),
    /// A JSON value that is not a string, or a string with a lone surrogate.
    Other(&'a str),
}

impl Fields {
    /// Reads a body of at most `max_bytes`. Malformed JSON counts as an empty body.
    pub(super) async fn read(
        headers: &HeaderMap,
        body: impl RequestBody,
        max_bytes: usize,
        takes_forms: bool,
    ) -> Result<Self, Rejection> {
        let too_large =
            || Rejection::argument(format!("The body must be readable and at most {max_bytes} bytes long."));
        let bytes = body.read(max_bytes).await.ok_or_else(too_large)?;
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        match Kind::of(headers) {
            Kind::Json => Self::from_json(&bytes),
            Kind::Form if takes_forms => Self::from_form(&bytes),
            Kind::Absent if bytes.trim_ascii() == b"{}" => Ok(Self::default()),
            _ => Err(Rejection::argument(
                "The body must be JSON, with the header `Content-Type: application/json`.",
            )),
        }
    }

    fn from_json(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let fields = json.deserialize_map(ObjectVisitor).and_then(|fields| json.end().map(|()| fields));
        fields.map_or_else(|_| Ok(Self::default()), Self::new)
    }

    fn from_form(bytes: &[u8]) -> Result<Self, Rejection> {
        let bad = |_| Rejection::argument("The body must be a well-formed form.");
        let text = std::str::from_utf8(bytes).map_err(|_| Rejection::argument("The body must be UTF-8."))?;
        let pairs = Pairs::read(text).map_err(bad)?;
        let own = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
            (name.into(), Value::Text(Zeroizing::new(value.into_owned())))
        };
        Self::new(pairs.into_iter().map(own).collect())
    }

    fn new(mut fields: Vec<(Box<str>, Value)>) -> Result<Self, Rejection> {
        if fields.len() > MAX_FIELDS {
            return Err(Rejection::argument("The body must have at most 256 fields."));
        }
        fields.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        // Parsers disagree about which of two equal names counts (RFC 8259 §4).
        if fields.windows(2).any(|pair| matches!(pair, [(left, _), (right, _)] if left == right)) {
            return Err(Rejection::argument("The body must name each field once."));
        }
        Ok(Self(fields))
    }

    /// The field with this name.
    pub(super) fn field(&self, name: &str) -> Field<'_> {
        let found = self.0.binary_search_by(|(given, _)| (**given).cmp(name));
        match found.ok().and_then(|at| self.0.get(at)) {
            None => Field::Absent,
            Some((_, Value::Text(text))) => Field::Text(Cow::Borrowed(text)),
            Some((_, Value::Json(raw))) => match raw.get() {
                "null" => Field::Null,
                json if json.starts_with('"') => match serde_json::from_str(json) {
                    Ok(text) => Field::Text(Cow::Owned(Zeroizing::new(text))),
                    Err(_) => Field::Other(json),
                },
                json => Field::Other(json),
            },
        }
    }

    /// The field's text if it is a text, for the keys of request limits.
    pub(super) fn text(&self, name: &str) -> Option<Zeroizing<String>> {
        match self.field(name) {
            Field::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

/// The text of a form of at most `max_bytes`, as it was sent.
#[cfg(feature = "oauth2")]
pub(super) async fn form(
    headers: &HeaderMap,
    body: impl RequestBody,
    max_bytes: usize,
) -> Result<Zeroizing<String>, Rejection> {
    let refuse =
        || Rejection::argument(format!("The body must be a form in UTF-8 of at most {max_bytes} bytes."));
    if !matches!(Kind::of(headers), Kind::Form) {
        return Err(refuse());
    }
    let bytes = body.read(max_bytes).await.ok_or_else(refuse)?;
    std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| refuse())
}

#[derive(Clone, Copy)]
enum Kind {
    Json,
    Form,
    Absent,
    Other,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Self::Absent };
        let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            Self::Json
        } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::Form
        } else {
            Self::Other
        }
    }
}

/// Collects the fields of a JSON object as their text.
struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Vec<(Box<str>, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<Box<str>>()? {
            let value = map.next_value::<Box<RawValue>>()?;
            // One more than the maximum is enough to refuse them all.
            if fields.len() <= MAX_FIELDS {
                fields.push((name, Value::Json(value)));
            }
        }
        Ok(fields)
    }
}
