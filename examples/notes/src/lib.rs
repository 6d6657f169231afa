//! A notebook with accounts: a whole application on `account`, axum and sqlx.
//!
//! The accounts and the notes are in one SQLite file. The pages are the application's own; cookies,
//! the check against CSRF, clients, request limits and all that concerns accounts come from
//! `account`.

mod error;
mod links;
mod notes;
mod page;
mod second_factor;
mod settings;
mod sign_in;

use std::path::Path;

use account::{
    ConfigError, DynAccountService,
    axum::{Authenticator, Settings, SignInPage, require_caller_or_redirect},
};
use axum::{Router, extract::FromRef, middleware::from_fn, middleware::from_fn_with_state};
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};

/// The state of the handlers.
#[derive(Clone, FromRef)]
struct App {
    accounts: DynAccountService,
    authenticator: Authenticator,
    database: SqlitePool,
    with_github: bool,
}

/// Opens the database of an account store, and brings the tables of this application up to date.
pub async fn open(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    // sqlx checks foreign keys by default, as the store does.
    let database = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await?;
    sqlx::migrate!().run(&database).await?;
    Ok(database)
}

/// All pages. `with_github` if the service has that provider.
pub fn app(
    accounts: DynAccountService,
    settings: &Settings,
    database: SqlitePool,
    with_github: bool,
) -> Result<Router, ConfigError> {
    let authenticator = Authenticator::new(accounts.clone(), settings)?;
    let sign_in_page = SignInPage::at("/sign-in", authenticator.clone());
    let app = App { accounts, authenticator, database, with_github };
    Ok(notes::routes()
        .merge(settings::routes())
        .merge(second_factor::settings_routes())
        .route_layer(from_fn_with_state(sign_in_page, require_caller_or_redirect))
        .merge(sign_in::routes())
        .merge(second_factor::routes())
        .merge(links::routes())
        .layer(from_fn(error::show_errors))
        .with_state(app))
}
