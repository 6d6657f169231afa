//! Clients as they are in the field: web views, several cookies, native apps on plain http, servers
//! that render for others, and apps with tracing.

use crate::support::http::{Cookie, KEY, SIGN_IN, Server};

#[tokio::test]
async fn c1_a_web_view_calls_and_reads_the_response() {
    let views = ["tauri://localhost", "capacitor://localhost", "chrome-extension://abcdefghijklmnop"];
    let server = Server::set(|settings| settings.allowed_hosts.extend(views.map(str::to_owned)));
    for view in views {
        let call = server.post("/v1/account/sessions/anonymous", "{}").header("origin", view);
        assert_eq!(call.ok(201).await.header("access-control-allow-origin"), Some(view));
    }
    for other in ["tauri://localhost:1", "ionic://localhost", "null", "file://"] {
        let call = server.post("/v1/account/sessions/anonymous", "{}").header("origin", other);
        call.refused(403, "general_unknown_origin").await;
    }
}

#[tokio::test]
async fn c2_c3_loopback_names_and_every_platform_may_call() {
    let server = Server::set(|settings| settings.allowed_hosts.push("*.localhost".into()));
    for origin in [
        "http://tauri.localhost",
        "http://127.0.0.1:5173",
        "http://[::1]:5173",
        "appwrite-visionos://com.example.notes",
    ] {
        server.post("/v1/account/sessions/anonymous", "{}").header("origin", origin).ok(201).await;
    }
}

#[tokio::test]
async fn c4_a_server_with_the_key_forwards_the_agent_of_its_client() {
    const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let server = Server::keyed();
    server.user("ada").await;
    let sign_in = || {
        let call = server.post("/v1/account/sessions/email", SIGN_IN).header("x-forwarded-user-agent", AGENT);
        call.header("user-agent", "AppwriteNodeJSSDK/14.1.0")
    };
    assert_eq!(sign_in().header("x-appwrite-key", KEY).ok(201).await.value("clientName"), "Firefox");
    assert_ne!(sign_in().ok(201).await.value("clientName"), "Firefox", "without the key it is a claim");
}

#[tokio::test]
async fn c6_native_apps_keep_the_cookies_of_plain_http() {
    let server = Server::set(|settings| settings.cross_site_cookies = true);
    server.user("ada").await;
    let sign_in = || server.post("/v1/account/sessions/email", SIGN_IN);
    for native in [sign_in(), sign_in().header("origin", "appwrite-ios://com.example.notes")] {
        let reply = native.ok(201).await;
        assert!(reply.set_cookies().iter().all(|line| !line.contains("Secure")), "{:?}", reply.set_cookies());
        server.get("/v1/account").by(&reply.cookie()).ok(200).await;
    }
    for web in [("origin", "https://app.example.com"), ("sec-fetch-site", "cross-site")] {
        let reply = sign_in().header(web.0, web.1).ok(201).await;
        assert!(reply.set_cookies().iter().all(|line| line.contains("; Secure")), "{web:?}");
    }
    let https = Server::set(|settings| {
        settings.cross_site_cookies = true;
        settings.public_url = "https://api.example.com".into();
    });
    let reply = https.post("/v1/account/sessions/anonymous", "{}").ok(201).await;
    assert!(reply.set_cookies().iter().all(|line| line.contains("; Secure")));
}

#[tokio::test]
async fn c7_the_live_one_of_several_cookies_counts() {
    let server = Server::new();
    let old = server.user("ada").await;
    server.call("DELETE", "/v1/account/sessions/current").by(&old).ok(204).await;
    let live = server.sign_in("ada").await;
    let both = |first: &Cookie, second: &Cookie| format!("{}; {}", first.0, second.0);
    for cookies in
        [both(&old, &live), both(&live, &old), format!("{}; {}", both(&old, &old), both(&old, &live))]
    {
        server.get("/v1/account").header("cookie", &cookies).ok(200).await;
    }
    let fifth = format!("{}; {}; {}", both(&old, &old), both(&old, &old), live.0);
    server.get("/v1/account").header("cookie", &fifth).refused(401, "general_unauthorized_scope").await;
    // The one that counts is the current one, and ends.
    server.call("DELETE", "/v1/account/sessions/current").header("cookie", &both(&old, &live)).ok(204).await;
    server.get("/v1/account").by(&live).refused(401, "general_unauthorized_scope").await;
}

#[tokio::test]
async fn c9_a_page_may_send_the_headers_of_its_tracing() {
    let server = Server::new();
    let preflight = |origin: &str| {
        let call = server.call("OPTIONS", "/v1/account").header("origin", origin);
        call.header("access-control-request-headers", "content-type, traceparent,baggage, x-b3-traceid, a b")
    };
    let reply = preflight("https://app.example.com").ok(204).await;
    let allowed: Vec<_> = reply.header("access-control-allow-headers").unwrap().split(", ").collect();
    for name in ["Content-Type", "X-Appwrite-Project", "traceparent", "baggage", "x-b3-traceid"] {
        assert!(allowed.contains(&name), "{name}: {allowed:?}");
    }
    assert!(!allowed.contains(&"a b"), "no name of a header");
    assert_eq!(preflight("https://evil.example").ok(204).await.header("access-control-allow-headers"), None);
}
