//! Adds application routes beside the Account API: a notebook that only its owner can read, and
//! routes that sign in and out themselves.
//!
//! Run it with `cargo run --example own_routes --features axum`, then:
//!
//! ```text
//! curl -c jar -X POST localhost:8080/join -H 'Sec-Fetch-Site: same-origin'
//! curl -b jar -X POST localhost:8080/notes -H 'Sec-Fetch-Site: same-origin' -d 'Buy milk'
//! curl -b jar localhost:8080/notes
//! ```
//!
//! Browsers send `Sec-Fetch-Site` or `Origin` with a form; without either, a change by cookie is
//! refused (CSRF). `examples/notes` is a whole application with HTML pages.

use std::{
    collections::HashMap,
    error::Error,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use account::{
    AccountService, Caller, Config, MasterKey, MemoryStore, SessionHolder,
    axum::{Authenticator, SameOrigin, Settings, router_with},
    http::{KeepSignedIn, Rejection, SetCookies},
    model::{ClientInfo, UserId},
    operation::{Operation, Subject},
};
use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::{get, post},
};

/// The application's state. The extractors need only the [`Authenticator`] in it.
#[derive(Clone)]
struct AppState {
    accounts: AccountService<MemoryStore>,
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

/// Starts a session for a guest, if no page of another site sends the request. The cookies are
/// those of the Account API, so its clients are signed in as well.
async fn join(
    _: SameOrigin,
    client: ClientInfo,
    State(AppState { accounts, authenticator, .. }): State<AppState>,
) -> Result<(SetCookies, &'static str), Rejection> {
    authenticator.admit(Operation::SignInAnonymously, &Subject::of(&client)).await?;
    let signed_in = accounts.sign_in_anonymously(&client).await?;
    Ok((authenticator.cookies().signed_in(&signed_in, KeepSignedIn::UntilExpiry), "Welcome!"))
}

/// A session that lacks its second factor can end, too.
async fn leave(
    holder: SessionHolder,
    State(AppState { accounts, authenticator, .. }): State<AppState>,
) -> Result<(SetCookies, &'static str), Rejection> {
    accounts.sign_out(&holder, holder.session_id()).await?;
    Ok((authenticator.cookies().signed_out(), "Goodbye!"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new(MasterKey::generate()?);
    let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
    let settings = Settings::default();
    let authenticator = Authenticator::new(service.clone(), &settings)?;
    let state = AppState { accounts: service.clone(), authenticator, notes: Notes::default() };
    let app = Router::new()
        .route("/", get(greet))
        .route("/join", post(join))
        .route("/leave", post(leave))
        .route("/notes", get(read_notes).post(add_note))
        .with_state(state)
        .merge(router_with(service, &settings)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
