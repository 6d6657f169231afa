//! Validation of placeholders and references in a provider's data.

use std::collections::BTreeMap;

use super::{
    super::{
        provider::{Body, Extra, ProfileRequest, Provider, Test, Verified},
        template::{Placeholder, Reference, Template},
    },
    error::RegistrationError,
};

/// Sources that are available to the first profile request.
const INITIAL_SOURCES: [&str; 3] = ["token", "id_token", "callback.user"];
const UNSIGNED_SOURCE: &str = "callback.user";

/// Checks that every parameter is declared, and that every source is available where it is used.
pub(super) fn check(provider: &Provider) -> Result<(), RegistrationError> {
    check_endpoints(provider)?;
    let sources = check_profile_requests(provider)?;
    profile_references(provider).into_iter().try_for_each(|reference| check_source(reference, &sources))?;
    check_identity_is_signed(provider)
}

fn check_endpoints(provider: &Provider) -> Result<(), RegistrationError> {
    let (authorize, token) = (&provider.authorize, &provider.token);
    let extras = authorize.parameters.values().filter_map(|extra| match extra {
        Extra::Text(template) => Some(template),
        Extra::Json(_) => None,
    });
    let urls = [&authorize.url, &token.url, &token.refresh_url].into_iter().flatten();
    check_all(provider, urls.chain(extras).chain(token.headers.values()), &[])?;
    let Some(openid) = &provider.openid else { return Ok(()) };
    check_all(provider, [&openid.discovery, &openid.keys].into_iter().flatten(), &[])?;
    check_all(provider, &openid.issuers, &["id_token"])
}

/// Returns all sources that are available after the profile requests.
fn check_profile_requests(provider: &Provider) -> Result<Vec<&str>, RegistrationError> {
    let mut sources = INITIAL_SOURCES.to_vec();
    for request in &provider.profile.requests {
        if sources.contains(&request.name.as_str()) {
            return Err(RegistrationError::Reference(request.name.clone()));
        }
        check_all(provider, request_templates(request), &sources)?;
        sources.push(&request.name);
    }
    Ok(sources)
}

fn request_templates(request: &ProfileRequest) -> impl Iterator<Item = &Template> {
    let form = match &request.body {
        Some(Body::Form(form)) => Some(form),
        _ => None,
    };
    let templates = request.url.iter().chain(request.headers.values()).chain(request.query.values());
    templates.chain(form.into_iter().flat_map(BTreeMap::values))
}

fn check_all<'a>(
    provider: &Provider,
    templates: impl IntoIterator<Item = &'a Template>,
    sources: &[&str],
) -> Result<(), RegistrationError> {
    let is_declared = |name: &str| provider.parameters.iter().any(|parameter| parameter.name == name);
    templates.into_iter().flat_map(Template::placeholders).try_for_each(|placeholder| match placeholder {
        Placeholder::Parameter(name) if !is_declared(name) => {
            Err(RegistrationError::Unknown(name.to_string()))
        }
        Placeholder::Reply(reference) => check_source(reference, sources),
        _ => Ok(()),
    })
}

fn check_source(reference: &Reference, sources: &[&str]) -> Result<(), RegistrationError> {
    let is_available = sources.contains(&&*reference.source);
    is_available.then_some(()).ok_or_else(|| RegistrationError::Reference(reference.to_string()))
}

/// The user's id and email address must not come from data that anyone can forge.
fn check_identity_is_signed(provider: &Provider) -> Result<(), RegistrationError> {
    let identity = [Some(&provider.profile.uid), provider.profile.email.address.as_ref()];
    let unsigned = identity.into_iter().flatten().find(|reference| &*reference.source == UNSIGNED_SOURCE);
    unsigned.map_or(Ok(()), |reference| Err(RegistrationError::Reference(reference.to_string())))
}

/// Returns all references from which the user is read.
fn profile_references(provider: &Provider) -> Vec<&Reference> {
    let profile = &provider.profile;
    let mut references = vec![&profile.uid];
    references.extend(
        profile
            .names
            .iter()
            .chain(&profile.name_parts)
            .chain(&profile.email.otherwise)
            .chain(&profile.email.address),
    );
    let mut tests = Vec::new();
    if let Verified::When(check) = &profile.email.verified {
        references.push(&check.at);
        tests.push(&check.is);
    }
    if let Some(list) = &profile.email.list {
        references.push(&list.of);
        let conditions = list.require.iter().chain(&list.prefer).chain(&list.verified);
        tests.extend(conditions.map(|condition| &condition.is));
    }
    references.extend(tests.into_iter().filter_map(|test| match test {
        Test::SameAs(reference) => Some(reference),
        _ => None,
    }));
    references
}
