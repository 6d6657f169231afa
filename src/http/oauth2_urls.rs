//! The URLs of this server for OAuth2 sign-ins.

use url::{Url, form_urlencoded};

use crate::model::{AllowedRedirects, CheckedUrl, Invalid, ProviderKey};

/// The path of the flows' cookies: every route that begins or ends a flow is below it.
pub(super) const COOKIE_PATH: &str = "/v1/account";
/// The page after a successful sign-in whose client named none.
pub(super) const SUCCESS: &str = "/v1/account/sessions/oauth2/complete/success";
/// The page after a failed sign-in whose client named none.
pub(super) const FAILURE: &str = "/v1/account/sessions/oauth2/complete/failure";
/// The path that providers send browsers back to, before provider and project.
pub(super) const CALLBACK: &str = "/v1/account/sessions/oauth2/callback";

const ROUTE: &str = "/v1/account/sessions/oauth2";

/// The URLs of this server for OAuth2 sign-ins, all below the public URL.
#[derive(Debug)]
pub(super) struct OAuth2Urls {
    /// Without a trailing slash.
    base: Box<str>,
    project: Box<str>,
    /// The host name that clients know.
    pub(super) host: Box<str>,
    pub(super) success: CheckedUrl,
    pub(super) failure: CheckedUrl,
}

impl OAuth2Urls {
    /// `own` allows the public URL's origin.
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

    /// The callback URL of a provider.
    pub(super) fn callback(&self, provider: &ProviderKey) -> String {
        format!("{}{CALLBACK}/{}/{}", self.base, provider.as_str(), self.project)
    }

    /// The URL of the step that ends the flow, with the provider's parameters.
    pub(super) fn redirect(&self, provider: &ProviderKey, received: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(received.as_bytes()) {
            if name != "project" {
                // The next step accepts no control characters, but a provider's error text may
                // contain some.
                query.append_pair(&name, &value.replace(char::is_control, " "));
            }
        }
        query.append_pair("project", &self.project);
        format!("{}{ROUTE}/{}/redirect?{}", self.base, provider.as_str(), query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(public_url: &str) -> OAuth2Urls {
        let own = AllowedRedirects::new(["api.example.com"], []).unwrap();
        OAuth2Urls::new(&public_url.parse().unwrap(), "notes", &own).unwrap()
    }

    #[test]
    fn all_addresses_are_under_the_public_url() {
        let provider = "github".parse().unwrap();
        for public_url in ["https://api.example.com/auth", "https://api.example.com/auth/"] {
            let urls = urls(public_url);
            assert_eq!(
                urls.callback(&provider),
                "https://api.example.com/auth/v1/account/sessions/oauth2/callback/github/notes"
            );
            assert_eq!(
                urls.success.as_str(),
                "https://api.example.com/auth/v1/account/sessions/oauth2/complete/success"
            );
        }
    }

    #[test]
    fn what_a_provider_sent_is_passed_on_but_for_the_project_and_control_characters() {
        let passed = urls("https://api.example.com").redirect(
            &"github".parse().unwrap(),
            "state=a%2Bb&code=c+d&project=other&error_description=one%0D%0Atwo&x=%zz&iss=https://idp.example/#",
        );
        assert_eq!(
            passed,
            "https://api.example.com/v1/account/sessions/oauth2/github/redirect?state=a%2Bb&code=c+d\
             &error_description=one++two&x=%25zz&iss=https%3A%2F%2Fidp.example%2F%23&project=notes"
        );
    }
}
