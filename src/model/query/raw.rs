//! Queries as clients send them, and what all lists have in common: limit and offset.

use serde::Deserialize;
use serde_json::Value;

use crate::model::invalid::Invalid;

const MAX_QUERIES: usize = 100;
const MAX_CHARACTERS: usize = 4096;
const MAX_ROWS: u64 = 5000;

/// A query as clients send it.
#[derive(Deserialize)]
pub(super) struct Query {
    pub(super) method: String,
    pub(super) attribute: Option<String>,
    pub(super) values: Option<Vec<Value>>,
}

impl Query {
    /// Returns the value of a method that takes exactly one.
    pub(super) fn one_value(&self) -> Result<&Value, Invalid> {
        match self.values.as_deref() {
            Some([value]) => Ok(value),
            _ => Err(Invalid::Query("the method takes exactly one value")),
        }
    }
}

pub(super) fn read(queries: &[impl AsRef<str>]) -> Result<Vec<Query>, Invalid> {
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

pub(super) const MALFORMED: Invalid = Invalid::Query(
    "it must be a JSON object with a method, and an attribute and a list of values if the method takes them",
);

/// The limit and offset of the queries parsed so far.
#[derive(Default)]
pub(super) struct Window {
    pub(super) limit: Option<usize>,
    pub(super) offset: Option<u64>,
}

impl Window {
    /// Applies a query if it is a limit or an offset, and returns whether it is. The first of each
    /// applies.
    pub(super) fn accept(&mut self, query: &Query) -> Result<bool, Invalid> {
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
