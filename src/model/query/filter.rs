//! Filters: conditions on rows, joined by `and` and `or`.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    attribute::{Field, IdentityAttribute, QueryFields},
    raw::{MALFORMED, Query},
};
use crate::model::{invalid::Invalid, time::Timestamp};

const MAX_VALUES: usize = 500;
const MAX_LEVELS: usize = 8;

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Test { attribute: IdentityAttribute, test: Test },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    IsNull,
    IsNotNull,
    Equal(Vec<Operand>),
    NotEqual(Operand),
    LessThan(Operand),
    LessThanEqual(Operand),
    GreaterThan(Operand),
    GreaterThanEqual(Operand),
    Between(Operand, Operand),
    Contains(Vec<String>),
    Search(Vec<String>),
    StartsWith(String),
    EndsWith(String),
}

/// The value with which an attribute is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Text(String),
    Date(Timestamp),
}

impl Filter {
    pub(super) fn parse(query: Query) -> Result<Self, Invalid> {
        Self::parse_nested(query, MAX_LEVELS)
    }

    fn parse_nested(query: Query, levels_left: usize) -> Result<Self, Invalid> {
        if query.values.as_ref().is_some_and(|values| values.len() > MAX_VALUES) {
            return Err(Invalid::Query("a filter can have at most 500 values"));
        }
        match query.method.as_str() {
            "and" => join(query, levels_left).map(Self::All),
            "or" => join(query, levels_left).map(Self::Any),
            _ => parse_test(query),
        }
    }

    pub(super) fn matches(&self, row: &impl QueryFields) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(row)),
            Self::Test { attribute, test } => test.holds_for(&row.field(*attribute)),
        }
    }
}

fn join(query: Query, levels_left: usize) -> Result<Vec<Filter>, Invalid> {
    let levels_left =
        levels_left.checked_sub(1).ok_or(Invalid::Query("filters can be nested 8 levels deep"))?;
    let nested = query.values.unwrap_or_default();
    if nested.len() < 2 {
        return Err(Invalid::Query("and, or need at least two filters"));
    }
    nested.into_iter().map(|value| Filter::parse_nested(nested_query(value)?, levels_left)).collect()
}

fn nested_query(value: Value) -> Result<Query, Invalid> {
    if !value.is_object() {
        return Err(MALFORMED);
    }
    Query::deserialize(value).map_err(|_| MALFORMED)
}

