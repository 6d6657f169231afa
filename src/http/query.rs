//! Query strings and form bodies, parsed strictly: what parsers disagree about is refused.

use std::borrow::Cow;

use super::percent;

/// The pairs of a query string or of an `application/x-www-form-urlencoded` body, in order.
pub(super) struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A malformed query string, or a parameter that is repeated or has the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadQuery;

impl<'a> Pairs<'a> {
    /// Parses the pairs. Malformed escapes, text that is not UTF-8, and control characters are
    /// refused.
    pub(super) fn read(text: &'a str) -> Result<Self, BadQuery> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let read = |pair: &'a str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((component(name)?, component(value)?))
        };
        pairs.map(read).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        self.0.into_iter()
    }

    /// The value of a parameter with one value.
    pub(super) fn scalar(&self, name: &str) -> Result<Option<&str>, BadQuery> {
        let mut found = None;
        for (given, value) in &self.0 {
            if base(given) != name {
                continue;
            }
            // A repeated parameter or `name[]`: neither the first nor the last may win silently.
            if given != name || found.is_some() {
                return Err(BadQuery);
            }
            found = Some(&**value);
        }
        Ok(found)
    }

    /// The values of a list, as `name[]=…` or `name[0]=…`.
    pub(super) fn list(&self, name: &str) -> Result<Vec<&str>, BadQuery> {
        let mut values = Vec::new();
        for (given, value) in &self.0 {
            if base(given) != name {
                continue;
            }
            let index = given.get(name.len()..).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
            match index {
                Some(index) if index.len() <= 4 && index.bytes().all(|digit| digit.is_ascii_digit()) => {
                    values.push(&**value);
                }
                _ => return Err(BadQuery),
            }
        }
        Ok(values)
    }
}

/// The name without `[…]`.
fn base(name: &str) -> &str {
    name.split_once('[').map_or(name, |(base, _)| base)
}

fn component(text: &str) -> Result<Cow<'_, str>, BadQuery> {
    let decoded = if text.contains('+') {
        percent::decode(&text.replace('+', " ")).map(|decoded| Cow::Owned(decoded.into_owned()))
    } else {
        percent::decode(text)
    };
    decoded.filter(|decoded| !decoded.contains(char::is_control)).ok_or(BadQuery)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_query_string_meets_its_verdict() {
        let corpus: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/bad-inputs.json")).unwrap();
        for entry in corpus["urlQueryString"].as_array().unwrap() {
            let (input, valid) = (entry["input"].as_str().unwrap(), entry["valid"].as_bool().unwrap());
            let read = || -> Result<_, BadQuery> {
                let pairs = Pairs::read(input)?;
                let has = |name| pairs.scalar(name).map(|value| value.is_some());
                Ok((has("userId")?, has("secret")?, has("a")?))
            };
            let is_whole = matches!(read(), Ok((true, true, false) | (false, false, true)));
            assert_eq!(is_whole, valid, "{input}");
        }
    }

    #[test]
    fn lists_are_written_with_brackets() {
        let list = |text: &str| -> Result<Vec<String>, BadQuery> {
            Ok(Pairs::read(text)?.list("queries")?.into_iter().map(Into::into).collect())
        };
        assert_eq!(list("queries%5B0%5D=a&queries[1]=b"), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(list("queries[]=a+b&x=1&queries[]=%2B"), Ok(vec!["a b".into(), "+".into()]));
        assert_eq!(list(""), Ok(vec![]));
        for bad in
            ["queries=a", "queries[x]=a", "queries[0][1]=a", "queries[0=a", "queries[-1]=a", "queries[]=%"]
        {
            assert_eq!(list(bad), Err(BadQuery), "{bad}");
        }
    }
}
