//! The page that a sign-in link leads to if its client named none: a button that redeems the link.
//!
//! Opening it changes nothing, because mail scanners and previews open links too. It is the same for everybody: nothing of the request is
//! written into it, so there is nothing to escape.

use std::sync::LazyLock;

use axum::{
    body::Body,
    http::{HeaderValue, Method, header, request::Parts},
    response::Response,
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::reply::harden;

/// Where it is, under the public URL. The page sends its request to `../magic-url`, seen from here.
pub(super) const PATH: &str = "/v1/account/sessions/magic-url/complete";

const PAGE: &str = include_str!("magic_page.html");

/// Nothing but the page's own script and style, calls to its own origin, and no frame around it (CSP Level 3).
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        digest_of("script"),
        digest_of("style")
    )
});

pub(super) fn is_asked_for(parts: &Parts) -> bool {
    parts.uri.path() == PATH && matches!(parts.method, Method::GET | Method::HEAD)
}

pub(super) fn response() -> Response {
    let mut response = Response::new(Body::from(PAGE));
    let headers = response.headers_mut();
    harden(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What the policy calls the page's one element of this name.
fn digest_of(element: &str) -> String {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let inner = PAGE.split_once(&start).and_then(|(_, rest)| rest.split_once(&end));
    let inner = inner.map(|(inner, _)| inner).unwrap_or_default();
    format!("sha256-{}", BASE64.encode(&Sha256::digest(inner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_runs_its_own_script_and_loads_nothing() {
        assert_eq!((PAGE.matches("<script").count(), PAGE.matches("<style").count()), (1, 1));
        assert!(![" src=", " href=", " style=", " onclick=", "innerHTML"].iter().any(|it| PAGE.contains(it)));
        let of_nothing = BASE64.encode(&Sha256::digest(""));
        assert!(!POLICY.contains(&of_nothing) && POLICY.matches("sha256-").count() == 2, "{}", *POLICY);
    }
}
