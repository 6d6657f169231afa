//! Drives the published, unmodified React Native SDK in Node against the reference server.
//!
//! Each test starts a server of its own and runs one scenario of `tests/server/sdk`; what the
//! scenario prints (TAP) is shown if it fails. Without Node, or without the package registry, the
//! tests say so and pass; under `CI=true` they fail.

use std::{path::Path, process::Command};

use crate::support::{
    node,
    server_process::{empty_directory, server::Server},
    services::skip,
};

const NO_LIMITS: &[(&str, &str)] = &[("ACCOUNT_RATE_LIMITS", "off")];

#[test]
fn the_cookie_jar_of_these_tests_is_strict() {
    let Some(sdk) = installed() else { return };
    run(sdk, "cookie-jar-rules", "http://localhost:9", String::new);
}

#[test]
fn every_operation_of_the_sdk_is_tried() {
    let Some(sdk) = installed() else { return };
    run(sdk, "every-operation", "http://localhost:9", String::new);
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

/// Runs `tests/server/sdk/<name>.mjs` against a new server with these settings beside the usual
/// ones.
fn scenario(name: &str, settings: &[(&str, &str)]) {
    let Some(sdk) = installed() else { return };
    let server = Server::start(&empty_directory(&format!("sdk-{name}")), settings);
    run(sdk, name, &server.url, || server.log());
}

/// As [`scenario`], on an empty database of PostgreSQL.
#[cfg(feature = "postgres")]
fn scenario_on_postgres(name: &str, settings: &[(&str, &str)]) {
    use crate::support::{server_process::KEY, services::postgres::Postgres};

    let Some(postgres) = Postgres::shared() else { return };
    let Some(sdk) = installed() else { return };
    let database = postgres.database();
    let own = [("ACCOUNT_DATABASE", database.as_str()), ("ACCOUNT_KEY", KEY)];
    let directory = empty_directory(&format!("sdk-{name}-postgres"));
    let server = Server::start(&directory, &[settings, &own].concat());
    run(sdk, name, &server.url, || server.log());
}

fn installed() -> Option<&'static Path> {
    match node::project("sdk") {
        Ok(directory) => Some(directory),
        Err(reason) => {
            skip(&format!("the SDK: {reason}"));
            None
        }
    }
}

fn run(sdk: &Path, name: &str, server: &str, log: impl FnOnce() -> String) {
    let script = format!("{name}.mjs");
    let ran = Command::new("node").arg(&script).arg(server).current_dir(sdk).output().unwrap();
    assert!(ran.status.success(), "{script} failed\n{}\nServer:\n{}", node::transcript(&ran), log());
}
