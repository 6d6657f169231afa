//! The query language of identity lists.

use std::{borrow::Cow, cmp::Ordering};

use super::{Query, Window, filter::Filter, read};
use crate::model::{Invalid, Timestamp, Uid};

/// The greatest total that is counted to.
const MAX_COUNTED: usize = 5000;

/// Which identities are asked for: filters, order, cursor, limit and offset.
///
/// Of several limits, offsets or cursors the first counts; filters all count; orders count one after the other.
///
/// # Examples
/// ```
/// # use account::model::IdentityQuery;
/// let queries = [r#"{"method":"equal","attribute":"provider","values":["github","google"]}"#];
/// assert!(IdentityQuery::parse(&queries, 25).is_ok());
/// let secret = [r#"{"method":"orderAsc","attribute":"providerAccessToken"}"#];
/// assert!(IdentityQuery::parse(&secret, 25).unwrap_err().to_string().starts_with("Invalid query"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityQuery {
    filters: Vec<Filter>,
    orders: Vec<Order>,
    cursor: Option<Cursor>,
    limit: usize,
    offset: u64,
}

/// An attribute of an identity that may be filtered and sorted by; provider tokens are none.
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
    /// There is none.
    Null,
    /// A text, compared by code points.
    Text(&'a str),
    /// An instant.
    Date(Timestamp),
}

/// A row that a query can look into.
pub trait QueryFields {
    /// The value of an attribute; attributes that are dates give [`Field::Date`] or [`Field::Null`].
    fn field(&self, attribute: IdentityAttribute) -> Field<'_>;
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// How many rows the filters leave, whatever cursor, limit and offset say; counted up to 5000.
    pub total: usize,
    /// The rows of this part.
    pub rows: Vec<T>,
}

/// The row that a cursor names is not there. The API calls it `general_cursor_not_found`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The cursor names no row of the list")]
pub struct CursorNotFound;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    /// None is the order in which the rows came.
    by: Option<IdentityAttribute>,
    descends: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    After(Uid),
    Before(Uid),
}

impl IdentityQuery {
    /// Reads a list of query strings; `default_limit` counts where none is given.
    ///
    /// # Errors
    /// [`Invalid::Query`], [`Invalid::QueryMethod`] or [`Invalid::QueryCursor`] for the first query that cannot be read.
    pub fn parse(queries: &[impl AsRef<str>], default_limit: usize) -> Result<Self, Invalid> {
        let (mut window, mut filters, mut orders, mut cursor) =
            (Window::default(), Vec::new(), Vec::new(), None);
        for query in read(queries)? {
            if window.take(&query)? {
                continue;
            }
            match query.method.as_str() {
                "orderAsc" => orders.push(Order::parse(&query, false)?),
                "orderDesc" => orders.push(Order::parse(&query, true)?),
                "cursorAfter" => _ = cursor.get_or_insert(Cursor::After(cursor_id(&query)?)),
                "cursorBefore" => _ = cursor.get_or_insert(Cursor::Before(cursor_id(&query)?)),
                _ => filters.push(Filter::parse(query)?),
            }
        }
        let (limit, offset) = (window.limit.unwrap_or(default_limit), window.offset.unwrap_or(0));
        Ok(Self { filters, orders, cursor, limit, offset })
    }

    /// Whether the filters leave a row.
    #[must_use]
    pub fn matches(&self, row: &impl QueryFields) -> bool {
        self.filters.iter().all(|filter| filter.matches(row))
    }

    /// The asked part of `rows`, which must be all rows that the caller may see, in their natural order.
    ///
    /// # Errors
    /// [`CursorNotFound`] if the cursor names none of them.
    pub fn apply<T: QueryFields>(&self, rows: Vec<T>) -> Result<Page<T>, CursorNotFound> {
        let mut rows: Vec<(usize, T)> = rows.into_iter().enumerate().collect();
        rows.sort_by(|left, right| self.compare(left, right));
        let total = rows.iter().filter(|(_, row)| self.matches(row)).count().min(MAX_COUNTED);
        if let Some(cursor) = self.cursor {
            let (Cursor::After(id) | Cursor::Before(id)) = cursor;
            let named = |(_, row): &(usize, T)| row.field(IdentityAttribute::Id) == Field::Text(id.as_str());
            let at = rows.iter().position(named).ok_or(CursorNotFound)?;
            match cursor {
                Cursor::After(_) => _ = rows.drain(..=at),
                Cursor::Before(_) => rows.truncate(at),
            }
        }
        let left = rows.into_iter().map(|(_, row)| row).filter(|row| self.matches(row));
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let rows = if let Some(Cursor::Before(_)) = self.cursor {
            // The rows nearest to the cursor, in the order of the list.
            let mut nearest: Vec<T> = left.rev().skip(offset).take(self.limit).collect();
            nearest.reverse();
            nearest
        } else {
            left.skip(offset).take(self.limit).collect()
        };
        Ok(Page { total, rows })
    }

    fn compare<T: QueryFields>(&self, left: &(usize, T), right: &(usize, T)) -> Ordering {
        let by_orders = self.orders.iter().map(|order| {
            let ordering = match order.by {
                Some(attribute) => left.1.field(attribute).compare(&right.1.field(attribute)),
                None => left.0.cmp(&right.0),
            };
            if order.descends { ordering.reverse() } else { ordering }
        });
        by_orders.fold(Ordering::Equal, Ordering::then)
    }
}

impl Order {
    fn parse(query: &Query, descends: bool) -> Result<Self, Invalid> {
        let by = match query.attribute.as_deref().unwrap_or_default() {
            "" => None,
            name => Some(
                IdentityAttribute::named(name)
                    .ok_or(Invalid::Query("the attribute does not exist or cannot be queried"))?,
            ),
        };
        Ok(Self { by, descends })
    }
}

fn cursor_id(query: &Query) -> Result<Uid, Invalid> {
    query.one_value()?.as_str().and_then(|id| id.parse().ok()).ok_or(Invalid::QueryCursor)
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
    /// As it is shown; null is shown as nothing.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Date(date) => Cow::Owned(date.to_string()),
        }
    }

    /// Null comes first.
    fn compare(&self, other: &Field<'_>) -> Ordering {
        match (self, other) {
            (Self::Null, Field::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Field::Null) => Ordering::Greater,
            (Self::Date(left), Field::Date(right)) => left.cmp(right),
            _ => self.text().cmp(&other.text()),
        }
    }
}

#[cfg(test)]
mod tests;
