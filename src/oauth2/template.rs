//! Texts with places to be filled, and pointers into what a provider has answered.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// Why a [`Template`], [`Reference`] or [`Pointer`] cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTemplate {
    /// A brace without its partner, or a placeholder that is no name.
    #[error("a placeholder is a name in braces")]
    Placeholder,
    /// Not of the form `source:/pointer`.
    #[error("a reference is a source, a colon and a JSON pointer")]
    Reference,
    /// Not empty, and not beginning with a slash.
    #[error("a JSON pointer is empty or begins with a slash")]
    Pointer,
}

/// A JSON pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(Box<str>);

impl Pointer {
    /// What it points at; JSON's `null` counts as nothing.
    pub(super) fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.pointer(&self.0).filter(|found| !found.is_null())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pointer {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        let is_pointer = text.is_empty() || text.starts_with('/');
        is_pointer.then(|| Self(text.into())).ok_or(InvalidTemplate::Pointer)
    }
}

/// Where a value comes from: a source, a colon and a JSON pointer, such as `user:/email`.
///
/// Sources are the names of the profile's requests, `token` (the reply of the token endpoint, without the tokens), `id_token` (its
/// claims) and `callback.user` (the form field `user` of the callback, which holds JSON and is signed by nobody).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub(super) source: Box<str>,
    pub(super) pointer: Pointer,
}

impl FromStr for Reference {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        let (source, pointer) = text.split_once(':').ok_or(InvalidTemplate::Reference)?;
        let is_name =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
        if source.is_empty() || !is_name(source) {
            return Err(InvalidTemplate::Reference);
        }
        Ok(Self { source: source.into(), pointer: pointer.parse()? })
    }
}

/// A text with placeholders in braces, such as `https://{domain}/authorize`.
///
/// A placeholder is a parameter of the provider, one of `client_id`, `client_secret`, `access_token`, `access_token_prefix` (what
/// stands before its first dot) and `access_token_proof` (its HMAC-SHA-256 under the client secret, in hex), or a [`Reference`]
/// such as `{user:/id}`. In a URL a value is percent-encoded, and one that is empty takes the slash before it along. A text with a
/// value that is not there counts as absent as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Value(Placeholder),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Placeholder {
    ClientId,
    ClientSecret,
    AccessToken,
    AccessTokenPrefix,
    AccessTokenProof,
    Reply(Reference),
    Parameter(Box<str>),
}

/// What a placeholder stands for. What was checked to be a host or a URL goes into a URL as it is.
pub(super) struct Filling {
    pub(super) text: String,
    pub(super) is_url_part: bool,
}

/// Gives the values of placeholders.
pub(super) trait Values {
    fn value(&self, placeholder: &Placeholder) -> Option<Filling>;
}

impl Template {
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(placeholder) => Some(placeholder),
            Part::Text(_) => None,
        })
    }

    /// Whether it has a reference to a reply or to claims.
    pub(super) fn refers_to_reply(&self) -> bool {
        self.placeholders().any(|placeholder| matches!(placeholder, Placeholder::Reply(_)))
    }

    /// Whether it can be filled only once there are tokens.
    pub(super) fn depends_on_tokens(&self) -> bool {
        let is_known = |placeholder: &Placeholder| {
            matches!(
                placeholder,
                Placeholder::Parameter(_) | Placeholder::ClientId | Placeholder::ClientSecret
            )
        };
        !self.placeholders().all(is_known)
    }

    /// The text with its values as they are; `None` if one is missing.
    pub(super) fn text(&self, values: &dyn Values) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut text, part| {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value(placeholder) => text.push_str(&values.value(placeholder)?.text),
            }
            Some(text)
        })
    }

    /// The text with its values encoded for a URL; `None` if one is missing or would change the meaning of the path.
    pub(super) fn url(&self, values: &dyn Values) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut url, part| {
            match part {
                Part::Text(literal) => url.push_str(literal),
                Part::Value(placeholder) => {
                    let value = values.value(placeholder)?;
                    match value.text.as_str() {
                        "" if matches!(placeholder, Placeholder::Parameter(_)) && url.ends_with('/') => {
                            url.pop();
                        }
                        "" | "." | ".." => return None,
                        text if value.is_url_part => url.push_str(text),
                        text => url.push_str(&percent_encode(text)),
                    }
                }
            }
            Some(url)
        })
    }
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, opened)) = rest.split_once('{') {
            let (name, after) = opened.split_once('}').ok_or(InvalidTemplate::Placeholder)?;
            parts.push(Part::Text(literal.into()));
            parts.push(Part::Value(name.parse()?));
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        let has_stray = |part: &Part| matches!(part, Part::Text(literal) if literal.contains('}'));
        if parts.iter().any(has_stray) { Err(InvalidTemplate::Placeholder) } else { Ok(Self(parts)) }
    }
}

