//! The README's table is that of the operations as they are.
#![allow(clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;

use account::operation::Operation::{self, *};

/// What is ready, and the tests that prove it.
const READY: &[(&[Operation], &str)] = &[
    (&[User, ChangeName, Preferences, ReplacePreferences, Block], "`profile.rs`"),
    (&[SignUp], "`sign_up.rs`"),
    (&[ChangeEmail, ChangePassword, ChangePhone], "`credentials.rs`"),
    (&[Identities, UnlinkIdentity], "`identities.rs`"),
    (&[IssueJwt], "`jwt.rs`"),
    (&[Events], "`events.rs`"),
    (&[SetMfa, AddAuthenticator, ConfirmAuthenticator, RemoveAuthenticator, Factors], "`http_api/mfa.rs`"),
    (&[RecoveryCodes, CreateRecoveryCodes, ReplaceRecoveryCodes], "`http_api/mfa.rs`"),
    (&[StartChallenge, FinishChallenge], "`http_api/challenges.rs`"),
    (&[StartRecovery, FinishRecovery], "`http_api/recovery.rs`"),
    (&[SignInWithPassword], "`sign_in.rs`"),
    (&[SignInWithMagicUrl, SignInWithPhone, SignInWithToken], "`http_api/passwordless.rs`"),
    (&[SendEmailCode, SendMagicUrl, SendPhoneCode], "`http_api/passwordless.rs`"),
    (&[StartEmailVerification, FinishEmailVerification], "`http_api/verification.rs`"),
    (&[StartPhoneVerification, FinishPhoneVerification], "`http_api/verification.rs`"),
    (&[Sessions, Session, ExtendSession, SignOut, SignOutEverywhere, SignInAnonymously], "`sessions.rs`"),
    (&[AddPushTarget, ChangePushTarget, RemovePushTarget], "`targets.rs`"),
    (&[StartOAuth2, StartOAuth2Token], "`http_api/oauth2.rs`"),
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
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("<!-- operations -->\n").unwrap_or_default();
    let (shown, _) = rest.split_once("<!-- end of operations -->").unwrap_or_default();
    let table = table();
    assert!(shown == table, "the README should say:\n\n{table}");
}

#[test]
fn every_test_that_the_readme_names_exists() {
    for name in
        include_str!("../README.md").split('`').filter(|name| name.ends_with(".rs") && !name.contains(' '))
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
