//! What must hold of a provider and credentials before they are used.

use std::collections::BTreeMap;

use super::{
    super::{
        ClientAuth, Extra, Parameter, ParameterKind, Provider, Reference, Template, Test, Verified,
        hosts::{self, Reach},
        provider::Body,
        template::Placeholder,
    },
    Registration,
};

/// Why a provider cannot be used with these credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The provider's key is not 1–64 letters, digits, `-` or `_`.
    #[error("the provider's key is not 1 to 64 letters, digits, hyphens or underscores")]
    Id,
    /// The client id is empty or has other than printable ASCII characters.
    #[error("the client id is empty or not printable")]
    ClientId,
    /// The client secret is empty, has other than printable ASCII characters, or is not the JSON object that it should be.
    #[error("the client secret is empty or malformed")]
    ClientSecret,
    /// The client secret is no P-256 key in PKCS #8 that contains its public half, or `key_id` or `team_id` is missing.
    #[error("the signing key cannot be used")]
    SigningKey,
    /// The provider needs this parameter.
    #[error("the parameter {0} is missing")]
    Missing(String),
    /// The provider has no parameter of this name.
    #[error("there is no parameter {0}")]
    Unknown(String),
    /// The parameter cannot have this value.
    #[error("the parameter {0} cannot have this value")]
    Parameter(String),
    /// An endpoint is no https URL within reach, or is neither configured nor discovered.
    #[error("the URL of {0} is missing or not allowed")]
    Url(&'static str),
    /// A header's name or value cannot be sent, or a fixed parameter has the name of one of the protocol.
    #[error("{0} is no name of a header or parameter that may be set")]
    Name(String),
    /// A reference names no source that is there by then.
    #[error("there is no source for {0}")]
    Reference(String),
    /// The person or `max_age` is to be read from the id_token, which cannot be checked without issuer and keys.
    #[error("id_tokens cannot be checked without an issuer and keys")]
    OpenId,
}

/// The parameters as they are used: given or default, each of its kind.
pub(super) fn parameters(
    provider: &Provider,
    mut given: BTreeMap<String, String>,
    reach: Reach,
) -> Result<BTreeMap<String, String>, RegistrationError> {
    let mut checked = BTreeMap::new();
    for parameter in &provider.parameters {
        let name = &parameter.name;
        let given = given.remove(name).filter(|value| parameter.may_be_empty || !value.is_empty());
        match given.or_else(|| parameter.default.clone()) {
            Some(value) => {
                let value = parse(parameter, &value, reach)
                    .ok_or_else(|| RegistrationError::Parameter(name.clone()))?;
                checked.insert(name.clone(), value);
            }
            None if parameter.required => return Err(RegistrationError::Missing(name.clone())),
            None => {}
        }
    }
    given.into_keys().next().map_or(Ok(checked), |unknown| Err(RegistrationError::Unknown(unknown)))
}

fn parse(parameter: &Parameter, value: &str, reach: Reach) -> Option<String> {
    if !parameter.one_of.is_empty() && !parameter.one_of.iter().any(|allowed| allowed == value) {
        return None;
    }
    match parameter.kind {
        ParameterKind::Host => hosts::host(value, reach),
        ParameterKind::BaseUrl => hosts::base_url(value, reach),
        ParameterKind::Url => hosts::web_url(value, reach).map(|_| value.to_owned()),
        ParameterKind::Segment => {
            let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
            (plain && value != "." && value != "..").then(|| value.to_owned())
        }
        ParameterKind::Text => is_printable(value).then(|| value.to_owned()),
    }
}

pub(super) fn registration(registration: &Registration) -> Result<(), RegistrationError> {
    let provider = &registration.provider;
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=64).contains(&provider.id.len()) || !provider.id.bytes().all(is_key) {
        return Err(RegistrationError::Id);
    }
    if registration.client_id.is_empty() || !is_printable(&registration.client_id) {
        return Err(RegistrationError::ClientId);
    }
    let secret = registration.client_secret.expose();
    let is_signing = provider.token.client_auth == ClientAuth::Es256Jwt;
    if secret.is_empty() || !(is_printable(secret) || is_signing) {
        return Err(RegistrationError::ClientSecret);
    }
    names(provider)?;
    regions(registration)?;
    endpoints(registration)?;
    references(provider)?;
    if &*provider.profile.uid.source == "id_token" && !registration.checks_id_tokens() {
        return Err(RegistrationError::OpenId);
    }
    greatest_age(registration)
}

/// What is asked for must be a number, and there must be an id_token to tell whether it was kept to.
fn greatest_age(registration: &Registration) -> Result<(), RegistrationError> {
    let values = registration.values();
    let is_set = match registration.provider.authorize.parameters.get("max_age") {
        Some(Extra::Text(template)) => template.text(&values).is_some(),
        Some(Extra::Json(_)) => true,
        None => false,
    };
    if is_set && registration.max_age(&values).is_none() {
        return Err(RegistrationError::Parameter("max_age".to_owned()));
    }
    if is_set && !(registration.checks_id_tokens() && registration.needs_id_token()) {
        return Err(RegistrationError::OpenId);
    }
    Ok(())
}

