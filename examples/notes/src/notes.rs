//! The notes of a user, and all accounts for administrators.

use account::{Caller, error::Invalid};
use axum::{
    Router,
    extract::{Form, State},
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::get,
};
use maud::html;

use crate::{
    App,
    error::{Answer, failed},
    page::{Fields, Page},
};

const MAX_CHARACTERS: usize = 1_000;

/// For signed-in users.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(list))
        .route("/notes", get(list).post(add))
        .route("/notes/delete", get(list).post(delete))
        .route("/admin", get(accounts))
}

async fn list(caller: Caller, page: Page, State(app): State<App>) -> Answer {
    let notes: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, text FROM notes WHERE account = ? ORDER BY id")
            .bind(caller.user_id().as_str())
            .fetch_all(&app.database)
            .await
            .map_err(failed)?;
    let content = html! {
        @for (id, text) in &notes {
            form method="post" action="/notes/delete" { (text) " " button name="id" value=(id) { "Delete" } }
        }
        form method="post" action="/notes" { input name="text"; button { "Add" } }
    };
    Ok(page.show("Notes", content))
}

async fn add(caller: Caller, State(app): State<App>, Form(note): Form<Fields>) -> Answer {
    if !(1..=MAX_CHARACTERS).contains(&note.text.chars().count()) {
        return Err(Invalid::Text { min: 1, max: MAX_CHARACTERS }.into());
    }
    sqlx::query("INSERT INTO notes (account, text) VALUES (?, ?)")
        .bind(caller.user_id().as_str())
        .bind(note.text)
        .execute(&app.database)
        .await
        .map_err(failed)?;
    Ok(Redirect::to("/notes").into_response())
}

/// Deletes a note, if it is the caller's.
async fn delete(caller: Caller, State(app): State<App>, Form(note): Form<Fields>) -> Answer {
    sqlx::query("DELETE FROM notes WHERE id = ? AND account = ?")
        .bind(note.id)
        .bind(caller.user_id().as_str())
        .execute(&app.database)
        .await
        .map_err(failed)?;
    Ok(Redirect::to("/notes").into_response())
}

/// Only for administrators: `notes admin ada@example.com` makes one.
async fn accounts(caller: Caller, page: Page, State(app): State<App>) -> Answer {
    if !caller.account().has_label("admin") {
        let sorry = page.show("Sorry", html! { p { "This page is for administrators." } });
        return Ok((StatusCode::FORBIDDEN, sorry).into_response());
    }
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT coalesce(p.email, ''), a.name, count(n.id) FROM accounts AS a \
         JOIN profiles AS p ON p.account = a.id LEFT JOIN notes AS n ON n.account = a.id \
         GROUP BY a.id ORDER BY p.email LIMIT 1000",
    )
    .fetch_all(&app.database)
    .await
    .map_err(failed)?;
    let content = html! {
        table {
            tr { th { "Email address" } th { "Name" } th { "Notes" } }
            @for (email, name, notes) in &rows { tr { td { (email) } td { (name) } td { (notes) } } }
        }
    };
    Ok(page.show("Accounts", content))
}
