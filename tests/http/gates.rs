//! The gates, and that they stand in one order for every request.

use std::{sync::Arc, time::Duration};

use account::{AccountService, Config, MasterKey, MemoryStore, Secret, axum::router, operation::Operation};

use crate::support::{
    http::{Call, KEY, SIGN_IN, Server},
    limiter::Down,
};

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"];

fn with_key() -> Server {
    Server::with(|_| {}, |settings| settings.api_key = Some(Secret::new(KEY.into())), true)
}

#[tokio::test]
async fn a_guest_is_refused_before_parameters_are_read() {
    let server = Server::new();
    for body in ["{}", r#"{"name":""}"#, "not json"] {
        let reply = server.patch("/v1/account/name", body).refused(401, "general_unauthorized_scope").await;
        assert_eq!(
            reply.text,
            r#"{"message":"User (role: guests) missing scope (account)","code":401,"type":"general_unauthorized_scope","version":"1.6.1"}"#
        );
    }
    let reply =
        server.post("/v1/account/targets/push", "{}").refused(401, "general_unauthorized_scope").await;
    assert!(reply.message().ends_with("missing scope (targets.write)"));
}

#[tokio::test]
async fn requests_are_counted_before_parameters_are_read() {
    let server = Server::limited();
    for remaining in (0..10).rev() {
        let reply = server.post("/v1/account", "{}").refused(400, "general_argument_invalid").await;
        assert_eq!(reply.header("x-ratelimit-limit"), Some("10"));
        assert_eq!(reply.header("x-ratelimit-remaining"), Some(remaining.to_string().as_str()));
        assert_eq!(reply.header("x-ratelimit-reset"), Some("1800003600"));
        assert_eq!(reply.header("retry-after"), None);
    }
    let reply = server.post("/v1/account", "{}").refused(429, "general_rate_limit_exceeded").await;
    assert_eq!(reply.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(reply.header("x-ratelimit-reset"), Some("1800003600"));
    assert_eq!(reply.header("retry-after"), Some("3600"));
    server.post("/v1/account", "{}").peer("192.0.2.2").refused(400, "general_argument_invalid").await;
    server.clock.advance(Duration::from_secs(3600));
    server.post("/v1/account", "{}").refused(400, "general_argument_invalid").await;
}

#[tokio::test]
async fn sign_in_is_counted_by_mailbox_in_any_spelling_and_by_network() {
    let server = Server::limited();
    for spelling in ["ada@example.com", "ADA@example.com", "Ada@Example.Com"].iter().cycle().take(10) {
        let body = format!(r#"{{"email":"{spelling}","password":"wrong-password"}}"#);
        server.post("/v1/account/sessions/email", &body).refused(401, "user_invalid_credentials").await;
    }
    server
        .post("/v1/account/sessions", SIGN_IN)
        .peer("2001:db8::1")
        .refused(429, "general_rate_limit_exceeded")
        .await;
}

#[tokio::test]
async fn replies_of_limited_routes_tell_what_is_left_and_others_do_not() {
    let server = Server::limited();
    let cookie = server.user("ada").await;
    let reply = server.patch("/v1/account/sessions/current", "{}").by(&cookie).ok(200).await;
    assert_eq!(reply.header("x-ratelimit-remaining"), Some("9"));
    assert_eq!(server.get("/v1/account").by(&cookie).ok(200).await.header("x-ratelimit-limit"), None);
    let server = Server::with(|_| {}, |settings| settings.rate_limits = false, true);
    for _ in 0..20 {
        let reply = server.post("/v1/account", "{}").refused(400, "general_argument_invalid").await;
        assert_eq!(reply.header("x-ratelimit-limit"), None);
    }
}

#[tokio::test]
async fn gates_answer_in_their_order() {
    let server = with_key();
    let cookie = server.user("ada").await;
    // Each line passes one gate more than the one before.
    let foreign = |call: Call| call.header("origin", "https://evil.example");
    let bad_jwt = |call: Call| call.header("x-appwrite-jwt", "a.b.c");
    let no_project = |call: Call| call.header("x-appwrite-project", "another");
    let bad_key = |call: Call| call.header("x-appwrite-key", "wrong");
    let call = || server.post("/v1/account/nothing", "{}");
    foreign(bad_jwt(no_project(call()))).refused(403, "general_unknown_origin").await;
    bad_jwt(no_project(bad_key(call()))).refused(401, "user_jwt_invalid").await;
    no_project(bad_key(call())).refused(404, "project_not_found").await;
    bad_key(call()).by(&cookie).refused(401, "user_unauthorized").await;
    call().header("x-appwrite-key", KEY).by(&cookie).refused(403, "user_key_and_session_set").await;
    call().by(&cookie).refused(404, "general_route_not_found").await;
    call().refused(404, "general_route_not_found").await;
}

#[tokio::test]
async fn a_method_that_is_off_is_told_after_counting_and_before_parameters() {
    let server = Server::with(
        |config| {
            config.methods.email_password = false;
            config.methods.anonymous = false;
        },
        |_| {},
        true,
    );
    for path in ["/v1/account", "/v1/account/sessions/email", "/v1/account/sessions/anonymous"] {
        let reply = server.post(path, "{}").refused(501, "user_auth_method_unsupported").await;
        assert!(reply.header("x-ratelimit-remaining").is_some(), "{path}");
    }
}

#[tokio::test]
async fn nobody_signs_in_twice() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for path in ["/v1/account/sessions/email", "/v1/account/sessions", "/v1/account/sessions/anonymous"] {
        server.post(path, "{}").by(&cookie).refused(401, "user_session_already_exists").await;
    }
    server.post("/v1/account", "{}").by(&cookie).refused(400, "general_argument_invalid").await;
}

#[tokio::test]
async fn the_project_must_be_named() {
    let server = Server::new();
    let call = |query: &str| server.post(&format!("/v1/account{query}"), "{}").without("x-appwrite-project");
    for query in [
        "",
        "?project=another",
        "?Project=default",
        "?project=default&project=default",
        "?project[]=default",
        "?project=",
    ] {
        call(query).refused(404, "project_not_found").await;
    }
    call("?project=default").refused(400, "general_argument_invalid").await;
    call("?project=default").header("x-appwrite-project", "another").refused(404, "project_not_found").await;
    server.get("/v1/account").header("x-appwrite-project", "Default").refused(404, "project_not_found").await;
}

#[tokio::test]
async fn a_jwt_replaces_the_session_and_an_empty_one_is_none() {
    let server = Server::new();
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let jwt = server.post("/v1/account/jwts", "{}").by(&bob).ok(201).await.value("jwt");
    let jwt = jwt.as_str().unwrap();
    let who = |jwt: &str| server.get("/v1/account").by(&ada).header("x-appwrite-jwt", jwt);
    assert_eq!(who(jwt).ok(200).await.value("$id"), "bob");
    assert_eq!(who("").ok(200).await.value("$id"), "ada");
    for bad in ["x", "a.b.c", &jwt[..jwt.len() - 1], &format!("{jwt}x"), &".".repeat(4000)] {
        for (method, path) in [
            ("GET", "/v1/account"),
            ("POST", "/v1/account"),
            ("GET", "/v1/account/x"),
            ("PUT", "/v1/account/name"),
        ] {
            server.call(method, path).header("x-appwrite-jwt", bad).refused(401, "user_jwt_invalid").await;
        }
    }
    server.clock.advance(Duration::from_secs(900));
    who(jwt).refused(401, "user_jwt_invalid").await;
}

#[tokio::test]
async fn a_jwt_of_an_ended_session_makes_a_guest() {
    let server = Server::new();
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let jwt = server.post("/v1/account/jwts", "{}").by(&bob).ok(201).await.value("jwt");
    server.call("DELETE", "/v1/account/sessions/current").by(&bob).ok(204).await;
    let call = |call: Call| call.by(&ada).header("x-appwrite-jwt", jwt.as_str().unwrap());
    call(server.get("/v1/account")).refused(401, "general_unauthorized_scope").await;
    call(server.post("/v1/account/sessions/anonymous", "{}")).ok(201).await;
}

#[tokio::test]
async fn a_server_with_the_key_signs_people_in_and_is_not_held_up() {
    let server = with_key();
    let keyed = |path: &str, body: &str| server.post(path, body).header("x-appwrite-key", KEY);
    for path in ["/v1/account", "/v1/account/sessions", "/v1/account/prefs"] {
        let reply =
            server.get(path).header("x-appwrite-key", KEY).refused(401, "general_unauthorized_scope").await;
        assert!(reply.message().contains("(role: applications) missing scope (account)"));
    }
    let body = r#"{"userId":"ada","email":"ada@example.com","password":"violet-anvil-71"}"#;
    keyed("/v1/account", body).header("origin", "https://anywhere.example").ok(201).await;
    for _ in 0..10 {
        keyed("/v1/account/sessions/email", SIGN_IN).ok(201).await;
    }
    let reply = keyed("/v1/account/sessions/email", SIGN_IN).ok(201).await;
    assert_eq!(reply.header("x-ratelimit-remaining"), Some("0"));
    let secret = reply.value("secret");
    let secret = secret.as_str().unwrap();
    server.get("/v1/account").header("x-appwrite-session", secret).ok(200).await;
    server
        .get("/v1/account")
        .header("x-appwrite-session", secret)
        .header("x-appwrite-key", KEY)
        .refused(403, "user_key_and_session_set")
        .await;
    for wrong in ["x", "a key of more than sixteen byteS", "a key of more than sixteen bytes "] {
        server
            .post("/v1/account", "{}")
            .header("x-appwrite-key", wrong)
            .refused(401, "user_unauthorized")
            .await;
    }
    Server::new()
        .post("/v1/account", "{}")
        .header("x-appwrite-key", KEY)
        .refused(401, "user_unauthorized")
        .await;
}

#[tokio::test]
async fn methods_that_a_route_does_not_have_are_unknown_routes() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let all = || Operation::ALL.iter().chain(Operation::SUPPORTING);
    for operation in all() {
        for path in [operation.path()].iter().chain(operation.aliases()) {
            let concrete = path.replace("{sessionId}", "none").replace(['{', '}'], "");
            for method in METHODS {
                let wanted = if method == "HEAD" { "GET" } else { method };
                let is_offered = all().any(|other| {
                    other.methods().contains(&wanted)
                        && [other.path()].iter().chain(other.aliases()).any(|other| fits(other, path))
                });
                let reply = server.call(method, &concrete).by(&cookie).send().await;
                if !is_offered {
                    assert_eq!(reply.status, 404, "{method} {path}");
                    assert!(
                        method == "HEAD" || reply.value("type") == "general_route_not_found",
                        "{method} {path}"
                    );
                }
                assert!(reply.status < 500, "{method} {path}: {}", reply.text);
            }
        }
    }
}

