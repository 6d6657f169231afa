//! Session cookies, and where else a session may come from.

use data_encoding::BASE64;
use serde_json::Value;

use crate::support::{
    http::{Call, Cookie, SIGN_IN, Server},
    recorded_sessions::own_sessions,
};

#[tokio::test]
async fn h19_on_https_cookies_are_secure() {
    let server = Server::set(|settings| settings.public_url = "https://api.example.net".into());
    server.user("ada").await;
    let reply = server.post("/v1/account/sessions/email", SIGN_IN).header("host", "localhost").ok(201).await;
    assert!(
        reply.set_cookies()[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{:?}",
        reply.set_cookies()
    );
}

#[tokio::test]
async fn the_cookie_is_named_after_the_project_in_lower_case() {
    let server = Server::with(|config| config.project = "Shop.1".into(), |_| {}, false);
    let call = server.post("/v1/account/sessions/anonymous", "{}").header("x-appwrite-project", "Shop.1");
    let cookie = call.ok(201).await.cookie();
    assert!(cookie.0.starts_with("a_session_shop.1="));
    server.get("/v1/account").header("x-appwrite-project", "Shop.1").by(&cookie).ok(200).await;
}

#[tokio::test]
async fn h19_h20_across_sites_there_are_two_cookies_for_a_session_and_a_header() {
    let server = Server::set(|settings| settings.cross_site_cookies = true);
    server.user("ada").await;
    let web = ("origin", "https://app.example.com");
    let reply = server.post("/v1/account/sessions/email", SIGN_IN).header(web.0, web.1).ok(201).await;
    let cookies = reply.set_cookies();
    let value = cookies[2].split(['=', ';']).nth(1).unwrap();
    let until = "Expires=Sat, 15 Jan 2028 08:00:00 GMT; Path=/; Secure; HttpOnly";
    assert_eq!(
        cookies[1..],
        [
            format!("a_session_default_legacy={value}; {until}"),
            format!("a_session_default={value}; {until}; SameSite=None")
        ]
    );
    let fallback = reply.header("x-fallback-cookies").unwrap().to_owned();
    assert_eq!(fallback, format!(r#"{{"a_session_default":"{}"}}"#, reply.cookie().wire()));

    let legacy = Cookie(format!("a_session_default_legacy={value}"));
    server.get("/v1/account").by(&legacy).ok(200).await;
    server.get("/v1/account").header("x-fallback-cookies", &fallback).ok(200).await;
    server
        .get("/v1/account")
        .header("x-fallback-cookies", "[]")
        .refused(401, "general_unauthorized_scope")
        .await;
    let reply = server.call("DELETE", "/v1/account/sessions/current").by(&legacy).ok(204).await;
    assert_eq!(reply.set_cookies().len(), 2);
    assert_eq!(reply.header("x-fallback-cookies"), Some("[]"));
}

#[tokio::test]
async fn a_device_is_given_its_cookie_once() {
    let server = Server::new();
    server.user("ada").await;
    let first = server.post("/v1/account/sessions/email", SIGN_IN).ok(201).await;
    let device = first.set_cookies()[0].split(';').next().unwrap().to_owned();
    let call = server.post("/v1/account/sessions/email", SIGN_IN).header("cookie", &device);
    assert_eq!(call.ok(201).await.set_cookies().len(), 1);
    let call = server.post("/v1/account/sessions/email", SIGN_IN).header("cookie", "a_device_default=x");
    assert_eq!(call.ok(201).await.set_cookies().len(), 2);
}

#[tokio::test]
async fn h20_the_stand_ins_count_only_across_sites() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let legacy = Cookie(cookie.0.replace("default=", "default_legacy="));
    server.get("/v1/account").by(&legacy).refused(401, "general_unauthorized_scope").await;
    let fallback = format!(r#"{{"a_session_default":"{}"}}"#, cookie.wire());
    server
        .get("/v1/account")
        .header("x-fallback-cookies", &fallback)
        .refused(401, "general_unauthorized_scope")
        .await;
}

#[tokio::test]
async fn the_cookie_goes_before_the_header_and_unreadable_ones_are_passed_over() {
    let server = Server::new();
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let who = |cookies: &str| {
        server.get("/v1/account").header("cookie", cookies).header("x-appwrite-session", &bob.wire())
    };
    assert_eq!(who(&ada.0).ok(200).await.value("$id"), "ada");
    assert_eq!(who(&format!("theme=dark; {}; x", ada.0)).ok(200).await.value("$id"), "ada");
    assert_eq!(who(&format!("a_session_default=%; {}", ada.0)).ok(200).await.value("$id"), "ada");
    assert_eq!(who(&format!("a_session_default={}", ada.wire())).ok(200).await.value("$id"), "ada");
    for unreadable in
        ["a_session_default=%", "a_session_default=", "a_session_other=x", "A_SESSION_DEFAULT=x"]
    {
        assert_eq!(who(unreadable).ok(200).await.value("$id"), "bob");
    }
    // A readable one that is no longer good makes a guest.
    server.call("DELETE", "/v1/account/sessions/current").by(&ada).ok(204).await;
    who(&ada.0).refused(401, "general_unauthorized_scope").await;
}

/// A session of this user whose secret has letters, so that its upper case is another text.
async fn own_session(server: &Server, id: &str) -> String {
    server.user(id).await;
    loop {
        let wire = server.sign_in(id).await.wire();
        let json: Value = serde_json::from_slice(&BASE64.decode(wire.as_bytes()).unwrap()).unwrap();
        let secret = json["secret"].as_str().unwrap();
        if secret.bytes().any(|digit| digit.is_ascii_lowercase()) {
            return secret.to_owned();
        }
    }
}

#[tokio::test]
async fn every_recorded_session_meets_its_verdict_with_the_secret_of_a_live_one() {
    let server = Server::new();
    let (own, other) = (own_session(&server, "u1").await, own_session(&server, "u2").await);
    let mut valid = 0;
    for (input, verdict) in own_sessions(&own, &other) {
        let cookie =
            |text: &str| server.get("/v1/account").header("cookie", &format!("a_session_default={text}"));
        let header = server.get("/v1/account").header("x-appwrite-session", &input);
        for call in [cookie(&input), cookie(&input.replace('=', "%3D")), header] {
            if verdict {
                assert_eq!(call.ok(200).await.value("$id"), "u1");
            } else {
                call.refused(401, "general_unauthorized_scope").await;
            }
        }
        valid += usize::from(verdict);
        // A guest may sign in.
        let call = server.post("/v1/account/sessions/anonymous", "{}").header("x-appwrite-session", &input);
        call.ok(if verdict { 401 } else { 201 }).await;
    }
    assert_eq!(valid, 1);
}

#[tokio::test]
async fn a_session_in_a_header_outlives_the_conversion_of_its_account() {
    let server = Server::new();
    let body = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;
    let anonymous = async || server.post("/v1/account/sessions/anonymous", "{}").ok(201).await.cookie();

    let wire = anonymous().await.wire();
    let by_header = |call: Call| call.header("x-appwrite-session", &wire);
    let reply = by_header(server.patch("/v1/account/email", body)).ok(200).await;
    assert_eq!(reply.set_cookies().len(), 0);
    assert_eq!(by_header(server.get("/v1/account")).ok(200).await.value("email"), "ada@example.com");

    let old = anonymous().await;
    let body = body.replace("ada", "bob");
    let new = server.patch("/v1/account/email", &body).by(&old).ok(200).await.cookie();
    server.get("/v1/account").by(&old).refused(401, "general_unauthorized_scope").await;
    assert_eq!(server.get("/v1/account").by(&new).ok(200).await.value("email"), "bob@example.com");
}

#[tokio::test]
async fn a_hundred_wrong_guesses_lock_strangers_out_and_the_owners_device_stays_in() {
    let server = Server::new();
    server.user("ada").await;
    let first = server.post("/v1/account/sessions/email", SIGN_IN).ok(201).await;
    let device = first.set_cookies()[0].split(';').next().unwrap().to_owned();
    let sign_in = || server.post("/v1/account/sessions/email", SIGN_IN);
    let guess = SIGN_IN.replace("violet-anvil-71", "violet-anvil-72");
    for at in 0..100 {
        let call = server.post("/v1/account/sessions/email", &guess).peer(&format!("198.51.100.{at}"));
        call.refused(401, "user_invalid_credentials").await;
    }
    let forged = format!("a_device_default={}", "ab".repeat(32));
    sign_in().refused(401, "user_invalid_credentials").await;
    sign_in().header("cookie", &forged).refused(401, "user_invalid_credentials").await;
    // Locked as it is, the account gives the right password away to no one, and its owner signs in.
    let reply = sign_in().header("cookie", &device).ok(201).await;
    assert_eq!(reply.set_cookies().len(), 1, "the device keeps its cookie");
    sign_in().ok(201).await;
}
