//! The HTTP client against servers on this machine.

use std::{net::Ipv4Addr, time::Duration};

use account::{
    ReqwestClient,
    ports::{HttpClient, HttpError, HttpMethod, HttpRequest, HttpResponse},
};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, StatusCode},
    response::IntoResponse,
    routing::{any, get},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// A server that echoes, redirects, talks without end, or falls silent.
async fn server() -> Url {
    let router = Router::new()
        .route("/echo", any(echo))
        .route("/moved", get(|| async { (StatusCode::FOUND, [("location", "/echo")]) }))
        .route("/long", get(|| async { "x".repeat(1_000) }))
        .route("/endless", get(|| async { Body::new(Endless) }))
        .route("/silent", get(std::future::pending::<()>));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Url::parse(&format!("http://{address}")).unwrap()
}

async fn echo(method: Method, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let sent = headers.get("x-sent").map_or("", |value| value.to_str().unwrap());
    let body = format!("{method} {sent} {}", String::from_utf8_lossy(&body));
    (StatusCode::IM_A_TEAPOT, [("x-received", "yes")], body)
}

/// A body of unknown length that never ends.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&[b'x'; 4096])))))
    }
}

async fn send(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    ReqwestClient::new().unwrap().send(request).await
}

async fn to(path: &str) -> HttpRequest {
    HttpRequest::new(HttpMethod::Get, server().await.join(path).unwrap())
}

#[tokio::test]
async fn method_headers_and_bodies_go_both_ways_and_any_status_is_a_reply() {
    let url = server().await.join("/echo").unwrap();
    for (method, name) in
        [(HttpMethod::Get, "GET"), (HttpMethod::Post, "POST"), (HttpMethod::Delete, "DELETE")]
    {
        let request = HttpRequest::new(method, url.clone())
            .with_header("X-Sent", "one".to_owned())
            .with_body("text/plain", b"two".to_vec());
        let reply = send(request).await.unwrap();
        assert_eq!((reply.status(), reply.header("X-Received")), (418, Some("yes")));
        assert_eq!(String::from_utf8_lossy(reply.body()), format!("{name} one two"));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let reply = send(to("/moved").await).await.unwrap();
    assert_eq!((reply.status(), reply.header("location")), (302, Some("/echo")));
}

#[tokio::test]
async fn a_reply_may_be_as_long_as_the_limit_and_not_longer() {
    let reply = send(to("/long").await.with_reply_limit(1_000)).await.unwrap();
    assert_eq!(reply.body().len(), 1_000);
    let longer = send(to("/long").await.with_reply_limit(999)).await;
    assert!(matches!(longer, Err(HttpError::TooLarge)));
    let endless = send(to("/endless").await).await;
    assert!(matches!(endless, Err(HttpError::TooLarge)));
}

#[tokio::test]
async fn a_reply_that_does_not_come_is_waited_for_only_so_long() {
    let silent = send(to("/silent").await.with_timeout(Duration::from_millis(20))).await;
    assert!(matches!(silent, Err(HttpError::TimedOut)));
    let endless = to("/endless").await.with_timeout(Duration::from_millis(20)).with_reply_limit(usize::MAX);
    assert!(matches!(send(endless).await, Err(HttpError::TimedOut)));
}

#[tokio::test]
async fn a_server_that_ends_connections_it_kept_open_fails_no_request() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer_once(stream));
        }
    });
    let client = ReqwestClient::new().unwrap();
    for method in [HttpMethod::Post, HttpMethod::Post, HttpMethod::Get, HttpMethod::Get] {
        let request = HttpRequest::new(method, url.clone()).with_body("text/plain", b"code".to_vec());
        assert_eq!(client.send(request).await.unwrap().status(), 204);
    }
}

