//! The queries of list operations: JSON objects of a method, an attribute and values.

mod attribute;
mod filter;
mod identities;

use serde::Deserialize;
use serde_json::Value;

pub use attribute::{Field, IdentityAttribute, QueryFields};
pub use identities::{CursorNotFound, IdentityQuery, Page as IdentityRows};

use super::invalid::Invalid;

const MAX_QUERIES: usize = 100;
const MAX_CHARACTERS: usize = 4096;
const MAX_ROWS: u64 = 5000;

/// A query for a page of the security log.
///
/// Its only methods are `limit` and `offset`. Of several, the first one applies.
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

/// A query as clients send it.
#[derive(Deserialize)]
struct Query {
    method: String,
    attribute: Option<String>,
    values: Option<Vec<Value>>,
}

impl Query {
    /// Returns the value of a method that takes exactly one.
    fn one_value(&self) -> Result<&Value, Invalid> {
        match self.values.as_deref() {
            Some([value]) => Ok(value),
            _ => Err(Invalid::Query("the method takes exactly one value")),
        }
    }
}

fn read(queries: &[impl AsRef<str>]) -> Result<Vec<Query>, Invalid> {
    if queries.len() > MAX_QUERIES {
        return Err(Invalid::Query("there can be at most 100 queries"));
    }
    queries.iter().map(|query| read_one(query.as_ref())).collect()
}

fn read_one(query: &str) -> Result<Query, Invalid> {
    if query.chars().nth(MAX_CHARACTERS).is_some() {
        return Err(Invalid::Query("a query can have at most 4096 characters"));
    }
    // `serde_json` would accept an array for a struct.
    if !query.trim_start().starts_with('{') {
        return Err(MALFORMED);
    }
    serde_json::from_str(query).map_err(|_| MALFORMED)
}

const MALFORMED: Invalid = Invalid::Query(
    "it must be a JSON object with a method, and an attribute and a list of values if the method takes them",
);

/// The limit and offset of the queries parsed so far.
#[derive(Default)]
struct Window {
    limit: Option<usize>,
    offset: Option<u64>,
}

impl Window {
    /// Applies a query if it is a limit or an offset, and returns whether it is. The first of each
    /// applies.
    fn accept(&mut self, query: &Query) -> Result<bool, Invalid> {
        match query.method.as_str() {
            "limit" => {
                let limit = query.one_value()?.as_u64().filter(|limit| (1..=MAX_ROWS).contains(limit));
                let limit = limit.and_then(|limit| usize::try_from(limit).ok());
                let limit = limit.ok_or(Invalid::Query("the limit must be a whole number from 1 to 5000"))?;
                self.limit.get_or_insert(limit);
            }
            "offset" => {
                let offset = query.one_value()?.as_u64();
                let offset =
                    offset.ok_or(Invalid::Query("the offset must be a whole number of at least 0"))?;
                self.offset.get_or_insert(offset);
            }
            _ => return Ok(false),
        }
        Ok(true)
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
