//! The parameters that a provider sends back with the browser.

use super::{
    query::{BadQuery, Pairs},
    rejection::Rejection,
};
use crate::{features::OAuth2Return, model::Invalid};

/// The longest parameter that a provider sends, in characters.
const MAX_LENGTH: usize = 2048;

/// The query string, or the form, that a provider sends back with the browser, for routes of your
/// application that end a flow.
///
/// # Examples
/// ```
/// use account::http::OAuth2Query;
///
/// let query = OAuth2Query::parse("code=4%2F0Af&state=0f3c2a91.x&scope=email")?;
/// assert_eq!(query.to_return()?.code, Some("4/0Af"));
/// # Ok::<(), account::http::Rejection>(())
/// ```
pub struct OAuth2Query<'a>(Pairs<'a>);

impl<'a> OAuth2Query<'a> {
    /// Parses the parameters, of `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// [`Rejection`] with status 400 if the text is malformed.
    pub fn parse(query: &'a str) -> Result<Self, Rejection> {
        Pairs::read(query).map(Self).map_err(malformed)
    }

    /// What [`finish_oauth2`](crate::AccountService::finish_oauth2) takes. Error texts of the
    /// provider may be long, and are cut.
    ///
    /// # Errors
    /// [`Rejection`] with status 400 if a parameter is repeated or too long.
    pub fn to_return(&self) -> Result<OAuth2Return<'_>, Rejection> {
        let said = |name| {
            let text = self.0.scalar(name).map_err(malformed)?.filter(|text| !text.is_empty());
            Ok::<_, Rejection>(text.map(|text| {
                text.char_indices().nth(MAX_LENGTH).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
            }))
        };
        let description = said("error_description")?;
        Ok(OAuth2Return {
            code: self.text("code")?,
            state: self.state()?,
            error: said("error")?.map(|error| (error, description)),
            issuer: self.text("iss")?,
            location: self.text("location")?,
            // Only a name is taken from it, and one that is too long is ignored.
            user: self.0.scalar("user").map_err(malformed)?,
        })
    }

    /// The parameter `state` alone, which names the flow even if the others are invalid.
    pub(super) fn state(&self) -> Result<Option<&str>, Rejection> {
        self.text("state")
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Rejection> {
        let given = self.0.scalar(name).map_err(malformed)?;
        match given.is_some_and(|text| text.chars().count() > MAX_LENGTH) {
            true => Err(Rejection::invalid(name, Invalid::Text { min: 0, max: MAX_LENGTH })),
            false => Ok(given),
        }
    }
}

impl std::fmt::Debug for OAuth2Query<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OAuth2Query(…)")
    }
}

pub(super) fn malformed(BadQuery: BadQuery) -> Rejection {
    Rejection::argument("The query string must be well-formed and name each parameter once.")
}
