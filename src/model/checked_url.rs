//! URLs that may receive a secret.

use std::{fmt, sync::Arc};

use serde::Serialize;
use url::form_urlencoded;

/// A URL that is an allowed target of links and redirects, in the spelling of browsers.
///
/// Only [`AllowedRedirects::check`](super::AllowedRedirects::check) creates it, so a function that
/// takes it need not check again. It cannot be deserialized: a stored URL must be checked again.
/// Cloning is cheap.
///
/// # Examples
/// ```
/// use account::model::AllowedRedirects;
///
/// let allowed = AllowedRedirects::new(["app.example.com"], [])?;
/// let page = allowed.check("https://app.example.com/reset?lang=en")?;
/// let link = page.with_query(&[("userId", "ada")]);
/// assert_eq!(link, "https://app.example.com/reset?lang=en&userId=ada");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct CheckedUrl(Arc<str>);

impl CheckedUrl {
    pub(super) fn new(canonical: &str) -> Self {
        Self(canonical.into())
    }

    /// Returns the URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the URL with parameters added to its query, before the fragment.
    ///
    /// Existing parameters stay as they are and come first. Those with a name in `pairs` are
    /// replaced, so that no name has two values.
    #[must_use]
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        let (rest, fragment) = split_before(&self.0, '#');
        let (base, query) = split_before(rest, '?');
        let kept = query
            .trim_start_matches('?')
            .split('&')
            .filter(|part| !part.is_empty() && !is_named(part, pairs));
        let added = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let parts: Vec<String> = kept.map(str::to_owned).chain(added).collect();
        let mark = if parts.is_empty() { "" } else { "?" };
        format!("{base}{mark}{}{fragment}", parts.join("&"))
    }
}

/// Splits before the first `mark`, which stays in the second half.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

fn is_named(part: &str, pairs: &[(&str, &str)]) -> bool {
    form_urlencoded::parse(part.as_bytes()).any(|(found, _)| pairs.iter().any(|(name, _)| *name == found))
}

/// Form encoding with `%20` for the space, which every decoder understands.
fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

impl AsRef<str> for CheckedUrl {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for CheckedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    fn link(url: &str, pairs: &[(&str, &str)]) -> String {
        CheckedUrl::new(url).with_query(pairs)
    }

    #[test]
    fn parameters_go_after_the_query_and_before_the_fragment() {
        let pairs = [("userId", "u 1"), ("secret", "a+b&c")];
        let added = "userId=u%201&secret=a%2Bb%26c";
        assert_eq!(link("https://a.test/", &pairs), format!("https://a.test/?{added}"));
        assert_eq!(link("https://a.test/?n=%2Fh&x", &pairs), format!("https://a.test/?n=%2Fh&x&{added}"));
        assert_eq!(link("https://a.test/#/r?q=1", &pairs), format!("https://a.test/?{added}#/r?q=1"));
        assert_eq!(link("com.example.app:/cb", &pairs), format!("com.example.app:/cb?{added}"));
        assert_eq!(link("app-callback-x://", &pairs), format!("app-callback-x://?{added}"));
    }

    #[test]
    fn parameters_of_the_same_name_are_replaced_in_any_spelling() {
        let url = "https://a.test/cb?secret=x&keep=1&%73ecret=y&secret&userId=z";
        assert_eq!(
            link(url, &[("secret", "s"), ("userId", "u")]),
            "https://a.test/cb?keep=1&secret=s&userId=u"
        );
        assert_eq!(link("https://a.test/cb?secret=x", &[]), "https://a.test/cb?secret=x");
        assert_eq!(link("https://a.test/cb?&&#f", &[]), "https://a.test/cb#f");
    }

    proptest! {
        #[test]
        fn a_link_gives_back_its_parameters_once_and_all_that_was_there(
            old in prop::collection::vec(("[a-c ]{1,2}", any::<String>()), 0..4),
            new in prop::collection::hash_map("[a-c]{1,2}", any::<String>(), 0..4),
            fragment in "[!-~]{0,8}",
        ) {
            let mut url = Url::parse("https://app.example.com/cb").unwrap();
            url.query_pairs_mut().extend_pairs(&old);
            url.set_fragment(Some(&fragment));
            let new: Vec<(&str, &str)> =
                new.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let linked = Url::parse(&link(url.as_str(), &new)).unwrap();
            let found: Vec<_> = linked.query_pairs().into_owned().collect();
            let kept = old.iter().filter(|(name, _)| !new.iter().any(|(other, _)| other == name)).cloned();
            let added = new.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            prop_assert_eq!(found, kept.chain(added).collect::<Vec<_>>());
            prop_assert_eq!(linked.fragment(), url.fragment());
            prop_assert_eq!(linked.path(), "/cb");
        }
    }
}
