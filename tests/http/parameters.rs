//! Which parameter of an operation is refused first, and how.

use serde_json::{Value, json};

use crate::support::http::{Cookie, Server};

const ID: &str = "Value must be an id";
const EMAIL: &str = "Value must be a valid email address";
const PHONE: &str = "Phone number must start with a '+'";
const SECRET: &str = "Value must be a text of at least 1 and at most 256 characters";
const URL: &str = "URL must be absolute and plainly spelled, or its host is not allowed";
const BOOL: &str = "Value must be a valid boolean";
const PASSWORD: &str = "Password must be between 8 and 256";
const FACTOR: &str = "Value must be one of (email, phone, totp, recoveryCode)";

/// One parameter: its name, a good value, and what its rule says.
type Parameter = (&'static str, &'static str, &'static str);

/// An operation with its required parameters in their order, and whether it needs a caller.
type Row = (&'static str, &'static str, &'static [Parameter], bool);

const USER_ID: Parameter = ("userId", "ada", ID);
const TOKEN: Parameter = ("secret", "000000", SECRET);
const PAGE: Parameter = ("url", "http://localhost/", URL);
const MAILBOX: Parameter = ("email", "ada@example.com", EMAIL);
const OTP: Parameter = ("otp", "000000", SECRET);

const OPERATIONS: &[Row] = &[
    ("PUT", "mfa/authenticators/totp", &[OTP], true),
    ("POST", "mfa/challenge", &[("factor", "totp", FACTOR)], true),
    ("PUT", "mfa/challenge", &[("challengeId", "c", SECRET), OTP], true),
    ("POST", "recovery", &[MAILBOX, PAGE], false),
    ("PUT", "recovery", &[USER_ID, TOKEN, ("password", "violet-anvil-71", PASSWORD)], false),
    ("POST", "sessions/token", &[USER_ID, TOKEN], false),
    ("PUT", "sessions/magic-url", &[USER_ID, TOKEN], false),
    ("PUT", "sessions/phone", &[USER_ID, TOKEN], false),
    ("POST", "tokens/email", &[USER_ID, MAILBOX], false),
    ("POST", "tokens/magic-url", &[USER_ID, MAILBOX], false),
    ("POST", "sessions/magic-url", &[USER_ID, MAILBOX], false),
    ("POST", "tokens/phone", &[USER_ID, ("phone", "+16175551212", PHONE)], false),
    ("POST", "sessions/phone", &[USER_ID, ("phone", "+16175551212", PHONE)], false),
    ("POST", "verification", &[PAGE], true),
    ("PUT", "verification", &[USER_ID, TOKEN], false),
    ("PUT", "verification/phone", &[USER_ID, TOKEN], false),
];

async fn refusal(server: &Server, row: &Row, body: &Value, cookie: &Cookie) -> String {
    let (method, path, _, needs_caller) = row;
    let call = server.call(method, &format!("/v1/account/{path}")).json(&body.to_string());
    let call = if *needs_caller { call.by(cookie) } else { call };
    call.refused(400, "general_argument_invalid").await.message()
}

#[tokio::test]
async fn missing_parameters_are_named_in_their_order() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for row in OPERATIONS {
        let mut body = json!({ "unknown": 1 });
        for (name, good, _) in row.2 {
            let message = refusal(&server, row, &body, &cookie).await;
            assert_eq!(message, format!("Param \"{name}\" is not optional."), "{row:?}");
            body[*name] = (*good).into();
        }
    }
}

#[tokio::test]
async fn the_first_bad_parameter_is_named_with_its_rule() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for row in OPERATIONS {
        let bad_values = || [json!(""), json!(null), json!(7), json!(["x"]), json!({}), json!(true)];
        for (place, (name, _, rule)) in row.2.iter().enumerate() {
            for bad in bad_values() {
                // Those before are good, and those behind are bad too.
                let mut body = json!({});
                for (number, (name, good, _)) in row.2.iter().enumerate() {
                    body[*name] = if number < place { (*good).into() } else { bad.clone() };
                }
                let message = refusal(&server, row, &body, &cookie).await;
                let expected = format!("Invalid `{name}` param: {rule}");
                assert!(message.starts_with(&expected), "{row:?} {body}: {message}");
            }
        }
    }
}

