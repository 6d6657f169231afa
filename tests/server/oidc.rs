//! Signs in through a certified OpenID Provider, npm's `oidc-provider`, in a real Chromium, to the
//! reference server.
//!
//! Each test starts a server of its own and runs one scenario of `tests/server/oidc`, which starts
//! the provider and the browser; what it prints (TAP) is shown if it fails. Everything is on
//! loopback. Without Node, Chromium or the package registry, the tests say so and pass; under
//! `CI=true` they fail. `CHROMIUM` names another executable than `/usr/bin/chromium`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{
    node,
    server_process::{empty_directory, server::Server},
    services::{free_port, skip},
};

#[test]
fn people_sign_in_link_extend_and_come_back() {
    scenario("flows");
}

#[test]
fn nothing_that_is_not_to_be_believed_signs_in() {
    scenario("hostile");
}

#[test]
fn a_provider_changes_its_keys() {
    scenario("rotation");
}

#[test]
fn who_has_a_second_factor_owes_it() {
    scenario("mfa");
}

#[test]
fn the_sdk_leads_to_the_provider_and_back() {
    scenario("sdk");
}

/// Runs `tests/server/oidc/<name>.mjs` against a fresh server that knows the provider.
fn scenario(name: &str) {
    let (directory, chromium) = match prepared() {
        Ok(found) => found,
        Err(reason) => {
            return skip(&format!("no sign-in through a provider ({name}.mjs): {reason}"));
        }
    };
    let provider = format!("http://127.0.0.1:{}", free_port());
    let discovery = format!("{provider}/.well-known/openid-configuration");
    let server = Server::start(
        &empty_directory(&format!("oidc-{name}")),
        &[
            ("ACCOUNT_RATE_LIMITS", "off"),
            ("ACCOUNT_OAUTH2_OIDC_ID", "notes"),
            ("ACCOUNT_OAUTH2_OIDC_SECRET", "hush+hush/%=: 1"),
            ("ACCOUNT_OAUTH2_OIDC_DISCOVERY_URL", &discovery),
            // A provider gives no refresh token without asking (OpenID Connect Core §11).
            ("ACCOUNT_OAUTH2_OIDC_PROMPT", "consent"),
            ("ACCOUNT_OAUTH2_OIDC_PRIVATE_NETWORK", "on"),
        ],
    );
    let mut script = Command::new("node");
    script.arg(format!("{name}.mjs")).args([&server.url, &provider]).env("CHROMIUM", chromium);
    let ran = node::output(script.current_dir(directory)).unwrap();
    assert!(ran.status.success(), "{name}.mjs failed\n{}\nServer:\n{}", node::transcript(&ran), server.log());
}

/// The project `oidc` beside the `sdk` whose modules it uses, and the browser.
fn prepared() -> Result<(&'static Path, PathBuf), String> {
    let chromium = std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    if node::output(Command::new(&chromium).arg("--version")).is_none_or(|found| !found.status.success()) {
        return Err(format!("Chromium is needed, and {} is none", chromium.display()));
    }
    node::project("sdk")?;
    Ok((node::project("oidc")?, chromium))
}
