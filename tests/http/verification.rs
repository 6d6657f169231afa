//! Proof of an email address and of a phone number.

use std::time::Duration;

use serde_json::json;

use crate::support::http::{Cookie, IN_15_MINUTES, NOW, Server, redeem};

const IN_A_WEEK: &str = "2027-01-22T08:00:00.000+00:00";
const PAGE: &str = r#"{"url":"https://app.example.com/proved?x=1"}"#;
const EMAIL: &str = "/v1/account/verification";
const PHONE: &str = "/v1/account/verification/phone";

fn token(id: &str, user: &str, expire: &str) -> String {
    format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","userId":"{user}","secret":"","expire":"{expire}","phrase":""}}"#
    )
}

async fn with_phone(server: &Server, id: &str, phone: &str) -> Cookie {
    let cookie = server.user(id).await;
    let body = json!({ "phone": phone, "password": "violet-anvil-71" }).to_string();
    server.patch("/v1/account/phone", &body).by(&cookie).ok(200).await;
    cookie
}

#[tokio::test]
async fn a_mailed_link_proves_the_address_once_and_signed_out() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let reply = server.post(EMAIL, PAGE).by(&cookie).ok(201).await;
    let id = reply.text("$id");
    assert_eq!(reply.text, token(&id, "ada", IN_A_WEEK));
    let secret = server.outbox.in_link("secret");
    assert!(secret.len() == 256 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        server.outbox.link().as_str(),
        format!(
            "https://app.example.com/proved?x=1&userId=ada&secret={secret}&expire=2027-01-22T08%3A00%3A00.000%2B00%3A00"
        )
    );

    server.put(EMAIL, &redeem("nobody", &secret)).refused(401, "user_invalid_token").await;
    server.put(EMAIL, &redeem("ada", "wrong")).refused(401, "user_invalid_token").await;
    let reply = server.put(EMAIL, &redeem("ada", &secret)).ok(200).await;
    assert_eq!(reply.text, token(&id, "ada", IN_A_WEEK));
    assert!(reply.set_cookies().is_empty());
    server.put(EMAIL, &redeem("ada", &secret)).refused(401, "user_invalid_token").await;
    assert_eq!(server.get("/v1/account").by(&cookie).ok(200).await.value("emailVerification"), true);
    server.post(EMAIL, PAGE).by(&cookie).refused(409, "user_email_already_verified").await;
}

#[tokio::test]
async fn h17_a_link_ends_after_a_week_and_with_its_address() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.post(EMAIL, PAGE).by(&cookie).ok(201).await;
    let late = redeem("ada", &server.outbox.in_link("secret"));
    server.clock.advance(Duration::from_secs(7 * 24 * 3600));
    server.put(EMAIL, &late).refused(401, "user_invalid_token").await;
    server.post(EMAIL, PAGE).by(&cookie).ok(201).await;
    let of_old_address = redeem("ada", &server.outbox.in_link("secret"));
    let body = r#"{"email":"countess@example.com","password":"violet-anvil-71"}"#;
    server.patch("/v1/account/email", body).by(&cookie).ok(200).await;
    server.put(EMAIL, &of_old_address).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn h46_a_texted_code_proves_the_callers_number_once() {
    let server = Server::new();
    let ada = with_phone(&server, "ada", "+16175551212").await;
    let bob = with_phone(&server, "bob", "+16175551213").await;
    let reply = server.post(PHONE, "{}").by(&ada).ok(201).await;
    let id = reply.text("$id");
    assert_eq!(reply.text, token(&id, "ada", IN_15_MINUTES));
    let body = redeem("ada", &server.outbox.texted_code());

    // Not by guests, not by others, not for others.
    server.put(PHONE, &body).refused(401, "user_invalid_token").await;
    server.put(PHONE, &body).by(&bob).refused(401, "user_invalid_token").await;
    let for_bob = redeem("bob", &server.outbox.texted_code());
    for cookie in [&ada, &bob] {
        server.put(PHONE, &for_bob).by(cookie).refused(401, "user_invalid_token").await;
    }
    server.put(PHONE, "{}").refused(400, "general_argument_invalid").await;
    let reply = server.put(PHONE, &body).by(&ada).ok(200).await;
    assert_eq!(reply.text, token(&id, "ada", IN_15_MINUTES));
    server.put(PHONE, &body).by(&ada).refused(401, "user_invalid_token").await;
    for (cookie, is_proved) in [(&ada, true), (&bob, false)] {
        let account = server.get("/v1/account").by(cookie).ok(200).await;
        assert_eq!(account.value("phoneVerification"), is_proved);
    }
    server.post(PHONE, "{}").by(&ada).refused(409, "user_phone_already_verified").await;
}

#[tokio::test]
async fn what_is_not_there_cannot_be_proved() {
    let server = Server::new();
    let cookie = server.post("/v1/account/sessions/anonymous", "{}").ok(201).await.cookie();
    server.post(EMAIL, PAGE).by(&cookie).refused(400, "user_email_not_found").await;
    server.post(PHONE, "{}").by(&cookie).refused(400, "user_phone_not_found").await;
    server.outbox.close();
    server.post(EMAIL, PAGE).by(&cookie).refused(503, "general_smtp_disabled").await;
    server.post(PHONE, "{}").by(&cookie).refused(503, "general_phone_disabled").await;
}

#[tokio::test]
async fn gates_stand_before_the_parameters() {
    let server = Server::with(|config| config.methods.phone = false, |_| {}, true);
    for path in [EMAIL, PHONE] {
        server.post(path, "{}").refused(401, "general_unauthorized_scope").await;
    }
    let cookie = server.user("ada").await;
    server.post(PHONE, "{}").by(&cookie).refused(501, "user_auth_method_unsupported").await;
    for _ in 0..10 {
        server.post(EMAIL, "{}").by(&cookie).refused(400, "general_argument_invalid").await;
        server.put(EMAIL, &redeem("bob", "")).refused(400, "general_argument_invalid").await;
        server.put(PHONE, &redeem("bob", "")).refused(400, "general_argument_invalid").await;
    }
    server.post(EMAIL, "{}").by(&cookie).refused(429, "general_rate_limit_exceeded").await;
    server.put(EMAIL, &redeem("bob", "")).refused(429, "general_rate_limit_exceeded").await;
    server.put(PHONE, &redeem("bob", "")).refused(429, "general_rate_limit_exceeded").await;
}

#[tokio::test]
async fn h05_the_profile_for_migration_tells_unknown_accounts() {
    let server = Server::with(|config| config.reveals_unknown_accounts = true, |_| {}, false);
    server.put(EMAIL, &redeem("nobody", "wrong")).refused(404, "user_not_found").await;
    let cookie = server.user("ada").await;
    server.put(EMAIL, &redeem("ada", "wrong")).refused(401, "user_invalid_token").await;
    server.user("eve").await;
    let by_phone = |user: &str| server.put(PHONE, &redeem(user, "123456")).by(&cookie);
    by_phone("nobody").refused(404, "user_not_found").await;
    by_phone("eve").refused(401, "user_invalid_token").await;
    by_phone("ada").refused(401, "user_invalid_token").await;
}
