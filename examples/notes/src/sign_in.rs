//! Signing up, in and out.

use account::{
    Error, OAuth2Outcome, OAuth2Start, SessionHolder, SignUp, SignedIn,
    axum::SameOrigin,
    http::{KeepSignedIn, OAuth2Query, ReturnPath},
    model::{ClientInfo, Name},
    operation::{Operation, Subject},
};
use axum::{
    Router,
    extract::{Form, Query, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use maud::html;

use crate::{
    App,
    error::Answer,
    links::send_verification,
    page::{Fields, Page, field, flash, form, tick},
};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/sign-up", get(sign_up_page).post(sign_up))
        .route("/sign-in", get(page).post(sign_in))
        .route("/sign-in/github", get(to_github))
        .route("/sign-in/github/back", get(from_github))
        .route("/sign-out", post(sign_out))
}

impl Fields {
    /// The page to return to after signing in.
    pub fn next(&self) -> ReturnPath {
        let notes = || "/notes".parse().expect("a path");
        self.next.as_deref().and_then(|next| next.parse().ok()).unwrap_or_else(notes)
    }

    pub fn keep(&self) -> KeepSignedIn {
        match self.keep {
            Some(_) => KeepSignedIn::UntilExpiry,
            None => KeepSignedIn::UntilBrowserCloses,
        }
    }
}

async fn sign_up_page(page: Page) -> Answer {
    let fields = html! {
        (field("Name", "name", "text"))
        (field("Email address", "email", "email"))
        (field("Password", "password", "password"))
    };
    Ok(page.show("Sign up", form(fields, "Sign up")))
}

async fn sign_up(
    _: SameOrigin,
    client: ClientInfo,
    State(app): State<App>,
    Form(new): Form<Fields>,
) -> Answer {
    app.authenticator.admit(Operation::SignUp, &Subject::of(&client)).await?;
    let mut request = SignUp::new(new.email.parse()?, new.password.parse()?);
    request.name = Name::optional(&new.name)?;
    app.accounts.sign_up(request, &client).await?;
    let (email, password) = (new.email.parse()?, new.password.parse()?);
    let signed_in = app.accounts.sign_in_with_password(email, password, &client).await?;
    let caller = app.accounts.caller(&signed_in.secret).await?.with_client(client);
    send_verification(&app, &caller).await?;
    let cookies = app.authenticator.cookies().signed_in(&signed_in, new.keep());
    Ok((cookies, flash("/notes", "Welcome! Please open the link that we have sent to you.")).into_response())
}

async fn page(
    holder: Option<SessionHolder>,
    page: Page,
    State(app): State<App>,
    Query(query): Query<Fields>,
) -> Answer {
    if let Some(Err(Error::MoreFactorsRequired)) = holder.map(SessionHolder::into_caller) {
        return Ok(Redirect::to(&query.next().after("/sign-in/code")).into_response());
    }
    let fields = html! {
        (field("Email address", "email", "email"))
        (field("Password", "password", "password"))
        (tick("Keep me signed in", "keep", false))
    };
    let content = html! {
        (form(fields, "Sign in"))
        p { a href="/forgot-password" { "Forgot your password?" } }
        @if app.with_github { p { a href="/sign-in/github" { "Sign in with GitHub" } } }
    };
    Ok(page.show("Sign in", content))
}

async fn sign_in(
    _: SameOrigin,
    client: ClientInfo,
    State(app): State<App>,
    Query(Fields { next, .. }): Query<Fields>,
    Form(fields): Form<Fields>,
) -> Answer {
    let subject = Subject { email: Some(&fields.email), ..Subject::of(&client) };
    app.authenticator.admit(Operation::SignInWithPassword, &subject).await?;
    let (email, password) = (fields.email.parse()?, fields.password.parse()?);
    let signed_in = app.accounts.sign_in_with_password(email, password, &client).await?;
    welcome(&app, &signed_in, &Fields { next, ..fields }).await
}

/// Sets the cookies, and sends the browser where it wanted to go, or to the second step.
async fn welcome(app: &App, signed_in: &SignedIn, fields: &Fields) -> Answer {
    let to = match app.accounts.caller(&signed_in.secret).await {
        Ok(_) => fields.next().to_string(),
        Err(Error::MoreFactorsRequired) => {
            fields.next().after(if fields.keep.is_some() { "/sign-in/code?keep=on" } else { "/sign-in/code" })
        }
        Err(error) => return Err(error.into()),
    };
    Ok((app.authenticator.cookies().signed_in(signed_in, fields.keep()), Redirect::to(&to)).into_response())
}

async fn sign_out(holder: SessionHolder, State(app): State<App>) -> Answer {
    app.accounts.sign_out(&holder, holder.session_id()).await?;
    Ok((app.authenticator.cookies().signed_out(), Redirect::to("/sign-in")).into_response())
}

async fn to_github(client: ClientInfo, State(app): State<App>, headers: HeaderMap) -> Answer {
    app.authenticator.admit(Operation::StartOAuth2, &Subject::of(&client)).await?;
    let start = OAuth2Start::new("github".parse()?, app.authenticator.page("/sign-in/github/back")?.as_str());
    let started = app.accounts.start_oauth2(start, None).await?;
    let cookies = app.authenticator.cookies().flows("/sign-in").started(&started, &headers);
    Ok((cookies, Redirect::to(started.authorize_url.as_str())).into_response())
}

async fn from_github(
    client: ClientInfo,
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = OAuth2Query::parse(query.as_deref().unwrap_or_default())?;
    let back = query.to_return()?;
    let flows = app.authenticator.cookies().flows("/sign-in");
    let (flow, ended) = (flows.find(&headers, &back), flows.ended(&back));
    let (github, allowed) = ("github".parse()?, app.authenticator.allowed_redirects());
    let finished = app.accounts.finish_oauth2(&github, back, flow.as_ref(), None, allowed, &client).await;
    let finished = finished.map_err(|failed| failed.error)?;
    let OAuth2Outcome::Session(signed_in) = finished.outcome else { return Err(Error::InvalidState.into()) };
    Ok((ended, welcome(&app, &signed_in, &Fields::default()).await?).into_response())
}
