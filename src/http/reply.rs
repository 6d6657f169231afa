//! Replies: the models as JSON, the headers that each of them carries, and the change of cookies that goes with some.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::refusal::Refusal;
use crate::model::{SessionSecret, Timestamp};

/// What an operation answers.
pub(super) type Answer = Result<Reply, Refusal>;

/// A reply that is not a refusal.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) cookie: CookieChange,
}

/// What becomes of the client's session cookie.
pub(super) enum CookieChange {
    Keep,
    Set(SessionSecret, Timestamp),
    Clear,
}

impl Reply {
    /// A reply with a model in it.
    pub(super) fn json(status: StatusCode, model: &impl Serialize) -> Self {
        Self { response: json(status, model), cookie: CookieChange::Keep }
    }

    /// 204, which has neither a body nor a type.
    pub(super) fn empty() -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self { response, cookie: CookieChange::Keep }
    }

    pub(super) fn with_cookie(self, cookie: CookieChange) -> Self {
        Self { cookie, ..self }
    }
}

pub(super) fn json(status: StatusCode, model: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(1024);
    if serde_json::to_writer(&mut text, model).is_err() {
        text.clear();
    }
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(12);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    harden(headers);
    response
}

/// The headers of every reply: not to be kept, guessed at or told to other sites (ASVS 3.4, 14.3.2).
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
