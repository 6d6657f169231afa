//! Drives the published, unmodified React Native SDK in Node against the reference server.
//!
//! Each test starts a server of its own and runs one scenario of `tests/sdk`; what the scenario prints (TAP) is shown
//! if it fails. Without Node, or without the package registry, the tests say so and pass; under `CI=true` they fail.

#![cfg(all(feature = "axum", feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[cfg(feature = "postgres")]
#[path = "neighbours/postgres.rs"]
mod neighbour;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::server::Server;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");
const NO_LIMITS: &[(&str, &str)] = &[("ACCOUNT_RATE_LIMITS", "off")];
#[cfg(feature = "postgres")]
const KEY: &str = "mhxE5wK9U4hvIdA+lXrMEEjzXQaxKep0jDfYYQufQqU=";

#[test]
fn the_cookie_jar_of_these_tests_is_strict() {
    let Some(sdk) = Sdk::installed("cookie-jar-rules") else {
        return;
    };
    sdk.run("http://localhost:9");
}

#[test]
fn every_operation_of_the_sdk_is_tried() {
    let Some(sdk) = Sdk::installed("every-operation") else {
        return;
    };
    sdk.run("http://localhost:9");
}

/// Makes two tests of each scenario: on SQLite and on PostgreSQL.
macro_rules! scenarios {
    ($($test:ident = $scenario:literal with $settings:expr;)*) => {
        mod on_sqlite {
            $(
                #[test]
                fn $test() {
                    super::scenario($scenario, $settings);
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(
                #[test]
                fn $test() {
                    super::scenario_on_postgres($scenario, $settings);
                }
            )*
        }
    };
}

scenarios! {
    the_sdk_signs_up_signs_in_and_changes_the_profile = "profile" with super::NO_LIMITS;
    the_sdk_lists_extends_and_ends_sessions_and_uses_jwts = "sessions" with super::NO_LIMITS;
    the_sdk_reads_logs_and_identities_and_keeps_push_targets = "activity" with super::NO_LIMITS;
    the_sdk_signs_in_by_mailed_code_mailed_link_and_texted_code = "passwordless" with super::NO_LIMITS;
    the_sdk_verifies_an_address_and_a_number = "verification" with super::NO_LIMITS;
    the_sdk_sets_a_new_password_by_mail = "recovery" with super::NO_LIMITS;
    the_sdk_sets_up_second_factors_and_signs_in_with_each = "mfa" with super::NO_LIMITS;
    the_sdk_meets_what_it_knows_from_appwrite_under_that_profile = "migration" with &[("ACCOUNT_RATE_LIMITS", "off"), ("ACCOUNT_PROFILE", "appwrite-1.6")];
    a_server_with_the_key_sees_secrets_that_the_sdk_can_use = "api-key" with &[("ACCOUNT_RATE_LIMITS", "off"), ("ACCOUNT_API_KEY", "api-key-of-the-sdk-tests")];
    the_page_behind_a_sign_in_link_signs_in_at_a_press = "magic-page" with super::NO_LIMITS;
    the_sdk_understands_every_refusal = "errors" with super::NO_LIMITS;
    the_sdk_meets_the_request_limits = "limits" with &[];
}

/// Runs `tests/sdk/<name>.mjs` against a fresh server with these settings beside the usual ones.
fn scenario(name: &str, settings: &[(&str, &str)]) {
    let Some(sdk) = Sdk::installed(name) else {
        return;
    };
    run(&sdk, settings);
}

/// As [`scenario`], on an empty database of PostgreSQL.
#[cfg(feature = "postgres")]
fn scenario_on_postgres(name: &str, settings: &[(&str, &str)]) {
    let Some(postgres) = neighbour::Postgres::shared() else {
        return;
    };
    let Some(sdk) = Sdk::installed_in(name, &format!("sdk-{name}-postgres")) else {
        return;
    };
    let database = postgres.database();
    let own = [("ACCOUNT_DATABASE", database.as_str()), ("ACCOUNT_KEY", KEY)];
    run(&sdk, &[settings, &own].concat());
}

fn run(sdk: &Sdk, settings: &[(&str, &str)]) {
    let server = Server::start(&sdk.directory.join("server"), settings);
    sdk.run(&server.url);
}

/// A copy of `tests/sdk` with its packages installed, one for each scenario so that they can run side by side.
struct Sdk {
    scenario: String,
    directory: PathBuf,
}

impl Sdk {
    fn installed(scenario: &str) -> Option<Self> {
        Self::installed_in(scenario, &format!("sdk-{scenario}"))
    }

    fn installed_in(scenario: &str, directory: &str) -> Option<Self> {
        let node = output(Command::new("node").arg("--version"));
        let version = node.map(|node| String::from_utf8_lossy(&node.stdout).trim().to_owned());
        if !version.as_deref().is_some_and(is_recent) {
            return skip(scenario, &format!("Node 20 or later is needed, found {version:?}"));
        }
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
        if directory.exists() {
            fs::remove_dir_all(&directory).unwrap();
        }
        copy(Path::new(SOURCES), &directory);
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        let install = output(
            Command::new(npm).args(["ci", "--prefer-offline", "--ignore-scripts"]).current_dir(&directory),
        );
        match install {
            Some(install) if install.status.success() => {
                Some(Self { scenario: scenario.to_owned(), directory })
            }
            Some(install) => skip(scenario, &format!("`npm ci` failed\n{}", transcript(&install))),
            None => skip(scenario, "npm is needed"),
        }
    }

    fn run(&self, server: &str) {
        let script = format!("{}.mjs", self.scenario);
        let mut node = Command::new("node");
        node.arg(&script).arg(server).current_dir(&self.directory);
        let ran = node.output().unwrap();
        let log = fs::read_to_string(self.directory.join("server/log")).unwrap_or_default();
        assert!(ran.status.success(), "{script} failed\n{}\nServer:\n{log}", transcript(&ran));
    }
}

/// Copies the files of `from`, leaving out packages that somebody installed there by hand.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == OsStr::new("node_modules") {
            continue;
        }
        if source.is_dir() {
            copy(&source, &copied);
        } else {
            fs::copy(&source, &copied).unwrap();
        }
    }
}

fn output(command: &mut Command) -> Option<Output> {
    command.stdin(Stdio::null()).output().ok()
}

fn is_recent(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next();
    major.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 20)
}

fn transcript(output: &Output) -> String {
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{printed}{errors}")
}

/// Reports past the test harness, which would swallow what a passing test prints.
fn skip<T>(scenario: &str, reason: &str) -> Option<T> {
    let notice = format!("tests/sdk/{scenario}.mjs did not run, so the SDK was not tried: {reason}");
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{notice}");
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {notice}");
    None
}
