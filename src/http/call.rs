//! A request that has passed the gates, and its parameters.

use std::{str::FromStr, sync::Arc};

use http::Uri;

#[cfg(feature = "oauth2")]
use super::flow_cookies::KeptFlows;
use super::{
    auth::Principal,
    body::{Field, Fields},
    config::HttpConfig,
    cookies::SessionCredential,
    query::{BadQuery, Pairs},
    rejection::Rejection,
    route::Route,
};
use crate::{
    error::Error,
    model::{CheckedUrl, ClientInfo, Invalid},
    service::{AccountService, Caller, SessionHolder},
};

/// A request that has passed the gates. Every operation is a method.
pub(super) struct Call<S, M, P, C> {
    pub(super) service: AccountService<S, M, P, C>,
    pub(super) config: Arc<HttpConfig>,
    pub(super) principal: Option<Principal>,
    /// The session of the request. Present whenever the caller has a current session.
    pub(super) credential: Option<SessionCredential>,
    /// Set for operations that change something.
    pub(super) client: ClientInfo,
    /// The OAuth2 flows of the browser. Set for operations that begin or end one.
    #[cfg(feature = "oauth2")]
    pub(super) flows: KeptFlows,
    pub(super) fields: Fields,
    pub(super) uri: Uri,
    pub(super) route: Route,
}

impl<S, M, P, C> Call<S, M, P, C> {
    /// The caller. The gates admit no one else to an operation that needs one.
    pub(super) fn caller(&self) -> Result<&Caller, Rejection> {
        match &self.principal {
            Some(Principal::Full(caller)) => Ok(caller),
            Some(Principal::Partial(_)) => Err(Error::MoreFactorsRequired.into()),
            None => Err(Error::NotSignedIn.into()),
        }
    }

    /// The caller, whose session may lack a factor.
    pub(super) fn holder(&self) -> Result<&SessionHolder, Rejection> {
        self.principal.as_deref().ok_or_else(|| Error::NotSignedIn.into())
    }

    /// A required parameter of the body.
    pub(super) fn required<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<T, Rejection> {
        match self.fields.field(name) {
            Field::Absent => Err(Rejection::missing(name)),
            Field::Text(text) => text.parse().map_err(|rule| Rejection::invalid(name, rule)),
            Field::Null | Field::Other(_) => Err(wrong_kind::<T>(name)),
        }
    }

    /// An optional parameter of the body. Null counts as absent.
    pub(super) fn optional<T: FromStr<Err = Invalid>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, Rejection> {
        match self.fields.field(name) {
            Field::Absent | Field::Null => Ok(None),
            _ => self.required(name).map(Some),
        }
    }

    /// A required boolean of the body. Only JSON's own are accepted, not `"true"` or `1`.
    pub(super) fn required_bool(&self, name: &'static str) -> Result<bool, Rejection> {
        match self.fields.field(name) {
            Field::Absent => Err(Rejection::missing(name)),
            Field::Other("true") => Ok(true),
            Field::Other("false") => Ok(false),
            _ => Err(Rejection::argument(format!("Invalid `{name}` param: Value must be a valid boolean"))),
        }
    }

    /// An optional boolean of the body. Absent and null are false.
    pub(super) fn optional_bool(&self, name: &'static str) -> Result<bool, Rejection> {
        match self.fields.field(name) {
            Field::Absent | Field::Null => Ok(false),
            _ => self.required_bool(name),
        }
    }

    /// The parameter `url` of the body: the page that a mailed link leads to.
    pub(super) fn required_url(&self) -> Result<CheckedUrl, Rejection> {
        let refuse = |rule: Invalid| Rejection::invalid("url", rule);
        match self.fields.field("url") {
            Field::Absent => Err(Rejection::missing("url")),
            Field::Text(text) => self.config.origins.check(&text).map_err(refuse),
            Field::Null | Field::Other(_) => Err(refuse(Invalid::RedirectUrl)),
        }
    }

    /// The parameter `url` if it is present, neither null nor empty.
    pub(super) fn optional_url(&self) -> Result<Option<CheckedUrl>, Rejection> {
        match self.fields.field("url") {
            Field::Absent | Field::Null => Ok(None),
            Field::Text(text) if text.is_empty() => Ok(None),
            _ => self.required_url().map(Some),
        }
    }

    /// The JSON text of a required parameter of the body. Null and strings are invalid.
    pub(super) fn required_json(&self, name: &'static str) -> Result<&str, Rejection> {
        match self.fields.field(name) {
            Field::Absent => Err(Rejection::missing(name)),
            Field::Other(json) => Ok(json),
            // Empty text is not JSON, so the parameter's own parser refuses it.
            Field::Null | Field::Text(_) => Ok(""),
        }
    }

    /// The parameter of the path with this name. It is not decoded, because no valid id needs an
    /// escape.
    pub(super) fn in_path<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<T, Rejection> {
        let segment = self.segment(name).unwrap_or_default();
        segment.parse().map_err(|rule| Rejection::invalid(name, rule))
    }

    pub(super) fn segment(&self, name: &str) -> Option<&str> {
        let is_named =
            |part: &str| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) == Some(name);
        self.route
            .path
            .split('/')
            .zip(self.uri.path().split('/'))
            .find_map(|(part, given)| is_named(part).then_some(given))
    }

    /// The parameters of the query string.
    pub(super) fn pairs(&self) -> Result<Pairs<'_>, BadQuery> {
        Pairs::read(self.uri.query().unwrap_or_default())
    }

    /// The parameter `queries` of the query string, a list.
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
        parse(&queries).map_err(|rule| Rejection::invalid("queries", rule))
    }
}

/// The rule of a type, as its parser words it for the empty text, which is invalid for all of them.
fn wrong_kind<T: FromStr<Err = Invalid>>(name: &str) -> Rejection {
    match "".parse::<T>() {
        Err(rule) => Rejection::invalid(name, rule),
        Ok(_) => Rejection::argument(format!("Invalid `{name}` param: Value must be a text")),
    }
}
