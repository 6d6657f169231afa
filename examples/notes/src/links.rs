//! Links in messages: to verify an email address, and to set a new password.
//!
//! Mail scanners open links, so a link only shows a form. It has no `action`, so it is sent with
//! the query of the link.

use account::{
    Caller,
    axum::SameOrigin,
    http::Rejection,
    model::ClientInfo,
    operation::{Operation, Subject},
};
use axum::{
    Router,
    extract::{Form, Query, State},
    response::IntoResponse,
    routing::get,
};
use maud::html;

use crate::{
    App,
    error::Answer,
    page::{Fields, Page, field, flash, form},
};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/verify", get(verify_page).post(verify))
        .route("/forgot-password", get(forgot_page).post(forgot))
        .route("/reset-password", get(reset_page).post(reset))
}

pub async fn send_verification(app: &App, caller: &Caller) -> Result<(), Rejection> {
    app.authenticator.admit(Operation::StartEmailVerification, &caller.subject()).await?;
    app.accounts.start_email_verification(caller, &app.authenticator.page("/verify")?).await?;
    Ok(())
}

async fn verify_page(page: Page) -> Answer {
    Ok(page.show("Your email address", form(html! {}, "Verify")))
}

async fn verify(
    _: SameOrigin,
    client: ClientInfo,
    State(app): State<App>,
    Query(link): Query<Fields>,
) -> Answer {
    let subject = Subject { user_id_param: Some(&link.user_id), ..Subject::of(&client) };
    app.authenticator.admit(Operation::FinishEmailVerification, &subject).await?;
    app.accounts.finish_email_verification(&link.user_id.parse()?, &link.secret.parse()?, &client).await?;
    Ok(flash("/notes", "Your email address is verified.").into_response())
}

async fn forgot_page(page: Page) -> Answer {
    Ok(page.show("Forgot your password?", form(field("Email address", "email", "email"), "Send a link")))
}

/// The answer is the same whether or not the address has an account (user enumeration).
async fn forgot(
    _: SameOrigin,
    client: ClientInfo,
    State(app): State<App>,
    Form(Fields { email, .. }): Form<Fields>,
) -> Answer {
    let subject = Subject { email: Some(&email), ..Subject::of(&client) };
    app.authenticator.admit(Operation::StartRecovery, &subject).await?;
    app.accounts.start_recovery(email.parse()?, &app.authenticator.page("/reset-password")?, &client).await?;
    Ok(flash("/sign-in", "If the address has an account, we have sent a link to it.").into_response())
}

async fn reset_page(page: Page) -> Answer {
    Ok(page.show("A new password", form(field("Password", "password", "password"), "Save")))
}

async fn reset(
    _: SameOrigin,
    client: ClientInfo,
    State(app): State<App>,
    Query(link): Query<Fields>,
    Form(Fields { password, .. }): Form<Fields>,
) -> Answer {
    let subject = Subject { user_id_param: Some(&link.user_id), ..Subject::of(&client) };
    app.authenticator.admit(Operation::FinishRecovery, &subject).await?;
    let (user, secret, password) = (link.user_id.parse()?, link.secret.parse()?, password.parse()?);
    app.accounts.finish_recovery(&user, &secret, password, None, &client).await?;
    Ok(flash("/sign-in", "Please sign in with your new password.").into_response())
}
