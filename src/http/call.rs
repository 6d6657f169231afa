//! One request that has passed the gates: who asks, and its parameters.

use std::{ops::Deref, str::FromStr, sync::Arc};

use axum::http::Uri;

#[cfg(feature = "oauth2")]
use super::flow_cookies::KeptFlows;
use super::{
    body::{Field, Fields},
    cookies::SessionCredential,
    query::{BadQuery, Pairs},
    rejection::Rejection,
    settings::HttpConfig,
};
use crate::{
    error::Error,
    model::{CheckedUrl, ClientInfo, Invalid},
    service::{AccountService, Caller, SessionHolder},
};

/// Somebody with a live session.
#[derive(Clone)]
pub(super) enum Principal {
    Full(Caller),
    /// Perhaps still owing a factor, at an operation for which that will do.
    Owing(SessionHolder),
}

impl Principal {
    pub(super) fn with_client(self, client: ClientInfo) -> Self {
        match self {
            Self::Full(caller) => Self::Full(caller.with_client(client)),
            Self::Owing(holder) => Self::Owing(holder.with_client(client)),
        }
    }

    pub(super) fn keeping_secret(self) -> Self {
        match self {
            Self::Full(caller) => Self::Full(caller.keeping_secret()),
            Self::Owing(holder) => Self::Owing(holder.keeping_secret()),
        }
    }
}

impl Deref for Principal {
    type Target = SessionHolder;

    fn deref(&self) -> &SessionHolder {
        match self {
            Self::Full(caller) => caller,
            Self::Owing(holder) => holder,
        }
    }
}

/// A request that has passed the gates. Every operation is a method of it.
pub(super) struct Call<S, M, P, C> {
    pub(super) service: AccountService<S, M, P, C>,
    pub(super) config: Arc<HttpConfig>,
    pub(super) who: Option<Principal>,
    /// The session that came with the request; present whenever the caller has a current session.
    pub(super) credential: Option<SessionCredential>,
    /// Whether the request carries the API key.
    pub(super) has_api_key: bool,
    /// Known for operations that change something.
    pub(super) client: ClientInfo,
    /// The flows that the browser has under way; known for operations that begin or end one.
    #[cfg(feature = "oauth2")]
    pub(super) flows: KeptFlows,
    pub(super) fields: Fields,
    pub(super) uri: Uri,
    /// The route, with parameters in braces.
    pub(super) route: &'static str,
}

impl<S, M, P, C> Call<S, M, P, C> {
    /// Principal asks. The gates let nobody else come to an operation that needs a caller.
    pub(super) fn caller(&self) -> Result<&Caller, Rejection> {
        match &self.who {
            Some(Principal::Full(caller)) => Ok(caller),
            Some(Principal::Owing(_)) => Err(Error::MoreFactorsRequired.into()),
            None => Err(Error::NotSignedIn.into()),
        }
    }

    /// Principal asks, though they may still owe a factor.
    pub(super) fn holder(&self) -> Result<&SessionHolder, Rejection> {
        self.who.as_deref().ok_or_else(|| Error::NotSignedIn.into())
    }

    /// A parameter of the body that must be there.
    pub(super) fn required<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<T, Rejection> {
        match self.fields.field(name) {
            Field::Absent => Err(Rejection::missing(name)),
            Field::Text(text) => text.parse().map_err(|rule| Rejection::invalid(name, &rule)),
            Field::Null | Field::Other(_) => Err(wrong_kind::<T>(name)),
        }
    }

    /// A parameter of the body that may be left out or null.
    pub(super) fn optional<T: FromStr<Err = Invalid>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, Rejection> {
        match self.fields.field(name) {
            Field::Absent | Field::Null => Ok(None),
            _ => self.required(name).map(Some),
        }
    }

    /// A switch of the body that must be there. Only JSON's own two are one: `"true"` and `1` are not.
    pub(super) fn required_bool(&self, name: &'static str) -> Result<bool, Rejection> {
        match self.fields.field(name) {
            Field::Absent => Err(Rejection::missing(name)),
            Field::Other("true") => Ok(true),
            Field::Other("false") => Ok(false),
            _ => Err(Rejection::argument(format!("Invalid `{name}` param: Value must be a valid boolean"))),
        }
    }

    /// A switch of the body that may be left out or null, and then is off.
    pub(super) fn optional_bool(&self, name: &'static str) -> Result<bool, Rejection> {
        match self.fields.field(name) {
            Field::Absent | Field::Null => Ok(false),
            _ => self.required_bool(name),
        }
    }

    /// The page of the body's `url` that a mailed link is to lead to.
    pub(super) fn required_url(&self) -> Result<CheckedUrl, Rejection> {
        let refuse = |rule: Invalid| Rejection::invalid("url", &rule);
        match self.fields.field("url") {
            Field::Absent => Err(Rejection::missing("url")),
            Field::Text(text) => self.config.origins.check(&text).map_err(refuse),
            Field::Null | Field::Other(_) => Err(refuse(Invalid::RedirectUrl)),
        }
    }

    /// The same, if there is one: absent, null and empty are none.
    pub(super) fn optional_url(&self) -> Result<Option<CheckedUrl>, Rejection> {
        match self.fields.field("url") {
            Field::Absent | Field::Null => Ok(None),
            Field::Text(text) if text.is_empty() => Ok(None),
            _ => self.required_url().map(Some),
        }
    }

    /// The JSON text of a parameter of the body that must be there; null and strings are none.
    pub(super) fn required_json(&self, name: &'static str) -> Result<&str, Rejection> {
        match self.fields.field(name) {
            Field::Absent => Err(Rejection::missing(name)),
            Field::Other(json) => Ok(json),
            // No JSON text is empty, so the parameter's own parser refuses this one.
            Field::Null | Field::Text(_) => Ok(""),
        }
    }

    /// The parameter of the path with this name. It is taken as it is: no valid id needs an escape.
    pub(super) fn in_path<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<T, Rejection> {
        let segment = self.segment(name).unwrap_or_default();
        segment.parse().map_err(|rule| Rejection::invalid(name, &rule))
    }

    pub(super) fn segment(&self, name: &str) -> Option<&str> {
        let is_named =
            |part: &str| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) == Some(name);
        self.route
            .split('/')
            .zip(self.uri.path().split('/'))
            .find_map(|(part, given)| is_named(part).then_some(given))
    }

    /// The parameters of the query string.
    pub(super) fn pairs(&self) -> Result<Pairs<'_>, BadQuery> {
        Pairs::read(self.uri.query().unwrap_or_default())
    }

    /// The list `queries` of the query string.
    pub(super) fn queries<T>(
        &self,
        parse: impl FnOnce(&[&str]) -> Result<T, Invalid>,
    ) -> Result<T, Rejection> {
        let refuse = |BadQuery| {
            Rejection::argument(
                "Invalid `queries` param: Invalid query: Value must be a list of texts, and the query string well-formed",
            )
        };
        let pairs = self.pairs().map_err(refuse)?;
        let queries = pairs.list("queries").map_err(refuse)?;
        parse(&queries).map_err(|rule| Rejection::invalid("queries", &rule))
    }
}

/// What the rule of a type says is what it says of the empty text, which no such parameter may be.
fn wrong_kind<T: FromStr<Err = Invalid>>(name: &str) -> Rejection {
    match "".parse::<T>() {
        Err(rule) => Rejection::invalid(name, &rule),
        Ok(_) => Rejection::argument(format!("Invalid `{name}` param: Value must be a text")),
    }
}
