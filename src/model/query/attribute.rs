//! The attributes of identities that queries can refer to, and their values.

use std::{borrow::Cow, cmp::Ordering};

use crate::model::time::Timestamp;

/// An attribute of an identity by which queries may filter and sort.
///
/// Provider tokens are not among them, so a query cannot be used to guess them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentityAttribute {
    /// `$id`
    Id,
    /// `$createdAt`
    CreatedAt,
    /// `$updatedAt`
    UpdatedAt,
    /// `userId`
    UserId,
    /// `provider`
    Provider,
    /// `providerUid`
    ProviderUid,
    /// `providerEmail`
    ProviderEmail,
    /// `providerAccessTokenExpiry`
    ProviderAccessTokenExpiry,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// No value.
    Null,
    /// A text, compared by code points.
    Text(&'a str),
    /// An instant.
    Date(Timestamp),
}

/// A row whose attributes a query can read.
///
/// # Examples
/// ```
/// use account::model::{Field, IdentityAttribute, IdentityQuery, QueryFields};
///
/// /// A row of your application that has one of the attributes.
/// struct Row(&'static str);
///
/// impl QueryFields for Row {
///     fn field(&self, attribute: IdentityAttribute) -> Field<'_> {
///         match attribute {
///             IdentityAttribute::Provider => Field::Text(self.0),
///             _ => Field::Null,
///         }
///     }
/// }
///
/// let query = [r#"{"method":"equal","attribute":"provider","values":["github"]}"#];
/// let page = IdentityQuery::parse(&query, 25)?.apply(vec![Row("github"), Row("google")]);
/// assert_eq!(page.map(|page| page.total), Ok(1));
/// # Ok::<(), account::error::Invalid>(())
/// ```
pub trait QueryFields {
    /// Returns the value of an attribute.
    ///
    /// Attributes that are dates return [`Field::Date`] or [`Field::Null`].
    fn field(&self, attribute: IdentityAttribute) -> Field<'_>;
}

impl IdentityAttribute {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "$id" => Self::Id,
            "$createdAt" => Self::CreatedAt,
            "$updatedAt" => Self::UpdatedAt,
            "userId" => Self::UserId,
            "provider" => Self::Provider,
            "providerUid" => Self::ProviderUid,
            "providerEmail" => Self::ProviderEmail,
            "providerAccessTokenExpiry" => Self::ProviderAccessTokenExpiry,
            _ => return None,
        })
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt | Self::ProviderAccessTokenExpiry)
    }
}

impl Field<'_> {
    /// Returns the value as text. Null is the empty text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Date(date) => Cow::Owned(date.to_string()),
        }
    }

    /// Compares two values for sorting. Null comes first.
    pub(super) fn compare(&self, other: &Field<'_>) -> Ordering {
        match (self, other) {
            (Self::Null, Field::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Field::Null) => Ordering::Greater,
            (Self::Date(left), Field::Date(right)) => left.cmp(right),
            _ => self.text().cmp(&other.text()),
        }
    }
}
