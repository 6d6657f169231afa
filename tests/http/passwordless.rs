//! Sign-in by mailed link, mailed code and texted code.

use account::{GenericToken, model::ClientInfo};
use serde_json::json;

use crate::support::http::{IN_15_MINUTES, IN_AN_HOUR, KEY, NOW, Reply, Server, redeem};

const SIGN_INS: [(&str, &str); 3] = [
    ("POST", "/v1/account/sessions/token"),
    ("PUT", "/v1/account/sessions/magic-url"),
    ("PUT", "/v1/account/sessions/phone"),
];

fn token(id: &str, user: &str, secret: &str, expire: &str, phrase: &str) -> String {
    format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","userId":"{user}","secret":"{secret}","expire":"{expire}","phrase":"{phrase}"}}"#
    )
}

async fn email_code(server: &Server, user: &str) -> Reply {
    let body = json!({ "userId": user, "email": format!("{user}@example.com") });
    server.post("/v1/account/tokens/email", &body.to_string()).ok(201).await
}

#[tokio::test]
async fn a_mailed_code_signs_in_once() {
    let server = Server::new();
    let reply = email_code(&server, "ada").await;
    assert_eq!(reply.text, token(&reply.text("$id"), "ada", "", IN_15_MINUTES, ""));
    assert!(reply.set_cookies().is_empty());
    let mail = server.outbox.mail();
    assert_eq!((mail.to.as_str(), mail.notice.name()), ("ada@example.com", "otpSession"));

    let body = redeem("ada", &server.outbox.mailed_code());
    let reply = server.post("/v1/account/sessions/token", &body).ok(201).await;
    let id = reply.text("$id");
    let expected = format!(
        r#"{{"$id":"{id}","$createdAt":"{NOW}","$updatedAt":"{NOW}","userId":"ada","expire":"2028-01-15T08:00:00.000+00:00","provider":"token","providerUid":"","providerAccessToken":"","providerAccessTokenExpiry":"","providerRefreshToken":"","ip":"192.0.2.1","osCode":"","osName":"","osVersion":"","clientType":"","clientCode":"","clientName":"","clientVersion":"","clientEngine":"","clientEngineVersion":"","deviceName":"","deviceBrand":"","deviceModel":"","countryCode":"--","countryName":"Unknown","current":true,"factors":["email"],"secret":"","mfaUpdatedAt":""}}"#
    );
    assert_eq!(reply.text, expected);
    let names: Vec<_> = reply.set_cookies().iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["a_device_default", "a_session_default"]);
    let account = server.get("/v1/account").by(&reply.cookie()).ok(200).await;
    assert_eq!(account.value("emailVerification"), true);
    server.post("/v1/account/sessions/token", &body).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn a_phrase_is_shown_in_the_reply_and_in_the_mail() {
    let server = Server::new();
    for (path, expire) in [("email", IN_15_MINUTES), ("magic-url", IN_AN_HOUR)] {
        let body = r#"{"userId":"ada","email":"ada@example.com","phrase":true}"#;
        let reply = server.post(&format!("/v1/account/tokens/{path}"), body).ok(201).await;
        let phrase = reply.text("phrase");
        assert_eq!(reply.text, token(&reply.text("$id"), "ada", "", expire, &phrase));
        assert!(phrase.contains(' ') && format!("{:?}", server.outbox.mail().notice).contains(&phrase));
        for off in ["false", "null"] {
            let body = body.replace("true", off);
            let reply = server.post(&format!("/v1/account/tokens/{path}"), &body).ok(201).await;
            assert_eq!(reply.value("phrase"), "");
        }
    }
}

