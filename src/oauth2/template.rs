//! Templates with placeholders, and references to values in providers' replies.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::urlencoded::percent_encode;

/// Why a [`Template`], [`Reference`] or [`Pointer`] cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTemplate {
    /// A brace is unmatched, or a placeholder is not a name.
    #[error("a placeholder must be a name in braces")]
    Placeholder,
    /// A reference is not of the form `source:/pointer`.
    #[error("a reference must be a source, a colon and a JSON pointer, such as `user:/email`")]
    Reference,
    /// A JSON pointer is not empty and does not begin with a slash.
    #[error("a JSON pointer must be empty or begin with a slash")]
    Pointer,
}

/// A JSON pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(Box<str>);

impl Pointer {
    /// Returns the value that it points at. JSON's `null` counts as absent.
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

/// A reference to a value: a source, a colon and a JSON pointer, such as `user:/email`.
///
/// Sources are the names of the profile's requests, `token` (the reply of the token endpoint
/// without its tokens), `id_token` (its claims) and `callback.user` (the form field `user` of the
/// callback, which holds unsigned JSON).
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
/// A placeholder is one of:
/// - the name of a provider's parameter;
/// - `client_id`, `client_secret` or `access_token`;
/// - `access_token_prefix`: the access token up to its first dot;
/// - `access_token_proof`: the HMAC-SHA-256 of the access token under the client secret, in hex;
/// - a [`Reference`], such as `{user:/id}`.
///
/// In a URL, values are percent-encoded, and an empty parameter removes the slash before it. If a
/// value is missing, the whole text counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Placeholder(Placeholder),
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

/// The value of a placeholder.
pub(super) struct PlaceholderValue {
    pub(super) text: String,
    /// Whether the text was checked to be a host or a URL. It is then not percent-encoded in a URL.
    pub(super) is_url_part: bool,
}

/// Looks up the values of placeholders.
pub(super) trait Resolve {
    fn resolve(&self, placeholder: &Placeholder) -> Option<PlaceholderValue>;
}

impl Template {
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(placeholder),
            Part::Text(_) => None,
        })
    }

    /// Whether it refers to a reply or to claims.
    pub(super) fn refers_to_reply(&self) -> bool {
        self.placeholders().any(|placeholder| matches!(placeholder, Placeholder::Reply(_)))
    }

    /// Whether it needs values that are known only once there are tokens.
    pub(super) fn depends_on_tokens(&self) -> bool {
        let is_known = |placeholder: &Placeholder| {
            matches!(
                placeholder,
                Placeholder::Parameter(_) | Placeholder::ClientId | Placeholder::ClientSecret
            )
        };
        !self.placeholders().all(is_known)
    }

    /// Returns the text with unencoded values, or `None` if a value is missing.
    pub(super) fn text(&self, values: &dyn Resolve) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut text, part| {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Placeholder(placeholder) => text.push_str(&values.resolve(placeholder)?.text),
            }
            Some(text)
        })
    }

    /// Returns the text with values encoded for a URL, or `None` if a value is missing or would
    /// change the structure of the path.
    pub(super) fn url(&self, values: &dyn Resolve) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut url, part| {
            match part {
                Part::Text(literal) => url.push_str(literal),
                Part::Placeholder(placeholder) => push_value(&mut url, placeholder, values)?,
            }
            Some(url)
        })
    }
}

fn push_value(url: &mut String, placeholder: &Placeholder, values: &dyn Resolve) -> Option<()> {
    let value = values.resolve(placeholder)?;
    match value.text.as_str() {
        "" if matches!(placeholder, Placeholder::Parameter(_)) && url.ends_with('/') => {
            url.pop();
        }
        "" | "." | ".." => return None,
        text if value.is_url_part => url.push_str(text),
        text => url.push_str(&percent_encode(text)),
    }
    Some(())
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, opened)) = rest.split_once('{') {
            let (name, after) = opened.split_once('}').ok_or(InvalidTemplate::Placeholder)?;
            parts.push(Part::Text(literal.into()));
            parts.push(Part::Placeholder(name.parse()?));
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        let has_stray_brace = |part: &Part| matches!(part, Part::Text(literal) if literal.contains('}'));
        if parts.iter().any(has_stray_brace) { Err(InvalidTemplate::Placeholder) } else { Ok(Self(parts)) }
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

macro_rules! deserialize_from_text {
    ($($name:ident),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

deserialize_from_text!(Pointer, Reference, Template);

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.pointer.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resolves a few placeholders.
    struct Known;

    impl Resolve for Known {
        fn resolve(&self, placeholder: &Placeholder) -> Option<PlaceholderValue> {
            let (text, is_url_part) = match placeholder {
                Placeholder::Parameter(name) if &**name == "host" => ("id.example.com", true),
                Placeholder::Parameter(name) if &**name == "empty" => ("", false),
                Placeholder::ClientId => ("a/b c", false),
                Placeholder::AccessTokenPrefix => ("..", false),
                Placeholder::AccessToken => ("", false),
                _ => return None,
            };
            Some(PlaceholderValue { text: text.into(), is_url_part })
        }
    }

    fn url(template: &str) -> Option<String> {
        template.parse::<Template>().unwrap().url(&Known)
    }

    #[test]
    fn values_are_encoded_and_an_empty_parameter_removes_its_slash() {
        assert_eq!(
            url("https://{host}/o/{empty}/v1?c={client_id}").unwrap(),
            "https://id.example.com/o/v1?c=a%2Fb%20c"
        );
        assert_eq!(url("https://{host}/{unknown}"), None);
    }

    #[test]
    fn a_value_cannot_change_the_structure_of_a_path() {
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
