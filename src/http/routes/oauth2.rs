//! Sign-in with OAuth2 providers: the redirect to the provider, and the way back.

use std::{collections::HashSet, sync::LazyLock};

use http::StatusCode;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    features::{FailedOAuth2, FinishedOAuth2, OAuth2Outcome, OAuth2Return, OAuth2Start},
    http::{
        call::Call,
        oauth2_query::{OAuth2Query, malformed},
        outcome::{Answer, CookieChange, Done, FlowChange, Outcome},
        query::Pairs,
        rejection::Rejection,
    },
    model::{CheckedUrl, ProviderKey, Token},
    oauth2::{OAuth2Error, Provider},
    ports::{Clock, Mailer, SmsSender, Store},
    service::SignedIn,
};

const MAX_SCOPES: usize = 100;
const MAX_SCOPE_LENGTH: usize = 4096;

static BUILT_IN: LazyLock<HashSet<String>> = LazyLock::new(|| Provider::builtin_ids().collect());

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn start_oauth2_session(&mut self) -> Answer {
        Box::pin(self.start_oauth2(false)).await
    }

    pub(super) async fn start_oauth2_token(&mut self) -> Answer {
        Box::pin(self.start_oauth2(true)).await
    }

    async fn start_oauth2(&mut self, with_token: bool) -> Answer {
        let start = self.oauth2_start(with_token)?;
        let failure = start.failure.clone();
        let started = match self.service.start_oauth2(start, self.principal.as_deref()).await {
            Ok(started) => started,
            Err(Error::Invalid(rule)) => return Err(Rejection::invalid("success", rule)),
            Err(error @ Error::OAuth2(OAuth2Error::InvalidScope)) => return Err(error.into()),
            // The provider had to be asked first. The user waits for the answer at the failure
            // page.
            Err(error @ Error::OAuth2(_)) if failure.is_some() => {
                return self.failed(FailedOAuth2 { is_known: true, failure, error }, None);
            }
            Err(error) => return Err(error.into()),
        };
        let done = redirect(started.authorize_url.as_str());
        Ok(done.with_flow(FlowChange::Add(Box::new(started), std::mem::take(&mut self.flows))))
    }

    fn oauth2_start(&self, with_token: bool) -> Result<OAuth2Start, Rejection> {
        let provider = self.provider()?;
        let pairs = self.pairs().map_err(malformed)?;
        let mut start = OAuth2Start::new(provider, self.config.oauth2.callback(&provider));
        start.success = self.page(&pairs, "success")?;
        start.failure = self.page(&pairs, "failure")?;
        start.scopes = scopes(&pairs)?;
        start.with_token = with_token;
        Ok(start)
    }

    pub(super) async fn finish_oauth2(&self) -> Answer {
        let provider = self.provider()?;
        let query = OAuth2Query::parse(self.uri.query().unwrap_or_default())?;
        let state = query.state()?;
        let (back, unreadable) = match query.to_return() {
            Ok(back) => (back, None),
            Err(rejection) => {
                let error = Some(("malformed", None));
                (OAuth2Return { state, error, ..OAuth2Return::default() }, Some(rejection))
            }
        };
        let flow = back.flow_name().map(Box::<str>::from);
        let kept = flow.as_deref().and_then(|name| self.flows.find(name));
        let (caller, allowed) = (self.principal.as_deref(), &self.config.origins);
        match self.service.finish_oauth2(&provider, back, kept, caller, allowed, &self.client).await {
            Ok(FinishedOAuth2 { success, outcome }) => {
                let done = match outcome {
                    OAuth2Outcome::Session(signed_in) => self.with_session(success, *signed_in),
                    OAuth2Outcome::Token(token) => self.with_token(success, &token)?,
                };
                Ok(without_flow(done, flow))
            }
            Err(failed) => match unreadable {
                Some(rejection) if !failed.is_known => Err(rejection),
                _ => self.failed(failed, flow),
            },
        }
    }

    fn with_session(&self, success: Option<CheckedUrl>, signed_in: SignedIn) -> Done {
        let SignedIn { session, secret, device } = signed_in;
        let done = match success {
            Some(page) => redirect(page.as_str()),
            // A native app whose SDK names no page takes the cookie from the address of the default
            // page.
            None => {
                let urls = &self.config.oauth2;
                let wire = Zeroizing::new(secret.to_wire());
                redirect(urls.success.with_query(&[
                    ("project", &self.config.project),
                    ("domain", &urls.host),
                    ("key", self.config.cookies.name()),
                    ("secret", &wire),
                ]))
            }
        };
        done.with_cookie(CookieChange::Set(secret, session.expires_at)).with_device(device)
    }

    fn with_token(&self, success: Option<CheckedUrl>, token: &Token) -> Answer {
        let secret = token.secret().ok_or(Error::Internal)?.expose();
        let pairs = [("userId", token.user.as_str()), ("secret", secret), ("project", &*self.config.project)];
        let location = match success {
            Some(page) => page.with_query(pairs.get(..2).unwrap_or_default()),
            None => self.config.oauth2.success.with_query(&pairs),
        };
        Ok(redirect(location))
    }

    /// Redirects to the failure page. If it is unknown whose flow it was, the client itself gets
    /// the error.
    fn failed(&self, failed: FailedOAuth2, flow: Option<Box<str>>) -> Answer {
        let FailedOAuth2 { is_known, failure, error } = failed;
        // With an unknown state, another site may have sent the browser while the user is at the
        // provider.
        let is_over = !matches!(error, Error::InvalidState);
        let provider_status = match &error {
            Error::OAuth2(error) => error.provider_status().filter(|status| *status >= 400),
            _ => None,
        };
        let status = provider_status.unwrap_or_else(|| error.kind().status());
        let rejection = Rejection::from(error);
        let json = rejection.to_page_parameter(status);
        let location = match failure {
            Some(page) => page.with_query(&[("error", &json)]),
            None if is_known => {
                let page = &self.config.oauth2.failure;
                page.with_query(&[("project", &self.config.project), ("error", &json)])
            }
            None => return Err(rejection),
        };
        Ok(without_flow(redirect(location), flow.filter(|_| is_over)))
    }

    /// The provider in the path: one of this server's, or at least of the API's.
    fn provider(&self) -> Result<ProviderKey, Rejection> {
        let key = self.segment("provider").and_then(|key| key.parse().ok());
        let is_known =
            |key: &ProviderKey| self.service.provider(key).is_ok() || BUILT_IN.contains(key.as_str());
        key.filter(is_known).ok_or_else(Rejection::unsupported_provider)
    }

    /// A page where the browser may go in the end. An empty one counts as absent.
    fn page(&self, pairs: &Pairs<'_>, name: &str) -> Result<Option<CheckedUrl>, Rejection> {
        let given = pairs.scalar(name).map_err(malformed)?.filter(|url| !url.is_empty());
        let checked = given.map(|url| self.config.origins.check(url)).transpose();
        checked.map_err(|rule| Rejection::invalid(name, rule))
    }
}

fn redirect(location: impl Into<String>) -> Done {
    Outcome::Redirect(StatusCode::FOUND, Zeroizing::new(location.into())).done()
}

/// Removes the cookie of the flow, if it had begun.
fn without_flow(done: Done, flow: Option<Box<str>>) -> Done {
    match flow {
        Some(name) => done.with_flow(FlowChange::Remove(name)),
        None => done,
    }
}

fn scopes(pairs: &Pairs<'_>) -> Result<Vec<String>, Rejection> {
    let refuse = || {
        Rejection::argument(
            "Invalid `scopes` param: Value must be a list of at most 100 texts of 1 to 4096 characters",
        )
    };
    let scopes = pairs.list("scopes").map_err(|_| refuse())?;
    let fits = |scope: &&str| (1..=MAX_SCOPE_LENGTH).contains(&scope.chars().count());
    if scopes.len() > MAX_SCOPES || !scopes.iter().all(fits) {
        return Err(refuse());
    }
    Ok(scopes.into_iter().map(str::to_owned).collect())
}
