//! The recorded session cookies, and more of their kind, with the secrets of sessions that are
//! alive.

use data_encoding::BASE64;
use serde_json::Value;

/// Each entry with the 64 digits of u1's own session in place of the recorded ones, in their case,
/// and whether it stands for u1.
pub(crate) fn own_sessions(own: &str, other: &str) -> Vec<(String, bool)> {
    assert!(own.len() == 64 && own != own.to_uppercase() && own != other);
    let corpus: Value = serde_json::from_str(include_str!("../data/bad-inputs.json")).unwrap();
    let (lower, upper) = ("9f".repeat(32), "9F".repeat(32));
    let mut replaced = 0;
    let mut with_own = |input: &str| {
        let Ok(json) = BASE64.decode(input.as_bytes()) else { return input.to_owned() };
        let text = String::from_utf8(json).unwrap();
        let owned = text.replace(&lower, own).replace(&upper, &own.to_uppercase());
        replaced += usize::from(owned != text);
        BASE64.encode(owned.as_bytes())
    };
    let entries = corpus["sessionCookie"].as_array().unwrap().iter();
    let mut sessions: Vec<_> = entries
        .map(|entry| (with_own(entry["input"].as_str().unwrap()), entry["valid"].as_bool().unwrap()))
        .collect();
    assert!(replaced >= 7 && sessions.iter().any(|(_, valid)| *valid), "the entries have another form");
    let more = [
        format!(r#"{{"id":"u2","id":"u1","secret":"{own}"}}"#),
        format!(r#"{{"id":"u1","id":"u1","secret":"{own}"}}"#),
        format!(r#"{{"id":"u1","secret":"{own}","secret":"{other}"}}"#),
        format!(r#"{{"id":"u1","secret":"{other}","secret":"{own}"}}"#),
        format!(r#"{{"id":"u1","secret":"{other}"}}"#),
        format!(r#"{{"id":"u1","secret":["{own}"]}}"#),
        format!(r#"{{"id":"u1","secret":" {own}"}}"#),
        format!(r#"{{"id":"u1","secret":"{}"}}"#, &own[..63]),
        format!(r#"{{"id":"u1","secret":"{own}"}} x"#),
        format!(r#"["u1","{own}"]"#),
        format!(r#"[{{"id":"u1","secret":"{own}"}}]"#),
    ];
    sessions.extend(more.into_iter().map(|json| (BASE64.encode(json.as_bytes()), false)));
    sessions
}
