//! Changes of cookies, as headers of a response.

use std::{fmt, vec};

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The cookies that a response sets or clears. Made by [`Cookies`](super::Cookies).
///
/// Append it to the headers of the response. On axum it is a part of a response, as in
/// `(cookies, Redirect::to("/"))`.
///
/// # Security
/// The headers hold secrets. They are marked as sensitive, and `Debug` hides them.
///
/// # Examples
/// ```
/// use account::{Config, MasterKey, http::{Cookies, Settings}};
///
/// let config = Config::new(MasterKey::generate()?);
/// let cookies = Cookies::new(&Settings::default(), &config)?;
/// let mut response = http::Response::new("You are signed out.");
/// cookies.signed_out().append_to(response.headers_mut());
/// assert_eq!(response.headers().get_all("set-cookie").iter().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "cookies change only if the response has these headers"]
#[derive(Default)]
pub struct SetCookies(Vec<(HeaderName, HeaderValue)>);

impl SetCookies {
    /// Adds the cookies of `other` after these.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Appends the headers to those of a response. Cookies that it sets already stay.
    pub fn append_to(self, headers: &mut HeaderMap) {
        for (name, value) in self.0 {
            headers.append(name, value);
        }
    }

    pub(super) fn set_cookie(&mut self, line: &str) {
        self.header(header::SET_COOKIE, line);
    }

    pub(super) fn header(&mut self, name: HeaderName, text: &str) {
        if let Ok(mut value) = HeaderValue::from_str(text) {
            value.set_sensitive(true);
            self.0.push((name, value));
        }
    }
}

impl IntoIterator for SetCookies {
    type Item = (HeaderName, HeaderValue);
    type IntoIter = vec::IntoIter<(HeaderName, HeaderValue)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Debug for SetCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookies").finish_non_exhaustive()
    }
}
