//! Multi-factor sign-in: the switch, the authenticator app and recovery codes.

use std::time::Duration;

use serde_json::json;

use crate::support::http::{APP, Cookie, Server, otp};

const MFA: &str = "/v1/account/mfa";
const FACTORS: &str = "/v1/account/mfa/factors";
const CODES: &str = "/v1/account/mfa/recovery-codes";

fn answer(otp: &str) -> String {
    json!({ "otp": otp }).to_string()
}

/// An account with a confirmed authenticator app, whose sign-in asks for it; and the app's secret.
async fn guarded(server: &Server, id: &str) -> (Cookie, String) {
    let cookie = server.user(id).await;
    let secret = server.call("POST", APP).by(&cookie).ok(200).await.text("secret");
    server.put(APP, &answer(&otp(&secret, &server.clock))).by(&cookie).ok(200).await;
    server.patch(MFA, r#"{"mfa":true}"#).by(&cookie).ok(200).await;
    (cookie, secret)
}

/// Passes a challenge by the authenticator app, in a step of its own. Gives the session's new
/// cookie.
async fn prove(server: &Server, cookie: &Cookie, secret: &str) -> Cookie {
    server.clock.advance(Duration::from_secs(30));
    let challenge = server.post("/v1/account/mfa/challenge", r#"{"factor":"totp"}"#).by(cookie).ok(201).await;
    let body = json!({ "challengeId": challenge.text("$id"), "otp": otp(secret, &server.clock) });
    server.put("/v1/account/mfa/challenge", &body.to_string()).by(cookie).ok(200).await.cookie()
}

#[tokio::test]
async fn an_authenticator_is_added_shown_once_and_confirmed() {
    let server = Server::with(|config| config.project_name = "Shop".into(), |_| {}, false);
    let cookie = server.user("ada").await;
    let reply = server.post(APP, "{}").by(&cookie).ok(200).await;
    let secret = reply.text("secret");
    assert_eq!(secret.len(), 32);
    assert_eq!(
        reply.text,
        format!(
            r#"{{"secret":"{secret}","uri":"otpauth://totp/Shop%3Aada%40example.com?issuer=Shop&secret={secret}"}}"#
        )
    );
    // One that was never confirmed is replaced.
    let secret =
        server.post("/v1/account/mfa/authenticators/TOTP", "{}").by(&cookie).ok(200).await.text("secret");
    let before = server.get("/v1/account").by(&cookie).ok(200).await;
    server.put(APP, &answer("000000")).by(&cookie).refused(401, "user_invalid_token").await;
    let right = answer(&otp(&secret, &server.clock));
    let reply = server.put(APP, &right).by(&cookie).ok(200).await;
    assert_eq!(reply.text, before.text);
    assert!(reply.set_cookies().is_empty());
    let session = server.get("/v1/account/sessions/current").by(&cookie).ok(200).await;
    assert_eq!(session.value("factors"), json!(["password", "totp"]));
    server.put(APP, &right).by(&cookie).refused(409, "user_authenticator_already_verified").await;
    server.post(APP, "{}").by(&cookie).refused(409, "user_authenticator_already_verified").await;

    // Older clients send a code; no one reads it.
    let removed = server.call("DELETE", APP).json(r#"{"otp":"000000"}"#).by(&cookie).ok(204).await;
    assert_eq!((removed.text.as_str(), removed.header("content-type")), ("", None));
    server.call("DELETE", APP).by(&cookie).refused(404, "user_authenticator_not_found").await;
    server.put(APP, &answer("123456")).by(&cookie).refused(404, "user_authenticator_not_found").await;
}

#[tokio::test]
async fn there_is_one_kind_of_authenticator() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for kind in ["sms", "totp%20", "t%6ftp", "TOTPS", "email"] {
        for method in ["POST", "PUT", "DELETE"] {
            let call = server.call(method, &format!("/v1/account/mfa/authenticators/{kind}")).by(&cookie);
            let reply = call.refused(400, "general_argument_invalid").await;
            assert_eq!(reply.message(), "Invalid `type` param: Value must be one of (totp)");
        }
    }
}

#[tokio::test]
async fn factors_are_told_as_they_come() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let factors = async |expected: [bool; 4]| {
        let [totp, phone, email, recovery] = expected;
        let reply = server.get(FACTORS).by(&cookie).ok(200).await;
        let expected =
            format!(r#"{{"totp":{totp},"phone":{phone},"email":{email},"recoveryCode":{recovery}}}"#);
        assert_eq!(reply.text, expected);
    };
    factors([false, false, false, false]).await;
    let secret = server.post(APP, "{}").by(&cookie).ok(200).await.text("secret");
    factors([false, false, false, false]).await;
    server.put(APP, &answer(&otp(&secret, &server.clock))).by(&cookie).ok(200).await;
    factors([true, false, false, false]).await;
    server.post(CODES, "{}").by(&cookie).ok(201).await;
    factors([true, false, false, true]).await;
    server.post("/v1/account/verification", r#"{"url":"http://localhost/"}"#).by(&cookie).ok(201).await;
    let body = json!({ "userId": "ada", "secret": server.outbox.in_link("secret") }).to_string();
    server.put("/v1/account/verification", &body).ok(200).await;
    factors([true, false, true, true]).await;
    let body = r#"{"phone":"+16175551212","password":"violet-anvil-71"}"#;
    server.patch("/v1/account/phone", body).by(&cookie).ok(200).await;
    server.post("/v1/account/verification/phone", "{}").by(&cookie).ok(201).await;
    let body = json!({ "userId": "ada", "secret": server.outbox.texted_code() }).to_string();
    server.put("/v1/account/verification/phone", &body).by(&cookie).ok(200).await;
    factors([true, true, true, true]).await;
}

#[tokio::test]
async fn the_switch_answers_the_account_and_leaves_its_session_in() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let before = server.get("/v1/account").by(&cookie).ok(200).await.text;
    let reply = server.patch(MFA, r#"{"mfa":true}"#).by(&cookie).ok(200).await;
    assert_eq!(reply.text, before.replace(r#""mfa":false"#, r#""mfa":true"#));
    assert!(reply.set_cookies().is_empty());
    // Nothing is asked for until there is a factor to ask for.
    assert_eq!(server.patch(MFA, r#"{"mfa":false}"#).by(&cookie).ok(200).await.text, before);
}

#[tokio::test]
async fn the_switch_needs_a_fresh_factor_once_factors_are_asked_for() {
    let server = Server::new();
    let (cookie, secret) = guarded(&server, "ada").await;
    server.get("/v1/account").by(&cookie).ok(200).await;
    // The gate stands before the parameters.
    for (method, path) in [("PATCH", MFA), ("POST", APP), ("DELETE", APP)] {
        server.call(method, path).json("{}").by(&cookie).refused(401, "user_challenge_required").await;
    }
    let cookie = prove(&server, &cookie, &secret).await;
    server.patch(MFA, r#"{"mfa":false}"#).by(&cookie).ok(200).await;
    server.call("DELETE", APP).by(&cookie).ok(204).await;
}

#[tokio::test]
async fn a_factor_is_fresh_for_half_an_hour() {
    let server = Server::new();
    let (cookie, secret) = guarded(&server, "ada").await;
    let cookie = prove(&server, &cookie, &secret).await;
    server.clock.advance(Duration::from_secs(30 * 60 - 1));
    server.patch(MFA, r#"{"mfa":true}"#).by(&cookie).ok(200).await;
    server.clock.advance(Duration::from_secs(2));
    server.patch(MFA, r#"{"mfa":true}"#).by(&cookie).refused(401, "user_challenge_required").await;
}

#[tokio::test]
async fn recovery_codes_are_made_shown_again_and_replaced() {
    let server = Server::new();
    let (cookie, secret) = guarded(&server, "ada").await;
    let made = server.post(CODES, "{}").by(&cookie).ok(201).await;
    let json = made.json();
    let codes: Vec<&str> =
        json["recoveryCodes"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(made.text, format!(r#"{{"recoveryCodes":["{}"]}}"#, codes.join(r#"",""#)));
    let is_code =
        |code: &&str| code.len() == 10 && code.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    assert!(codes.len() == 6 && codes.iter().all(is_code), "{codes:?}");
    server.post(CODES, "{}").by(&cookie).refused(409, "user_recovery_codes_already_exists").await;
    for method in ["GET", "PATCH"] {
        server.call(method, CODES).by(&cookie).refused(401, "user_challenge_required").await;
    }
    let cookie = prove(&server, &cookie, &secret).await;
    assert_eq!(server.get(CODES).by(&cookie).ok(200).await.text, made.text);
    let replaced = server.patch(CODES, "{}").by(&cookie).ok(200).await;
    assert_ne!(replaced.text, made.text);
    assert_eq!(server.get(CODES).by(&cookie).ok(200).await.text, replaced.text);
}

#[tokio::test]
async fn without_recovery_codes_there_are_none_to_show() {
    let server = Server::new();
    let (cookie, secret) = guarded(&server, "ada").await;
    let cookie = prove(&server, &cookie, &secret).await;
    server.get(CODES).by(&cookie).refused(404, "user_recovery_codes_not_found").await;
    server.patch(CODES, "{}").by(&cookie).refused(404, "user_recovery_codes_not_found").await;
}

#[tokio::test]
async fn guests_and_servers_with_the_key_have_no_factors() {
    let server = Server::keyed();
    for (method, path) in [
        ("PATCH", MFA),
        ("GET", FACTORS),
        ("POST", APP),
        ("PUT", APP),
        ("DELETE", APP),
        ("POST", "/v1/account/mfa/challenge"),
        ("PUT", "/v1/account/mfa/challenge"),
        ("GET", CODES),
        ("POST", CODES),
        ("PATCH", CODES),
    ] {
        let call = || server.call(method, path).json("{}");
        call().refused(401, "general_unauthorized_scope").await;
        let keyed = call().header("x-appwrite-key", crate::support::http::KEY);
        keyed.refused(401, "general_unauthorized_scope").await;
    }
}
