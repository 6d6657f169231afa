//! The browser's way to an OAuth2 provider and back: its addresses here, the stop at which providers deliver it, and the page at its end.

use std::{collections::HashSet, sync::LazyLock};

use axum::{
    body::Body,
    http::{Method, StatusCode, request::Parts},
};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{
    body,
    page::Page,
    rejection::Rejection,
    reply::{Answer, Reply},
    settings::HttpConfig,
};
use crate::{
    model::{AllowedRedirects, CheckedUrl, Invalid, ProviderKey},
    oauth2::Provider,
};

/// Where the browser has the cookies of its flows with it: wherever one begins or ends.
pub(super) const COOKIE_PATH: &str = "/v1/account";
/// Where a sign-in ends well if its client named no page.
pub(super) const SUCCESS: &str = "/v1/account/sessions/oauth2/complete/success";
/// Where a sign-in ends badly if its client named no page.
pub(super) const FAILURE: &str = "/v1/account/sessions/oauth2/complete/failure";

const ROUTE: &str = "/v1/account/sessions/oauth2";
const CALLBACK: &str = "/v1/account/sessions/oauth2/callback";
/// More than any provider sends.
const MAX_BYTES: usize = 16 * 1024;

/// Hands over to the native app that waits, or says that all is done.
pub(super) static PAGE: LazyLock<Page> = LazyLock::new(|| Page::new(include_str!("oauth2_page.html"), false));

static BUILT_IN: LazyLock<HashSet<String>> = LazyLock::new(|| Provider::builtin_ids().collect());

/// Whether the API has a provider of this key, registered here or not.
pub(super) fn is_of_the_api(provider: &ProviderKey) -> bool {
    BUILT_IN.contains(provider.as_str())
}

/// The addresses of this server that take part, all under the public URL.
#[derive(Debug)]
pub(super) struct OAuth2Urls {
    /// Without a trailing slash.
    base: Box<str>,
    project: Box<str>,
    /// The host that clients know.
    pub(super) host: Box<str>,
    pub(super) success: CheckedUrl,
    pub(super) failure: CheckedUrl,
}

impl OAuth2Urls {
    /// `own` allows the public URL's own origin.
    pub(super) fn new(public_url: &Url, project: &str, own: &AllowedRedirects) -> Result<Self, Invalid> {
        let base = public_url.as_str().trim_end_matches('/');
        Ok(Self {
            success: own.check(&format!("{base}{SUCCESS}"))?,
            failure: own.check(&format!("{base}{FAILURE}"))?,
            host: public_url.host_str().unwrap_or_default().into(),
            base: base.into(),
            project: project.into(),
        })
    }

    /// Where a provider is to send the browser back to.
    pub(super) fn callback(&self, provider: &ProviderKey) -> String {
        format!("{}{CALLBACK}/{}/{}", self.base, provider.as_str(), self.project)
    }

    /// The step that ends the flow, with what the provider sent.
    fn redirect(&self, provider: &ProviderKey, received: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(received.as_bytes()) {
            if name != "project" {
                // The next step takes none, and what a provider tells of an error may have some.
                query.append_pair(&name, &value.replace(char::is_control, " "));
            }
        }
        query.append_pair("project", &self.project);
        format!("{}{ROUTE}/{}/redirect?{}", self.base, provider.as_str(), query.finish())
    }
}

/// A browser that a provider sends back.
pub(super) struct Callback<'a> {
    provider: &'a str,
    project: &'a str,
}

impl<'a> Callback<'a> {
    pub(super) fn of(parts: &'a Parts) -> Option<Self> {
        let rest = parts.uri.path().strip_prefix(CALLBACK)?.strip_prefix('/')?;
        let (provider, project) = rest.split_once('/')?;
        let is_it = matches!(parts.method, Method::GET | Method::HEAD | Method::POST)
            && !(provider.is_empty() || project.is_empty() || project.contains('/'));
        is_it.then_some(Self { provider, project })
    }

    /// Passes it on with all that it brings.
    ///
    /// That is all that happens here, so nothing is asked of the request: a form of another site comes without the cookies of this one, and the
    /// step that follows gets them (RFC 6265bis, `SameSite=Lax`).
    pub(super) async fn pass_on(self, config: &HttpConfig, parts: &Parts, body: Body) -> Answer {
        if *self.project != *config.project {
            return Err(Rejection::unknown_project());
        }
        let provider = self.provider.parse().map_err(|_| Rejection::unsupported_provider())?;
        let (status, received) = match parts.method {
            Method::POST => (StatusCode::SEE_OTHER, body::form(&parts.headers, body, MAX_BYTES).await?),
            _ => (StatusCode::FOUND, Zeroizing::new(parts.uri.query().unwrap_or_default().to_owned())),
        };
        if received.len() > MAX_BYTES {
            return Err(Rejection::argument("The query is too long."));
        }
        Reply::redirect(status, &Zeroizing::new(config.oauth2.redirect(&provider, &received)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::assert_that_it_runs_its_own_script_and_loads_nothing;

    fn places(public_url: &str) -> OAuth2Urls {
        let own = AllowedRedirects::new(["api.example.com"], []).unwrap();
        OAuth2Urls::new(&public_url.parse().unwrap(), "notes", &own).unwrap()
    }

    #[test]
    fn all_addresses_are_under_the_public_url() {
        let provider = "github".parse().unwrap();
        for public_url in ["https://api.example.com/auth", "https://api.example.com/auth/"] {
            let places = places(public_url);
            assert_eq!(
                places.callback(&provider),
                "https://api.example.com/auth/v1/account/sessions/oauth2/callback/github/notes"
            );
            assert_eq!(
                places.success.as_str(),
                "https://api.example.com/auth/v1/account/sessions/oauth2/complete/success"
            );
        }
    }

    #[test]
    fn what_a_provider_sent_is_passed_on_but_for_the_project_and_control_characters() {
        let passed = places("https://api.example.com").redirect(
            &"github".parse().unwrap(),
            "state=a%2Bb&code=c+d&project=other&error_description=one%0D%0Atwo&x=%zz&iss=https://idp.example/#",
        );
        assert_eq!(
            passed,
            "https://api.example.com/v1/account/sessions/oauth2/github/redirect?state=a%2Bb&code=c+d\
             &error_description=one++two&x=%25zz&iss=https%3A%2F%2Fidp.example%2F%23&project=notes"
        );
    }

    #[test]
    fn the_page_runs_its_own_script_and_loads_nothing() {
        assert_that_it_runs_its_own_script_and_loads_nothing(&PAGE);
    }
}
