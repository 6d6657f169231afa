//! The frame of all pages, forms, and messages that are shown once.

use std::convert::Infallible;

use account::Caller;
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use crate::App;

const FLASH: &str = "flash";
const STYLE: &str = "body{max-width:40em;margin:2em auto;font-family:sans-serif}label{display:block}";
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The fields of all forms and queries. Those that are missing are empty, which their parser
/// rejects.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    pub name: String,
    pub email: String,
    pub password: String,
    pub code: String,
    /// Boxes: present if ticked.
    pub keep: Option<String>,
    pub recovery: Option<String>,
    /// Where to go after signing in.
    pub next: Option<String>,
    /// Of a link in a message.
    #[serde(rename = "userId")]
    pub user_id: String,
    pub secret: String,
    /// A note, and its id.
    pub text: String,
    pub id: i64,
}

/// What the frame of a page shows of a request.
#[derive(Default)]
pub struct Page {
    caller: Option<Caller>,
    cookies: CookieJar,
}

impl FromRequestParts<App> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let caller = <Caller as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await;
        Ok(Self { caller: caller.unwrap_or_default(), cookies: CookieJar::from_headers(&parts.headers) })
    }
}

impl Page {
    /// Shows the page, with the message that was left for it.
    pub fn show(self, title: &str, content: Markup) -> Response {
        let page = html! {
            (DOCTYPE) html lang="en" {
                head { title { (title) } style { (STYLE) } }
                body {
                    nav { (navigation(self.caller.as_ref())) }
                    @if let Some(message) = self.cookies.get(FLASH) { p role="alert" { (message.value()) } }
                    h1 { (title) }
                    (content)
                }
            }
        };
        // Not in caches, and the secrets in the addresses of links not to other sites.
        let headers = [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "same-origin"),
        ];
        (headers, self.cookies.remove(Cookie::build(FLASH).path("/")), page).into_response()
    }
}

fn navigation(caller: Option<&Caller>) -> Markup {
    html! {
        @if let Some(caller) = caller {
            a href="/notes" { "Notes" } " " a href="/settings" { "Settings" } " "
            @if caller.account().has_label("admin") { a href="/admin" { "Accounts" } }
            (button("/sign-out", "Sign out"))
        } @else {
            a href="/sign-in" { "Sign in" } " " a href="/sign-up" { "Sign up" }
        }
    }
}

/// A form that is only a button.
pub fn button(action: &str, text: &str) -> Markup {
    html! { form method="post" action=(action) { button { (text) } } }
}

/// A form, sent to the address of its page.
pub fn form(fields: Markup, text: &str) -> Markup {
    html! { form method="post" { (fields) button { (text) } } }
}

/// A field of a form: `text`, `email` or `password`.
pub fn field(label: &str, name: &str, kind: &str) -> Markup {
    html! { label { (label) " " input name=(name) type=(kind); } }
}

pub fn tick(label: &str, name: &str, is_ticked: bool) -> Markup {
    html! { label { input name=(name) type="checkbox" checked[is_ticked]; (label) } }
}

/// Sends the browser to a page that shows this message.
pub fn flash(path: &str, message: impl ToString) -> (CookieJar, Redirect) {
    let cookie = Cookie::build((FLASH, message.to_string())).path("/");
    (CookieJar::new().add(cookie.http_only(true).same_site(SameSite::Lax)), Redirect::to(path))
}