/// Parameters that the protocol sets itself.
const RESERVED: [&str; 9] = [
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

fn names(provider: &Provider) -> Result<(), RegistrationError> {
    let reserved = provider.authorize.parameters.keys().find(|name| RESERVED.contains(&name.as_str()));
    let headers = provider.profile.requests.iter().map(|request| &request.headers);
    let malformed = headers.chain([&provider.token.headers]).flat_map(BTreeMap::keys).find(|name| {
        name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    });
    reserved.or(malformed).map_or(Ok(()), |name| Err(RegistrationError::Name(name.clone())))
}

fn regions(registration: &Registration) -> Result<(), RegistrationError> {
    let Some(region) = &registration.provider.region else { return Ok(()) };
    let parameter = registration.provider.parameters.iter().find(|known| known.name == region.parameter);
    let parameter = parameter.ok_or_else(|| RegistrationError::Unknown(region.parameter.clone()))?;
    let fits = |value: &String| parse(parameter, value, registration.reach).as_ref() == Some(value);
    if region.values.values().all(fits) {
        Ok(())
    } else {
        Err(RegistrationError::Parameter(region.parameter.clone()))
    }
}

fn endpoints(registration: &Registration) -> Result<(), RegistrationError> {
    let provider = &registration.provider;
    let values = registration.values();
    let openid = provider.openid.as_ref();
    let discovery = openid.and_then(|openid| openid.discovery.as_ref()).and_then(|place| place.url(&values));
    let fixed = |what, template: Option<&Template>, may_be_discovered: bool| match template
        .and_then(|place| place.url(&values))
    {
        Some(url) => registration.web_url(&url).map(|_| ()).ok_or(RegistrationError::Url(what)),
        None if may_be_discovered => Ok(()),
        None => Err(RegistrationError::Url(what)),
    };
    if let Some(url) = &discovery {
        registration.web_url(url).ok_or(RegistrationError::Url("discovery"))?;
    }
    let is_discovered = discovery.is_some();
    fixed("authorize", provider.authorize.url.as_ref(), is_discovered)?;
    fixed("token", provider.token.url.as_ref(), is_discovered)?;
    fixed("refresh", provider.token.refresh_url.as_ref(), true)?;
    fixed("keys", openid.and_then(|openid| openid.keys.as_ref()), true)?;
    for (place, request) in provider.profile.requests.iter().enumerate() {
        if request.url.as_ref().is_none_or(|url| !url.depends_on_tokens()) {
            fixed("profile", request.url.as_ref(), is_discovered && place == 0)?;
        }
    }
    Ok(())
}

/// Every source is there when it is referred to, and every parameter is declared.
fn references(provider: &Provider) -> Result<(), RegistrationError> {
    let is_declared = |name: &str| provider.parameters.iter().any(|parameter| parameter.name == name);
    let check = |template: &Template, known: &[&str]| {
        template.placeholders().try_for_each(|placeholder| match placeholder {
            Placeholder::Parameter(name) if !is_declared(name) => {
                Err(RegistrationError::Unknown(name.to_string()))
            }
            Placeholder::Reply(reference) => is_known(reference, known),
            _ => Ok(()),
        })
    };
    let (authorize, token) = (&provider.authorize, &provider.token);
    let extras = authorize.parameters.values().filter_map(|extra| match extra {
        Extra::Text(template) => Some(template),
        Extra::Json(_) => None,
    });
    let urls = [&authorize.url, &token.url, &token.refresh_url].into_iter().flatten();
    urls.chain(extras).chain(token.headers.values()).try_for_each(|template| check(template, &[]))?;
    if let Some(openid) = &provider.openid {
        [&openid.discovery, &openid.keys]
            .into_iter()
            .flatten()
            .try_for_each(|template| check(template, &[]))?;
        openid.issuers.iter().try_for_each(|template| check(template, &["id_token"]))?;
    }

    let mut known = vec!["token", "id_token", "callback.user"];
    for request in &provider.profile.requests {
        if known.contains(&request.name.as_str()) {
            return Err(RegistrationError::Reference(request.name.clone()));
        }
        let body = match &request.body {
            Some(Body::Form(form)) => Some(form),
            _ => None,
        };
        let templates = request.url.iter().chain(request.headers.values()).chain(request.query.values());
        templates
            .chain(body.into_iter().flat_map(BTreeMap::values))
            .try_for_each(|template| check(template, &known))?;
        known.push(&request.name);
    }
    mapped(provider).into_iter().try_for_each(|reference| is_known(reference, &known))?;
    // Nobody has signed it.
    let unsigned = |reference: &&Reference| &*reference.source == "callback.user";
    let identity =
        [Some(&provider.profile.uid), provider.profile.email.address.as_ref()].into_iter().flatten();
    identity
        .into_iter()
        .find(unsigned)
        .map_or(Ok(()), |reference| Err(RegistrationError::Reference(reference.to_string())))
}

fn mapped(provider: &Provider) -> Vec<&Reference> {
    let profile = &provider.profile;
    let mut all = vec![&profile.uid];
    all.extend(
        profile
            .names
            .iter()
            .chain(&profile.name_parts)
            .chain(&profile.email.otherwise)
            .chain(&profile.email.address),
    );
    let mut tests = Vec::new();
    if let Verified::When(check) = &profile.email.verified {
        all.push(&check.at);
        tests.push(&check.is);
    }
    if let Some(list) = &profile.email.list {
        all.push(&list.of);
        tests.extend(
            list.require.iter().chain(&list.prefer).chain(&list.verified).map(|condition| &condition.is),
        );
    }
    all.extend(tests.into_iter().filter_map(|test| match test {
        Test::SameAs(reference) => Some(reference),
        _ => None,
    }));
    all
}

fn is_known(reference: &Reference, known: &[&str]) -> Result<(), RegistrationError> {
    let is_known = known.contains(&&*reference.source);
    is_known.then_some(()).ok_or_else(|| RegistrationError::Reference(reference.to_string()))
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