/// Answers the first request of a connection, which may be kept open; ends it when there is
/// another.
async fn answer_once(mut stream: TcpStream) {
    let mut heard = [0; 4096];
    while !heard.windows(8).any(|end| end == b"\r\n\r\ncode") {
        let free = heard.iter().position(|byte| *byte == 0).unwrap();
        assert_ne!(stream.read(&mut heard[free..]).await.unwrap(), 0);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    stream.readable().await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_an_error_that_does_not_show_the_url() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/hidden?key=hidden")).unwrap();
    let error = send(HttpRequest::new(HttpMethod::Get, url)).await.unwrap_err();
    assert!(matches!(error, HttpError::Unavailable(Some(_))));
    let mut shown = format!("{error:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        shown.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!shown.contains("hidden"), "{shown}");
}

#[tokio::test]
async fn what_is_no_http_request_is_not_sent() {
    let file = HttpRequest::new(HttpMethod::Get, Url::parse("file:///etc/passwd").unwrap());
    assert!(matches!(send(file).await, Err(HttpError::Malformed(_))));
    for (name, value) in [("X", "a\r\nY: b"), ("X Y", "a"), ("X:", "a"), ("", "a")] {
        let request = to("/echo").await.with_header(name, value.to_owned());
        assert!(matches!(send(request).await, Err(HttpError::Malformed(_))), "{name:?}: {value:?}");
    }
}

#[tokio::test]
async fn a_request_for_the_public_network_goes_nowhere_else() {
    let server = server().await;
    let port = server.port().unwrap();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0.0.0.0",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ];
    let client = ReqwestClient::new().unwrap();
    for host in hosts {
        let url = Url::parse(&format!("http://{host}:{port}/echo")).unwrap();
        let request = HttpRequest::new(HttpMethod::Get, url).with_timeout(Duration::from_secs(5));
        let refused = client.send(request.with_public_network_only()).await;
        assert!(matches!(refused, Err(HttpError::PrivateAddress)), "{host}: {refused:?}");
    }
    // Without that, names and addresses of this machine are as good as any; and what was allowed
    // once serves none of the above.
    for host in ["127.0.0.1", "localhost"] {
        let url = Url::parse(&format!("http://{host}:{port}/echo")).unwrap();
        let request = HttpRequest::new(HttpMethod::Get, url);
        assert_eq!(client.send(request).await.unwrap().status(), 418, "{host}");
        let url = Url::parse(&format!("http://{host}:{port}/echo")).unwrap();
        let refused = client.send(HttpRequest::new(HttpMethod::Get, url).with_public_network_only()).await;
        assert!(matches!(refused, Err(HttpError::PrivateAddress)), "{host}: {refused:?}");
    }
}

#[tokio::test]
async fn https_is_never_answered_in_the_clear() {
    let mut url = server().await.join("/echo").unwrap();
    url.set_scheme("https").unwrap();
    let refused = send(HttpRequest::new(HttpMethod::Get, url)).await;
    assert!(matches!(refused, Err(HttpError::Unavailable(_))));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let handshake = std::thread::spawn(move || {
        let mut tls = self_signed();
        let (mut stream, _) = listener.accept().unwrap();
        tls.complete_io(&mut stream).map(|_| ())
    });
    let refused = send(HttpRequest::new(HttpMethod::Get, Url::parse(&url).unwrap())).await;
    assert!(matches!(refused, Err(HttpError::Unavailable(_))));
    let alert = handshake.join().unwrap().unwrap_err().to_string();
    assert!(alert.contains("UnknownCA"), "{alert}");
}

fn self_signed() -> rustls::ServerConnection {
    use rustls::{ServerConfig, crypto::ring, pki_types::pem::PemObject as _};

    let certificate = include_bytes!("../support/smtp/localhost.pem");
    let key = include_bytes!("../support/smtp/localhost.key");
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![rustls::pki_types::CertificateDer::from_pem_slice(certificate).unwrap()],
            rustls::pki_types::PrivateKeyDer::from_pem_slice(key).unwrap(),
        )
        .unwrap();
    rustls::ServerConnection::new(config.into()).unwrap()
}

#[test]
fn a_client_installs_nothing_in_the_process() {
    ReqwestClient::new().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