fn parse_test(query: Query) -> Result<Filter, Invalid> {
    // If both the method and the attribute are unknown, the method is reported.
    let parse: fn(Values) -> Result<Test, Invalid> = match query.method.as_str() {
        "isNull" => |values| values.none(Test::IsNull),
        "isNotNull" => |values| values.none(Test::IsNotNull),
        "equal" => |values| values.some().map(Test::Equal),
        "notEqual" => |values| values.one().map(Test::NotEqual),
        "lessThan" => |values| values.one().map(Test::LessThan),
        "lessThanEqual" => |values| values.one().map(Test::LessThanEqual),
        "greaterThan" => |values| values.one().map(Test::GreaterThan),
        "greaterThanEqual" => |values| values.one().map(Test::GreaterThanEqual),
        "between" => |values| values.two().map(|(low, high)| Test::Between(low, high)),
        "contains" => |values| values.some_texts().map(Test::Contains),
        "search" => |values| values.one_text().map(|text| Test::Search(words(&text))),
        "startsWith" => |values| values.one_text().map(Test::StartsWith),
        "endsWith" => |values| values.one_text().map(Test::EndsWith),
        _ => return Err(Invalid::QueryMethod),
    };
    let attribute = query.attribute.as_deref().and_then(IdentityAttribute::named);
    let attribute = attribute.ok_or(Invalid::Query("the attribute does not exist or cannot be queried"))?;
    let test = parse(Values { attribute, values: query.values.unwrap_or_default() })?;
    Ok(Filter::Test { attribute, test })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

/// The values of a query, not yet checked.
struct Values {
    attribute: IdentityAttribute,
    values: Vec<Value>,
}

impl Values {
    fn none(self, test: Test) -> Result<Test, Invalid> {
        if self.values.is_empty() {
            Ok(test)
        } else {
            Err(Invalid::Query("isNull, isNotNull take no values"))
        }
    }

    fn some_texts(self) -> Result<Vec<String>, Invalid> {
        if self.values.is_empty() {
            return Err(Invalid::Query("the method takes at least one value"));
        }
        let text = |value| match value {
            Value::String(text) => Ok(text),
            _ => Err(Invalid::Query("values must be texts")),
        };
        self.values.into_iter().map(text).collect()
    }

    fn some(self) -> Result<Vec<Operand>, Invalid> {
        let is_date = self.attribute.is_date();
        self.some_texts()?
            .into_iter()
            .map(|text| if is_date { date(&text) } else { Ok(Operand::Text(text)) })
            .collect()
    }

    fn one_text(self) -> Result<String, Invalid> {
        let [text] = <[String; 1]>::try_from(self.some_texts()?)
            .map_err(|_| Invalid::Query("the method takes exactly one value"))?;
        Ok(text)
    }

    fn one(self) -> Result<Operand, Invalid> {
        let [operand] = <[Operand; 1]>::try_from(self.some()?)
            .map_err(|_| Invalid::Query("the method takes exactly one value"))?;
        Ok(operand)
    }

    fn two(self) -> Result<(Operand, Operand), Invalid> {
        let [low, high] = <[Operand; 2]>::try_from(self.some()?)
            .map_err(|_| Invalid::Query("the method takes exactly two values"))?;
        Ok((low, high))
    }
}

fn date(text: &str) -> Result<Operand, Invalid> {
    let date = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| Invalid::Query("dates must be written like 2020-10-15T06:38:00.000+00:00"))?;
    let millis = date.unix_timestamp_nanos().div_euclid(1_000_000);
    Ok(Operand::Date(Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))))
}

impl Test {
    fn holds_for(&self, field: &Field<'_>) -> bool {
        let compare = |operand: &Operand| operand.compare(field);
        match self {
            Self::IsNull => matches!(field, Field::Null),
            Self::IsNotNull => !matches!(field, Field::Null),
            Self::Equal(operands) => operands.iter().any(|operand| compare(operand) == Some(Ordering::Equal)),
            Self::NotEqual(operand) => compare(operand).is_some_and(Ordering::is_ne),
            Self::LessThan(operand) => compare(operand).is_some_and(Ordering::is_lt),
            Self::LessThanEqual(operand) => compare(operand).is_some_and(Ordering::is_le),
            Self::GreaterThan(operand) => compare(operand).is_some_and(Ordering::is_gt),
            Self::GreaterThanEqual(operand) => compare(operand).is_some_and(Ordering::is_ge),
            Self::Between(low, high) => {
                compare(low).is_some_and(Ordering::is_ge) && compare(high).is_some_and(Ordering::is_le)
            }
            Self::Contains(parts) => parts.iter().any(|part| field.text().contains(part.as_str())),
            Self::Search(words) => {
                let text = field.text().to_lowercase();
                !words.is_empty() && words.iter().all(|word| text.contains(word.as_str()))
            }
            Self::StartsWith(start) => field.text().starts_with(start.as_str()),
            Self::EndsWith(end) => field.text().ends_with(end.as_str()),
        }
    }
}

impl Operand {
    /// Compares a field with the operand. Null is not comparable, as in SQL.
    fn compare(&self, field: &Field<'_>) -> Option<Ordering> {
        match (field, self) {
            (Field::Text(text), Self::Text(operand)) => Some((*text).cmp(operand.as_str())),
            (Field::Date(date), Self::Date(operand)) => Some(date.cmp(operand)),
            _ => None,
        }
    }
}
