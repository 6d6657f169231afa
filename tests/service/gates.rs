//! What stands before every operation: the session, the block, the reset, the factors; and that ids
//! of others are worth nothing.

use account::{
    Caller, Error, NewPushTarget, SessionHolder,
    model::{AllowedRedirects, ChallengeId, CustomId, IdentityQuery, PageQuery, SecondFactor},
    operation::Operation,
    ports::Clock as _,
    testing::{PASSWORD, TestHost, password},
};
use serde_json::json;

use crate::support::{fixtures::*, text_store::TextStore};

/// Every operation that takes a caller, by name, with its answer. Those that end the session come
/// last.
async fn every_operation(host: &TestHost, caller: &Caller) -> Vec<(&'static str, Result<(), Error>)> {
    let (service, right) = (&host.service, || password(PASSWORD));
    let session = *caller.session_id();
    let mut new = NewPushTarget::new("token".parse().unwrap());
    new.id = CustomId::Given("device".parse().unwrap());
    let device = "device".parse().unwrap();
    let identities = IdentityQuery::parse(&[] as &[&str], 25).unwrap();
    let page = PageQuery::parse(&[] as &[&str], 25).unwrap();
    let github = "github".parse().unwrap();
    vec![
        ("user", service.user(caller).await.map(drop)),
        ("change_name", service.change_name(caller, "Ada".parse().unwrap()).await.map(drop)),
        ("preferences", service.preferences(caller).await.map(drop)),
        ("replace_preferences", service.replace_preferences(caller, "{}".parse().unwrap()).await.map(drop)),
        ("sessions", service.sessions(caller).await.map(drop)),
        ("session", service.session(caller, &session).await.map(drop)),
        ("extend_session", service.extend_session(caller, &session).await.map(drop)),
        ("issue_jwt", service.issue_jwt(caller).await.map(drop)),
        ("events", service.events(caller, page).await.map(drop)),
        ("identities", service.identities(caller, &identities).await.map(drop)),
        ("unlink_identity", service.unlink_identity(caller, &github).await),
        ("add_push_target", service.add_push_target(caller, new).await.map(drop)),
        (
            "change_push_target",
            service.change_push_target(caller, &device, "token".parse().unwrap()).await.map(drop),
        ),
        ("remove_push_target", service.remove_push_target(caller, &device).await),
        ("set_mfa", service.set_mfa(caller, false).await.map(drop)),
        ("add_authenticator", service.add_authenticator(caller).await.map(drop)),
        ("remove_authenticator", service.remove_authenticator(caller).await),
        ("create_recovery_codes", service.create_recovery_codes(caller).await.map(drop)),
        ("change_email", service.change_email(caller, BOB.parse().unwrap(), right()).await.map(drop)),
        (
            "change_phone",
            service.change_phone(caller, "+16175551212".parse().unwrap(), right()).await.map(drop),
        ),
        ("change_password", service.change_password(caller, password(OTHER), Some(right())).await.map(drop)),
        ("block", service.block(caller).await.map(drop)),
        ("sign_out", service.sign_out(caller, &session).await),
        ("sign_out_everywhere", service.sign_out_everywhere(caller).await),
    ]
}

/// Every other operation that takes a caller; a live session alone is not enough for them to
/// succeed.
async fn those_that_ask_for_more(host: &TestHost, caller: &Caller) -> Vec<(&'static str, Result<(), Error>)> {
    let service = &host.service;
    let page = AllowedRedirects::new(["app.example.com"], []).unwrap();
    let page = page.check("https://app.example.com/").unwrap();
    let code = "000000".parse().unwrap();
    vec![
        ("confirm_authenticator", service.confirm_authenticator(caller, "000000").await.map(drop)),
        ("recovery_codes", service.recovery_codes(caller).await.map(drop)),
        ("replace_recovery_codes", service.replace_recovery_codes(caller).await.map(drop)),
        ("start_email_verification", service.start_email_verification(caller, &page).await.map(drop)),
        ("start_phone_verification", service.start_phone_verification(caller).await.map(drop)),
        (
            "finish_phone_verification",
            service.finish_phone_verification(caller, caller.user_id(), &code).await.map(drop),
        ),
    ]
}

