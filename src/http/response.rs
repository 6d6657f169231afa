//! Building responses: JSON bodies, and the headers that every response has.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::ports::Quota;

/// A response with a model as JSON.
pub(super) fn json(status: StatusCode, model: &impl Serialize) -> Response<Bytes> {
    let mut text = Vec::with_capacity(1024);
    if serde_json::to_writer(&mut text, model).is_err() {
        text.clear();
    }
    json_text(status, text)
}

/// A response with a body that is JSON already.
pub(super) fn json_text(status: StatusCode, json: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(12);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    harden(headers);
    response
}

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    harden(response.headers_mut());
    response
}

/// The headers of every response: it is not cached, its type is not guessed, and its address is not
/// sent to other sites (ASVS 3.4, 14.3.2).
pub(super) fn harden(headers: &mut HeaderMap) {
    const FIXED: [(HeaderName, &str); 5] = [
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
        (header::EXPIRES, "0"),
        (header::PRAGMA, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Writes what is left of a request limit.
pub(super) fn write_quota(headers: &mut HeaderMap, quota: &Quota) {
    headers.extend(quota_headers(quota));
}

/// The headers that tell a client what is left of a request limit: `X-RateLimit-Limit`,
/// `X-RateLimit-Remaining`, and `X-RateLimit-Reset` in Unix seconds.
///
/// On axum they are a part of a response, as in `(quota_headers(&quota), "done")`. A
/// [`Rejection`](super::Rejection) has them already.
#[must_use]
pub fn quota_headers(quota: &Quota) -> [(HeaderName, HeaderValue); 3] {
    [
        (HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(quota.limit)),
        (HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(quota.remaining)),
        (HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(quota.reset.as_secs())),
    ]
}

/// Writes `Retry-After` in whole seconds, rounded up, one at least.
pub(super) fn write_retry_after(headers: &mut HeaderMap, wait: Duration) {
    let rounded_up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(rounded_up.max(1)));
}
