//! Adds application routes beside the Account API: a notebook that only its owner can read.
//!
//! Run it with `cargo run --example own_routes --features axum`, then:
//!
//! ```text
//! curl -c jar -H 'X-Appwrite-Project: default' -X POST \
//!   localhost:8080/v1/account/sessions/anonymous
//! curl -b jar -H 'X-Appwrite-Project: default' -X POST localhost:8080/notes -d 'Buy milk'
//! curl -b jar localhost:8080/notes
//! ```

use std::{
    collections::HashMap,
    error::Error,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use account::{
    AccountService, Caller, Config, MasterKey, MemoryStore,
    axum::{Authenticator, Settings, router_with},
    model::UserId,
};
use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::get,
};

/// The application's state. The `Caller` extractor needs only the [`Authenticator`] in it.
#[derive(Clone)]
struct AppState {
    authenticator: Authenticator,
    notes: Notes,
}

type Notes = Arc<Mutex<HashMap<UserId, Vec<String>>>>;

impl FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}

/// Only for signed-in users: without a session the reply is 401, in the API's error format.
async fn read_notes(caller: Caller, State(state): State<AppState>) -> String {
    let notes = state.notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.get(caller.user_id()).map(|notes| notes.join("\n")).unwrap_or_default()
}

async fn add_note(caller: Caller, State(state): State<AppState>, note: String) -> StatusCode {
    let mut notes = state.notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.entry(*caller.user_id()).or_default().push(note);
    StatusCode::CREATED
}

/// `Option<Caller>` also accepts requests without a session.
async fn greet(caller: Option<Caller>) -> String {
    match caller {
        Some(caller) => format!("Hello again, {}!", caller.account().name()),
        None => "Hello, stranger!".into(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new(MasterKey::generate()?);
    let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
    let settings = Settings::default();
    let state =
        AppState { authenticator: Authenticator::new(service.clone(), &settings)?, notes: Notes::default() };
    let app = Router::new()
        .route("/", get(greet))
        .route("/notes", get(read_notes).post(add_note))
        .with_state(state)
        .merge(router_with(service, &settings)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