/// Every operation for which a session will do that owes a factor, but for `sign_out`.
async fn those_that_prove_a_factor(
    host: &TestHost,
    holder: &SessionHolder,
) -> Vec<(&'static str, Result<(), Error>)> {
    let service = &host.service;
    let challenge = ChallengeId::generate(host.clock.now(), [0; 10]);
    vec![
        ("factors", service.factors(holder).await.map(drop)),
        ("start_challenge", service.start_challenge(holder, SecondFactor::Email).await.map(drop)),
        ("finish_challenge", service.finish_challenge(holder, &challenge, "000000").await.map(drop)),
    ]
}

async fn all_answer(host: &TestHost, caller: &Caller, expected: &str) {
    let mut answers = those_that_prove_a_factor(host, caller).await;
    answers.extend(those_that_ask_for_more(host, caller).await);
    answers.extend(every_operation(host, caller).await);
    for (name, answer) in answers {
        assert_eq!(answer.unwrap_err().code(), expected, "{name}");
    }
}

fn link_github(account: &mut serde_json::Value) {
    account["identities"] =
        json!([{ "id": "github", "created_at": 1, "updated_at": 1, "provider": "github", "uid": "1" }]);
}

#[tokio::test]
async fn no_operation_that_takes_a_caller_is_left_out_here() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let mut named: Vec<_> = those_that_prove_a_factor(&host, &caller).await;
    named.extend(those_that_ask_for_more(&host, &caller).await);
    named.extend(every_operation(&host, &caller).await);
    let mut named: Vec<_> = named.into_iter().map(|(name, _)| name).collect();
    let takes_a_caller = |operation: &&Operation| {
        !operation.access().allows_guests() || **operation == Operation::FinishPhoneVerification
    };
    let mut expected: Vec<_> =
        Operation::ALL.iter().filter(takes_a_caller).map(|operation| operation.rust_name()).collect();
    named.sort_unstable();
    expected.sort_unstable();
    assert_eq!(named, expected);
}

#[tokio::test]
async fn every_operation_answers_to_a_live_session_until_the_account_is_blocked() {
    let (texts, host) = TextStore::host();
    let (_, caller) = ada(&host).await;
    texts.edit(caller.user_id(), link_github);
    let mut answers = every_operation(&host, &caller).await;
    let (sign_out_everywhere, sign_out) = (answers.pop().unwrap(), answers.pop().unwrap());
    for (name, answer) in answers {
        assert!(answer.is_ok(), "{name}: {answer:?}");
    }
    // Both come after the block.
    assert_eq!([code(sign_out.1), code(sign_out_everywhere.1)], ["user_blocked"; 2]);
}

#[tokio::test]
async fn asvs_7_4_1_no_operation_answers_to_a_session_that_has_ended() {
    let (texts, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    texts.edit(caller.user_id(), link_github);
    host.service.sign_out(&caller, &signed_in.session.id).await.unwrap();
    all_answer(&host, &caller, "general_unauthorized_scope").await;
}

#[tokio::test]
async fn r34_no_operation_answers_to_a_session_at_the_instant_it_expires() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    host.clock.set(signed_in.session.expires_at);
    all_answer(&host, &caller, "general_unauthorized_scope").await;
}

#[tokio::test]
async fn asvs_7_4_2_no_operation_answers_to_a_blocked_account() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.service.block(&caller).await.unwrap();
    all_answer(&host, &caller, "user_blocked").await;
}

