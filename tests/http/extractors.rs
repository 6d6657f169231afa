//! The extractors, in a router of an application's own.

use std::net::SocketAddr;

use account::{
    Caller,
    axum::{Authenticator, FreshCaller, Settings},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRef, State},
    http::Request,
    routing::get,
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::http::{Cookie, Server};

#[derive(Clone)]
struct AppState {
    greeting: &'static str,
    authenticator: Authenticator,
}

impl FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}

async fn greet(State(state): State<AppState>, caller: Caller) -> String {
    let ip = caller.client().ip().map(|ip| ip.to_string()).unwrap_or_default();
    format!("{} {} from {ip}", state.greeting, caller.user_id())
}

async fn maybe(caller: Option<Caller>) -> String {
    caller.map_or("nobody".into(), |caller| caller.user_id().to_string())
}

async fn fresh(FreshCaller(caller): FreshCaller) -> String {
    caller.user_id().to_string()
}

fn app(server: &Server) -> Router {
    let mut settings = Settings::default();
    settings.allowed_hosts = vec!["app.example.com".into()];
    let authenticator = Authenticator::new(server.service.clone(), &settings).unwrap();
    Router::new()
        .route("/greet", get(greet).post(greet))
        .route("/maybe", get(maybe))
        .route("/fresh", get(fresh))
        .fallback(|| async { "the host's own fallback" })
        .with_state(AppState { greeting: "Hello", authenticator })
        .merge(server.router.clone())
}

async fn ask(app: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711)));
    let response = app.clone().oneshot(request.extension(peer).body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8(to_bytes(response.into_body(), 4096).await.unwrap().to_vec()).unwrap())
}

fn kind(reply: &(u16, String)) -> (u16, String) {
    let body: Value = serde_json::from_str(&reply.1).unwrap();
    (reply.0, body["type"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn own_routes_know_the_caller() {
    let server = Server::new();
    let app = app(&server);
    let Cookie(cookie) = &server.user("ada").await;
    let cookies = [("cookie", cookie.as_str())];
    assert_eq!(ask(&app, "GET", "/greet", &cookies).await, (200, "Hello ada from 192.0.2.1".into()));
    assert_eq!(ask(&app, "GET", "/maybe", &cookies).await, (200, "ada".into()));
    assert_eq!(ask(&app, "GET", "/maybe", &[]).await, (200, "nobody".into()));
    assert_eq!(kind(&ask(&app, "GET", "/greet", &[]).await), (401, "general_unauthorized_scope".into()));
    assert_eq!(kind(&ask(&app, "GET", "/fresh", &cookies).await), (401, "user_challenge_required".into()));
    assert_eq!(
        kind(&ask(&app, "GET", "/maybe", &[("x-appwrite-jwt", "a.b.c")]).await),
        (401, "user_jwt_invalid".into())
    );
    assert_eq!(ask(&app, "GET", "/elsewhere", &[]).await, (200, "the host's own fallback".into()));
}

#[tokio::test]
async fn own_routes_refuse_forged_changes() {
    let server = Server::new();
    let app = app(&server);
    let cookie = server.user("ada").await;
    let by_cookie = ("cookie", cookie.0.as_str());
    let forged = kind(&ask(&app, "POST", "/greet", &[by_cookie]).await);
    assert_eq!(forged, (403, "general_unknown_origin".into()));
    let forged = kind(&ask(&app, "POST", "/greet", &[by_cookie, ("origin", "https://evil.example")]).await);
    assert_eq!(forged, (403, "general_unknown_origin".into()));
    for allowed in [("origin", "https://app.example.com"), ("sec-fetch-site", "same-origin")] {
        assert_eq!(ask(&app, "POST", "/greet", &[by_cookie, allowed]).await.0, 200);
    }
    assert_eq!(ask(&app, "POST", "/greet", &[("x-appwrite-session", &cookie.wire())]).await.0, 200);
}

#[tokio::test]
async fn own_routes_are_closed_to_the_blocked() {
    let server = Server::new();
    let app = app(&server);
    let cookie = server.user("ada").await;
    server.patch("/v1/account/status", "{}").by(&cookie).ok(200).await;
    for path in ["/greet", "/maybe"] {
        let reply = ask(&app, "GET", path, &[("cookie", cookie.0.as_str())]).await;
        assert_eq!(kind(&reply), (401, "user_blocked".into()));
    }
}
