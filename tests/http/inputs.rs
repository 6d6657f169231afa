//! Bodies and parameters, good and bad.

use axum::body::Body;
use serde_json::Value;

use crate::support::http::{Call, Server};

/// The recorded inputs of a kind, and whether they are valid.
pub(crate) fn corpus(kind: &str) -> Vec<(String, bool)> {
    let corpus: Value = serde_json::from_str(include_str!("../data/bad-inputs.json")).unwrap();
    let entries = corpus[kind].as_array().unwrap().iter();
    entries
        .map(|entry| (entry["input"].as_str().unwrap().to_owned(), entry["valid"].as_bool().unwrap()))
        .collect()
}

#[tokio::test]
async fn missing_parameters_are_named_in_their_order() {
    let server = Server::new();
    for (body, missing) in [
        ("{}", "userId"),
        ("", "userId"),
        (r#"{"userId":"a"}"#, "email"),
        (r#"{"userId":"a","email":"a@example.com"}"#, "password"),
        ("{\"userId\":", "userId"),
        ("[]", "userId"),
        ("\"text\"", "userId"),
        ("{}{}", "userId"),
        ("{\"userId\":\"a\"} x", "userId"),
        ("{\"USERID\":\"a\"}", "userId"),
    ] {
        let reply = server.post("/v1/account", body).refused(400, "general_argument_invalid").await;
        assert_eq!(reply.message(), format!("Param \"{missing}\" is not optional."), "{body}");
    }
}

#[tokio::test]
async fn the_first_bad_parameter_is_named_with_its_rule() {
    let server = Server::new();
    for (body, message) in [
        (r#"{"userId":"_","email":"x","password":"short"}"#, "Invalid `userId` param: Value must be an id"),
        (
            r#"{"userId":"a","email":"x","password":"short"}"#,
            "Invalid `email` param: Value must be a valid email address",
        ),
        (
            r#"{"userId":"a","email":"a@example.com","password":"short"}"#,
            "Invalid `password` param: Password must be between 8 and 256",
        ),
        (
            r#"{"userId":"a","email":"a@example.com","password":null}"#,
            "Invalid `password` param: Password must be between 8 and 256",
        ),
        (r#"{"userId":null}"#, "Invalid `userId` param: Value must be an id"),
        (
            r#"{"userId":"a","email":"a@example.com","password":"password"}"#,
            "Invalid `password` param: Password must be between 8 and 256",
        ),
        (
            r#"{"userId":"a","email":"a@example.com","password":"violet-anvil-71","name":7}"#,
            "Invalid `name` param: ",
        ),
        (
            r#"{"userId":"a","email":"a@example.com","password":"violet-anvil-71","name":"a\nb"}"#,
            "Invalid `name` param: ",
        ),
    ] {
        let reply = server.post("/v1/account", body).refused(400, "general_argument_invalid").await;
        assert!(reply.message().starts_with(message), "{body}: {}", reply.text);
    }
}

#[tokio::test]
async fn h65_optional_parameters_may_be_null_or_absent() {
    let server = Server::new();
    for (id, name) in [("a1", ""), ("a2", r#","name":null"#), ("a3", r#","name":"""#)] {
        let body =
            format!(r#"{{"userId":"{id}","email":"{id}@example.com","password":"violet-anvil-71"{name}}}"#);
        assert_eq!(server.post("/v1/account", &body).ok(201).await.value("name"), "");
    }
    let cookie = server.user("ada").await;
    for old in ["", r#","oldPassword":null"#] {
        let body = format!(r#"{{"password":"copper-lantern-9"{old}}}"#);
        server
            .patch("/v1/account/password", &body)
            .by(&cookie)
            .refused(401, "user_invalid_credentials")
            .await;
    }
    let body = r#"{"password":"copper-lantern-9","oldPassword":""}"#;
    server.patch("/v1/account/password", body).by(&cookie).refused(400, "general_argument_invalid").await;
}

#[tokio::test]
async fn only_strings_are_texts() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (input, valid) in corpus("jsonValueForStringParam") {
        for (method, path, rest, name) in [
            ("POST", "/v1/account/sessions/email", r#""password":"violet-anvil-71""#, "email"),
            ("POST", "/v1/account/sessions/email", r#""email":"user@example.com""#, "password"),
            ("POST", "/v1/account", r#""email":"user@example.com","password":"violet-anvil-71""#, "userId"),
            ("PATCH", "/v1/account/name", r#""x":1"#, "name"),
            ("PATCH", "/v1/account/email", r#""password":"violet-anvil-71""#, "email"),
            ("PATCH", "/v1/account/phone", r#""password":"violet-anvil-71""#, "phone"),
            ("POST", "/v1/account/targets/push", r#""targetId":"unique()""#, "identifier"),
            ("POST", "/v1/account/targets/push", r#""targetId":"unique()","identifier":"x""#, "providerId"),
        ] {
            let call = server.call(method, path).json(&format!(r#"{{{rest},"{name}":{input}}}"#));
            let call =
                if path.ends_with("/account") || path.contains("sessions") { call } else { call.by(&cookie) };
            let reply = call.send().await;
            if valid {
                assert_ne!(reply.status, 500, "{name}");
            } else {
                assert_eq!(reply.status, 400, "{name}={input}: {}", reply.text);
                assert!(reply.message().starts_with(&format!("Invalid `{name}` param: ")), "{}", reply.text);
            }
        }
    }
    assert_eq!(server.outbox.len(), 1, "only the valid address led to a notice");
}

#[tokio::test]
async fn every_recorded_preference_meets_its_verdict() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (input, valid) in corpus("prefsJson") {
        // Clients in languages without maps of their own send an empty list, which the API takes.
        let valid = valid || input == "[]";
        let reply =
            server.patch("/v1/account/prefs", &format!(r#"{{"prefs":{input}}}"#)).by(&cookie).send().await;
        assert_eq!(
            reply.status == 200,
            valid,
            "{} {}",
            input.chars().take(80).collect::<String>(),
            reply.text
        );
        assert!(valid || reply.status == 400);
    }
    let text = server
        .patch("/v1/account/prefs", r#"{"prefs":"{}"}"#)
        .by(&cookie)
        .refused(400, "general_argument_invalid");
    assert!(text.await.message().starts_with("Invalid `prefs` param: "));
    server
        .patch("/v1/account/prefs", r#"{"prefs":null}"#)
        .by(&cookie)
        .refused(400, "general_argument_invalid")
        .await;
}

#[tokio::test]
async fn fields_that_nobody_asked_for_change_nothing() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let before = server.get("/v1/account").by(&cookie).ok(200).await.json();
    let mut extra = String::new();
    for name in [
        "$id",
        "$createdAt",
        "$updatedAt",
        "id",
        "registration",
        "status",
        "labels",
        "passwordUpdate",
        "emailVerification",
        "phoneVerification",
        "mfa",
        "targets",
        "accessedAt",
        "hash",
        "hashOptions",
        "reset",
        "mfaRecoveryCodes",
        "role",
        "roles",
        "scopes",
        "admin",
        "isAdmin",
        "secret",
        "sessions",
        "tokens",
        "identities",
        "challenges",
        "factors",
        "expire",
        "current",
        "provider",
        "providerUid",
        "userInternalId",
        "$permissions",
        "$internalId",
        "search",
        "passwordHistory",
        "__proto__",
        "constructor",
        "phone",
        "email",
        "prefs",
        "url",
        "sessionId",
    ] {
        extra.push_str(&format!(r#","{name}":true"#));
    }
    let name = server.patch("/v1/account/name", &format!(r#"{{"name":"ada Doe"{extra}}}"#)).by(&cookie);
    assert_eq!(name.ok(200).await.json(), before);
    let extra = extra.replace(r#","email":true"#, "");
    let body = format!(r#"{{"userId":"bob","email":"bob@example.com","password":"violet-anvil-71"{extra}}}"#);
    let bob = server.post("/v1/account", &body).ok(201).await.json();
    assert_eq!(
        (&bob["labels"], &bob["emailVerification"], &bob["mfa"], &bob["phone"]),
        (&Value::Array(vec![]), &false.into(), &false.into(), &"".into())
    );
    let push = r#"{"targetId":"t","identifier":"x","expired":true,"userId":"bob","sessionId":"s","providerType":"email"}"#;
    let target = server.post("/v1/account/targets/push", push).by(&cookie).ok(201).await.json();
    assert_eq!(
        (&target["userId"], &target["providerType"], &target["expired"]),
        (&"ada".into(), &"push".into(), &false.into())
    );
}

#[tokio::test]
async fn only_json_is_read() {
    let server = Server::new();
    let form = "userId=ada&email=ada%40example.com&password=violet-anvil-71";
    let json = r#"{"userId":"ada","email":"ada@example.com","password":"violet-anvil-71"}"#;
    let call = |kind: &str, body: &str| server.call("POST", "/v1/account").body(kind, body);
    for kind in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/xml",
        "json",
        "",
    ] {
        for body in [json, form] {
            let reply = call(kind, body).refused(400, "general_argument_invalid").await;
            assert!(reply.message().contains("application/json"), "{kind}: {}", reply.text);
        }
    }
    call("x", json).without("content-type").refused(400, "general_argument_invalid").await;
    server.post("/v1/account/sessions/anonymous", "{}").without("content-type").ok(201).await;
    server.call("POST", "/v1/account/sessions/anonymous").ok(201).await;
    call("Application/JSON; charset=utf-8", json).ok(201).await;
}

#[tokio::test]
async fn the_profile_for_migration_reads_forms_too() {
    let server =
        Server::set(|settings| settings.form_bodies = account::http::Settings::appwrite_1_6().form_bodies);
    let call =
        |body: &str| server.call("POST", "/v1/account").body("application/x-www-form-urlencoded", body);
    for bad in ["userId=a&userId=b", "userId=%zz", "userId=%ff"] {
        call(bad).refused(400, "general_argument_invalid").await;
    }
    let reply = call("userId=ada&email=ada%40example.com&password=violet+anvil+71&name=").ok(201).await;
    assert_eq!(reply.value("email"), "ada@example.com");
    let body = r#"{"email":"ada@example.com","password":"violet anvil 71"}"#;
    server.post("/v1/account/sessions/email", body).ok(201).await;
}

#[tokio::test]
async fn every_recorded_query_string_meets_its_verdict_as_a_form() {
    let server =
        Server::set(|settings| settings.form_bodies = account::http::Settings::appwrite_1_6().form_bodies);
    for (input, is_valid) in corpus("urlQueryString") {
        let reply = server
            .call("PUT", "/v1/account/verification")
            .body("application/x-www-form-urlencoded", &input)
            .send()
            .await;
        // Both parameters are there, and are those of no one; or one of them is missing, however
        // well the form is spelled.
        let is_whole = is_valid && input.contains("secret=");
        let expected = if is_whole { (401, "user_invalid_token") } else { (400, "general_argument_invalid") };
        assert_eq!((reply.status, reply.value("type").as_str().unwrap()), expected, "{input}");
    }
}

#[tokio::test]
async fn a_field_may_be_named_once() {
    let server = Server::new();
    let body = r#"{"email":"a@example.com","email":"b@example.com","password":"violet-anvil-71"}"#;
    server.post("/v1/account/sessions/email", body).refused(400, "general_argument_invalid").await;
    let escaped = r#"{"email":"a@example.com","\u0065mail":"b@example.com","password":"violet-anvil-71"}"#;
    let reply =
        server.post("/v1/account/sessions/email", escaped).refused(400, "general_argument_invalid").await;
    assert!(reply.message().contains("once"), "{}", reply.text);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let padded = |length: usize| format!(r#"{{"name":"Ada"{}}}"#, " ".repeat(length - 14));
    server.patch("/v1/account/name", &padded(64 * 1024)).by(&cookie).ok(200).await;
    server
        .patch("/v1/account/name", &padded(64 * 1024 + 1))
        .by(&cookie)
        .refused(400, "general_argument_invalid")
        .await;
    let prefs = |spaces: usize| format!(r#"{{"prefs":{{"a":1{}}}}}"#, " ".repeat(spaces));
    server.patch("/v1/account/prefs", &prefs(1_000_000)).by(&cookie).ok(200).await;
    server
        .patch("/v1/account/prefs", &prefs(1_048_576))
        .by(&cookie)
        .refused(400, "general_argument_invalid")
        .await;
    let deep = format!(r#"{{"name":"Ada","x":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    server.patch("/v1/account/name", &deep).by(&cookie).ok(200).await;
    let many: String = (0..300).map(|number| format!(r#","x{number}":0"#)).collect();
    server
        .patch("/v1/account/name", &format!(r#"{{"name":"Ada"{many}}}"#))
        .by(&cookie)
        .refused(400, "general_argument_invalid")
        .await;
}

#[tokio::test]
async fn a_body_without_announced_length_is_bounded_too() {
    let server = Server::new();
    let mut call: Call =
        server.call("POST", "/v1/account/sessions/email").header("content-type", "application/json");
    let body = endless::repeat(b"{\"email\":\"");
    *call.request.body_mut() = Body::new(body);
    call.refused(400, "general_argument_invalid").await;
}

mod endless {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::body::{Bytes, HttpBody};
    use http_body::Frame;

    pub(super) struct Endless(&'static [u8], u32);

    /// A body that goes on, and fails the test if anybody reads that far.
    pub(super) fn repeat(chunk: &'static [u8]) -> Endless {
        Endless(chunk, 0)
    }

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.1 += 1;
            assert!(self.1 < 2_000_000, "read without bound");
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.0)))))
        }
    }
}

#[tokio::test]
async fn bodies_of_gets_are_not_read() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.get("/v1/account").json("not json").by(&cookie).ok(200).await;
    server.get("/v1/account?%zz").by(&cookie).ok(200).await;
    for query in ["queries=x", "queries[]=%zz", "queries[a]=x", "queries[]=%ff", "queries[]=x&queries=y"] {
        let reply = server
            .get(&format!("/v1/account/logs?{query}"))
            .by(&cookie)
            .refused(400, "general_argument_invalid")
            .await;
        assert!(reply.message().starts_with("Invalid `queries` param: Invalid query"), "{}", reply.text);
    }
}

#[tokio::test]
async fn h28_addresses_of_clients_come_from_trusted_proxies_only() {
    let server = Server::set(|settings| settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]);
    for (input, valid) in corpus("clientIp") {
        if http::HeaderValue::from_str(&input).is_err() || !input.is_ascii() {
            continue;
        }
        let call = |peer: &str| {
            server.post("/v1/account/sessions/anonymous", "{}").peer(peer).header("x-forwarded-for", &input)
        };
        assert_eq!(call("192.0.2.77").ok(201).await.value("ip"), "192.0.2.77", "{input}");
        let seen = call("10.0.0.1").ok(201).await.value("ip");
        // White space around an entry of a list is not part of it, and some proxies write a port or
        // brackets.
        let bracketed = input.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let hop = bracketed.unwrap_or(input.trim());
        let hop = hop.parse().map_or(hop.to_owned(), |hop: std::net::SocketAddr| hop.ip().to_string());
        let expected = if valid || account::model::parse_client_ip(&hop).is_some() {
            account::model::parse_client_ip(&hop)
        } else {
            "10.0.0.1".parse().ok()
        };
        assert_eq!(seen, expected.unwrap().to_string(), "{input}");
    }
}

#[tokio::test]
async fn h28_limits_do_not_move_with_a_header_of_the_clients() {
    let server = Server::limited();
    for number in 0..60 {
        let call = server.post("/v1/account", "{}").header("x-forwarded-for", &format!("203.0.113.{number}"));
        assert_eq!(call.send().await.status, if number < 10 { 400 } else { 429 });
    }
}

#[tokio::test]
async fn user_agents_are_data() {
    let server = Server::new();
    for (input, _) in corpus("userAgent") {
        if http::HeaderValue::from_str(&input).is_ok() {
            server.post("/v1/account/sessions/anonymous", "{}").header("user-agent", &input).ok(201).await;
        }
    }
    let mut call = server.post("/v1/account/sessions/anonymous", "{}");
    let latin = http::HeaderValue::from_bytes(b"caf\xe9/1.0").unwrap();
    call.request.headers_mut().insert("user-agent", latin);
    call.ok(201).await;
}

#[tokio::test]
async fn strange_headers_are_never_a_fault_of_the_server() {
    let server = Server::new();
    for name in [
        "cookie",
        "x-appwrite-session",
        "x-appwrite-jwt",
        "x-appwrite-project",
        "x-appwrite-key",
        "x-fallback-cookies",
        "origin",
        "referer",
        "x-forwarded-for",
        "x-appwrite-locale",
        "content-type",
    ] {
        for bytes in [
            &b"\xff\xfe"[..],
            b"%",
            b"a_session_default=%ff",
            b"a_session_default=%c3%28;=;;=",
            b"{",
            b"\"",
            b"=",
        ] {
            for method in ["GET", "POST"] {
                let mut call = server.call(method, "/v1/account").json("{}");
                call.request.headers_mut().insert(name, http::HeaderValue::from_bytes(bytes).unwrap());
                let reply = call.send().await;
                assert!(reply.status < 500, "{name}: {}", reply.text);
            }
        }
    }
}
