//! Refusals, in the API's shape.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::reply;
use crate::{error::Error, model::Invalid, ports::Quota};

/// The release of the API whose behaviour this is.
const VERSION: &str = "1.6.1";

/// Why a request is refused, as the API words it. Extractors of this module reject with it.
#[derive(Debug)]
pub struct Rejection {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    quota: Option<Quota>,
}

impl Rejection {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, quota: None }
    }

    /// A required parameter that is not there.
    pub(super) fn missing(name: &str) -> Self {
        Self::argument(format!("Param \"{name}\" is not optional."))
    }

    /// A parameter whose value is refused.
    pub(super) fn invalid(name: &str, rule: &Invalid) -> Self {
        match rule {
            Invalid::QueryCursor => {
                Self::new(StatusCode::BAD_REQUEST, "general_query_invalid", rule.to_string())
            }
            rule => Self::argument(format!("Invalid `{name}` param: {rule}")),
        }
    }

    pub(super) fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "general_argument_invalid", message)
    }

    pub(super) fn unauthorized_scope(who: &str, scope: &str) -> Self {
        let message = format!("{who}) missing scope ({scope})");
        Self::new(StatusCode::UNAUTHORIZED, "general_unauthorized_scope", message)
    }

    /// The refusal of a path that is no route. A host that serves nothing but the API makes it its fallback, so that clients can read it.
    #[must_use]
    pub fn unknown_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "general_route_not_found", "The requested route was not found.")
    }

    pub(super) fn unknown_project() -> Self {
        let message = "Project with the requested ID could not be found. Please check the value of the X-Appwrite-Project header to ensure the correct project ID is being used.";
        Self::new(StatusCode::NOT_FOUND, "project_not_found", message)
    }

    /// A provider that neither the API nor this host has.
    #[cfg(feature = "oauth2")]
    pub(super) fn unsupported_provider() -> Self {
        let message = "The requested OAuth2 provider is not supported.";
        Self::new(StatusCode::BAD_REQUEST, "project_provider_unsupported", message)
    }

    /// What a page that a browser is sent to is told, with the status that it would have had.
    #[cfg(feature = "oauth2")]
    pub(super) fn to_json(&self, code: u16) -> String {
        let told = Told { message: &self.message, r#type: self.code, code };
        serde_json::to_string(&told).unwrap_or_default()
    }

    /// What a task that ended in a panic is answered with.
    pub(super) fn unknown() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "general_unknown", "Server Error")
    }

    /// The stable name of this refusal on the wire, such as `user_blocked`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is left of the limit that refused it.
    pub(super) fn quota(&self) -> Option<Quota> {
        self.quota
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        let retry_after = match &error {
            Error::Busy(wait) => Some(*wait),
            Error::Store(_) | Error::Limiter(_) => Some(Duration::from_secs(1)),
            _ => None,
        };
        let (quota, message) = match &error {
            // Parameters are parsed before the service is called; what it still judges is a new password.
            Error::Invalid(rule) => return Self::invalid("password", rule),
            Error::RateLimited(quota) => (Some(*quota), error.to_string().into()),
            Error::Internal => (None, Cow::Borrowed("Server Error")),
            _ => (None, error.to_string().into()),
        };
        let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code: error.code(), message, retry_after, quota }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    code: u16,
    r#type: &'static str,
    version: &'static str,
}

#[cfg(feature = "oauth2")]
#[derive(Serialize)]
struct Told<'a> {
    message: &'a str,
    r#type: &'static str,
    code: u16,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let body =
            Body { message: &self.message, code: self.status.as_u16(), r#type: self.code, version: VERSION };
        let mut response = reply::json(self.status, &body);
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait));
        }
        response
    }
}

/// Writes what is left of a limit, and for a request that it refused how long to wait.
pub(super) fn write_quota(response: &mut Response, quota: &Quota, wait: Option<Duration>) {
    const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
    const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
    const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(quota.limit));
    headers.insert(REMAINING, HeaderValue::from(quota.remaining));
    headers.insert(RESET, HeaderValue::from(quota.reset.as_secs()));
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, whole_seconds(wait));
    }
}

fn whole_seconds(wait: Duration) -> HeaderValue {
    let rounded_up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(rounded_up.max(1))
}
