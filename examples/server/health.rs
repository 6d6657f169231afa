//! `GET /v1/health`: whether the store responds, for load balancers and supervisors.

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

/// Longer than a healthy store takes, shorter than supervisors wait.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn router(store: Arc<dyn Store>) -> Router {
    Router::new().route("/v1/health", get(health)).with_state(store)
}

async fn health(State(store): State<Arc<dyn Store>>) -> Response {
    let absent = Key::Id(UserId::generate(Timestamp::MIN, [0; 10]));
    let (status, body) = match tokio::time::timeout(TIMEOUT, store.load(&absent, Parts::Body)).await {
        Ok(Ok(_)) => (StatusCode::OK, r#"{"status":"pass"}"#),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"fail"}"#),
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use account::{
        MemoryStore,
        model::{Event, EventPage, PageQuery},
        ports::{Change, Listed, Loading, SaveError, Select, StoreError, Stored},
    };

    use super::*;

    /// A store that has lost its database.
    #[derive(Debug)]
    struct Lost;

    const GONE: StoreError = StoreError::Unavailable(None);

    #[async_trait::async_trait]
    impl Store for Lost {
        fn load<'a>(&'a self, _: &'a Key, _: Parts) -> Loading<'a> {
            Loading::of(async move { Err(GONE) })
        }

        async fn save(&self, _: Change<'_>) -> Result<(), SaveError> {
            Err(GONE.into())
        }

        async fn remove(&self, _: &Stored) -> Result<(), SaveError> {
            Err(GONE.into())
        }

        async fn list(&self, _: Select<'_>, _: u32) -> Result<Vec<Listed>, StoreError> {
            Err(GONE)
        }

        async fn append_events(&self, _: &[Event]) -> Result<(), StoreError> {
            Err(GONE)
        }

        async fn events(&self, _: &UserId, _: PageQuery) -> Result<EventPage, StoreError> {
            Err(GONE)
        }

        async fn delete_events_before(&self, _: Timestamp, _: u32) -> Result<u32, StoreError> {
            Err(GONE)
        }
    }

    #[tokio::test]
    async fn the_status_shows_whether_the_store_responds() {
        assert_eq!(health(State(Arc::new(MemoryStore::default()))).await.status(), StatusCode::OK);
        assert_eq!(health(State(Arc::new(Lost))).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
