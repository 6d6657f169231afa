//! Replies: the models as JSON, the headers that each of them carries, and the change of cookies that goes with some.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::rejection::Rejection;
use crate::model::{DeviceSecret, SessionSecret, Timestamp};

/// What an operation answers.
pub(super) type Answer = Result<Reply, Rejection>;

/// A reply that is not a refusal.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) cookie: CookieChange,
    /// What the client is to be known by at its next sign-in.
    pub(super) device: Option<DeviceSecret>,
}

/// What becomes of the client's session cookie.
pub(super) enum CookieChange {
    Keep,
    Set(SessionSecret, Timestamp),
    Clear,
}

impl Reply {
    /// 200 with a model.
    pub(super) fn ok(model: &impl Serialize) -> Self {
        Self::new(json(StatusCode::OK, model))
    }

    /// 201 with the model of what is new.
    pub(super) fn created(model: &impl Serialize) -> Self {
        Self::new(json(StatusCode::CREATED, model))
    }

    /// 200 with a model that is JSON already.
    pub(super) fn ok_json(json: Vec<u8>) -> Self {
        Self::new(with_body(StatusCode::OK, json))
    }

    /// 201 with such a model.
    pub(super) fn created_json(json: Vec<u8>) -> Self {
        Self::new(with_body(StatusCode::CREATED, json))
    }

    /// 204, which has neither a body nor a type.
    pub(super) fn empty() -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        harden(response.headers_mut());
        Self::new(response)
    }

    /// A redirect that nobody keeps and no other site is told of.
    #[cfg(feature = "oauth2")]
    pub(super) fn redirect(status: StatusCode, location: &str) -> Answer {
        let mut location = HeaderValue::from_str(location).map_err(|_| Rejection::unknown())?;
        location.set_sensitive(true);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        harden(response.headers_mut());
        response.headers_mut().insert(header::LOCATION, location);
        Ok(Self::new(response))
    }

    fn new(response: Response) -> Self {
        Self { response, cookie: CookieChange::Keep, device: None }
    }

    pub(super) fn with_device(self, device: Option<DeviceSecret>) -> Self {
        Self { device, ..self }
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
    with_body(status, text)
}

fn with_body(status: StatusCode, json: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(json));
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
