//! The API without a framework: whole, and in part.

use std::sync::{Arc, Mutex};

use account::{
    AccountService, Config, MemoryStore,
    axum::router_of,
    http::{Api, ApiModel, Settings},
    operation::Operation,
    testing::{InstantHasher, ManualClock},
};
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::{
    http::{Outbox, Server, Service},
    master_key,
};

fn request(method: &str, path: &str, body: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("x-appwrite-project", "default")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

fn api(service: &Service) -> Api<MemoryStore, Outbox, Outbox, ManualClock> {
    Api::new(service.clone(), &Settings::default()).unwrap()
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_call_answers_as_the_router_does() {
    let server = Server::new();
    let api = api(&server.service);
    let peer = Some([192, 0, 2, 1].into());
    let body = r#"{"userId":"ada","email":"ada@example.com","password":"violet-anvil-71","name":"Ada"}"#;
    assert_eq!(api.call(request("POST", "/v1/account", body), peer).await.status(), 201);
    let body = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;
    let signed_in = api.call(request("POST", "/v1/account/sessions/email", body), peer).await;
    assert_eq!((signed_in.status().as_u16(), json(&signed_in)["ip"].as_str()), (201, Some("192.0.2.1")));
    let cookies = signed_in.headers().get_all("set-cookie");
    let cookie = cookies.iter().next_back().unwrap().to_str().unwrap().split(';').next().unwrap();

    let mut get = request("GET", "/v1/account", "");
    get.headers_mut().insert("cookie", cookie.parse().unwrap());
    let here = api.call(get, peer).await;
    let there = server.get("/v1/account").header("cookie", cookie).ok(200).await;
    let (text, mut headers) = (there.text, there.headers);
    // The router's own.
    headers.remove("content-length");
    assert_eq!((here.body(), here.headers()), (&Bytes::from(text), &headers));
}

#[tokio::test]
async fn a_body_over_the_maximum_is_refused() {
    let server = Server::new();
    let api = api(&server.service);
    let long = format!(r#"{{"email":"{}"}}"#, "a".repeat(70_000));
    let reply = api.call(request("POST", "/v1/account", &long), None).await;
    assert_eq!(
        (reply.status().as_u16(), json(&reply)["type"].as_str()),
        (400, Some("general_argument_invalid"))
    );
}

#[tokio::test]
async fn a_panic_in_the_applications_code_is_a_response() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.outbox.panic_from_now_on();
    let api = api(&server.service);
    let mut call = request("POST", "/v1/account/verification", r#"{"url":"http://localhost:8080/verify"}"#);
    call.headers_mut().insert("cookie", cookie.0.parse().unwrap());
    let reply = api.call(call, None).await;
    assert_eq!((reply.status().as_u16(), json(&reply)["type"].as_str()), (500, Some("general_unknown")));
    assert_eq!(reply.headers()["vary"], "Origin");
}

#[tokio::test]
async fn a_part_of_the_api_serves_its_own_operations_only() {
    let server = Server::new();
    let api = api(&server.service).only([Operation::User, Operation::SignInWithPassword]);
    server.user("ada").await;
    let router = router_of(api);
    let ask = async |method: &str, path: &str, body: &str| {
        let response = router.clone().oneshot(request(method, path, body).map(Body::from)).await.unwrap();
        response.status().as_u16()
    };
    let body = r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#;
    assert_eq!(ask("POST", "/v1/account/sessions/email", body).await, 201);
    assert_eq!(ask("GET", "/v1/account", "").await, 401);
    for (method, path) in [
        ("POST", "/v1/account"),
        ("GET", "/v1/account/sessions/magic-url/complete"),
        ("GET", "/v1/account/sessions/oauth2/complete/success"),
        ("GET", "/v1/account/sessions/oauth2/callback/github/default?code=a&state=b"),
        ("POST", "/v1/account/sessions/anonymous"),
    ] {
        assert_eq!(ask(method, path, "").await, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn a_part_for_oauth2_serves_the_way_back() {
    let server = Server::new();
    let api = api(&server.service).only(Operation::OAUTH2.iter().copied());
    for (path, status) in [
        ("/v1/account/sessions/oauth2/complete/success", 200),
        ("/v1/account/sessions/oauth2/callback/github/default?code=a&state=b", 302),
        ("/v1/account/sessions/oauth2/github", 412),
        ("/v1/account/sessions/magic-url/complete", 404),
    ] {
        assert_eq!(api.call(request("GET", path, ""), None).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_change_is_known_by_its_method_or_as_the_end_of_a_flow() {
    let server = Server::new();
    let api = api(&server.service);
    for (method, path, expected) in [
        ("GET", "/v1/account", false),
        ("HEAD", "/v1/account", false),
        ("OPTIONS", "/v1/account", false),
        ("POST", "/v1/account", true),
        ("DELETE", "/v1/account/sessions", true),
        ("GET", "/v1/account/sessions/oauth2/github/redirect", true),
        ("GET", "/v1/account/sessions/redirect", false),
    ] {
        let (parts, _) = request(method, path, "").into_parts();
        assert_eq!(api.is_change(&parts), expected, "{method} {path}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// C10: twelve requests without `ConnectInfo` share one limit, which is written to the log once.
#[test]
fn a_missing_peer_is_an_error_in_the_log_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let statuses: Vec<u16> = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let service = AccountService::builder(MemoryStore::new())
                .config(Config::new(master_key()))
                .hasher(InstantHasher::default())
                .build()
                .unwrap();
            let router = account::axum::router(service);
            let mut statuses = Vec::new();
            for number in 0..12 {
                let body = format!(
                    r#"{{"userId":"u{number}","email":"u{number}@example.com","password":"violet-anvil-71"}}"#
                );
                let request = request("POST", "/v1/account", &body).map(Body::from);
                statuses.push(router.clone().oneshot(request).await.unwrap().status().as_u16());
            }
            statuses
        })
    });
    assert_eq!((&statuses[..10], &statuses[10..]), (&[201; 10][..], &[429; 2][..]));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("without the address of their peer").count(), 1, "{log}");
    assert!(log.contains("into_make_service_with_connect_info"), "{log}");
}

#[tokio::test]
async fn a_value_serializes_as_the_api_sends_it() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let secret = account::model::SessionSecret::from_wire(&cookie.wire()).unwrap();
    let caller = server.service.caller(&secret).await.unwrap();

    let user = server.service.user(&caller).await.unwrap();
    let sent = server.get("/v1/account").by(&cookie).ok(200).await;
    assert_eq!(serde_json::to_string(&ApiModel(&user)).unwrap(), sent.text);

    let sessions = server.service.sessions(&caller).await.unwrap();
    let sent = server.get("/v1/account/sessions").by(&cookie).ok(200).await;
    assert_eq!(serde_json::to_string(&ApiModel(&*sessions)).unwrap(), sent.text);
    let sent = server.get("/v1/account/sessions/current").by(&cookie).ok(200).await;
    assert_eq!(serde_json::to_string(&ApiModel(&sessions[0])).unwrap(), sent.text);

    let factors = server.service.factors(&caller).await.unwrap();
    let sent = server.get("/v1/account/mfa/factors").by(&cookie).ok(200).await;
    assert_eq!(serde_json::to_string(&ApiModel(&factors)).unwrap(), sent.text);
}
