//! Challenges: the second half of a sign-in.

use std::time::Duration;

use serde_json::json;

use crate::support::http::{APP, Call, Cookie, IN_15_MINUTES, NOW, Reply, Server, otp};

const PATH: &str = "/v1/account/mfa/challenge";

fn start(server: &Server, factor: &str) -> Call {
    server.post(PATH, &json!({ "factor": factor }).to_string())
}

fn finish(server: &Server, challenge: &Reply, otp: &str) -> Call {
    server.put(PATH, &json!({ "challengeId": challenge.text("$id"), "otp": otp }).to_string())
}

/// An account with a proven mailbox and number and recovery codes, whose sign-in asks for a second
/// factor. Gives the codes.
async fn guarded(server: &Server, id: &str) -> Vec<String> {
    let cookie = server.user(id).await;
    server.post("/v1/account/verification", r#"{"url":"http://localhost/"}"#).by(&cookie).ok(201).await;
    let body = json!({ "userId": id, "secret": server.outbox.in_link("secret") }).to_string();
    server.put("/v1/account/verification", &body).ok(200).await;
    let body = r#"{"phone":"+16175551212","password":"violet-anvil-71"}"#;
    server.patch("/v1/account/phone", body).by(&cookie).ok(200).await;
    server.post("/v1/account/verification/phone", "{}").by(&cookie).ok(201).await;
    let body = json!({ "userId": id, "secret": server.outbox.texted_code() }).to_string();
    server.put("/v1/account/verification/phone", &body).by(&cookie).ok(200).await;
    let codes = server.post("/v1/account/mfa/recovery-codes", "{}").by(&cookie).ok(201).await;
    server.patch("/v1/account/mfa", r#"{"mfa":true}"#).by(&cookie).ok(200).await;
    serde_json::from_value(codes.value("recoveryCodes")).unwrap()
}

/// The session of such an account, which has proved its password only.
async fn owing(server: &Server, id: &str) -> (Cookie, Vec<String>) {
    let codes = guarded(server, id).await;
    (server.sign_in(id).await, codes)
}

#[tokio::test]
async fn a_session_that_owes_a_factor_does_nothing_else() {
    let server = Server::new();
    let (cookie, _) = owing(&server, "ada").await;
    for (method, path) in [
        ("GET", "/v1/account"),
        ("GET", "/v1/account/sessions"),
        ("PATCH", "/v1/account/mfa"),
        ("POST", APP),
        ("GET", "/v1/account/mfa/recovery-codes"),
        ("POST", "/v1/account/verification"),
        ("PUT", "/v1/account/verification"),
        ("POST", "/v1/account/tokens/email"),
        ("POST", "/v1/account/recovery"),
        ("GET", "/v1/account/nothing"),
    ] {
        server.call(method, path).by(&cookie).refused(401, "user_more_factors_required").await;
    }
    server.get("/v1/account/mfa/factors").by(&cookie).ok(200).await;
    server.post(PATH, "{}").by(&cookie).refused(400, "general_argument_invalid").await;
    server.call("DELETE", "/v1/account/sessions/current").by(&cookie).ok(204).await;
}

#[tokio::test]
async fn a_mailed_code_completes_the_sign_in_under_a_new_secret() {
    let server = Server::new();
    let (old, _) = owing(&server, "ada").await;
    let challenge = start(&server, "email").by(&old).ok(201).await;
    let id = challenge.text("$id");
    assert_eq!(
        challenge.text,
        format!(r#"{{"$id":"{id}","$createdAt":"{NOW}","userId":"ada","expire":"{IN_15_MINUTES}"}}"#)
    );
    assert_eq!(server.outbox.mail().notice.name(), "mfaChallenge");
    let code = server.outbox.mailed_code();
    let session = finish(&server, &challenge, &code).by(&old).ok(200).await;
    let id = session.text("$id");
    let expected = format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","$updatedAt":"{NOW}","userId":"ada","expire":"2028-01-15T08:00:00.000+00:00","provider":"email","providerUid":"ada@example.com","providerAccessToken":"","providerAccessTokenExpiry":"","providerRefreshToken":"","ip":"192.0.2.1","osCode":"","osName":"","osVersion":"","clientType":"","clientCode":"","clientName":"","clientVersion":"","clientEngine":"","clientEngineVersion":"","deviceName":"","deviceBrand":"","deviceModel":"","countryCode":"--","countryName":"Unknown","current":true,"factors":["password","email"],"secret":"","mfaUpdatedAt":"{NOW}"}}"#
    );
    assert_eq!(session.text, expected);
    let names: Vec<_> = session.set_cookies().iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["a_device_default", "a_session_default"]);
    assert!(session.set_cookies()[1].contains("Expires=Sat, 15 Jan 2028 08:00:00 GMT"));
    let new = session.cookie();
    server.get("/v1/account").by(&old).refused(401, "general_unauthorized_scope").await;
    server.get("/v1/account").by(&new).ok(200).await;
    finish(&server, &challenge, &code).by(&new).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn every_factor_completes_the_sign_in() {
    let server = Server::new();
    let codes = guarded(&server, "ada").await;
    for factor in ["phone", "email", "recoveryCode", "recoverycode", "RECOVERYCODE"] {
        let cookie = server.sign_in("ada").await;
        let challenge = start(&server, factor).by(&cookie).ok(201).await;
        let code = match factor {
            "phone" => server.outbox.texted_code(),
            "email" => server.outbox.mailed_code(),
            "recoveryCode" => codes[0].clone(),
            "recoverycode" => codes[1].clone(),
            _ => codes[2].clone(),
        };
        let session = finish(&server, &challenge, &code).by(&cookie).ok(200).await;
        assert_eq!(session.value("factors"), json!(["password", factor.to_lowercase()]));
        server.get("/v1/account").by(&session.cookie()).ok(200).await;
        let again = start(&server, factor).by(&session.cookie()).ok(201).await;
        finish(&server, &again, &code).by(&session.cookie()).refused(401, "user_invalid_token").await;
    }
}

#[tokio::test]
async fn an_authenticator_completes_the_sign_in_with_a_code_of_its_own_step() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let secret = server.post(APP, "{}").by(&cookie).ok(200).await.text("secret");
    let code = otp(&secret, &server.clock);
    server.put(APP, &json!({ "otp": code }).to_string()).by(&cookie).ok(200).await;
    server.patch("/v1/account/mfa", r#"{"mfa":true}"#).by(&cookie).ok(200).await;
    let cookie = server.sign_in("ada").await;
    let challenge = start(&server, "totp").by(&cookie).ok(201).await;
    finish(&server, &challenge, &code).by(&cookie).refused(401, "user_invalid_token").await;
    server.clock.advance(Duration::from_secs(30));
    let code = otp(&secret, &server.clock);
    finish(&server, &challenge, &code).by(&cookie).ok(200).await;
}

#[tokio::test]
async fn h69_challenges_need_a_sender_and_a_proven_address() {
    let server = Server::new();
    let anonymous = server.post("/v1/account/sessions/anonymous", "{}").ok(201).await.cookie();
    start(&server, "email").by(&anonymous).refused(400, "user_email_not_found").await;
    start(&server, "phone").by(&anonymous).refused(400, "user_phone_not_found").await;
    let ada = server.user("ada").await;
    let body = r#"{"phone":"+16175551212","password":"violet-anvil-71"}"#;
    server.patch("/v1/account/phone", body).by(&ada).ok(200).await;
    start(&server, "email").by(&ada).refused(400, "user_email_not_verified").await;
    start(&server, "phone").by(&ada).refused(400, "user_phone_not_verified").await;
    server.outbox.close();
    start(&server, "email").by(&ada).refused(503, "general_smtp_disabled").await;
    start(&server, "phone").by(&ada).refused(503, "general_phone_disabled").await;
}

#[tokio::test]
async fn wrong_answers_are_alike() {
    let server = Server::new();
    let (ada, _) = owing(&server, "ada").await;
    let challenge = start(&server, "email").by(&ada).ok(201).await;
    let id = challenge.text("$id");
    let code = server.outbox.mailed_code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for (id, otp) in [("nothing", &*code), ("no*id", &*code), (&*"x".repeat(256), &*code), (&*id, wrong)] {
        let body = json!({ "challengeId": id, "otp": otp }).to_string();
        let reply = server.put(PATH, &body).by(&ada).refused(401, "user_invalid_token").await;
        assert!(reply.set_cookies().is_empty());
    }
    // Another session of the same account has challenges of its own.
    let other = server.sign_in("ada").await;
    finish(&server, &challenge, &code).by(&other).refused(401, "user_invalid_token").await;
    server.clock.advance(Duration::from_secs(15 * 60));
    finish(&server, &challenge, &code).by(&ada).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn whoever_keeps_the_secret_itself_keeps_the_old_one() {
    let server = Server::new();
    let (cookie, codes) = owing(&server, "ada").await;
    let wire = cookie.wire();
    let by_header = |call: Call| call.header("x-appwrite-session", &wire);
    let challenge = by_header(start(&server, "recoveryCode")).ok(201).await;
    let session = by_header(finish(&server, &challenge, &codes[0])).ok(200).await;
    assert!(!session.set_cookies().iter().any(|line| line.starts_with("a_session")), "{:?}", session.headers);
    assert_eq!((session.value("current"), session.value("secret")), (true.into(), "".into()));
    by_header(server.get("/v1/account")).ok(200).await;
}

#[tokio::test]
async fn a_challenge_by_jwt_changes_no_cookie() {
    let server = Server::new();
    let codes = guarded(&server, "ada").await;
    let cookie = server.sign_in("ada").await;
    let challenge = start(&server, "recoveryCode").by(&cookie).ok(201).await;
    let cookie = finish(&server, &challenge, &codes[0]).by(&cookie).ok(200).await.cookie();
    let jwt = server.post("/v1/account/jwts", "{}").by(&cookie).ok(201).await.text("jwt");
    let by_jwt = |call: Call| call.header("x-appwrite-jwt", &jwt);
    let challenge = by_jwt(start(&server, "recoveryCode")).ok(201).await;
    let session = by_jwt(finish(&server, &challenge, &codes[1])).ok(200).await;
    assert!(!session.set_cookies().iter().any(|line| line.starts_with("a_session")), "{:?}", session.headers);
    assert_eq!((session.value("current"), session.value("secret")), (false.into(), "".into()));
    server.get("/v1/account").by(&cookie).ok(200).await;
}

#[tokio::test]
async fn challenges_are_counted_by_caller_and_answers_by_challenge() {
    let server = Server::limited();
    let cookie = server.user("ada").await;
    let answer =
        |id: &str| server.put(PATH, &json!({ "challengeId": id, "otp": "" }).to_string()).by(&cookie);
    for remaining in (0..10).rev() {
        let reply = server.post(PATH, "{}").by(&cookie).refused(400, "general_argument_invalid").await;
        assert_eq!(reply.header("x-ratelimit-remaining"), Some(&*remaining.to_string()));
        answer("one").refused(400, "general_argument_invalid").await;
    }
    server
        .post(PATH, "{}")
        .by(&cookie)
        .peer("198.51.100.7")
        .refused(429, "general_rate_limit_exceeded")
        .await;
    answer("one").refused(429, "general_rate_limit_exceeded").await;
    answer("two").refused(400, "general_argument_invalid").await;
}
