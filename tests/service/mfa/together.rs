//! Many at once: whatever the order, one wins.

use account::{
    Error, PassedChallenge, SessionHolder,
    model::{ChallengeId, SecondFactor},
    testing::TestHost,
};

use crate::mfa::person::*;
use crate::{
    support::concurrently::concurrently,
    support::fixtures::{ADA, code},
};

const MANY: usize = 64;

/// Answers all these challenges at the same moment.
async fn answered(
    host: &TestHost,
    answers: impl IntoIterator<Item = (SessionHolder, ChallengeId, String)>,
) -> Vec<Result<PassedChallenge, Error>> {
    let answer = |(holder, id, otp): (SessionHolder, ChallengeId, String)| {
        let host = host.clone();
        async move { host.service.finish_challenge(&holder, &id, &otp).await }
    };
    concurrently(answers.into_iter().map(answer)).await
}

fn winners(outcomes: Vec<Result<PassedChallenge, Error>>) -> usize {
    let all = outcomes.len();
    let refused: Vec<_> = outcomes.into_iter().filter(Result::is_err).map(code).collect();
    let ended = |code: &&str| ["user_invalid_token", "general_unauthorized_scope"].contains(code);
    assert!(refused.iter().all(ended), "{refused:?}");
    all - refused.len()
}

async fn with_app() -> Ada {
    let mut ada = Ada::with(|config| config.session_limit = 100).await;
    ada.add_app().await;
    ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
    ada
}

/// As many sessions, each with a challenge of its own.
async fn challenges(ada: &Ada, factor: SecondFactor) -> Vec<(SessionHolder, ChallengeId)> {
    let mut all = Vec::new();
    for _ in 0..MANY {
        let holder = holder(&ada.host, &ada.host.signed_in(ADA).await.secret).await;
        let challenge = ada.host.service.start_challenge(&holder, factor).await.unwrap();
        all.push((holder, challenge.id));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_sessions_with_one_code_of_the_app_one_passes() {
    let ada = with_app().await;
    let otp = ada.otp();
    let answers = challenges(&ada, SecondFactor::Totp).await.into_iter();
    let outcomes = answered(&ada.host, answers.map(|(holder, id)| (holder, id, otp.clone()))).await;
    assert_eq!(winners(outcomes), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_sessions_with_one_recovery_code_one_passes() {
    let ada = with_app().await;
    let codes = ada.host.service.create_recovery_codes(&ada.caller().await).await.unwrap();
    let otp = codes.codes()[0].expose().to_owned();
    let answers = challenges(&ada, SecondFactor::RecoveryCode).await.into_iter();
    let outcomes = answered(&ada.host, answers.map(|(holder, id)| (holder, id, otp.clone()))).await;
    assert_eq!(winners(outcomes), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_answers_to_one_mailed_code_one_passes() {
    // With a secret that stays it is the challenge that ends, not only the session's secret.
    for keeps in [false, true] {
        let ada = Ada::with_addresses().await;
        let mut holder = ada.sign_in().await;
        if keeps {
            holder = holder.keeping_secret();
        }
        let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
        let otp = mailed(&ada.last_mail());
        let answers = (0..MANY).map(|_| (holder.clone(), challenge.id, otp.clone()));
        assert_eq!(winners(answered(&ada.host, answers).await), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_wrong_answers_five_are_looked_at() {
    let ada = Ada::with_addresses().await;
    let holder = ada.sign_in().await;
    let challenge = ada.host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    let otp = mailed(&ada.last_mail());
    let answers = (0..MANY).map(|_| (holder.clone(), challenge.id, other_than(&otp).to_owned()));
    assert_eq!(winners(answered(&ada.host, answers).await), 0);
    assert_eq!(ada.stored()["failures"]["run"], 5);
    refused(ada.host.service.finish_challenge(&holder, &challenge.id, &otp).await);
}
