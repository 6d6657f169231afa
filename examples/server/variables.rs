//! Environment variables, each read at most once, and errors that name a variable but never show
//! its value.

use std::collections::BTreeMap;

const PREFIX: &str = "ACCOUNT_";

/// A variable that is unknown, does not parse or breaks a rule.
///
/// # Security
/// Names the variable and never contains its value, which may be secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub(crate) struct SettingError {
    variable: String,
    problem: String,
}

impl SettingError {
    pub(crate) fn new(variable: &str, problem: &str) -> Self {
        Self { variable: variable.to_owned(), problem: problem.to_owned() }
    }
}

/// The variables that were not read so far. Reading removes a variable, so those left at the end
/// are unknown.
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(crate) fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// Collects the variables of the process whose names begin with `ACCOUNT_`.
    pub(crate) fn from_environment() -> Result<Self, SettingError> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with(PREFIX) {
                let value =
                    value.into_string().map_err(|_| SettingError::new(&name, "the value is not UTF-8"))?;
                variables.insert(name, value);
            }
        }
        Ok(Self::new(variables))
    }

    /// Removes a variable and returns its text, if it is set.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Removes all variables with this prefix and returns them.
    pub(crate) fn take_prefixed(&mut self, prefix: &str) -> BTreeMap<String, String> {
        let rest = self.0.split_off(prefix);
        let (taken, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            rest.into_iter().partition(|(name, _)| name.starts_with(prefix));
        self.0.extend(others);
        taken
    }

    /// Reads a variable. `expected` describes valid values in the error.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        match parse(text.trim()) {
            Some(value) => Ok(Some(value)),
            None => Err(SettingError::new(name, &format!("expected {expected}"))),
        }
    }

    /// Reads comma-separated values. An empty text is an empty list.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, SettingError> {
        self.read(name, expected, |text| match text {
            "" => Some(Vec::new()),
            text => split(text, parse),
        })
    }

    /// Reads comma-separated values, at least one.
    pub(crate) fn non_empty_list<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, SettingError> {
        self.read(name, expected, |text| split(text, parse))
    }

    pub(crate) fn switch(&mut self, name: &str) -> Result<Option<bool>, SettingError> {
        self.read(name, "`on` or `off`", |text| match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    /// Reads variables that must be set together. Empty ones count as not set.
    pub(crate) fn together<const N: usize>(
        &mut self,
        names: [&str; N],
    ) -> Result<Option<[String; N]>, SettingError> {
        let found = names.map(|name| self.take(name).filter(|text| !text.is_empty()));
        if found.iter().all(Option::is_none) {
            return Ok(None);
        }
        if let Some(index) = found.iter().position(Option::is_none) {
            let missing = names.get(index).copied().unwrap_or_default();
            let problem = format!("missing; {} must be set together", names.join(", "));
            return Err(SettingError::new(missing, &problem));
        }
        Ok(Some(found.map(Option::unwrap_or_default)))
    }

    /// Fails if a variable was not read.
    pub(crate) fn finish(self) -> Result<(), SettingError> {
        let Some(name) = self.into_names().next() else { return Ok(()) };
        Err(SettingError::new(&name, "this is no setting of the server"))
    }

    /// The names of the variables that were not read.
    pub(crate) fn into_names(self) -> impl Iterator<Item = String> {
        self.0.into_keys()
    }
}

fn split<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|item| parse(item.trim())).collect()
}
