//! The request limits by operation.

use std::fmt::Write as _;

use account::operation::{Limit, LimitKey, Operation};

/// A limit, with the names of the fields of `Subject` for what is not a network.
fn limit(limit: &Limit) -> String {
    let keys = limit.by.iter().filter_map(|key| match key {
        LimitKey::Url => None,
        LimitKey::Ip => Some("network"),
        LimitKey::Email => Some("`email`"),
        LimitKey::Phone => Some("`phone`"),
        LimitKey::UserIdParam => Some("`user_id_param`"),
        LimitKey::CallerId => Some("`caller_id`"),
        LimitKey::ChallengeId => Some("`challenge`"),
        other => panic!("no name for {other:?}"),
    });
    format!("{} per {}", limit.max, keys.collect::<Vec<_>>().join(" and "))
}

fn table() -> String {
    let all = || Operation::ALL.iter().chain(Operation::SUPPORTING);
    let mut table = String::from(
        "| `Operation` | method | requests per hour | counted together with |\n|---|---|---|---|\n",
    );
    for operation in all().filter(|operation| !operation.limits().is_empty()) {
        let mut limits = String::new();
        for (index, one) in operation.limits().iter().enumerate() {
            let before = if index == 0 { "" } else { ", " };
            let guard = if one.guard { " first" } else { "" };
            write!(limits, "{before}{}{guard}", limit(one)).unwrap_or_default();
        }
        let is_other = |other: &&Operation| *other != operation && other.counter() == operation.counter();
        let others: Vec<_> = all().filter(is_other).map(|other| format!("`{other:?}`")).collect();
        let others = if others.is_empty() { "–".into() } else { others.join(", ") };
        let method = operation.rust_name();
        writeln!(table, "| `{operation:?}` | `{method}` | {limits} | {others} |").unwrap_or_default();
    }
    table
}

#[test]
fn the_table_of_request_limits_is_that_of_the_code() {
    let (page, table) = (super::page("request_limits"), table());
    assert!(page.contains(&table), "the page should say:\n\n{table}");
}
