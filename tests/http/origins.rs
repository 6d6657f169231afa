//! Origins: forged requests, CORS, and the headers that every reply carries.

use crate::support::http::{Call, Server};

fn server() -> Server {
    Server::set(|settings| {
        settings.public_url = "https://api.example.net/base".into();
        settings.allowed_hosts =
            vec!["localhost".into(), "app.example.com".into(), "*.tenant.example".into()];
    })
}

const ALLOWED: [&str; 8] = [
    "https://app.example.com",
    "https://APP.example.com:8443",
    "https://a.tenant.example",
    "http://localhost:3000",
    "https://api.example.net",
    "appwrite-android://com.example.notes",
    "appwrite-ios://com.example.notes",
    "appwrite-ios://COM.example.notes",
];

const FOREIGN: [&str; 14] = [
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "https://evilapp.example.com",
    "https://tenant.example",
    "https://a.b.tenant.example",
    "https://app.example.com@evil.example",
    "http://api.example.net",
    "https://api.example.net:8443",
    "appwrite-android://com.example.other",
    "appwrite-web://com.example.notes",
    "null",
    "",
    "app.example.com",
];

fn change(server: &Server) -> Call {
    server.post("/v1/account", "{}")
}

#[tokio::test]
async fn h21_changes_of_foreign_origins_are_refused() {
    let server = server();
    for origin in ALLOWED {
        change(&server).header("origin", origin).refused(400, "general_argument_invalid").await;
        change(&server).header("referer", origin).refused(400, "general_argument_invalid").await;
    }
    for origin in FOREIGN {
        let reply = change(&server).header("origin", origin).refused(403, "general_unknown_origin").await;
        let setting = if origin.starts_with("appwrite-") { "allowed_apps" } else { "allowed_hosts" };
        assert!(reply.message().contains(setting), "{origin}: {}", reply.text);
        change(&server)
            .header("referer", &format!("{origin}/page"))
            .refused(403, "general_unknown_origin")
            .await;
    }
    change(&server)
        .header("referer", "https://app.example.com/page?a=b")
        .refused(400, "general_argument_invalid")
        .await;
    change(&server).header("origin", "appwrite-android://").refused(400, "general_argument_invalid").await;
    let both = change(&server)
        .header("origin", "https://evil.example")
        .header("referer", "https://app.example.com/");
    both.refused(403, "general_unknown_origin").await;
    for method in ["PUT", "PATCH", "DELETE"] {
        server
            .call(method, "/v1/account/x")
            .header("origin", "https://evil.example")
            .refused(403, "general_unknown_origin")
            .await;
    }
}

#[tokio::test]
async fn reading_is_open_to_any_origin_but_only_allowed_ones_see_the_answer() {
    let server = server();
    let cookie = server.user("ada").await;
    for origin in ALLOWED {
        let reply = server.get("/v1/account").by(&cookie).header("origin", origin).ok(200).await;
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(
            reply.header("access-control-expose-headers"),
            Some("X-Appwrite-Session, X-Fallback-Cookies")
        );
    }
    for origin in FOREIGN {
        let reply = server.get("/v1/account").by(&cookie).header("origin", origin).ok(200).await;
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{origin}");
        assert_eq!(reply.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn h21_a_cookie_alone_changes_nothing() {
    let server = server();
    let cookie = server.user("ada").await;
    let path = "/v1/account/name?project=default";
    let bare = || server.patch(path, r#"{"name":"Eve"}"#).by(&cookie).without("x-appwrite-project");
    bare().refused(403, "general_unknown_origin").await;
    for site in ["cross-site", "none", "same-origin, same-origin"] {
        bare().header("sec-fetch-site", site).refused(403, "general_unknown_origin").await;
    }
    for site in ["same-origin", "same-site"] {
        bare().header("sec-fetch-site", site).ok(200).await;
    }
    bare().header("x-appwrite-project", "default").ok(200).await;
    bare().header("origin", "https://app.example.com").ok(200).await;
    bare().header("origin", "appwrite-ios://").refused(403, "general_unknown_origin").await;
    bare().without("cookie").header("x-appwrite-session", &cookie.wire()).ok(200).await;
}

#[tokio::test]
async fn a_preflight_names_what_is_allowed() {
    let server = server();
    for path in ["/v1/account", "/v1/account/sessions/email", "/v1/account/nothing"] {
        let call = server
            .call("OPTIONS", path)
            .without("x-appwrite-project")
            .header("origin", "https://app.example.com");
        let reply = call.ok(204).await;
        assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(reply.header("access-control-allow-methods"), Some("GET, POST, PUT, PATCH, DELETE"));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(
            reply.header("access-control-allow-headers"),
            Some(
                "Content-Type, X-Appwrite-Project, X-Appwrite-Key, X-Appwrite-Locale, X-Appwrite-Mode, X-Appwrite-JWT, X-Appwrite-Response-Format, X-Appwrite-Timeout, X-SDK-Version, X-SDK-Name, X-SDK-Language, X-SDK-Platform, X-SDK-GraphQL, X-Appwrite-ID, X-Appwrite-Timestamp, Content-Range, Range, Cache-Control, Expires, Pragma, X-Appwrite-Session, X-Fallback-Cookies, X-Forwarded-For, X-Forwarded-User-Agent, Cookie, Set-Cookie, Origin, Accept, X-Requested-With"
            )
        );
        let foreign = server.call("OPTIONS", path).header("origin", "https://evil.example").ok(204).await;
        assert!(!foreign.headers.keys().any(|name| name.as_str().starts_with("access-control")));
        assert_eq!((foreign.text.as_str(), foreign.header("content-type")), ("", None));
    }
}

#[tokio::test]
async fn every_reply_is_kept_by_nobody() {
    let server = server();
    let cookie = server.user("ada").await;
    for (method, path, status) in [
        ("GET", "/v1/account", 200),
        ("PATCH", "/v1/account/name", 400),
        ("GET", "/v1/account/nothing", 404),
        ("OPTIONS", "/v1/account", 204),
        ("HEAD", "/v1/account", 200),
        ("DELETE", "/v1/account/sessions/current", 204),
        ("GET", "/v1/account", 401),
    ] {
        let reply = server.call(method, path).by(&cookie).ok(status).await;
        for (name, value) in [
            ("cache-control", "no-cache, no-store, must-revalidate"),
            ("expires", "0"),
            ("pragma", "no-cache"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("vary", "Origin"),
            ("strict-transport-security", "max-age=10886400"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{method} {path}");
        }
        assert_eq!(reply.header("content-type").is_some(), status != 204, "{method} {path}");
    }
    assert_eq!(Server::new().get("/v1/account").send().await.header("strict-transport-security"), None);
}
