//! The README's table is that of the operations as they are.

use std::fmt::Write as _;

use account::operation::Operation::{self, *};

/// What is ready, and the tests that prove it.
const READY: &[(&[Operation], &str)] = &[
    (&[User, ChangeName, Preferences, ReplacePreferences, Block], "`service/profile.rs`"),
    (&[SignUp], "`service/sign_up.rs`"),
    (&[ChangeEmail, ChangePassword, ChangePhone], "`service/credentials.rs`"),
    (&[Identities, UnlinkIdentity], "`service/identities.rs`"),
    (&[IssueJwt], "`service/jwt.rs`"),
    (&[Events], "`service/events.rs`"),
    (&[SetMfa, AddAuthenticator, ConfirmAuthenticator, RemoveAuthenticator, Factors], "`http/mfa.rs`"),
    (&[RecoveryCodes, CreateRecoveryCodes, ReplaceRecoveryCodes], "`http/mfa.rs`"),
    (&[StartChallenge, FinishChallenge], "`http/challenges.rs`"),
    (&[StartRecovery, FinishRecovery], "`http/recovery.rs`"),
    (&[SignInWithPassword], "`service/sign_in.rs`"),
    (&[SignInWithMagicUrl, SignInWithPhone, SignInWithToken], "`http/passwordless.rs`"),
    (&[SendEmailCode, SendMagicUrl, SendPhoneCode], "`http/passwordless.rs`"),
    (&[StartEmailVerification, FinishEmailVerification], "`http/verification.rs`"),
    (&[StartPhoneVerification, FinishPhoneVerification], "`http/verification.rs`"),
    (
        &[Sessions, Session, ExtendSession, SignOut, SignOutEverywhere, SignInAnonymously],
        "`service/sessions.rs`",
    ),
    (&[AddPushTarget, ChangePushTarget, RemovePushTarget], "`service/targets.rs`"),
    (&[StartOAuth2, StartOAuth2Token], "`http/oauth2.rs`"),
];

fn table() -> String {
    let mut table = String::from("| operation | method | route | state | tests |\n|---|---|---|---|---|\n");
    for operation in Operation::ALL {
        let tests = READY.iter().find(|(operations, _)| operations.contains(operation));
        let (state, tests) = tests.map_or(("planned", ""), |(_, tests)| ("ready", *tests));
        let (api, rust) = (operation.api_name(), operation.rust_name());
        let route = format!("{} {}", operation.method(), operation.path());
        writeln!(table, "| {api} | `{rust}` | `{route}` | {state} | {tests} |").unwrap_or_default();
    }
    table
}

#[test]
fn the_table_of_operations_is_that_of_the_code() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("<!-- operations -->\n").unwrap_or_default();
    let (shown, _) = rest.split_once("<!-- end of operations -->").unwrap_or_default();
    let table = table();
    assert!(shown == table, "the README should say:\n\n{table}");
}

#[cfg(feature = "oauth2")]
mod providers {
    use std::fmt::Write as _;

    use account::oauth2::{ClientAuth, Parameter, Provider, Verified};

    fn all() -> impl Iterator<Item = Provider> {
        Provider::builtin_ids().map(|id| match Provider::builtin(&id) {
            Ok(provider) => provider,
            Err(error) => panic!("{id}: {error}"),
        })
    }

    fn parameter(parameter: &Parameter) -> String {
        let name = &parameter.name;
        match &parameter.default {
            _ if parameter.required => format!("**`{name}`**"),
            Some(default) if !default.is_empty() => format!("`{name}` (`{default}`)"),
            _ => format!("`{name}`"),
        }
    }

    fn needs(provider: &Provider) -> String {
        let signs = provider.token.client_auth == ClientAuth::Es256Jwt;
        let key = signs.then(|| "the `.p8` file as secret".to_owned());
        key.into_iter().chain(provider.parameters.iter().map(parameter)).collect::<Vec<_>>().join(", ")
    }

    fn vouches(provider: &Provider) -> &'static str {
        let email = &provider.profile.email;
        let by_list = email.list.as_ref().is_some_and(|list| list.verified.is_some());
        match email.verified {
            Verified::Never if !by_list => "no",
            _ => "yes",
        }
    }

    fn table() -> String {
        let mut table = String::from(
            "| key | provider | needs, beside id and secret | PKCE | nonce | vouches for addresses |\n|---|---|---|---|---|---|\n",
        );
        for provider in all() {
            let pkce = if provider.authorize.pkce { "yes" } else { "–" };
            let nonce = provider.openid.as_ref().is_some_and(|openid| openid.nonce);
            let (nonce, needs) = (if nonce { "yes" } else { "–" }, needs(&provider));
            let (id, name, vouches) = (&provider.id, &provider.name, vouches(&provider));
            writeln!(table, "| `{id}` | {name} | {needs} | {pkce} | {nonce} | {vouches} |")
                .unwrap_or_default();
        }
        table.replace("|  |", "| |")
    }

    #[test]
    fn the_table_of_providers_is_that_of_the_code() {
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("<!-- providers -->\n").unwrap_or_default();
        let (shown, _) = rest.split_once("<!-- end of providers -->").unwrap_or_default();
        let table = table();
        assert!(shown == table, "the README should say:\n\n{table}");
        assert_eq!(all().count(), 38);
    }

    #[test]
    fn the_server_tells_the_variable_of_every_parameter() {
        let readme = include_str!("../../examples/server/README.md");
        for provider in all() {
            let beginning = format!("| `{}` |", provider.id.to_uppercase());
            let row = readme.lines().find(|line| line.starts_with(&beginning)).unwrap_or_default();
            for parameter in &provider.parameters {
                let name = if parameter.name == "well_known" { "discovery_url" } else { &parameter.name };
                let variable = format!("`_{}`", name.to_uppercase());
                assert!(row.contains(&variable), "{variable} in {beginning} {row}");
            }
        }
    }
}

#[test]
fn every_test_that_the_readme_names_exists() {
    for name in
        include_str!("../../README.md").split('`').filter(|name| name.ends_with(".rs") && !name.contains(' '))
    {
        let path = if name.starts_with("src/") { name.to_owned() } else { format!("tests/{name}") };
        let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
        assert!(whole.exists(), "{path}");
    }
}

#[test]
fn what_is_ready_is_counted() {
    let ready: usize = READY.iter().map(|(operations, _)| operations.len()).sum();
    assert_eq!((ready, Operation::ALL.len()), (47, 47));
}
