//! OAuth2 providers from the environment: `ACCOUNT_OAUTH2_<PROVIDER>_ID`, `_SECRET` and the
//! provider's parameters.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use account::{
    ReqwestClient, Secret,
    oauth2::{Credentials, OAuth2Client, Provider, Registration, RegistrationError},
};

use crate::variables::{SettingError, Variables};

const PREFIX: &str = "ACCOUNT_OAUTH2_";
/// The timeout of one request to a provider. A sign-in makes up to five of them, which together
/// must fit into the timeout of one request to this server.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Parameters whose variables have another name: provider, parameter, end of the variable.
const RENAMED: [(&str, &str, &str); 1] = [("oidc", "well_known", "DISCOVERY_URL")];

/// One provider, as the environment describes it.
#[derive(Debug)]
pub(crate) struct ProviderSettings {
    /// Such as `ACCOUNT_OAUTH2_GITHUB_`.
    prefix: String,
    provider: Provider,
    id: String,
    secret: Secret,
    parameters: BTreeMap<String, String>,
    is_private: bool,
}

/// Reads the variables of all providers. `is_private` allows hosts of the private network for all
/// of them.
pub(crate) fn parse(
    variables: &mut Variables,
    is_private: bool,
) -> Result<Vec<ProviderSettings>, SettingError> {
    let mut variables = Variables::new(variables.take_prefixed(PREFIX));
    let mut providers = Vec::new();
    for id in Provider::builtin_ids() {
        let prefix = format!("{PREFIX}{}_", id.to_ascii_uppercase());
        let own: BTreeMap<String, String> = variables
            .take_prefixed(&prefix)
            .into_iter()
            .filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?.to_owned(), text)))
            // Deployments may leave variables of unused providers empty.
            .filter(|(_, text)| !text.trim().is_empty())
            .collect();
        if !own.is_empty() {
            providers.push(ProviderSettings::read(&id, prefix, own, is_private)?);
        }
    }
    match variables.into_names().next() {
        None => Ok(providers),
        Some(name) => Err(SettingError::new(&name, "there is no OAuth2 provider with this name")),
    }
}

/// Creates the clients of the providers. Opens no connection yet.
pub(crate) fn clients(
    providers: &[ProviderSettings],
) -> Result<Vec<OAuth2Client>, Box<dyn std::error::Error>> {
    if providers.is_empty() {
        return Ok(Vec::new());
    }
    let http = Arc::new(ReqwestClient::new()?);
    let client = |settings: &ProviderSettings| {
        Ok(OAuth2Client::new(settings.register()?, http.clone()).with_timeout(TIMEOUT))
    };
    providers.iter().map(client).collect()
}

impl ProviderSettings {
    fn read(
        id: &str,
        prefix: String,
        mut given: BTreeMap<String, String>,
        is_private: bool,
    ) -> Result<Self, SettingError> {
        let fail = |name: &str, problem: &str| SettingError::new(&format!("{prefix}{name}"), problem);
        let provider = Provider::builtin(id).map_err(|error| fail("ID", &error.to_string()))?;
        let mut take = |name: &str| {
            let problem = format!("missing; {prefix}ID and {prefix}SECRET must be set together");
            given.remove(name).ok_or_else(|| fail(name, &problem))
        };
        let (client_id, secret) = (take("ID")?.trim().to_owned(), take("SECRET")?);
        let is_private = match given.remove("PRIVATE_NETWORK").as_deref().map(str::trim) {
            None => is_private,
            Some("on") => true,
            Some("off") => false,
            Some(_) => return Err(fail("PRIVATE_NETWORK", "expected `on` or `off`")),
        };
        let mut parameters = BTreeMap::new();
        for parameter in &provider.parameters {
            if let Some(text) = given.remove(&variable(id, &parameter.name)) {
                parameters.insert(parameter.name.clone(), text.trim().to_owned());
            }
        }
        if let Some(name) = given.into_keys().next() {
            return Err(fail(&name, &format!("the provider {} has no such parameter", provider.name)));
        }
        let secret = Secret::new(secret.trim().to_owned());
        let settings = Self { prefix, provider, id: client_id, secret, parameters, is_private };
        settings.register().map(|_| settings)
    }

    fn register(&self) -> Result<Registration, SettingError> {
        let credentials = Credentials::new(&self.id, self.secret.expose().to_owned());
        let credentials = match self.is_private {
            true => credentials.with_private_network(),
            false => credentials,
        };
        let credentials = self
            .parameters
            .iter()
            .fold(credentials, |credentials, (name, text)| credentials.with_parameter(name, text));
        Registration::new(self.provider.clone(), credentials).map_err(|error| self.explain(&error))
    }

    /// Names the variable that caused the error.
    fn explain(&self, error: &RegistrationError) -> SettingError {
        let named = |name: &str| format!("{}{}", self.prefix, variable(&self.provider.id, name));
        match error {
            RegistrationError::Missing(name) => {
                SettingError::new(&named(name), "missing; the provider requires it")
            }
            RegistrationError::Parameter(name) => {
                SettingError::new(&named(name), "the value is not valid for this parameter")
            }
            RegistrationError::ClientSecret | RegistrationError::SigningKey => {
                SettingError::new(&named("secret"), &error.to_string())
            }
            error => SettingError::new(&named("id"), &error.to_string()),
        }
    }
}

