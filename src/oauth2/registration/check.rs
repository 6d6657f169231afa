//! Validation of a provider with its credentials.

use std::collections::BTreeMap;

use super::{
    super::{
        hosts,
        provider::{ClientAuth, Extra, Provider},
        template::Template,
    },
    credentials::Credentials,
    error::RegistrationError,
    parameters::{is_printable, parse},
    references,
    values::Values,
};

/// Query parameters that the protocol sets.
const RESERVED_PARAMETERS: [&str; 9] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// Checks a provider and resolved credentials.
pub(super) fn check(provider: &Provider, credentials: &Credentials) -> Result<(), RegistrationError> {
    let values = Values::new(provider, credentials);
    check_ids(provider, credentials)?;
    check_names(provider)?;
    check_region(provider, credentials)?;
    check_urls(provider, credentials, &values)?;
    references::check(provider)?;
    if &*provider.profile.uid.source == "id_token" && !provider.checks_id_tokens(&values) {
        return Err(RegistrationError::OpenId);
    }
    check_max_age(provider, &values)
}

fn check_ids(provider: &Provider, credentials: &Credentials) -> Result<(), RegistrationError> {
    if !(1..=64).contains(&provider.id.len()) || !is_name(&provider.id) {
        return Err(RegistrationError::Id);
    }
    if credentials.client_id.is_empty() || !is_printable(&credentials.client_id) {
        return Err(RegistrationError::ClientId);
    }
    let secret = credentials.client_secret.expose();
    let is_signing_key = provider.token.client_auth == ClientAuth::Es256Jwt;
    if secret.is_empty() || !(is_printable(secret) || is_signing_key) {
        return Err(RegistrationError::ClientSecret);
    }
    Ok(())
}

fn check_names(provider: &Provider) -> Result<(), RegistrationError> {
    let mut parameters = provider.authorize.parameters.keys();
    let reserved = parameters.find(|name| RESERVED_PARAMETERS.contains(&name.as_str()));
    let headers = provider.profile.requests.iter().map(|request| &request.headers);
    let mut headers = headers.chain([&provider.token.headers]).flat_map(BTreeMap::keys);
    let malformed = headers.find(|name| name.is_empty() || !is_name(name));
    reserved.or(malformed).map_or(Ok(()), |name| Err(RegistrationError::Name(name.clone())))
}

fn check_region(provider: &Provider, credentials: &Credentials) -> Result<(), RegistrationError> {
    let Some(region) = &provider.region else { return Ok(()) };
    let parameter = provider.parameters.iter().find(|known| known.name == region.parameter);
    let parameter = parameter.ok_or_else(|| RegistrationError::Unknown(region.parameter.clone()))?;
    let is_valid = |value: &String| parse(parameter, value, credentials.access).as_ref() == Some(value);
    if region.values.values().all(is_valid) {
        Ok(())
    } else {
        Err(RegistrationError::Parameter(region.parameter.clone()))
    }
}

fn check_urls(
    provider: &Provider,
    credentials: &Credentials,
    values: &Values<'_>,
) -> Result<(), RegistrationError> {
    let openid = provider.openid.as_ref();
    let discovery = openid.and_then(|openid| openid.discovery.as_ref()).and_then(|url| url.url(values));
    let check = |what, template: Option<&Template>, may_be_discovered: bool| {
        let url = template.and_then(|url| url.url(values));
        let is_valid =
            url.map_or(may_be_discovered, |url| hosts::web_url(&url, credentials.access).is_some());
        is_valid.then_some(()).ok_or(RegistrationError::Url(what))
    };
    if let Some(url) = &discovery {
        hosts::web_url(url, credentials.access).ok_or(RegistrationError::Url("discovery"))?;
    }
    let is_discovered = discovery.is_some();
    check("authorize", provider.authorize.url.as_ref(), is_discovered)?;
    check("token", provider.token.url.as_ref(), is_discovered)?;
    check("refresh", provider.token.refresh_url.as_ref(), true)?;
    check("keys", openid.and_then(|openid| openid.keys.as_ref()), true)?;
    for (index, request) in provider.profile.requests.iter().enumerate() {
        if request.url.as_ref().is_none_or(|url| !url.depends_on_tokens()) {
            check("profile", request.url.as_ref(), is_discovered && index == 0)?;
        }
    }
    Ok(())
}

/// `max_age` must be a number of seconds, and an id_token must show that the provider respected it.
fn check_max_age(provider: &Provider, values: &Values<'_>) -> Result<(), RegistrationError> {
    let is_set = match provider.authorize.parameters.get("max_age") {
        Some(Extra::Text(template)) => template.text(values).is_some(),
        Some(Extra::Json(_)) => true,
        None => false,
    };
    if is_set && provider.authorize.max_age(values).is_none() {
        return Err(RegistrationError::Parameter("max_age".to_owned()));
    }
    if is_set && !(provider.checks_id_tokens(values) && provider.requires_id_token(values)) {
        return Err(RegistrationError::OpenId);
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
