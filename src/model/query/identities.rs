//! The query language of identity lists.

use std::cmp::Ordering;

use super::{
    attribute::{Field, IdentityAttribute, QueryFields},
    filter::Filter,
    raw::{Query, Window, read},
};
use crate::model::{ids::Uid, invalid::Invalid};

/// The highest total that is reported.
const MAX_COUNTED: usize = 5000;

/// A query for a list of identities: filters, orders, cursor, limit and offset.
///
/// A row must match all filters. Rows that are equal by one order are sorted by the next. Of
/// several limits, offsets or cursors, the first one applies.
///
/// # Examples
/// ```
/// # use account::model::IdentityQuery;
/// let queries = [r#"{"method":"equal","attribute":"provider","values":["github","google"]}"#];
/// assert!(IdentityQuery::parse(&queries, 25).is_ok());
/// let secret = [r#"{"method":"orderAsc","attribute":"providerAccessToken"}"#];
/// let error = IdentityQuery::parse(&secret, 25).unwrap_err();
/// assert!(error.to_string().starts_with("Invalid query"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityQuery {
    filters: Vec<Filter>,
    orders: Vec<Order>,
    cursor: Option<Cursor>,
    limit: usize,
    offset: u64,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The number of rows that match the filters, at most 5000. Cursor, limit and offset do not
    /// change it.
    pub total: usize,
    /// The rows of this page.
    pub rows: Vec<T>,
}

/// The row of the cursor does not exist. The API's error code is `general_cursor_not_found`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The cursor names no row of the list")]
pub struct CursorNotFound;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    /// `None` is the natural order of the rows.
    by: Option<IdentityAttribute>,
    descends: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    After(Uid),
    Before(Uid),
}

impl IdentityQuery {
    /// Parses a list of query strings. `default_limit` applies if none of them is a limit.
    ///
    /// # Errors
    /// [`Invalid::Query`], [`Invalid::QueryMethod`] or [`Invalid::QueryCursor`] for the first query
    /// that cannot be parsed.
    pub fn parse(queries: &[impl AsRef<str>], default_limit: usize) -> Result<Self, Invalid> {
        let (mut window, mut filters, mut orders, mut cursor) =
            (Window::default(), Vec::new(), Vec::new(), None);
        for query in read(queries)? {
            if window.accept(&query)? {
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

    /// Returns whether a row matches all filters.
    #[must_use]
    pub fn matches(&self, row: &impl QueryFields) -> bool {
        self.filters.iter().all(|filter| filter.matches(row))
    }

    /// Returns the requested page of `rows`.
    ///
    /// `rows` must be all rows that the caller may see, in their natural order.
    ///
    /// # Errors
    /// [`CursorNotFound`] if the cursor is the id of none of them.
    pub fn apply<T: QueryFields>(&self, rows: Vec<T>) -> Result<Page<T>, CursorNotFound> {
        let mut rows: Vec<(usize, T)> = rows.into_iter().enumerate().collect();
        rows.sort_by(|left, right| self.compare(left, right));
        let total = rows.iter().filter(|(_, row)| self.matches(row)).count().min(MAX_COUNTED);
        if let Some(cursor) = self.cursor {
            cursor.cut(&mut rows)?;
        }
        let left = rows.into_iter().map(|(_, row)| row).filter(|row| self.matches(row));
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let rows = if let Some(Cursor::Before(_)) = self.cursor {
            // The page ends at the cursor, so rows are taken from the end.
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

impl Cursor {
    /// Removes the rows on the other side of the cursor, and the cursor's row itself.
    fn cut<T: QueryFields>(self, rows: &mut Vec<(usize, T)>) -> Result<(), CursorNotFound> {
        let (Self::After(id) | Self::Before(id)) = self;
        let is_named = |(_, row): &(usize, T)| row.field(IdentityAttribute::Id) == Field::Text(id.as_str());
        let at = rows.iter().position(is_named).ok_or(CursorNotFound)?;
        match self {
            Self::After(_) => _ = rows.drain(..=at),
            Self::Before(_) => rows.truncate(at),
        }
        Ok(())
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

#[cfg(test)]
mod tests;
