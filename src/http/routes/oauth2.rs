//! Sign-in by OAuth2 providers: the way there, and what follows when the browser is back.

use axum::http::StatusCode;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    features::{FailedOAuth2, FinishedOAuth2, OAuth2Outcome, OAuth2Return, OAuth2Start},
    http::{
        call::Call,
        oauth2,
        query::{BadQuery, Pairs},
        rejection::Rejection,
        reply::{Answer, CookieChange, Reply},
    },
    model::{CheckedUrl, Invalid, ProviderKey, Token},
    oauth2::OAuth2Error,
    ports::{Clock, Mailer, SmsSender, Store},
    service::SignedIn,
};

/// The longest parameter that a provider sends, in characters.
const MAX_LENGTH: usize = 2048;
const MAX_SCOPES: usize = 100;
const MAX_SCOPE_LENGTH: usize = 4096;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn start_oauth2_session(&self) -> Answer {
        Box::pin(self.start_oauth2(false)).await
    }

    pub(super) async fn start_oauth2_token(&self) -> Answer {
        Box::pin(self.start_oauth2(true)).await
    }

    async fn start_oauth2(&self, with_token: bool) -> Answer {
        let provider = self.provider()?;
        let pairs = self.pairs().map_err(malformed)?;
        let mut start = OAuth2Start::new(provider, self.config.oauth2.callback(&provider));
        start.success = self.page(&pairs, "success")?;
        start.failure = self.page(&pairs, "failure")?;
        start.scopes = scopes(&pairs)?;
        start.with_token = with_token;
        let failure = start.failure.clone();
        let started = match self.service.start_oauth2(start, self.who.as_deref()).await {
            Ok(started) => started,
            Err(Error::Invalid(rule)) => return Err(Rejection::invalid("success", &rule)),
            Err(error @ Error::OAuth2(OAuth2Error::InvalidScope)) => return Err(error.into()),
            // The provider had to be asked first. Principal waits for an answer waits at the failure page.
            Err(error @ Error::OAuth2(_)) if failure.is_some() => {
                return self.failed(FailedOAuth2 { is_known: true, failure, error }, None);
            }
            Err(error) => return Err(error.into()),
        };
        let mut reply = Reply::redirect(StatusCode::FOUND, started.authorize_url.as_str())?;
        self.config.cookies.flows.set(&started, &self.flows, reply.response.headers_mut());
        Ok(reply)
    }

    pub(super) async fn finish_oauth2(&self) -> Answer {
        let provider = self.provider()?;
        let pairs = self.pairs().map_err(malformed)?;
        let state = text(&pairs, "state", MAX_LENGTH)?;
        let (back, unreadable) = match received(&pairs, state) {
            Ok(back) => (back, None),
            Err(refusal) => (
                OAuth2Return { state, error: Some(("malformed", None)), ..Default::default() },
                Some(refusal),
            ),
        };
        let name = back.flow_name().map(str::to_owned);
        let kept = name.as_deref().and_then(|name| self.flows.find(name));
        let (caller, allowed) = (self.who.as_deref(), &self.config.origins);
        match self.service.finish_oauth2(&provider, back, kept, caller, allowed, &self.client).await {
            Ok(FinishedOAuth2 { success, outcome }) => {
                let mut reply = match outcome {
                    OAuth2Outcome::Session(signed_in) => self.with_session(success, *signed_in)?,
                    OAuth2Outcome::Token(token) => self.with_token(success, &token)?,
                };
                self.forget_flow(name.as_deref(), &mut reply);
                Ok(reply)
            }
            Err(failed) => match unreadable {
                Some(refusal) if !failed.is_known => Err(refusal),
                _ => self.failed(failed, name.as_deref()),
            },
        }
    }

    fn with_session(&self, success: Option<CheckedUrl>, signed_in: SignedIn) -> Answer {
        let SignedIn { session, secret, device } = signed_in;
        let location = match success {
            Some(page) => page.as_str().to_owned(),
            // Native apps whose SDK names no page take the cookie from the default one.
            None => {
                let places = &self.config.oauth2;
                let wire = Zeroizing::new(secret.to_wire());
                let key = self.config.cookies.name();
                places.success.with_query(&[
                    ("project", &self.config.project),
                    ("domain", &places.host),
                    ("key", key),
                    ("secret", &wire),
                ])
            }
        };
        let reply = Reply::redirect(StatusCode::FOUND, &Zeroizing::new(location))?;
        Ok(reply.with_cookie(CookieChange::Set(secret, session.expires_at)).with_device(device))
    }

    fn with_token(&self, success: Option<CheckedUrl>, token: &Token) -> Answer {
        let secret = token.secret().ok_or(Error::Internal)?.expose();
        let brought =
            [("userId", token.user.as_str()), ("secret", secret), ("project", &*self.config.project)];
        let location = match success {
            Some(page) => page.with_query(brought.get(..2).unwrap_or_default()),
            None => self.config.oauth2.success.with_query(&brought),
        };
        Reply::redirect(StatusCode::FOUND, &Zeroizing::new(location))
    }

    /// Tells the failure page; or, if nothing says whose flow it was, the client itself. `name` is that of the flow, if it had begun.
    fn failed(&self, failed: FailedOAuth2, name: Option<&str>) -> Answer {
        let FailedOAuth2 { is_known, failure, error } = failed;
        let is_over = !matches!(error, Error::InvalidState);
        let told_by_provider = match &error {
            Error::OAuth2(error) => error.provider_status().filter(|status| *status >= 400),
            _ => None,
        };
        let status = told_by_provider.unwrap_or_else(|| error.kind().status());
        let refusal = Rejection::from(error);
        let json = refusal.to_json(status);
        let location = match failure {
            Some(page) => page.with_query(&[("error", &json)]),
            None if is_known => {
                let page = &self.config.oauth2.failure;
                page.with_query(&[("project", &self.config.project), ("error", &json)])
            }
            None => return Err(refusal),
        };
        let mut reply = Reply::redirect(StatusCode::FOUND, &location)?;
        // Somebody else may have sent the browser here while it is at the provider.
        if is_over {
            self.forget_flow(name, &mut reply);
        }
        Ok(reply)
    }

    fn forget_flow(&self, name: Option<&str>, reply: &mut Reply) {
        if let Some(name) = name {
            self.config.cookies.flows.clear(name, reply.response.headers_mut());
        }
    }

    /// The provider that the path names: one of this host's, or at least of the API's.
    fn provider(&self) -> Result<ProviderKey, Rejection> {
        let key = self.segment("provider").and_then(|key| key.parse().ok());
        key.filter(|key| self.service.provider(key).is_ok() || oauth2::is_of_the_api(key))
            .ok_or_else(Rejection::unsupported_provider)
    }

    /// A page where the browser may go in the end; empty and absent are none.
    fn page(&self, pairs: &Pairs<'_>, name: &str) -> Result<Option<CheckedUrl>, Rejection> {
        let given = pairs.scalar(name).map_err(malformed)?.filter(|url| !url.is_empty());
        given
            .map(|url| self.config.origins.check(url))
            .transpose()
            .map_err(|rule| Rejection::invalid(name, &rule))
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

/// What the provider sent, as far as it is looked at. What it says of an error may be long, and is cut.
fn received<'a>(pairs: &'a Pairs<'_>, state: Option<&'a str>) -> Result<OAuth2Return<'a>, Rejection> {
    let text = |name: &str, longest| text(pairs, name, longest);
    let said = |name| {
        let text = pairs.scalar(name).map_err(malformed)?.filter(|text| !text.is_empty());
        Ok::<_, Rejection>(text.map(|text| {
            text.char_indices().nth(MAX_LENGTH).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
        }))
    };
    let description = said("error_description")?;
    Ok(OAuth2Return {
        code: text("code", MAX_LENGTH)?,
        state,
        error: said("error")?.map(|error| (error, description)),
        issuer: text("iss", MAX_LENGTH)?,
        location: text("location", MAX_LENGTH)?,
        // Only a name is taken from it, and the client passes over one that is too long.
        user: pairs.scalar("user").map_err(malformed)?,
    })
}

fn text<'a>(pairs: &'a Pairs<'_>, name: &str, max: usize) -> Result<Option<&'a str>, Rejection> {
    let given = pairs.scalar(name).map_err(malformed)?;
    match given.is_some_and(|text| text.chars().count() > max) {
        true => Err(Rejection::invalid(name, &Invalid::Text { min: 0, max })),
        false => Ok(given),
    }
}

fn malformed(BadQuery: BadQuery) -> Rejection {
    Rejection::argument("The query string must be well-formed and name each parameter once.")
}
