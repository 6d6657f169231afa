//! The settings of an account.

use account::{Caller, error::Invalid, model::Name, operation::Operation};
use axum::{
    Router,
    extract::{Form, State},
    response::IntoResponse,
    routing::get,
};
use maud::html;

use crate::{
    App,
    error::Answer,
    links,
    page::{Fields, Page, button, field, flash},
};

/// For signed-in users.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/settings", get(page).post(rename))
        .route("/settings/verify", get(page).post(send_verification))
        .route("/settings/sign-out", get(page).post(sign_out_everywhere))
        .route("/settings/delete", get(page).post(delete))
}

async fn page(caller: Caller, page: Page, State(app): State<App>) -> Answer {
    let user = app.accounts.user(&caller).await?;
    let sessions = app.accounts.sessions(&caller).await?.len();
    let content = html! {
        form method="post" action="/settings" {
            label { "Name " input name="name" value=(user.name().as_str()); }
            button { "Save" }
        }
        @if let Some(email) = user.email() { p { (email) } }
        @if !user.is_email_verified() { (button("/settings/verify", "Send a link to verify the address")) }
        @if user.has_mfa() {
            (button("/settings/app/remove", "Turn the second step off"))
        } @else {
            (button("/settings/app/new", "Set up a second step"))
        }
        (button("/settings/sign-out", &format!("Sign out everywhere ({sessions})")))
        form method="post" action="/settings/delete" {
            (field("Type “delete”", "text", "text"))
            button { "Delete the account and its notes" }
        }
    };
    Ok(page.show("Settings", content))
}

async fn rename(caller: Caller, State(app): State<App>, Form(fields): Form<Fields>) -> Answer {
    app.accounts.change_name(&caller, Name::optional(&fields.name)?).await?;
    Ok(flash("/settings", "Your name is saved.").into_response())
}

async fn send_verification(caller: Caller, State(app): State<App>) -> Answer {
    links::send_verification(&app, &caller).await?;
    Ok(flash("/settings", "Please open the link that we have sent to you.").into_response())
}

async fn sign_out_everywhere(caller: Caller, State(app): State<App>) -> Answer {
    app.authenticator.admit(Operation::SignOutEverywhere, &caller.subject()).await?;
    app.accounts.sign_out_everywhere(&caller).await?;
    let cookies = app.authenticator.cookies().signed_out();
    Ok((cookies, flash("/sign-in", "You are signed out everywhere.")).into_response())
}

/// The notes are deleted with the account, by their foreign key.
async fn delete(caller: Caller, State(app): State<App>, Form(fields): Form<Fields>) -> Answer {
    if fields.text != "delete" {
        return Err(Invalid::OneOf(&["delete"]).into());
    }
    app.accounts.admin(caller.client()).delete(caller.user_id()).await?;
    Ok((app.authenticator.cookies().signed_out(), flash("/sign-in", "Your account is deleted."))
        .into_response())
}
