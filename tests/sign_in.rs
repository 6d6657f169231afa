//! Sign-in with a password: one answer for everything that is wrong, counted and bounded.
#![cfg(feature = "testing")]

use account::{
    SignUp,
    model::Client,
    testing::{PASSWORD, Step, TestHost, password},
};

const ADA: &str = "ada@example.com";

async fn wrong(host: &TestHost, email: &str) -> String {
    let refused = host
        .service
        .sign_in_with_password(email.parse().unwrap(), password("wrong password"), &Client::default())
        .await;
    refused.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn the_right_password_starts_a_session() {
    let host = TestHost::new();
    let signed_in = host.signed_up(ADA).await;
    let caller = host.caller(&signed_in).await;
    let user = host.service.user(&caller).await.unwrap();
    assert_eq!(user.email().unwrap().as_str(), ADA);
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 1);
}

#[tokio::test]
async fn unknown_and_wrong_cost_the_same_and_are_told_the_same() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    host.recorder.take();
    assert_eq!(wrong(&host, ADA).await, "user_invalid_credentials");
    assert_eq!(host.recorder.take(), [Step::Load, Step::Check, Step::Load, Step::Save]);
    assert_eq!(wrong(&host, "bob@example.com").await, "user_invalid_credentials");
    assert_eq!(host.recorder.take(), [Step::Load, Step::Check, Step::Load, Step::Append]);
}

#[tokio::test]
async fn a_second_account_with_the_same_email_is_refused() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let again = SignUp::new("Ada@Example.com".parse().unwrap(), password(PASSWORD));
    assert_eq!(
        host.service.sign_up(again, &Client::default()).await.unwrap_err().code(),
        "user_already_exists"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_wrong_guesses_at_once_reach_the_hasher_a_hundred_times() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    let before = host.hasher.checks();
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { wrong(&host, ADA).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "user_invalid_credentials");
    }
    assert_eq!(host.hasher.checks() - before, 100);
}
