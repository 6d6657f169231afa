//! `GET /v1/health`: whether the store answers, for load balancers and supervisors.

use std::{sync::Arc, time::Duration};

use account::{
    model::{Key, Timestamp, UserId},
    ports::{Parts, Store},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// Longer than any store in order takes, shorter than supervisors wait.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn router(store: Arc<dyn Store>) -> Router {
    Router::new().route("/v1/health", get(health)).with_state(store)
}

async fn health(State(store): State<Arc<dyn Store>>) -> Response {
    let nobody = Key::Id(UserId::generate(Timestamp::MIN, [0; 10]));
    let (status, body) = match tokio::time::timeout(PATIENCE, store.load(&nobody, Parts::Body)).await {
        Ok(Ok(_)) => (StatusCode::OK, r#"{"status":"pass"}"#),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"fail"}"#),
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}
