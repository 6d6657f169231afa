//! Validation of parameters.

use std::collections::BTreeMap;

use super::{
    super::{
        hosts::{self, NetworkAccess},
        provider::{Parameter, ParameterKind, Provider},
    },
    error::RegistrationError,
};

/// Returns the values of all parameters, given or default, after checking them.
pub(super) fn resolve(
    provider: &Provider,
    mut given: BTreeMap<String, String>,
    access: NetworkAccess,
) -> Result<BTreeMap<String, String>, RegistrationError> {
    let mut resolved = BTreeMap::new();
    for parameter in &provider.parameters {
        let name = &parameter.name;
        let given = given.remove(name).filter(|value| parameter.may_be_empty || !value.is_empty());
        match given.or_else(|| parameter.default.clone()) {
            Some(value) => {
                let value = parse(parameter, &value, access)
                    .ok_or_else(|| RegistrationError::Parameter(name.clone()))?;
                resolved.insert(name.clone(), value);
            }
            None if parameter.required => return Err(RegistrationError::Missing(name.clone())),
            None => {}
        }
    }
    given.into_keys().next().map_or(Ok(resolved), |unknown| Err(RegistrationError::Unknown(unknown)))
}

/// Returns a parameter's value in its canonical form, or `None` if it is not allowed.
pub(super) fn parse(parameter: &Parameter, value: &str, access: NetworkAccess) -> Option<String> {
    if !parameter.one_of.is_empty() && !parameter.one_of.iter().any(|allowed| allowed == value) {
        return None;
    }
    match parameter.kind {
        ParameterKind::Host => hosts::host(value, access),
        ParameterKind::BaseUrl => hosts::base_url(value, access),
        ParameterKind::Url => hosts::web_url(value, access).map(|_| value.to_owned()),
        ParameterKind::Segment => is_segment(value).then(|| value.to_owned()),
        ParameterKind::Text => is_printable(value).then(|| value.to_owned()),
    }
}

fn is_segment(value: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().all(is_unreserved) && value != "." && value != ".."
}

pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
