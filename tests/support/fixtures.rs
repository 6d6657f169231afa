//! Addresses, passwords and clients, and the first steps with them.

use std::{fmt, time::Duration};

use account::{
    Caller, Error, LogPage, SignedIn,
    model::{ClientInfo, PageQuery},
    testing::{PASSWORD, TestHost, password},
};

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const BOB: &str = "bob@example.com";
/// A password that breaks no rule and that no account has.
pub(crate) const OTHER: &str = "violet-Marmot-5even";
pub(crate) const PHONE: &str = "+16175551212";
/// The password that recoveries and changes set.
pub(crate) const NEW_PASSWORD: &str = "another-Cobalt-egret";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// The stable name of the error that must have come.
pub(crate) fn code<T: fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

pub(crate) fn client() -> ClientInfo {
    ClientInfo::at("192.0.2.7".parse().unwrap()).with_user_agent("curl/8.5.0")
}

pub(crate) async fn sign_in(host: &TestHost, email: &str, text: &str) -> Result<SignedIn, Error> {
    host.service.sign_in_with_password(email.parse().unwrap(), password(text), &ClientInfo::default()).await
}

/// So many wrong guesses at the sign-in.
pub(crate) async fn fail(host: &TestHost, email: &str, times: u32) {
    for _ in 0..times {
        assert_eq!(code(sign_in(host, email, "no such password").await), "user_invalid_credentials");
    }
}

/// An account with its first session.
pub(crate) async fn ada(host: &TestHost) -> (SignedIn, Caller) {
    let signed_in = host.signed_up(ADA).await;
    let caller = host.caller(&signed_in).await;
    (signed_in, caller)
}

pub(crate) async fn anonymous(host: &TestHost) -> (SignedIn, Caller) {
    let signed_in = host.service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let caller = host.caller(&signed_in).await;
    (signed_in, caller)
}

pub(crate) async fn log(host: &TestHost, caller: &Caller) -> LogPage {
    host.service.events(caller, PageQuery::parse(&[] as &[&str], 5000).unwrap()).await.unwrap()
}

/// The names of all log entries, oldest first.
pub(crate) async fn log_names(host: &TestHost, caller: &Caller) -> Vec<&'static str> {
    let mut names: Vec<_> =
        log(host, caller).await.entries.iter().map(|entry| entry.event.kind.name()).collect();
    names.reverse();
    names
}

/// Whether the password of the test accounts still opens this one.
pub(crate) async fn opens(host: &TestHost, email: &str) -> bool {
    sign_in(host, email, PASSWORD).await.is_ok()
}
