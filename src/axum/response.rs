//! Responses and their parts.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, IntoResponseParts, Response, ResponseParts},
};

use crate::http::{Rejection, SetCookies};

/// JSON in the API's shape.
///
/// The response has the rejection in its extensions, as `Arc<Rejection>`. A middleware around your
/// routes can find it there and show a page instead: see [error pages](crate::axum#error-pages).
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = self.to_response().map(Body::from);
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Appends the cookies to those that the response has.
impl IntoResponseParts for SetCookies {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.append_to(response.headers_mut());
        Ok(response)
    }
}

/// An empty response with these cookies.
impl IntoResponse for SetCookies {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}
