//! A new password by mail.

use std::time::Duration;

use serde_json::json;

use crate::support::http::{IN_AN_HOUR, KEY, NOW, Server};

const PATH: &str = "/v1/account/recovery";

fn ask(email: &str) -> String {
    json!({ "email": email, "url": "https://app.example.com/reset" }).to_string()
}

fn finish(user: &str, secret: &str, password: &str) -> String {
    json!({ "userId": user, "secret": secret, "password": password, "passwordAgain": "ignored" }).to_string()
}

fn token(id: &str, user: &str) -> String {
    format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","userId":"{user}","secret":"","expire":"{IN_AN_HOUR}","phrase":""}}"#
    )
}

#[tokio::test]
async fn a_mailed_link_sets_a_new_password_once() {
    let server = Server::new();
    let old = server.user("ada").await;
    let reply = server.post(PATH, &ask("ADA@example.com")).ok(201).await;
    let id = reply.text("$id");
    assert_eq!(reply.text, token(&id, &reply.text("userId")));
    assert_ne!(reply.text("userId"), "ada", "an id of the client's own making would tell that it is known");
    let secret = server.outbox.in_link("secret");
    assert!(secret.len() == 256 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        server.outbox.link().as_str(),
        format!(
            "https://app.example.com/reset?userId=ada&secret={secret}&expire=2027-01-15T09%3A00%3A00.000%2B00%3A00"
        )
    );

    let weak = finish("ada", &secret, "password");
    let reply = server.put(PATH, &weak).refused(400, "general_argument_invalid").await;
    assert!(reply.message().starts_with("Invalid `password` param: "), "{}", reply.text);
    server.put(PATH, &finish("ada", "wrong", "copper-lantern-9")).refused(401, "user_invalid_token").await;
    let body = finish("ada", &secret, "copper-lantern-9");
    let reply = server.put(PATH, &body).ok(200).await;
    assert_eq!(reply.text, token(&id, "ada"));
    assert!(reply.set_cookies().is_empty());
    server.put(PATH, &body).refused(401, "user_invalid_token").await;

    server.get("/v1/account").by(&old).refused(401, "general_unauthorized_scope").await;
    let sign_in = |password: &str| {
        let body = json!({ "email": "ada@example.com", "password": password }).to_string();
        server.post("/v1/account/sessions/email", &body)
    };
    sign_in("violet-anvil-71").refused(401, "user_invalid_credentials").await;
    let account = server.get("/v1/account").by(&sign_in("copper-lantern-9").ok(201).await.cookie());
    assert_eq!(account.ok(200).await.value("emailVerification"), true);
}

#[tokio::test]
async fn a_recovery_that_ends_the_callers_session_clears_its_cookie() {
    let server = Server::new();
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    for (email, user, is_cleared) in [("bob@example.com", "bob", false), ("ada@example.com", "ada", true)] {
        server.post(PATH, &ask(email)).ok(201).await;
        let body = finish(user, &server.outbox.in_link("secret"), "copper-lantern-9");
        let reply = server.put(PATH, &body).by(&ada).ok(200).await;
        let clears = |line: &&str| line.starts_with("a_session_default=deleted;");
        assert_eq!(reply.set_cookies().iter().any(clears), is_cleared);
    }
    for cookie in [ada, bob] {
        server.get("/v1/account").by(&cookie).refused(401, "general_unauthorized_scope").await;
    }
}

#[tokio::test]
async fn h02_an_unknown_address_is_answered_like_a_known_one() {
    let server = Server::new();
    server.user("ada").await;
    let known = server.post(PATH, &ask("ada@example.com")).ok(201).await;
    let mails = server.outbox.len();
    let unknown = server.post(PATH, &ask("nobody@example.com")).ok(201).await;
    assert_eq!(unknown.text, token(&unknown.text("$id"), &unknown.text("userId")));
    assert_eq!(known.text, token(&known.text("$id"), &known.text("userId")));
    assert_eq!((&unknown.headers, server.outbox.len()), (&known.headers, mails));
    let body = finish(&unknown.text("userId"), "wrong", "copper-lantern-9");
    server.put(PATH, &body).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn h02_h05_the_profile_for_migration_tells_unknown_and_blocked_accounts() {
    let server = Server::with(|config| config.reveals_unknown_accounts = true, |_| {}, false);
    server.post(PATH, &ask("nobody@example.com")).refused(404, "user_not_found").await;
    server.put(PATH, &finish("nobody", "x", "copper-lantern-9")).refused(404, "user_not_found").await;
    let cookie = server.user("ada").await;
    server.patch("/v1/account/status", "{}").by(&cookie).ok(200).await;
    server.post(PATH, &ask("ada@example.com")).refused(401, "user_blocked").await;
}

#[tokio::test]
async fn h31_a_password_that_breaks_a_rule_leaves_the_link_good() {
    let server = Server::with(|config| config.passwords.history = 3, |_| {}, false);
    server.user("ada").await;
    server.post(PATH, &ask("ada@example.com")).ok(201).await;
    let first = server.outbox.in_link("secret");
    server.put(PATH, &finish("ada", &first, "copper-lantern-9")).ok(200).await;
    server.post(PATH, &ask("ada@example.com")).ok(201).await;
    let secret = server.outbox.in_link("secret");
    for (password, code) in
        [("copper-lantern-9", "password_recently_used"), ("ada@example.com", "password_personal_data")]
    {
        server.put(PATH, &finish("ada", &secret, password)).refused(400, code).await;
    }
    server.put(PATH, &finish("ada", &secret, "silver-otter-35")).ok(200).await;
}

#[tokio::test]
async fn a_link_ends_after_an_hour() {
    let server = Server::new();
    server.user("ada").await;
    server.post(PATH, &ask("ada@example.com")).ok(201).await;
    let body = finish("ada", &server.outbox.in_link("secret"), "copper-lantern-9");
    server.clock.advance(Duration::from_secs(3600));
    server.put(PATH, &body).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn a_server_with_the_key_sees_the_secret_of_what_was_mailed() {
    let server = Server::keyed();
    server.user("ada").await;
    let keyed = |email: &str| server.post(PATH, &ask(email)).header("x-appwrite-key", KEY);
    let reply = keyed("ada@example.com").ok(201).await;
    assert_eq!(reply.text("secret"), server.outbox.in_link("secret"));
    assert_eq!(keyed("nobody@example.com").ok(201).await.text("secret"), "");
    let body = finish("ada", &server.outbox.in_link("secret"), "copper-lantern-9");
    let reply = server.put(PATH, &body).header("x-appwrite-key", KEY).ok(200).await;
    assert_eq!(reply.text("secret"), "");
}

#[tokio::test]
async fn recoveries_are_refused_without_a_mailer_and_counted() {
    let server = Server::limited();
    server.outbox.close();
    for _ in 0..10 {
        server.post(PATH, &ask("ada@example.com")).refused(503, "general_smtp_disabled").await;
        server.put(PATH, &finish("ada", "", "")).refused(400, "general_argument_invalid").await;
    }
    let elsewhere = server.post(PATH, &ask("ada@example.com")).peer("198.51.100.7");
    elsewhere.refused(429, "general_rate_limit_exceeded").await;
    server.post(PATH, &ask("bob@example.com")).refused(429, "general_rate_limit_exceeded").await;
    server.put(PATH, &finish("ada", "", "")).refused(429, "general_rate_limit_exceeded").await;
}
