//! Building responses: JSON bodies, and the headers that every response has.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use crate::ports::Quota;

/// A response with a model as JSON.
pub(super) fn json(status: StatusCode, model: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(1024);
    if serde_json::to_writer(&mut text, model).is_err() {
        text.clear();
    }
    json_text(status, text)
}

/// A response with a body that is JSON already.
pub(super) fn json_text(status: StatusCode, json: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(12);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    harden(headers);
    response
}

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
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

/// Writes what is left of a request limit, and how long a refused client must wait.
pub(super) fn write_quota(response: &mut Response, quota: &Quota, wait: Option<Duration>) {
    const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
    const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
    const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(quota.limit));
    headers.insert(REMAINING, HeaderValue::from(quota.remaining));
    headers.insert(RESET, HeaderValue::from(quota.reset.as_secs()));
    if let Some(wait) = wait {
        write_retry_after(headers, wait);
    }
}

/// Writes `Retry-After` in whole seconds, rounded up, one at least.
pub(super) fn write_retry_after(headers: &mut HeaderMap, wait: Duration) {
    let rounded_up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(rounded_up.max(1)));
}