/// The end of the name of a parameter's variable.
fn variable(provider: &str, parameter: &str) -> String {
    let renamed = RENAMED.iter().find(|(id, name, _)| (*id, *name) == (provider, parameter));
    renamed.map_or_else(|| parameter.to_ascii_uppercase(), |(.., name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Vec<ProviderSettings>, String> {
        parse(&mut given(variables), false).map_err(|error| error.to_string())
    }

    fn given(variables: &[(&str, &str)]) -> Variables {
        Variables::new(variables.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
    }

    #[test]
    fn a_provider_is_configured_by_id_secret_and_parameters() {
        let providers = read(&[
            ("ACCOUNT_OAUTH2_GITHUB_ID", "id-1"),
            ("ACCOUNT_OAUTH2_GITHUB_SECRET", "hunter2"),
            ("ACCOUNT_OAUTH2_PAYPALSANDBOX_ID", "id-2"),
            ("ACCOUNT_OAUTH2_PAYPALSANDBOX_SECRET", "hunter2"),
            ("ACCOUNT_OAUTH2_MICROSOFT_ID", "id-3"),
            ("ACCOUNT_OAUTH2_MICROSOFT_SECRET", "hunter2"),
            ("ACCOUNT_OAUTH2_MICROSOFT_TENANT", "organizations"),
            ("ACCOUNT_OAUTH2_OIDC_ID", "id-4"),
            ("ACCOUNT_OAUTH2_OIDC_SECRET", "hunter2"),
            ("ACCOUNT_OAUTH2_OIDC_DISCOVERY_URL", "https://id.example.com/.well-known/openid-configuration"),
            ("ACCOUNT_OAUTH2_GOOGLE_ID", ""),
            ("ACCOUNT_OAUTH2_GOOGLE_SECRET", ""),
        ]);
        let providers = providers.unwrap();
        let ids: Vec<&str> = providers.iter().map(|settings| settings.provider.id.as_str()).collect();
        assert_eq!(ids, ["github", "microsoft", "oidc", "paypalSandbox"]);
        assert_eq!(clients(&providers).unwrap().len(), 4);
        assert!(!format!("{providers:?}").contains("hunter2"));
    }

    #[test]
    fn every_parameter_has_its_own_variable() {
        for id in Provider::builtin_ids() {
            let parameters = Provider::builtin(&id).unwrap().parameters;
            let mut names: Vec<String> =
                parameters.iter().map(|parameter| variable(&id, &parameter.name)).collect();
            names.extend(["ID", "SECRET", "PRIVATE_NETWORK"].map(str::to_owned));
            names.sort();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{id}: {names:?}");
        }
    }

    #[test]
    fn errors_name_the_variable_and_not_its_value() {
        let github = |more: &[(&'static str, &'static str)]| {
            let own = [("ACCOUNT_OAUTH2_GITHUB_ID", "id"), ("ACCOUNT_OAUTH2_GITHUB_SECRET", "hunter2")];
            read(&[&own, more].concat()).unwrap_err()
        };
        for (line, beginning) in [
            (read(&[("ACCOUNT_OAUTH2_GITHUB_ID", "id")]).unwrap_err(), "ACCOUNT_OAUTH2_GITHUB_SECRET: "),
            (read(&[("ACCOUNT_OAUTH2_GITHUB_SECRET", "s")]).unwrap_err(), "ACCOUNT_OAUTH2_GITHUB_ID: "),
            (github(&[("ACCOUNT_OAUTH2_GITHUB_TENANT", "x")]), "ACCOUNT_OAUTH2_GITHUB_TENANT: "),
            (github(&[("ACCOUNT_OAUTH2_GITLAPP_ID", "x")]), "ACCOUNT_OAUTH2_GITLAPP_ID: "),
            (github(&[("ACCOUNT_OAUTH2_", "x")]), "ACCOUNT_OAUTH2_: "),
            (
                github(&[("ACCOUNT_OAUTH2_AUTH0_ID", "i"), ("ACCOUNT_OAUTH2_AUTH0_SECRET", "hunter2")]),
                "ACCOUNT_OAUTH2_AUTH0_DOMAIN: ",
            ),
            (
                github(&[("ACCOUNT_OAUTH2_APPLE_ID", "i"), ("ACCOUNT_OAUTH2_APPLE_SECRET", "hunter2")]),
                "ACCOUNT_OAUTH2_APPLE_",
            ),
            (
                github(&[
                    ("ACCOUNT_OAUTH2_OIDC_ID", "i"),
                    ("ACCOUNT_OAUTH2_OIDC_SECRET", "hunter2"),
                    ("ACCOUNT_OAUTH2_OIDC_DISCOVERY_URL", "http://hunter2/"),
                ]),
                "ACCOUNT_OAUTH2_OIDC_DISCOVERY_URL: ",
            ),
            (github(&[("ACCOUNT_OAUTH2_GITHUB_PRIVATE_NETWORK", "yes")]), "ACCOUNT_OAUTH2_GITHUB_PRIVATE_"),
        ] {
            assert!(line.starts_with(beginning) && !line.contains('\n'), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn providers_on_the_private_network_must_be_allowed() {
        let oidc = [
            ("ACCOUNT_OAUTH2_OIDC_ID", "id"),
            ("ACCOUNT_OAUTH2_OIDC_SECRET", "hunter2"),
            ("ACCOUNT_OAUTH2_OIDC_DISCOVERY_URL", "http://127.0.0.1:9000/.well-known/openid-configuration"),
        ];
        assert!(read(&oidc).is_err());
        assert!(read(&[&oidc[..], &[("ACCOUNT_OAUTH2_OIDC_PRIVATE_NETWORK", "on")]].concat()).is_ok());
        assert!(parse(&mut given(&oidc), true).is_ok());
    }
}