fn fits(route: &str, path: &str) -> bool {
    let same = |(left, right): (&str, &str)| left == right || left.starts_with('{');
    route.split('/').count() == path.split('/').count() && route.split('/').zip(path.split('/')).all(same)
}

#[tokio::test]
async fn other_spellings_of_a_path_are_other_paths() {
    let server = Server::limited();
    for operation in
        [Operation::SignUp, Operation::SignInWithPassword, Operation::Preferences, Operation::Block]
    {
        let path = operation.path();
        for variant in [
            path.replacen("/account", "//account", 1),
            path.replacen("/account", "/./account", 1),
            path.replacen("/account", "/x/../account", 1),
            path.replacen("/account", "%2faccount", 1),
            format!("{path}/"),
            format!("{path}//"),
            format!("{path};x"),
            format!("{path}%00"),
            path.replacen("account", "Account", 1),
            path.replacen("account", "%61ccount", 1),
            path.to_uppercase(),
        ] {
            let reply = server.call(operation.method(), &variant).json("{}").send().await;
            assert_eq!(reply.status, 404, "{variant}");
        }
    }
}

#[tokio::test]
async fn odd_session_ids_reach_nobody() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (id, status) in [
        ("Current", 404),
        ("all", 404),
        ("*", 400),
        ("..", 400),
        ("current%20", 400),
        ("%63urrent", 400),
        ("current%00", 400),
        ("current;x", 400),
    ] {
        let reply = server.call("DELETE", &format!("/v1/account/sessions/{id}")).by(&cookie).send().await;
        assert_eq!(reply.status, status, "{id}: {}", reply.text);
    }
    server.get("/v1/account").by(&cookie).ok(200).await;
}

#[tokio::test]
async fn a_panic_is_answered_and_the_server_lives() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.outbox.panic_from_now_on();
    let body = r#"{"password":"copper-lantern-9","oldPassword":"violet-anvil-71"}"#;
    let reply = server.patch("/v1/account/password", body).by(&cookie).refused(500, "general_unknown").await;
    assert_eq!(
        reply.text,
        r#"{"message":"Server Error","code":500,"type":"general_unknown","version":"1.6.1"}"#
    );
    server.get("/v1/account").by(&cookie).ok(200).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_suppress_the_notice() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let body = r#"{"password":"copper-lantern-9","oldPassword":"violet-anvil-71"}"#;
    let request = tokio::spawn(server.patch("/v1/account/password", body).by(&cookie).send());
    tokio::task::yield_now().await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.outbox.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_for_a_while() {
    let config = Config::new(MasterKey::generate().unwrap());
    let service = AccountService::builder(MemoryStore::new())
        .config(config)
        .limiter(Arc::new(Down::Unavailable))
        .build()
        .unwrap();
    let mut server = Server::new();
    server.router = router(service);
    let reply = server.post("/v1/account", "{}").refused(503, "general_limiter_unavailable").await;
    assert_eq!(reply.header("retry-after"), Some("1"));
}
