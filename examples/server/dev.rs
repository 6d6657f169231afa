//! `GET /dev/outbox` and `GET /dev`: the unsent messages as JSON and as a page, for programs on
//! this machine only.

use std::{net::SocketAddr, sync::LazyLock};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use crate::outbox::Outbox;

const PAGE: &str = include_str!("dev.html");

/// Allows only the page's own script and style. Frames with the HTML of an email inherit this
/// policy, so they load nothing either.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let script = PAGE.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>"));
    let digest = BASE64.encode(&Sha256::digest(script.map_or("", |(script, _)| script)));
    format!(
        "default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; \
         connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
});

/// The routes. Mounted only while the server listens on loopback.
pub(crate) fn router(outbox: Outbox) -> Router {
    Router::new()
        .route("/dev/outbox", get(list))
        .route("/dev", get(page))
        .layer(middleware::from_fn(allow_this_machine_only))
        .with_state(outbox)
}

async fn list(State(outbox): State<Outbox>) -> Response {
    match outbox.to_json() {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], json)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE).into_response()
}

async fn allow_this_machine_only(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !is_from_this_machine(peer, request.headers()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}

/// Whether a program on this machine made the request, on its own behalf.
///
/// # Security
/// Rejects requests that a proxy forwards, if it says so in any of the usual headers; requests that
/// a page of another site makes; and requests under a foreign host name, which such a page can point
/// at loopback (DNS rebinding).
fn is_from_this_machine(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let is_forwarded = headers.keys().map(header::HeaderName::as_str).any(|name| {
        matches!(name, "forwarded" | "via" | "x-real-ip" | "true-client-ip" | "x-client-ip")
            || ["x-forwarded-", "cf-"].iter().any(|start| name.starts_with(start))
    });
    let is_foreign =
        headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<Authority>().ok());
    peer.ip().to_canonical().is_loopback()
        && !is_forwarded
        && !is_foreign
        && host.is_some_and(|host| is_loopback(host.host()))
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn sees_outbox(peer: &str, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            })
            .collect();
        is_from_this_machine(peer.parse().unwrap(), &headers)
    }

    #[test]
    fn programs_on_this_machine_see_the_outbox() {
        assert!(sees_outbox("127.0.0.1:9", &[("host", "localhost:8080")]));
        assert!(sees_outbox("[::1]:9", &[("host", "[::1]:8080")]));
        assert!(sees_outbox("[::ffff:127.0.0.1]:9", &[("host", "127.0.0.1")]));
    }

    #[test]
    fn other_machines_do_not_see_the_outbox() {
        assert!(!sees_outbox("192.0.2.7:9", &[("host", "localhost:8080")]));
        assert!(!sees_outbox("127.0.0.1:9", &[("host", "localhost"), ("x-forwarded-for", "192.0.2.7")]));
        assert!(!sees_outbox("127.0.0.1:9", &[("host", "localhost"), ("forwarded", "for=192.0.2.7")]));
        for name in ["via", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "cf-connecting-ip"] {
            assert!(!sees_outbox("127.0.0.1:9", &[("host", "localhost"), (name, "x")]), "{name}");
        }
        let site = |site| [("host", "localhost"), ("sec-fetch-site", site)];
        assert!(!sees_outbox("127.0.0.1:9", &site("cross-site")));
        assert!(
            sees_outbox("127.0.0.1:9", &site("same-origin")) && sees_outbox("127.0.0.1:9", &site("none"))
        );
        assert!(!sees_outbox("127.0.0.1:9", &[("host", "rebound.example.com:8080")]));
        assert!(!sees_outbox("127.0.0.1:9", &[("host", "localhost.example.com")]));
        assert!(!sees_outbox("127.0.0.1:9", &[]));
    }

    #[test]
    fn the_page_allows_only_its_own_script() {
        assert_eq!(PAGE.matches("<script>").count(), 1);
        assert!(!PAGE.contains(" src=") && !PAGE.contains("href=\"http"));
        let empty = BASE64.encode(&Sha256::digest(""));
        assert!(!PAGE_POLICY.contains(&empty));
    }
}
