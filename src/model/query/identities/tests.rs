use super::*;
use crate::model::Timestamp;

#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: &'static str,
    provider: &'static str,
    email: Option<&'static str>,
    expiry: Option<Timestamp>,
}

impl QueryFields for Row {
    fn field(&self, attribute: IdentityAttribute) -> Field<'_> {
        match attribute {
            IdentityAttribute::Id => Field::Text(self.id),
            IdentityAttribute::Provider => Field::Text(self.provider),
            IdentityAttribute::ProviderEmail => self.email.map_or(Field::Null, Field::Text),
            IdentityAttribute::ProviderAccessTokenExpiry => self.expiry.map_or(Field::Null, Field::Date),
            _ => Field::Text(""),
        }
    }
}

fn rows() -> Vec<Row> {
    let at = |millis| Some(Timestamp::from_millis(millis));
    vec![
        Row { id: "i1", provider: "github", email: Some("ada@example.com"), expiry: at(1_602_743_880_000) },
        Row { id: "i2", provider: "google", email: None, expiry: None },
        Row { id: "i3", provider: "apple", email: Some("Ada.L@example.net"), expiry: at(1_702_743_880_000) },
        Row { id: "i4", provider: "github", email: Some("x@example.org"), expiry: at(1_802_743_880_000) },
    ]
}

fn ids(queries: &[&str]) -> Vec<&'static str> {
    let query = IdentityQuery::parse(queries, 25).unwrap();
    query.apply(rows()).unwrap().rows.iter().map(|row| row.id).collect()
}

#[track_caller]
fn finds(query: &str, expected: &[&str]) {
    assert_eq!(ids(&[query]), expected, "{query}");
}

fn rejected(query: &str) -> Invalid {
    IdentityQuery::parse(&[query], 25).expect_err(query)
}

