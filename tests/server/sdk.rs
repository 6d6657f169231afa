//! Drives the published, unmodified React Native SDK in Node against the reference server.
//!
//! Each test starts a server of its own and runs one scenario of `tests/server/sdk`; what the scenario prints (TAP) is shown
//! if it fails. Without Node, or without the package registry, the tests say so and pass; under `CI=true` they fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{
    node,
    server_process::{KEY, server::Server},
    services::skip,
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/sdk");
const NO_LIMITS: &[(&str, &str)] = &[("ACCOUNT_RATE_LIMITS", "off")];

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

/// Runs `tests/server/sdk/<name>.mjs` against a fresh server with these settings beside the usual ones.
fn scenario(name: &str, settings: &[(&str, &str)]) {
    let Some(sdk) = Sdk::installed(name) else {
        return;
    };
    run(&sdk, settings);
}

/// As [`scenario`], on an empty database of PostgreSQL.
#[cfg(feature = "postgres")]
fn scenario_on_postgres(name: &str, settings: &[(&str, &str)]) {
    let Some(postgres) = crate::support::services::postgres::Postgres::shared() else {
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

/// A copy of `tests/server/sdk` with its packages installed, one for each scenario so that they can run side by side.
struct Sdk {
    scenario: String,
    directory: PathBuf,
}

impl Sdk {
    fn installed(scenario: &str) -> Option<Self> {
        Self::installed_in(scenario, &format!("sdk-{scenario}"))
    }

    fn installed_in(scenario: &str, directory: &str) -> Option<Self> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
        match node::install(Path::new(SOURCES), &directory) {
            Ok(()) => Some(Self { scenario: scenario.to_owned(), directory }),
            Err(reason) => {
                skip(&format!("the SDK ({scenario}.mjs): {reason}"));
                None
            }
        }
    }

    fn run(&self, server: &str) {
        let script = format!("{}.mjs", self.scenario);
        let mut node = Command::new("node");
        node.arg(&script).arg(server).current_dir(&self.directory);
        let ran = node.output().unwrap();
        let log = fs::read_to_string(self.directory.join("server/log")).unwrap_or_default();
        assert!(ran.status.success(), "{script} failed\n{}\nServer:\n{log}", node::transcript(&ran));
    }
}
