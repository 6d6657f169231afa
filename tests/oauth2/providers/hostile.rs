//! Providers that answer with anything but what they should.

use account::{
    oauth2::OAuth2Error,
    ports::{HttpError, HttpResponse},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::double::{CODE, Case, VERIFIER, with_leaves};

type Reply = Result<HttpResponse, HttpError>;

/// Replies that no one can be signed in by, made from a good one.
fn hostile(good: &[u8]) -> Vec<(&'static str, Reply)> {
    let text = String::from_utf8(good.to_vec()).unwrap();
    let good: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!({"access_token": "at-1"}));
    let text = good.to_string();
    let reply = |status: u16, body: &[u8]| Ok(HttpResponse::new(status, body.to_vec()));
    let ok = |body: &str| reply(200, body.as_bytes());
    let leaves = |leaf: Value| ok(&with_leaves(&good, &leaf).to_string());
    let spelled =
        |leaf: &str| ok(&with_leaves(&good, &json!("<leaf>")).to_string().replace("\"<leaf>\"", leaf));
    let half = &text[..text.len() / 2];
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let moved = |status| {
        Ok(HttpResponse::new(status, text.clone().into_bytes())
            .with_header("Location", "https://evil.example/"))
    };
    vec![
        ("a page", ok("<!doctype html><html><body>access_token=1&id=1</body></html>")),
        ("a page of an error", reply(500, b"<html>oops</html>")),
        ("a permanent redirect", moved(301)),
        ("a redirect", moved(302)),
        ("a redirect that keeps the method", moved(307)),
        ("the good reply with status 400", reply(400, text.as_bytes())),
        ("the good reply with status 500", reply(500, text.as_bytes())),
        ("no content", reply(204, b"")),
        ("nothing", ok("")),
        ("a blank", ok(" \r\n\t")),
        ("bad request", reply(400, br#"{"error":"invalid_grant"}"#)),
        ("unauthorized", reply(401, br#"{"error":"invalid_client","error_description":"who?"}"#)),
        ("forbidden", reply(403, b"<html>blocked</html>")),
        ("not found", reply(404, b"")),
        ("too many requests", reply(429, br#"{"message":"slow down"}"#)),
        ("unavailable", reply(503, b"\0\0\0")),
        ("an error of success", ok(r#"{"ok":false,"error":"invalid_auth"}"#)),
        ("an error object of success", ok(r#"{"error":{"message":"no","code":190}}"#)),
        ("ten MiB of blanks", reply(200, &[&vec![b' '; 10 << 20], text.as_bytes()].concat())),
        ("ten MiB of brackets", reply(200, &vec![b'['; 10 << 20])),
        ("the limit of brackets", reply(200, &vec![b'['; 256 << 10])),
        ("many small values", ok(&format!("[{}0]", "{},".repeat(80_000)))),
        ("half", ok(half)),
        ("all but the last byte", ok(&text[..text.len() - 1])),
        ("twice", ok(&format!("{text}{text}"))),
        ("with a tail", ok(&format!("{text},"))),
        ("repeated names", ok(&text.replacen('{', r#"{"x":1,"x":2,"#, 1).replace(",}", "}"))),
        (
            "names repeated by an escape",
            ok(&text.replacen('{', r#"{"x":1,"\u0078":2,"#, 1).replace(",}", "}")),
        ),
        ("gzip", reply(200, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x4a\xcc\x4b\x51\xb2\x32")),
        ("no UTF-8", reply(200, &[text.as_bytes(), b"\xff\xfe"].concat())),
        ("UTF-16", reply(200, &utf16)),
        ("a byte order mark", ok(&format!("\u{feff}{text}"))),
        ("NUL", ok(&format!("{text}\0"))),
        ("NUL in every text", spelled(r#""a\u0000b""#)),
        ("half a surrogate in every text", spelled(r#""\ud83d""#)),
        ("line breaks in every text", leaves(json!("a\r\nX-Evil: 1"))),
        ("nulls", leaves(Value::Null)),
        ("objects", leaves(json!({}))),
        ("objects of objects", leaves(json!({"id": {"id": "1"}}))),
        ("arrays", leaves(json!([]))),
        ("arrays of texts", leaves(json!(["1"]))),
        ("booleans", leaves(json!(true))),
        ("fractions", leaves(json!(1.5))),
        ("huge numbers", leaves(json!(1e30))),
        ("endless numbers", spelled("1e999")),
        ("a number of many digits", spelled(&"9".repeat(400))),
        ("no numbers", spelled("NaN")),
        ("empty texts", leaves(json!(""))),
        ("long texts", leaves(json!("x".repeat(40_000)))),
        ("other names", ok(&text.replace("\":", "_\":"))),
        ("null", ok("null")),
        ("a boolean", ok("true")),
        ("a number", ok("7")),
        ("a text", ok("\"access_token\"")),
        ("an empty array", ok("[]")),
        ("an empty object", ok("{}")),
        ("an array of itself", ok(&format!("[[{text}]]"))),
        ("a script", ok(&format!("callback({text})"))),
        ("a form of other fields", ok("token=1&uid=2")),
        ("a form of repeated fields", ok("access_token=1&access_token=2&id=1")),
        ("no connection", Err(HttpError::Unavailable(None))),
        ("no end", Err(HttpError::TimedOut)),
        ("no bound", Err(HttpError::TooLarge)),
    ]
}

#[tokio::test]
async fn no_provider_gives_tokens_by_a_hostile_reply() {
    for case in Case::all() {
        for (what, reply) in hostile(&case.good_token()) {
            case.double.answer(&case.token_url(), reply);
            let refused = case.tokens().await.expect_err(&format!("{}: {what}", case.id));
            keeps_secrets(&refused);
        }
    }
}

#[tokio::test]
async fn no_provider_names_a_person_by_a_hostile_reply() {
    for case in Case::all() {
        let Some((url, good)) =
            case.profile_urls().first().cloned().zip(case.good_profile().into_iter().next())
        else {
            continue;
        };
        for (what, reply) in hostile(&good) {
            case.double.answer(&url, reply);
            let refused = case.sign_in().await.expect_err(&format!("{}: {what}", case.id));
            keeps_secrets(&refused);
        }
        case.answer_well();
        case.sign_in().await.unwrap();
    }
}

#[tokio::test]
async fn no_provider_vouches_for_an_address_by_a_hostile_reply() {
    for case in Case::all() {
        let Some((url, good)) =
            case.profile_urls().get(1).cloned().zip(case.good_profile().into_iter().nth(1))
        else {
            continue;
        };
        for (what, reply) in hostile(&good) {
            case.double.answer(&url, reply);
            // A list without addresses is no error: not everybody has one.
            if let Ok(user) = case.sign_in().await {
                assert_eq!(case.expected["user"]["uid"], *user.uid);
                assert!(case.id == "podio" || !user.email_verified, "{}: {what}", case.id);
            }
        }
    }
}

#[tokio::test]
async fn no_id_token_is_believed_by_hostile_keys() {
    for url in ["keys_url", "discovery_url"] {
        for id in Case::all().filter(|case| case.expected[url].is_string()).map(|case| case.id) {
            for (what, reply) in hostile(Case::new(&id).signer.keys().to_string().as_bytes()) {
                // A new client each time, because keys and documents are kept.
                let case = Case::new(&id);
                case.double.answer(case.expected[url].as_str().unwrap(), reply);
                case.sign_in().await.expect_err(&format!("{id}: {what}"));
            }
        }
    }
}

#[tokio::test]
async fn no_error_repeats_a_secret_that_the_provider_repeats() {
    for case in Case::all() {
        // Apple's secret is a key, which never leaves; what is sent instead looks like this.
        let signed = format!("eyJhbGciOiJFUzI1NiJ9.{}", "x".repeat(200));
        let sent = if case.id == "apple" { [signed.as_str(); 2] } else { ["hush+hush", "hush%2Bhush"] };
        for secret in [&[CODE, VERIFIER], &sent[..]].concat() {
            for status in [200, 400, 401, 500] {
                let body = json!({"error": "invalid", "error_description": format!("unknown: {secret}")})
                    .to_string();
                case.double.answer(&case.token_url(), Ok(HttpResponse::new(status, body.into_bytes())));
                keeps_secrets(&case.tokens().await.unwrap_err());
            }
        }
    }
}

#[tokio::test]
async fn the_status_of_the_provider_decides_the_error() {
    for case in Case::all() {
        for (status, code) in [
            (400, "user_oauth2_bad_request"),
            (401, "user_oauth2_unauthorized"),
            (403, "user_oauth2_provider_error"),
            (500, "user_oauth2_provider_error"),
        ] {
            case.double.answer(&case.token_url(), Ok(HttpResponse::new(status, Vec::new())));
            let refused = case.tokens().await.unwrap_err();
            assert_eq!((refused.code(), refused.provider_status()), (code, Some(status)), "{}", case.id);
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "access_token",
        "expires_in",
        "scope",
        "id_token",
        "id",
        "email",
        "emails",
        "value",
        "primary",
        "confirmed",
        "user_id",
        "name",
        "error",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[a-z]{1,8}@[a-z]{1,5}.com".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_whatever_brings_the_client_down(tokens in any_json(), user in any_json(), noise in any::<Vec<u8>>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for id in ["paypal", "github", "apple"] {
            let case = Case::new(id);
            case.double.answer_json(&case.token_url(), &tokens);
            let _ = runtime.block_on(case.sign_in());
            case.double.answer(&case.token_url(), Ok(HttpResponse::new(200, noise.clone())));
            let _ = runtime.block_on(case.sign_in());
            case.answer_well();
            for url in case.profile_urls() {
                case.double.answer_json(&url, &user);
                if let Ok(found) = runtime.block_on(case.sign_in()) {
                    prop_assert!(!found.uid.is_empty() && (found.email.is_some() || !found.email_verified));
                }
            }
        }
    }
}

fn keeps_secrets(error: &OAuth2Error) {
    let shown = format!("{error} {error:?}");
    for secret in [CODE, VERIFIER, "hush+hush", "hush%2Bhush", "PRIVATE KEY", "eyJhbGci"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