#[test]
fn each_filter_method_selects_its_rows() {
    finds(r#"{"method":"equal","attribute":"provider","values":["apple","google"]}"#, &["i2", "i3"]);
    finds(r#"{"method":"notEqual","attribute":"provider","values":["github"]}"#, &["i2", "i3"]);
    finds(r#"{"method":"lessThan","attribute":"provider","values":["github"]}"#, &["i3"]);
    finds(r#"{"method":"lessThanEqual","attribute":"provider","values":["github"]}"#, &["i1", "i3", "i4"]);
    finds(r#"{"method":"greaterThan","attribute":"provider","values":["github"]}"#, &["i2"]);
    finds(r#"{"method":"greaterThanEqual","attribute":"$id","values":["i3"]}"#, &["i3", "i4"]);
    finds(r#"{"method":"between","attribute":"$id","values":["i2","i3"]}"#, &["i2", "i3"]);
    finds(r#"{"method":"contains","attribute":"providerEmail","values":["@example.n","x@"]}"#, &["i3", "i4"]);
    finds(r#"{"method":"search","attribute":"providerEmail","values":["EXAMPLE ada"]}"#, &["i1", "i3"]);
    finds(r#"{"method":"startsWith","attribute":"providerEmail","values":["ada"]}"#, &["i1"]);
    finds(r#"{"method":"endsWith","attribute":"providerEmail","values":[".org"]}"#, &["i4"]);
    finds(r#"{"method":"isNull","attribute":"providerEmail"}"#, &["i2"]);
    finds(r#"{"method":"isNotNull","attribute":"providerEmail","values":[]}"#, &["i1", "i3", "i4"]);
}

#[test]
fn dates_are_compared_as_instants() {
    let expiry = |method: &str, date: &str| {
        format!(r#"{{"method":"{method}","attribute":"providerAccessTokenExpiry","values":["{date}"]}}"#)
    };
    finds(&expiry("equal", "2020-10-15T08:38:00+02:00"), &["i1"]);
    finds(&expiry("greaterThan", "2020-10-15T06:38:00.000Z"), &["i3", "i4"]);
    assert!(matches!(
        rejected(r#"{"method":"equal","attribute":"$createdAt","values":["today"]}"#),
        Invalid::Query(_)
    ));
}

#[test]
fn filters_are_joined() {
    let github = r#"{"method":"equal","attribute":"provider","values":["github"]}"#;
    let first = r#"{"method":"equal","attribute":"$id","values":["i1","i2"]}"#;
    assert_eq!(ids(&[github, first]), ["i1"]);
    finds(&format!(r#"{{"method":"and","values":[{github},{first}]}}"#), &["i1"]);
    finds(&format!(r#"{{"method":"or","values":[{github},{first}]}}"#), &["i1", "i2", "i4"]);
}

#[test]
fn joins_are_nested_eight_levels_deep_at_most() {
    let leaf = r#"{"method":"isNull","attribute":"provider"}"#.to_owned();
    let nested = |levels: usize| {
        (0..levels).fold(leaf.clone(), |inner, _| format!(r#"{{"method":"or","values":[{inner},{leaf}]}}"#))
    };
    assert!(IdentityQuery::parse(&[nested(8)], 25).is_ok());
    assert!(matches!(rejected(&nested(9)), Invalid::Query(_)));
}

#[test]
fn order_limit_and_offset_cut_the_list() {
    let order = r#"{"method":"orderDesc","attribute":"provider"}"#;
    assert_eq!(ids(&[order]), ["i2", "i1", "i4", "i3"]);
    assert_eq!(ids(&[order, r#"{"method":"orderDesc","attribute":"$id"}"#]), ["i2", "i4", "i1", "i3"]);
    finds(r#"{"method":"orderDesc","attribute":""}"#, &["i4", "i3", "i2", "i1"]);
    finds(r#"{"method":"orderAsc"}"#, &["i1", "i2", "i3", "i4"]);
    finds(r#"{"method":"orderAsc","attribute":"providerEmail"}"#, &["i2", "i3", "i1", "i4"]);
    let query = [order, r#"{"method":"limit","values":[2]}"#, r#"{"method":"offset","values":[1]}"#];
    assert_eq!(ids(&query), ["i1", "i4"]);
    assert_eq!(IdentityQuery::parse(&query, 25).unwrap().apply(rows()).unwrap().total, 4);
}

#[test]
fn cursors_give_the_rows_next_to_them() {
    let limit = r#"{"method":"limit","values":[2]}"#;
    assert_eq!(ids(&[r#"{"method":"cursorAfter","values":["i1"]}"#, limit]), ["i2", "i3"]);
    assert_eq!(ids(&[r#"{"method":"cursorBefore","values":["i4"]}"#, limit]), ["i2", "i3"]);
    assert_eq!(ids(&[r#"{"method":"cursorBefore","values":["i1"]}"#]), [""; 0]);
    let github = r#"{"method":"equal","attribute":"provider","values":["github"]}"#;
    assert_eq!(ids(&[r#"{"method":"cursorAfter","values":["i2"]}"#, github]), ["i4"]);
    let unknown = IdentityQuery::parse(&[r#"{"method":"cursorAfter","values":["i9"]}"#], 25).unwrap();
    assert_eq!(unknown.apply(rows()), Err(CursorNotFound));
    assert_eq!(rejected(r#"{"method":"cursorAfter","values":["../x"]}"#), Invalid::QueryCursor);
    assert_eq!(rejected(r#"{"method":"cursorBefore","values":[7]}"#), Invalid::QueryCursor);
}

#[test]
fn wrong_numbers_and_types_of_values_are_rejected() {
    for (method, values) in [
        ("equal", "[]"),
        ("equal", "[1]"),
        ("equal", "[null]"),
        ("notEqual", r#"["a","b"]"#),
        ("between", r#"["a"]"#),
        ("between", r#"["a","b","c"]"#),
        ("contains", "[]"),
        ("search", r#"["a","b"]"#),
        ("isNull", r#"["a"]"#),
        ("and", r#"[{"method":"isNull","attribute":"provider"}]"#),
        ("or", r#"["isNull","isNull"]"#),
        ("or", r#"[{"method":"limit","values":[1]},{"method":"limit","values":[1]}]"#),
        ("select", r#"["provider"]"#),
        ("Equal", r#"["a"]"#),
    ] {
        let query = format!(r#"{{"method":"{method}","attribute":"provider","values":{values}}}"#);
        assert!(rejected(&query).to_string().starts_with("Invalid query"), "{query}");
    }
    let many = |count: usize| {
        format!(
            r#"{{"method":"equal","attribute":"provider","values":[{}]}}"#,
            vec![r#""a""#; count].join(",")
        )
    };
    assert!(IdentityQuery::parse(&[many(500)], 25).is_ok());
    assert!(matches!(rejected(&many(501)), Invalid::Query(_)));
}
