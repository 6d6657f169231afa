//! Errors, as messages on the page of the form or as pages of their own.

use std::sync::Arc;

use account::{
    Error,
    error::Kind,
    http::{Rejection, RejectionCause, ReturnPath},
};
use axum::{
    extract::Request,
    http::{Method, header::RETRY_AFTER},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use maud::html;

use crate::page::{Page, flash};

/// What handlers answer.
pub type Answer = Result<Response, Rejection>;

/// The application's own database failed.
pub fn failed(error: sqlx::Error) -> Rejection {
    eprintln!("The database failed: {error}");
    Error::Internal.into()
}

/// Shows what an extractor, a middleware or a handler has rejected: on the page of the form, which
/// has the same path, if another input may succeed; or else on a page of its own.
pub async fn show_errors(request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().and_then(|path| path.as_str().parse::<ReturnPath>().ok());
    let form = path.filter(|_| request.method() == Method::POST);
    let response = next.run(request).await;
    let Some(rejection) = response.extensions().get::<Arc<Rejection>>() else { return response };
    let (text, kind) = match rejection.cause() {
        RejectionCause::Error(Error::NotSignedIn) => return Redirect::to("/sign-in").into_response(),
        RejectionCause::Error(error @ (Error::MoreFactorsRequired | Error::ChallengeRequired)) => {
            return flash("/sign-in/code", error).into_response();
        }
        RejectionCause::Error(error) => (error.to_string(), error.kind()),
        RejectionCause::Invalid { rule, .. } => (rule.to_string(), Kind::Invalid),
        _ => ("This request was not accepted. Please open the page again.".to_owned(), Kind::Forbidden),
    };
    match form {
        Some(path) if matches!(kind, Kind::Invalid | Kind::Unauthenticated | Kind::Conflict) => {
            flash(path.as_str(), text).into_response()
        }
        _ => {
            let page = Page::default().show("Sorry", html! { p role="alert" { (text) } });
            let wait = response.headers().get(RETRY_AFTER).map(|wait| [(RETRY_AFTER, wait.clone())]);
            (rejection.status(), wait, page).into_response()
        }
    }
}
