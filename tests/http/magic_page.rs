//! The page behind a sign-in link without page of its own.

use crate::support::http::Server;

const PATH: &str = "/v1/account/sessions/magic-url/complete";

#[tokio::test]
async fn opening_the_page_changes_nothing_and_keeps_the_secret_to_itself() {
    let server = Server::new();
    let body = r#"{"userId":"ada","email":"ada@example.com"}"#;
    server.post("/v1/account/tokens/magic-url", body).ok(201).await;
    let link = server.outbox.link();
    let query = link.query().unwrap();
    for method in ["GET", "HEAD", "GET"] {
        // A browser that follows a link sends no header of the API.
        let call = server.call(method, &format!("{PATH}?{query}")).without("x-appwrite-project");
        let reply = call.header("origin", "https://mail.example").ok(200).await;
        assert!(reply.set_cookies().is_empty());
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(reply.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
        let policy = reply.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "script-src 'sha256-", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!reply.text.contains(&server.outbox.in_link("secret")));
    }
    // What its button sends.
    let (user, secret) = (server.outbox.in_link("userId"), server.outbox.in_link("secret"));
    let body = format!(r#"{{"userId":"{user}","secret":"{secret}"}}"#);
    let call = server.put("/v1/account/sessions/magic-url", &body);
    let call = call.header("x-appwrite-project", &server.outbox.in_link("project"));
    call.header("origin", "http://localhost:8080").ok(201).await;
}

#[tokio::test]
async fn the_page_is_the_same_whatever_is_asked() {
    let server = Server::new();
    let page = server.get(PATH).ok(200).await.text;
    for query in ["?userId=%3Cscript%3Ealert(1)%3C/script%3E", "?secret=%22%3E%3Cimg%20src=x%3E", "?%zz", "?"]
    {
        assert_eq!(server.get(&format!("{PATH}{query}")).ok(200).await.text, page);
    }
}

#[tokio::test]
async fn the_page_takes_nothing() {
    let server = Server::new();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        server.call(method, PATH).json("{}").refused(404, "general_route_not_found").await;
    }
    server.get(&format!("{PATH}/")).refused(404, "general_route_not_found").await;
}

#[tokio::test]
async fn on_https_the_page_pins_it() {
    let server = Server::set(|settings| settings.public_url = "https://api.example.net".into());
    assert!(server.get(PATH).ok(200).await.header("strict-transport-security").is_some());
}
