//! The page to return to after signing in.

use std::{fmt, str::FromStr};

use http::{Method, request::Parts};
use url::form_urlencoded;

const MAX_BYTES: usize = 2048;

/// A path of your application that a browser returns to after signing in, taken from a query
/// parameter such as `next`.
///
/// # Security
/// Only a path of the same site is accepted: no scheme, no host, no `//` or `\`, which browsers
/// take for a host, no control characters (open redirect), and nothing that ends an attribute of
/// HTML: browsers escape quotes and angle brackets in addresses. At most 2,048 bytes.
///
/// # Examples
/// ```
/// use account::http::ReturnPath;
///
/// let next: ReturnPath = "/notes?page=2".parse()?;
/// assert_eq!(next.as_str(), "/notes?page=2");
///
/// for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "notes", ""] {
///     assert!(bad.parse::<ReturnPath>().is_err());
/// }
/// # Ok::<(), account::http::InvalidReturnPath>(())
/// ```
#[doc(alias = "next")]
#[doc(alias = "open redirect")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(Box<str>);

/// The text is not a path of the same site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page to return to must be a path such as /notes")]
pub struct InvalidReturnPath;

impl ReturnPath {
    /// The page that a request asks for, if it is one to return to: of `GET`, below the site.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        let path = parts.uri.path_and_query()?.as_str();
        (parts.method == Method::GET).then(|| path.parse().ok()).flatten()
    }

    /// The path, with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a sign-in page with this path as its parameter `next`, to redirect a guest to.
    ///
    /// ```
    /// # use account::http::ReturnPath;
    /// let next: ReturnPath = "/notes?page=2".parse()?;
    /// assert_eq!(next.after("/sign-in"), "/sign-in?next=%2Fnotes%3Fpage%3D2");
    /// # Ok::<(), account::http::InvalidReturnPath>(())
    /// ```
    #[must_use]
    pub fn after(&self, sign_in_page: &str) -> String {
        let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", &self.0).finish();
        let separator = if sign_in_page.contains('?') { '&' } else { '?' };
        format!("{sign_in_page}{separator}{next}")
    }
}

impl FromStr for ReturnPath {
    type Err = InvalidReturnPath;

    fn from_str(text: &str) -> Result<Self, InvalidReturnPath> {
        let rest = text.strip_prefix('/').ok_or(InvalidReturnPath)?;
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"'<>`".contains(&byte);
        match text.len() <= MAX_BYTES && text.bytes().all(is_plain) && !rest.starts_with('/') {
            true => Ok(Self(text.into())),
            false => Err(InvalidReturnPath),
        }
    }
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_the_same_site_is_a_page_to_return_to() {
        for good in ["/", "/notes", "/a//b", "/a?next=https://b.example/", "/%2F%2Fevil.example", "/#x"] {
            assert_eq!(good.parse::<ReturnPath>().unwrap().as_str(), good);
        }
        let bad = [
            "",
            "notes",
            "//e.example",
            "///e.example",
            "/\\e.example",
            "\\/e.example",
            "https://e.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: b=c",
            "/\t/e.example",
            " /a",
            "/a b",
            "/ä",
            "/\"><script>",
            "/'",
            "/`",
        ];
        for bad in bad {
            assert_eq!(bad.parse::<ReturnPath>(), Err(InvalidReturnPath), "{bad}");
        }
    }

    #[test]
    fn only_a_page_that_was_asked_for_is_returned_to() {
        let parts = |method: &str, uri: &str| {
            http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0
        };
        assert_eq!(ReturnPath::of(&parts("GET", "/notes?a=b")), "/notes?a=b".parse().ok());
        assert_eq!(ReturnPath::of(&parts("GET", "https://a.example/notes")), "/notes".parse().ok());
        assert_eq!(ReturnPath::of(&parts("GET", "//e.example/notes")), None);
        assert_eq!(ReturnPath::of(&parts("POST", "/notes")), None);
    }
}
