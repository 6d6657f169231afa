//! Values of placeholders.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::{
    super::{
        json::text_of,
        provider::{ParameterKind, Provider},
        template::{Placeholder, PlaceholderValue, Reference, Resolve},
        tokens::Tokens,
    },
    credentials::Credentials,
};

/// The values of placeholders at one point of a sign-in.
#[derive(Clone, Copy)]
pub(in crate::oauth2) struct Values<'a> {
    provider: &'a Provider,
    credentials: &'a Credentials,
    region: Option<(&'a str, &'a str)>,
    pub(in crate::oauth2) tokens: Option<&'a Tokens>,
    /// The replies so far, by the source that references name.
    pub(in crate::oauth2) replies: &'a [(&'a str, &'a Value)],
}

impl<'a> Values<'a> {
    pub(super) fn new(provider: &'a Provider, credentials: &'a Credentials) -> Self {
        Self { provider, credentials, region: None, tokens: None, replies: &[] }
    }

    /// Overrides a parameter with the value that a region selects.
    pub(super) fn with_region(self, parameter: &'a str, value: &'a str) -> Self {
        Self { region: Some((parameter, value)), ..self }
    }

    pub(in crate::oauth2) fn with_tokens(self, tokens: &'a Tokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    pub(in crate::oauth2) fn with_replies<'b>(self, replies: &'b [(&'b str, &'b Value)]) -> Values<'b>
    where
        'a: 'b,
    {
        Values { replies, ..self }
    }

    /// Returns the value that a reference points at.
    pub(in crate::oauth2) fn find(&self, reference: &Reference) -> Option<&'a Value> {
        let (_, reply) = self.replies.iter().find(|(source, _)| *source == &*reference.source)?;
        reference.pointer.of(reply)
    }

    fn parameter(&self, name: &str) -> Option<PlaceholderValue> {
        let selected = self.region.filter(|(parameter, _)| *parameter == name).map(|(_, value)| value);
        let text = selected.or_else(|| self.credentials.parameters.get(name).map(String::as_str))?.to_owned();
        let kind = self.provider.parameters.iter().find(|known| known.name == name)?.kind;
        let is_url_part = matches!(kind, ParameterKind::Host | ParameterKind::BaseUrl | ParameterKind::Url);
        Some(PlaceholderValue { text, is_url_part })
    }
}

impl Resolve for Values<'_> {
    fn resolve(&self, placeholder: &Placeholder) -> Option<PlaceholderValue> {
        let token = || self.tokens.map(|tokens| tokens.access_token.expose());
        let secret = self.credentials.client_secret.expose();
        let text = match placeholder {
            Placeholder::Parameter(name) => return self.parameter(name),
            Placeholder::ClientId => self.credentials.client_id.clone(),
            Placeholder::ClientSecret => secret.to_owned(),
            Placeholder::AccessToken => token()?.to_owned(),
            Placeholder::AccessTokenPrefix => token()?.split('.').next()?.to_owned(),
            Placeholder::AccessTokenProof => hmac_hex(secret, token()?)?,
            Placeholder::Reply(reference) => text_of(self.find(reference)?)?,
        };
        Some(PlaceholderValue { text, is_url_part: false })
    }
}

fn hmac_hex(key: &str, message: &str) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    Some(HEXLOWER.encode(&mac.chain_update(message).finalize().into_bytes()))
}
