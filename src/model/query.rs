//! The queries of list operations: JSON objects of a method, an attribute and values.

mod attribute;
mod filter;
mod identities;
mod raw;

pub use attribute::{Field, IdentityAttribute, QueryFields};
pub use identities::{CursorNotFound, IdentityQuery, Page as IdentityRows};

use self::raw::{Window, read};
use super::invalid::Invalid;

/// A query for a page of the security log.
///
/// Its only methods are `limit` and `offset`. Of several, the first one applies.
///
/// # Examples
/// ```
/// use account::model::PageQuery;
///
/// let queries = [r#"{"method":"limit","values":[10]}"#, r#"{"method":"offset","values":[20]}"#];
/// let third_page = PageQuery::parse(&queries, 25)?;
/// assert_eq!((third_page.limit(), third_page.offset()), (10, 20));
///
/// let first_page = PageQuery::parse(&[] as &[&str], 25)?;
/// assert_eq!((first_page.limit(), first_page.offset()), (25, 0));
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    limit: usize,
    offset: u64,
}

impl PageQuery {
    /// Parses a list of query strings. `default_limit` applies if none of them is a limit.
    ///
    /// # Errors
    /// [`Invalid::Query`] or [`Invalid::QueryMethod`] for the first query that cannot be parsed.
    pub fn parse(queries: &[impl AsRef<str>], default_limit: usize) -> Result<Self, Invalid> {
        let mut window = Window::default();
        for query in read(queries)? {
            if !window.accept(&query)? {
                return Err(Invalid::QueryMethod);
            }
        }
        Ok(Self { limit: window.limit.unwrap_or(default_limit), offset: window.offset.unwrap_or(0) })
    }

    /// Returns the maximum number of rows.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns the number of rows to skip.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_applies() {
        let query = PageQuery::parse(
            &[
                r#"{"method":"limit","values":[3]}"#,
                r#"{"method":"offset","values":[7]}"#,
                r#"{"method":"limit","values":[9]}"#,
            ],
            25,
        );
        assert_eq!(query, Ok(PageQuery { limit: 3, offset: 7 }));
        assert_eq!(PageQuery::parse(&[] as &[&str], 25), Ok(PageQuery { limit: 25, offset: 0 }));
    }

    #[test]
    fn queries_of_the_sdks_are_accepted() {
        let sent = r#"{"method":"limit","attribute":null,"values":[5000]}"#;
        assert_eq!(PageQuery::parse(&[sent], 25).map(|query| query.limit()), Ok(5000));
    }

    #[test]
    fn other_methods_and_bad_numbers_are_rejected() {
        let rejected = |query: &str| PageQuery::parse(&[query], 25).unwrap_err().to_string();
        assert!(
            rejected(r#"{"method":"equal","attribute":"event","values":["x"]}"#)
                .starts_with("Invalid query method")
        );
        for bad in ["0", "5001", "-1", "1.5", "\"1\"", "null", "1,1", "1e400", "9223372036854775807"] {
            assert!(
                rejected(&format!(r#"{{"method":"limit","values":[{bad}]}}"#)).starts_with("Invalid query: "),
                "{bad}"
            );
        }
        for bad in [
            "",
            "[]",
            r#"["limit",null,[1]]"#,
            "{}",
            "limit(1)",
            r#"{"method":"limit","method":"limit","values":[1]}"#,
        ] {
            assert!(rejected(bad).starts_with("Invalid query: "), "{bad}");
        }
    }

    #[test]
    fn number_and_length_of_queries_are_bounded() {
        let query = r#"{"method":"offset","values":[0]}"#;
        assert!(PageQuery::parse(&[query; 100], 25).is_ok());
        assert!(PageQuery::parse(&[query; 101], 25).is_err());
        let padded = |length: usize| format!("{query}{}", " ".repeat(length - query.len()));
        assert!(PageQuery::parse(&[padded(4096)], 25).is_ok());
        assert!(PageQuery::parse(&[padded(4097)], 25).is_err());
    }
}
