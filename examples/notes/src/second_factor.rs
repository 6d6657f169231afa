//! The second step of a sign-in: an authenticator app, or a recovery code.

use account::{
    Caller, Error, SessionHolder,
    model::SecondFactor,
    operation::{Operation, Subject},
};
use axum::{
    Router,
    extract::{Form, Query, State},
    response::{IntoResponse, Redirect},
    routing::get,
};
use maud::{PreEscaped, html};

use crate::{
    App,
    error::Answer,
    page::{Fields, Page, button, field, flash, form, tick},
};

pub fn routes() -> Router<App> {
    Router::new().route("/sign-in/code", get(page).post(answer))
}

/// For signed-in users.
pub fn settings_routes() -> Router<App> {
    Router::new()
        .route("/settings/app", get(confirm_page).post(confirm))
        .route("/settings/app/new", get(confirm_page).post(set_up))
        .route("/settings/app/remove", get(confirm_page).post(remove))
}

async fn page(_: SessionHolder, page: Page, Query(query): Query<Fields>) -> Answer {
    let fields = html! {
        (field("Code of your authenticator app", "code", "text"))
        (tick("It is a recovery code", "recovery", false))
        (tick("Keep me signed in", "keep", query.keep.is_some()))
    };
    Ok(page.show("Second step", form(fields, "Go on")))
}

async fn answer(
    holder: SessionHolder,
    State(app): State<App>,
    Query(Fields { next, .. }): Query<Fields>,
    Form(fields): Form<Fields>,
) -> Answer {
    let factor = if fields.recovery.is_some() { SecondFactor::RecoveryCode } else { SecondFactor::Totp };
    // These factors send no message, so the challenge need not start before there is an answer.
    app.authenticator.admit(Operation::StartChallenge, &holder.subject()).await?;
    let challenge = app.accounts.start_challenge(&holder, factor).await?;
    let subject = Subject { challenge: Some(challenge.id.as_str()), ..holder.subject() };
    app.authenticator.admit(Operation::FinishChallenge, &subject).await?;
    let passed = app.accounts.finish_challenge(&holder, &challenge.id, &fields.code).await?;
    let fields = Fields { next, ..fields };
    let cookies = app.authenticator.cookies().passed_challenge(&passed, fields.keep());
    Ok((cookies, Redirect::to(fields.next().as_str())).into_response())
}

async fn confirm_page(page: Page) -> Answer {
    let content = html! {
        (form(field("Code of the app", "code", "text"), "Turn on"))
        (button("/settings/app/new", "Show a new QR code"))
    };
    Ok(page.show("Second step", content))
}

/// Shows the secret of a new app, once.
async fn set_up(caller: Caller, page: Page, State(app): State<App>) -> Answer {
    let new = app.accounts.add_authenticator(&caller).await?;
    let content = html! {
        p { "Scan this with your authenticator app, or type in " code { (new.secret.expose()) } "." }
        (PreEscaped(new.uri.to_svg().map_err(|_| Error::Internal)?))
        p { a href="/settings/app" { "Enter the code of the app" } }
    };
    Ok(page.show("Second step", content))
}

/// Turns the second step on, and shows recovery codes, once.
async fn confirm(caller: Caller, page: Page, State(app): State<App>, Form(fields): Form<Fields>) -> Answer {
    app.accounts.confirm_authenticator(&caller, &fields.code).await?;
    app.accounts.set_mfa(&caller, true).await?;
    let codes = match app.accounts.create_recovery_codes(&caller).await {
        Err(Error::RecoveryCodesExist) => return Ok(flash("/settings", "It is on.").into_response()),
        codes => codes?,
    };
    let content = html! {
        p { "Keep these recovery codes safe. If you lose the app, each of them signs you in once." }
        @for code in codes.codes() { p { code { (code.expose()) } } }
    };
    Ok(page.show("The second step is on", content))
}

/// Needs a recent second step, which [`show_errors`](crate::error::show_errors) asks for.
async fn remove(caller: Caller, State(app): State<App>) -> Answer {
    app.accounts.set_mfa(&caller, false).await?;
    app.accounts.remove_authenticator(&caller).await?;
    Ok(flash("/settings", "The second step is off.").into_response())
}
