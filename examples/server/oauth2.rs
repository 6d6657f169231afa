//! OAuth2 providers from the environment: `ACCOUNT_OAUTH2_<PROVIDER>_ID`, `_SECRET`, and the provider's parameters.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use account::{
    ReqwestClient, Secret,
    oauth2::{Credentials, OAuth2Client, Provider, Registration, RegistrationError},
};

use crate::settings::SettingError;

const BEGINNING: &str = "ACCOUNT_OAUTH2_";
/// A sign-in makes up to five requests, which together must fit into what one request to this server may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What a parameter is called here, if not by its own name.
const NAMES: [(&str, &str, &str); 1] = [("oidc", "well_known", "DISCOVERY_URL")];

/// One provider, as the environment describes it.
#[derive(Debug)]
pub(crate) struct ProviderSettings {
    /// Such as `ACCOUNT_OAUTH2_GITHUB_`.
    beginning: String,
    provider: Provider,
    id: String,
    secret: Secret,
    parameters: BTreeMap<String, String>,
    is_private: bool,
}

/// Takes the variables of all providers out of those given. `is_private` lets all of them be hosts of the private network.
pub(crate) fn parse(
    given: &mut BTreeMap<String, String>,
    is_private: bool,
) -> Result<Vec<ProviderSettings>, SettingError> {
    let of_providers = given.split_off(BEGINNING);
    let mut texts = BTreeMap::new();
    for (name, text) in of_providers {
        if name.starts_with(BEGINNING) {
            texts.insert(name, text);
        } else {
            given.insert(name, text);
        }
    }
    let mut providers = Vec::new();
    for id in Provider::builtin_ids() {
        let beginning = format!("{BEGINNING}{}_", id.to_ascii_uppercase());
        let names: Vec<String> = texts.keys().filter(|name| name.starts_with(&beginning)).cloned().collect();
        let own: BTreeMap<String, String> = names
            .iter()
            .filter_map(|name| Some((name.strip_prefix(&beginning)?.to_owned(), texts.remove(name)?)))
            // As everywhere, a variable that a deployment leaves empty is not set.
            .filter(|(_, text)| !text.trim().is_empty())
            .collect();
        if !own.is_empty() {
            providers.push(ProviderSettings::read(&id, beginning, own, is_private)?);
        }
    }
    match texts.into_keys().next() {
        None => Ok(providers),
        Some(name) => Err(SettingError::new(&name, "there is no such provider")),
    }
}

/// Clients of the providers. Nothing is connected to yet.
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
        beginning: String,
        mut given: BTreeMap<String, String>,
        is_private: bool,
    ) -> Result<Self, SettingError> {
        let fail = |name: &str, problem: &str| SettingError::new(&format!("{beginning}{name}"), problem);
        let provider = Provider::builtin(id).map_err(|error| fail("ID", &error.to_string()))?;
        let mut take = |name: &str| {
            let problem = format!("is needed too; {beginning}ID and {beginning}SECRET come together");
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
            return Err(fail(&name, &format!("{} has no such parameter", provider.name)));
        }
        let secret = Secret::new(secret.trim().to_owned());
        let settings = Self { beginning, provider, id: client_id, secret, parameters, is_private };
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

    /// Names the variable that is at fault.
    fn explain(&self, error: &RegistrationError) -> SettingError {
        let named = |name: &str| format!("{}{}", self.beginning, variable(&self.provider.id, name));
        match error {
            RegistrationError::Missing(name) => SettingError::new(&named(name), "is needed by this provider"),
            RegistrationError::Parameter(name) => {
                SettingError::new(&named(name), "the provider's parameter cannot have this value")
            }
            RegistrationError::ClientSecret | RegistrationError::SigningKey => {
                SettingError::new(&named("secret"), &error.to_string())
            }
            error => SettingError::new(&named("id"), &error.to_string()),
        }
    }
}

/// How the variable of a parameter ends.
fn variable(provider: &str, parameter: &str) -> String {
    let is_it = |(id, name, _): &&(&str, &str, &str)| (*id, *name) == (provider, parameter);
    NAMES.iter().find(is_it).map_or_else(|| parameter.to_ascii_uppercase(), |(.., name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Vec<ProviderSettings>, String> {
        let mut given = variables.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        parse(&mut given, false).map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_is_set_up_by_its_id_its_secret_and_its_parameters() {
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
    fn every_parameter_of_every_provider_has_a_variable_of_its_own() {
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
    fn what_is_wrong_is_told_with_its_variable_and_without_its_value() {
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
    fn providers_of_the_private_network_are_asked_for() {
        let oidc = [
            ("ACCOUNT_OAUTH2_OIDC_ID", "id"),
            ("ACCOUNT_OAUTH2_OIDC_SECRET", "hunter2"),
            ("ACCOUNT_OAUTH2_OIDC_DISCOVERY_URL", "http://127.0.0.1:9000/.well-known/openid-configuration"),
        ];
        assert!(read(&oidc).is_err());
        assert!(read(&[&oidc[..], &[("ACCOUNT_OAUTH2_OIDC_PRIVATE_NETWORK", "on")]].concat()).is_ok());
        let mut given = oidc.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        assert!(parse(&mut given, true).is_ok());
    }
}