#[tokio::test]
async fn no_operation_answers_before_a_required_reset() {
    let (texts, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    texts.edit(caller.user_id(), |account| account["reset_required"] = true.into());
    assert_eq!(code(host.service.caller(&signed_in.secret).await), "user_password_reset_required");
    all_answer(&host, &caller, "user_password_reset_required").await;
    texts.edit(caller.user_id(), |account| account["blocked"] = true.into());
    all_answer(&host, &caller, "user_blocked").await;
}

#[tokio::test]
async fn r29_h41_no_operation_answers_to_a_session_that_owes_a_factor_nor_to_its_jwt() {
    let (texts, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    texts.edit(caller.user_id(), |account| {
        account["mfa"] = true.into();
        account["email"]["verified"] = true.into();
    });
    assert_eq!(code(host.service.caller(&signed_in.secret).await), "user_more_factors_required");
    assert_eq!(code(host.service.caller_by_jwt(jwt.as_str()).await), "user_more_factors_required");
    let proving = those_that_prove_a_factor(&host, &caller).await.into_iter().map(|(_, answer)| answer);
    let proving: Vec<_> = proving.map(|answer| answer.map_err(|error| error.code())).collect();
    assert_eq!(proving, [Ok(()), Ok(()), Err("user_invalid_token")], "nothing stands before them");
    let mut answers = those_that_ask_for_more(&host, &caller).await;
    answers.extend(every_operation(&host, &caller).await);
    let (after, own_end) = (answers.pop().unwrap(), answers.pop().unwrap());
    for (name, answer) in answers {
        assert_eq!(answer.unwrap_err().code(), "user_more_factors_required", "{name}");
    }
    assert!(own_end.1.is_ok(), "a session may always end itself");
    assert_eq!(code(after.1), "general_unauthorized_scope");
}

#[tokio::test]
async fn r28_mfa_without_a_proven_address_asks_for_no_second_factor() {
    let (texts, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    texts.edit(caller.user_id(), |account| account["mfa"] = true.into());
    assert_eq!(code(host.caller(&signed_in).await.require_fresh_factor()), "user_challenge_required");
    assert!(host.service.user(&caller).await.unwrap().has_mfa());
}

#[tokio::test]
async fn asvs_16_5_3_no_operation_succeeds_without_the_store() {
    let (texts, host) = TextStore::host();
    let (signed_in, caller) = ada(&host).await;
    texts.switch_off(true);
    all_answer(&host, &caller, "general_store_unavailable").await;
    let down = "general_store_unavailable";
    assert_eq!(code(host.service.caller(&signed_in.secret).await), down);
    assert_eq!(code(sign_in(&host, ADA, PASSWORD).await), down);
    assert_eq!(code(sign_in(&host, BOB, PASSWORD).await), down);
    assert_eq!(code(host.service.sign_in_anonymously(&client()).await), down);
    let request = account::SignUp::new(BOB.parse().unwrap(), password(PASSWORD));
    assert_eq!(code(host.service.sign_up(request, &client()).await), down);
    texts.switch_off(false);
    host.caller(&signed_in).await;
}

#[tokio::test]
async fn asvs_8_2_2_a_foreign_id_is_answered_like_one_that_does_not_exist() {
    let (texts, host) = TextStore::host();
    let (_, ada) = ada(&host).await;
    let theirs = host.signed_up(BOB).await;
    let bob = host.caller(&theirs).await;
    texts.edit(bob.user_id(), link_github);
    let device =
        host.service.add_push_target(&bob, NewPushTarget::new("bobs".parse().unwrap())).await.unwrap().id;
    let before = texts.account(bob.user_id());

    let service = &host.service;
    let answers = async |session: &str, target: &str, identity: &str| {
        let cursor = format!(r#"{{"method":"cursorAfter","values":["{identity}"]}}"#);
        let (session, target) = (session.parse().unwrap(), target.parse().unwrap());
        let page = service.identities(&ada, &IdentityQuery::parse(&[cursor], 25).unwrap()).await;
        let changed = service.change_push_target(&ada, &target, "adas".parse().unwrap()).await;
        [
            service.session(&ada, &session).await.map(drop),
            service.extend_session(&ada, &session).await.map(drop),
            service.sign_out(&ada, &session).await,
            changed.map(drop),
            service.remove_push_target(&ada, &target).await,
            service.unlink_identity(&ada, &identity.parse().unwrap()).await,
            page.map(drop),
        ]
        .map(|answer| format!("{:?}", answer.unwrap_err()))
    };
    let foreign = answers(theirs.session.id.as_str(), device.as_str(), "github").await;
    assert_eq!(foreign, answers("unknown", "unknown", "unknown").await);
    assert_eq!(texts.account(bob.user_id()), before, "nothing of the other's was touched");
}