#[tokio::test]
async fn secrets_have_at_most_256_characters() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for row in OPERATIONS {
        for (name, _, _) in row.2.iter().filter(|(_, _, rule)| *rule == SECRET) {
            let mut body: Value =
                row.2.iter().map(|(name, good, _)| (name.to_string(), json!(good))).collect();
            body[*name] = "é".repeat(257).into();
            let message = refusal(&server, row, &body, &cookie).await;
            assert_eq!(message, format!("Invalid `{name}` param: {SECRET}"), "{row:?}");
        }
    }
}

#[tokio::test]
async fn switches_are_the_two_of_json() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let mfa = |body: &str| server.patch("/v1/account/mfa", body).by(&cookie);
    let message = mfa("{}").refused(400, "general_argument_invalid").await.message();
    assert_eq!(message, "Param \"mfa\" is not optional.");
    for bad in [r#""true""#, r#""false""#, r#""""#, "1", "0", "[]", "{}", "[true]", "null"] {
        let reply = mfa(&format!(r#"{{"mfa":{bad}}}"#)).refused(400, "general_argument_invalid").await;
        assert_eq!(reply.message(), format!("Invalid `mfa` param: {BOOL}"), "{bad}");
        for path in ["tokens/email", "tokens/magic-url"] {
            let body = format!(r#"{{"userId":"ada","email":"ada@example.com","phrase":{bad}}}"#);
            let reply = server.post(&format!("/v1/account/{path}"), &body).send().await;
            assert_eq!(reply.status == 201, bad == "null", "{path} {bad}: {}", reply.text);
            let expected = format!("Invalid `phrase` param: {BOOL}");
            assert!(bad == "null" || reply.message() == expected, "{path} {bad}: {}", reply.text);
        }
    }
    mfa(r#"{"mfa" : true }"#).ok(200).await;
}

#[tokio::test]
async fn h58_h75_a_page_that_is_not_allowed_is_refused_without_telling_which_are() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for url in ["https://evil.example/", "javascript:alert(1)", "/relative", "localhost/x"] {
        let body = json!({ "userId": "ada", "email": "ada@example.com", "url": url });
        for path in ["tokens/magic-url", "sessions/magic-url", "recovery", "verification"] {
            let call = server.post(&format!("/v1/account/{path}"), &body.to_string()).by(&cookie);
            let message = call.refused(400, "general_argument_invalid").await.message();
            assert_eq!(message, format!("Invalid `url` param: {URL}"), "{path} {url}");
        }
    }
    assert_eq!(server.outbox.len(), 0);
}

#[tokio::test]
async fn v3_a_domain_with_other_letters_is_answered_with_its_ascii_form() {
    let server = Server::new();
    for (email, ascii) in [
        ("ada@münchen.de", "xn--mnchen-3ya.de"),
        ("Ada@MÜNCHEN.de", "xn--mnchen-3ya.de"),
        ("ada@mail.bücher.example", "mail.xn--bcher-kva.example"),
        ("ada@例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("ada@ｅｘａｍｐｌｅ．com", "example.com"),
    ] {
        let body = json!({ "userId": "unique()", "email": email, "password": "tr4verse-Cobalt-heron" });
        for path in ["", "/tokens/email", "/recovery"] {
            let call = server.post(&format!("/v1/account{path}"), &body.to_string());
            let message = call.refused(400, "general_argument_invalid").await.message();
            let expected = format!(
                "Invalid `email` param: Value must be a valid email address, with its domain in ASCII: {ascii}"
            );
            assert_eq!(message, expected, "{path} {email}");
        }
    }
    for email in ["adä@münchen.de", "ada@münchen", "ada@ü..de", "ada@a@münchen.de", "ada@mün chen.de", "ü"]
    {
        let body = json!({ "userId": "unique()", "email": email, "password": "tr4verse-Cobalt-heron" });
        let call = server.post("/v1/account", &body.to_string());
        let message = call.refused(400, "general_argument_invalid").await.message();
        assert_eq!(message, "Invalid `email` param: Value must be a valid email address", "{email}");
    }
}