#[tokio::test]
async fn h03_a_known_address_keeps_its_id() {
    let server = Server::new();
    server.user("ada").await;
    for path in ["tokens/email", "tokens/magic-url", "sessions/magic-url"] {
        let body = r#"{"userId":"somebody","email":"ADA@example.com"}"#;
        let reply = server.post(&format!("/v1/account/{path}"), body).ok(201).await;
        assert_eq!(reply.value("userId"), "ada");
    }
    let body = r#"{"userId":"ada","email":"bob@example.com"}"#;
    server.post("/v1/account/tokens/email", body).refused(409, "user_already_exists").await;
    let body = r#"{"userId":"unique()","email":"bob@example.com"}"#;
    let id = server.post("/v1/account/tokens/email", body).ok(201).await.text("userId");
    assert!(id.len() > 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
}

#[tokio::test]
async fn a_link_leads_to_the_page_that_the_client_names() {
    let server = Server::new();
    let body =
        r#"{"userId":"ada","email":"ada@example.com","url":"https://app.example.com/in?lang=de#/here"}"#;
    let reply = server.post("/v1/account/tokens/magic-url", body).ok(201).await;
    assert_eq!(reply.text, token(&reply.text("$id"), "ada", "", IN_AN_HOUR, ""));
    let secret = server.outbox.in_link("secret");
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let expected = format!(
        "https://app.example.com/in?lang=de&userId=ada&secret={secret}&expire=2027-01-15T09%3A00%3A00.000%2B00%3A00&project=default#/here"
    );
    assert_eq!(server.outbox.link().as_str(), expected);
    let reply = server.put("/v1/account/sessions/magic-url", &redeem("ada", &secret)).ok(201).await;
    assert_eq!((reply.value("provider"), reply.value("secret")), ("magic-url".into(), "".into()));
    server.get("/v1/account").by(&reply.cookie()).ok(200).await;
    // An app's own scheme is a place too.
    let body = r#"{"userId":"ada","email":"ada@example.com","url":"com.example.notes:/in"}"#;
    server.post("/v1/account/tokens/magic-url", body).ok(201).await;
    assert_eq!(server.outbox.link().scheme(), "com.example.notes");
}

#[tokio::test]
async fn h28_a_link_without_page_leads_to_the_servers_own_whatever_the_request_says() {
    for (public_url, page) in [
        ("http://localhost:8080", "http://localhost:8080/v1/account/sessions/magic-url/complete"),
        ("https://api.example.net", "https://api.example.net/v1/account/sessions/magic-url/complete"),
        ("https://example.net/api/", "https://example.net/api/v1/account/sessions/magic-url/complete"),
    ] {
        let server = Server::set(|settings| settings.public_url = public_url.into());
        for url in ["", r#","url":null"#, r#","url":"""#] {
            let body = format!(r#"{{"userId":"ada","email":"ada@example.com"{url}}}"#);
            let call = server.post("/v1/account/tokens/magic-url", &body).header("host", "evil.example");
            call.header("x-forwarded-host", "evil.example").ok(201).await;
            let link = server.outbox.link();
            assert_eq!(link.as_str().split('?').next(), Some(page));
        }
    }
}

#[tokio::test]
async fn a_texted_code_signs_in_once() {
    let server = Server::new();
    for (path, phone, id) in [("tokens", "+16175551212", "ada"), ("sessions", "+16175551213", "bob")] {
        let body = json!({ "userId": id, "phone": phone }).to_string();
        let reply = server.post(&format!("/v1/account/{path}/phone"), &body).ok(201).await;
        assert_eq!(reply.text, token(&reply.text("$id"), id, "", IN_15_MINUTES, ""));
        let body = redeem(id, &server.outbox.texted_code());
        let reply = server.put("/v1/account/sessions/phone", &body).ok(201).await;
        assert_eq!((reply.value("provider"), reply.value("factors")), ("phone".into(), vec!["phone"].into()));
        let account = server.get("/v1/account").by(&reply.cookie()).ok(200).await;
        assert_eq!((account.value("phone"), account.value("phoneVerification")), (phone.into(), true.into()));
        server.put("/v1/account/sessions/phone", &body).refused(401, "user_invalid_token").await;
    }
    assert_eq!((server.outbox.texts(), server.outbox.len()), (2, 0));
}

#[tokio::test]
async fn every_sign_in_route_takes_every_kind_of_token() {
    let server = Server::new();
    for (number, (method, path)) in SIGN_INS.into_iter().enumerate() {
        for kind in ["email", "magic-url", "phone"] {
            let id = format!("{kind}-{number}");
            let (email, phone) = (format!("{id}@example.com"), format!("+1617555121{number}"));
            let body = json!({ "userId": id, "email": email, "phone": phone }).to_string();
            server.post(&format!("/v1/account/tokens/{kind}"), &body).ok(201).await;
            let secret = match kind {
                "email" => server.outbox.mailed_code(),
                "phone" => server.outbox.texted_code(),
                _ => server.outbox.in_link("secret"),
            };
            server.call(method, path).json(&redeem(&id, &secret)).ok(201).await;
        }
    }
}

#[tokio::test]
async fn a_token_of_the_hosts_own_server_signs_in_once() {
    let server = Server::new();
    server.user("ada").await;
    for (method, path) in SIGN_INS {
        let nobody = ClientInfo::default();
        let trusted = server.service.admin(&nobody);
        let token = trusted.issue_token(&"ada".parse().unwrap(), GenericToken::default()).await.unwrap();
        let body = redeem("ada", token.secret().unwrap().expose());
        let reply = server.call(method, path).json(&body).ok(201).await;
        assert_eq!((reply.value("provider"), reply.value("factors")), ("token".into(), json!(["token"])));
        server.call(method, path).json(&body).refused(401, "user_invalid_token").await;
    }
}

#[tokio::test]
async fn what_is_no_token_signs_nobody_in() {
    let server = Server::new();
    email_code(&server, "ada").await;
    let code = server.outbox.mailed_code();
    for (method, path) in SIGN_INS {
        for (user, secret) in
            [("nobody", &*code), ("unique()", &*code), ("ada", "x"), ("ada", &*"0".repeat(64))]
        {
            let reply =
                server.call(method, path).json(&redeem(user, secret)).refused(401, "user_invalid_token");
            assert!(reply.await.set_cookies().is_empty());
        }
    }
    server.clock.advance(std::time::Duration::from_secs(15 * 60));
    server.post("/v1/account/sessions/token", &redeem("ada", &code)).refused(401, "user_invalid_token").await;
}

#[tokio::test]
async fn tokens_for_other_purposes_sign_nobody_in() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let page = r#""url":"http://localhost/p""#;
    server.post("/v1/account/verification", &format!("{{{page}}}")).by(&cookie).ok(201).await;
    let verification = server.outbox.in_link("secret");
    let body = format!(r#"{{"email":"ada@example.com",{page}}}"#);
    server.post("/v1/account/recovery", &body).ok(201).await;
    for secret in [verification, server.outbox.in_link("secret")] {
        for (method, path) in SIGN_INS {
            let call = server.call(method, path).json(&redeem("ada", &secret));
            call.refused(401, "user_invalid_token").await;
        }
    }
}

#[tokio::test]
async fn a_server_with_the_key_sees_what_was_sent() {
    let server = Server::keyed();
    let keyed = |path: &str, body: &str| server.post(path, body).header("x-appwrite-key", KEY);
    let body = r#"{"userId":"ada","email":"ada@example.com","phone":"+16175551212"}"#;
    let reply = keyed("/v1/account/tokens/email", body).ok(201).await;
    assert_eq!(reply.text("secret"), server.outbox.mailed_code());
    let reply = keyed("/v1/account/tokens/magic-url", body).ok(201).await;
    assert_eq!(reply.text("secret"), server.outbox.in_link("secret"));
    let of_bob = body.replace("ada", "bob");
    let reply = keyed("/v1/account/tokens/phone", &of_bob).ok(201).await;
    assert_eq!(reply.text("secret"), server.outbox.texted_code());
    let code = redeem("bob", &server.outbox.texted_code());
    let reply = keyed("/v1/account/sessions/token", &code).ok(201).await;
    let wire = reply.text("secret");
    let account = server.get("/v1/account").header("x-appwrite-session", &wire).ok(200).await;
    assert_eq!(account.value("$id"), "bob");
}

#[tokio::test]
async fn whoever_is_signed_in_may_let_tokens_be_sent_but_not_sign_in_again() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let body = r#"{"userId":"bob","email":"bob@example.com","phone":"+16175551212"}"#;
    for path in ["tokens/email", "tokens/magic-url"] {
        let reply = server.post(&format!("/v1/account/{path}"), body).by(&cookie).ok(201).await;
        assert_eq!(reply.value("userId"), "bob");
    }
    for (method, path) in SIGN_INS {
        server.call(method, path).json("{}").by(&cookie).refused(401, "user_session_already_exists").await;
    }
}

#[tokio::test]
async fn without_a_sender_there_are_no_tokens() {
    let server = Server::new();
    server.outbox.close();
    let body = r#"{"userId":"ada","email":"ada@example.com","phone":"+16175551212"}"#;
    for path in ["tokens/email", "tokens/magic-url", "sessions/magic-url"] {
        server.post(&format!("/v1/account/{path}"), body).refused(503, "general_smtp_disabled").await;
    }
    for path in ["tokens/phone", "sessions/phone"] {
        server.post(&format!("/v1/account/{path}"), body).refused(503, "general_phone_disabled").await;
    }
    server.post("/v1/account/tokens/email", "{}").refused(400, "general_argument_invalid").await;
}

#[tokio::test]
async fn a_method_that_is_off_is_told_before_parameters() {
    let server = Server::with(
        |config| {
            let methods = &mut config.methods;
            (methods.email_code, methods.magic_url, methods.phone) = (false, false, false);
        },
        |_| {},
        true,
    );
    for path in ["tokens/email", "tokens/magic-url", "tokens/phone", "sessions/magic-url", "sessions/phone"] {
        let call = server.post(&format!("/v1/account/{path}"), "{}");
        let reply = call.refused(501, "user_auth_method_unsupported").await;
        assert!(reply.header("x-ratelimit-remaining").is_some(), "{path}");
    }
}

#[tokio::test]
async fn requests_for_tokens_are_counted_by_address_and_network() {
    for (path, limit, body, other) in [
        ("tokens/email", 10, r#"{"email":"ada@example.com"}"#, None),
        ("tokens/magic-url", 60, r#"{"email":"ada@example.com"}"#, Some(r#"{"email":"bob@example.com"}"#)),
        ("tokens/phone", 10, r#"{"phone":"+16175551212"}"#, Some(r#"{"phone":"+16175551213"}"#)),
    ] {
        let server = Server::limited();
        let path = format!("/v1/account/{path}");
        for remaining in (0..limit).rev() {
            let reply = server.post(&path, body).refused(400, "general_argument_invalid").await;
            assert_eq!(reply.header("x-ratelimit-remaining"), Some(&*remaining.to_string()), "{path}");
        }
        let elsewhere = server.post(&path, body).peer("198.51.100.7");
        elsewhere.refused(429, "general_rate_limit_exceeded").await;
        if let Some(other) = other {
            server.post(&path, other).refused(429, "general_rate_limit_exceeded").await;
            server.post(&path, other).peer("198.51.100.8").refused(400, "general_argument_invalid").await;
        }
    }
}

#[tokio::test]
async fn the_sign_in_routes_share_one_counter() {
    let server = Server::limited();
    let body = redeem("ada", "123456");
    for (method, path) in SIGN_INS.into_iter().cycle().take(10) {
        server.call(method, path).json(&body).refused(401, "user_invalid_token").await;
    }
    for (method, path) in SIGN_INS {
        let call = server.call(method, path).json(&body);
        call.refused(429, "general_rate_limit_exceeded").await;
    }
    let body = redeem("bob", "123456");
    server.post("/v1/account/sessions/token", &body).refused(401, "user_invalid_token").await;
}