impl FromStr for Placeholder {
    type Err = InvalidTemplate;

    fn from_str(name: &str) -> Result<Self, InvalidTemplate> {
        Ok(match name {
            "client_id" => Self::ClientId,
            "client_secret" => Self::ClientSecret,
            "access_token" => Self::AccessToken,
            "access_token_prefix" => Self::AccessTokenPrefix,
            "access_token_proof" => Self::AccessTokenProof,
            reference if reference.contains(':') => Self::Reply(reference.parse()?),
            name if !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                Self::Parameter(name.into())
            }
            _ => return Err(InvalidTemplate::Placeholder),
        })
    }
}

macro_rules! read_from_text {
    ($($name:ident),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

read_from_text!(Pointer, Reference, Template);

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.pointer.as_str())
    }
}

/// RFC 3986 §2.1: everything but the unreserved characters.
pub(super) fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 15]
                    .iter()
                    .filter_map(|digit| char::from_digit(u32::from(*digit), 16))
                    .map(|digit| digit.to_ascii_uppercase()),
            );
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows three parameters.
    struct Known;

    impl Values for Known {
        fn value(&self, placeholder: &Placeholder) -> Option<Filling> {
            let (text, is_url_part) = match placeholder {
                Placeholder::Parameter(name) if &**name == "host" => ("id.example.com", true),
                Placeholder::Parameter(name) if &**name == "empty" => ("", false),
                Placeholder::ClientId => ("a/b c", false),
                Placeholder::AccessTokenPrefix => ("..", false),
                Placeholder::AccessToken => ("", false),
                _ => return None,
            };
            Some(Filling { text: text.into(), is_url_part })
        }
    }

    fn url(template: &str) -> Option<String> {
        template.parse::<Template>().unwrap().url(&Known)
    }

    #[test]
    fn values_are_encoded_and_an_empty_parameter_takes_its_slash_along() {
        assert_eq!(
            url("https://{host}/o/{empty}/v1?c={client_id}").unwrap(),
            "https://id.example.com/o/v1?c=a%2Fb%20c"
        );
        assert_eq!(url("https://{host}/{unknown}"), None);
    }

    #[test]
    fn a_value_cannot_climb_or_vanish_from_a_path() {
        assert_eq!(url("https://{host}/{access_token_prefix}/x"), None);
        assert_eq!(url("https://{host}/{access_token}/x"), None);
    }

    #[test]
    fn malformed_texts_are_refused() {
        for bad in ["{", "}", "{}", "{a", "a}", "{a b}", "{{a}}", "{user:id}", "{:/id}", "{us er:/id}"] {
            assert!(bad.parse::<Template>().is_err(), "{bad}");
        }
        assert_eq!("user/id".parse::<Reference>(), Err(InvalidTemplate::Reference));
        assert_eq!("id".parse::<Pointer>(), Err(InvalidTemplate::Pointer));
        assert_eq!("emails:".parse::<Reference>().unwrap().to_string(), "emails:");
    }
}
