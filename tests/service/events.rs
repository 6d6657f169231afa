//! The security log: what its owner reads of what happened.

use std::time::Duration;

use account::{
    NewPushTarget, SignUp,
    model::{ClientInfo, PageQuery},
    ports::Clock as _,
    testing::{PASSWORD, TestHost, password},
};

use crate::support::fixtures::*;

fn page(queries: &[&str]) -> PageQuery {
    PageQuery::parse(queries, 25).unwrap()
}

#[tokio::test]
async fn an_entry_tells_what_when_from_where_and_under_what_name() {
    let host = TestHost::new();
    let mut request = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    request.name = "Ada".parse().unwrap();
    host.service.sign_up(request, &client()).await.unwrap();
    let (email, right) = (ADA.parse().unwrap(), password(PASSWORD));
    let signed_in = host.service.sign_in_with_password(email, right, &client()).await.unwrap();
    let caller = host.caller(&signed_in).await.with_client(client());
    host.clock.advance(Duration::from_secs(7));
    host.service.change_name(&caller, "Ada King".parse().unwrap()).await.unwrap();

    let log = log(&host, &caller).await;
    assert_eq!(log.total, 3);
    let entry = &log.entries[0];
    assert_eq!((entry.event.kind.name(), &*entry.event.operation), ("user.update", "updateName"));
    assert_eq!((entry.event.at, entry.event.user), (host.clock.now(), *caller.user_id()));
    assert_eq!((entry.event.ip, entry.event.user_agent.as_deref()), (client().ip(), Some("curl/8.5.0")));
    assert_eq!((&*entry.event.email, &*entry.event.name), (ADA, "Ada King"));
    assert_eq!(&*entry.device.client_name, "curl");
    assert!(entry.country.is_none());
    let entry = &log.entries[1];
    assert_eq!(
        (&*entry.event.operation, entry.event.session),
        ("createEmailPasswordSession", Some(signed_in.session.id))
    );
    assert_eq!(&*entry.event.name, "Ada", "the name of that time");
}

#[tokio::test]
async fn the_newest_entry_comes_first_even_within_one_instant() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for name in ["one", "two", "three"] {
        host.service.change_name(&caller, name.parse().unwrap()).await.unwrap();
    }
    let names: Vec<_> =
        log(&host, &caller).await.entries.into_iter().take(3).map(|entry| entry.event.name).collect();
    assert_eq!(names, ["three", "two", "one"].map(Box::<str>::from));
}

#[tokio::test]
async fn h67_the_log_comes_in_pages_and_tells_its_total() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for n in 0..40 {
        host.service.change_name(&caller, format!("n{n}").parse().unwrap()).await.unwrap();
    }
    let read = async |queries: &[&str]| host.service.events(&caller, page(queries)).await.unwrap();
    let first = read(&[]).await;
    assert_eq!((first.entries.len(), first.total), (25, 42));
    let cut = read(&[r#"{"method":"limit","values":[2]}"#, r#"{"method":"offset","values":[1]}"#]).await;
    let names: Vec<_> = cut.entries.iter().map(|entry| &*entry.event.name).collect();
    assert_eq!((names, cut.total), (vec!["n38", "n37"], 42));
    let beyond = read(&[r#"{"method":"offset","values":[18446744073709551615]}"#]).await;
    assert_eq!((beyond.entries.len(), beyond.total), (0, 42));
}

#[tokio::test]
async fn nobody_reads_anothers_log() {
    let host = TestHost::new();
    let (_, ada) = ada(&host).await;
    let bob = host.caller(&host.signed_up(BOB).await).await;
    host.service.change_name(&ada, "Ada".parse().unwrap()).await.unwrap();
    let log = log(&host, &bob).await;
    assert_eq!(log.total, 2);
    assert!(log.entries.iter().all(|entry| entry.event.user == *bob.user_id()));
}

#[tokio::test]
async fn every_change_is_logged_under_its_operation_and_reading_is_not() {
    let host = TestHost::new();
    let (signed_in, caller) = ada(&host).await;
    let service = &host.service;
    service.user(&caller).await.unwrap();
    service.sessions(&caller).await.unwrap();
    service.preferences(&caller).await.unwrap();
    service.replace_preferences(&caller, "{}".parse().unwrap()).await.unwrap();
    service.extend_session(&caller, &signed_in.session.id).await.unwrap();
    service.issue_jwt(&caller).await.unwrap();
    let target =
        service.add_push_target(&caller, NewPushTarget::new("token".parse().unwrap())).await.unwrap();
    service.remove_push_target(&caller, &target.id).await.unwrap();
    service.sign_out_everywhere(&caller).await.unwrap();
    let caller = host.caller(&host.signed_in(ADA).await).await;
    let mut entries = log(&host, &caller).await.entries;
    entries.reverse();
    let told: Vec<_> =
        entries.iter().map(|entry| (entry.event.kind.name(), &*entry.event.operation)).collect();
    assert_eq!(
        told,
        [
            ("user.create", "create"),
            ("session.create", "createEmailPasswordSession"),
            ("user.update", "updatePrefs"),
            ("session.update", "updateSession"),
            ("jwt.create", "createJWT"),
            ("target.create", "createPushTarget"),
            ("target.delete", "deletePushTarget"),
            ("session.delete", "deleteSessions"),
            ("session.create", "createEmailPasswordSession"),
        ]
    );
}

#[tokio::test]
async fn a_refused_change_leaves_no_entry() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    host.signed_up(BOB).await;
    let taken = host.service.change_email(&caller, BOB.parse().unwrap(), password(PASSWORD)).await;
    assert_eq!(code(taken), "user_target_already_exists");
    let unknown = host.service.sign_out(&caller, &"nothing".parse().unwrap()).await;
    assert_eq!(code(unknown), "user_session_not_found");
    assert_eq!(log_names(&host, &caller).await, ["user.create", "session.create"]);
}

#[tokio::test]
async fn h70_wrong_guesses_are_in_the_log_of_the_account_with_the_client_that_made_them() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let thief = ClientInfo::at("203.0.113.9".parse().unwrap());
    let guess =
        host.service.sign_in_with_password(ADA.parse().unwrap(), password("no such password"), &thief).await;
    assert_eq!(code(guess), "user_invalid_credentials");
    let entry = log(&host, &caller).await.entries.remove(0);
    assert_eq!((entry.event.kind.name(), entry.event.ip), ("session.refuse", thief.ip()));
}

#[tokio::test]
async fn asvs_16_2_5_no_entry_holds_a_secret() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let jwt = host.service.issue_jwt(&caller).await.unwrap();
    let old = Some(password(PASSWORD));
    host.service.change_password(&caller, password(OTHER), old).await.unwrap();
    fail(&host, ADA, 1).await;
    for entry in log(&host, &caller).await.entries {
        let written = format!("{:?} {}", entry, entry.event.to_json());
        for secret in [PASSWORD, OTHER, "no such password", jwt.as_str(), "argon2"] {
            assert!(!written.contains(secret));
        }
    }
}

#[tokio::test]
async fn asvs_16_4_1_a_user_agent_cannot_begin_a_line_of_its_own() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let caller =
        caller.with_client(ClientInfo::default().with_user_agent("evil\r\n2026 root logged in\x1b[2J"));
    host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    let agent = log(&host, &caller).await.entries.remove(0).event.user_agent.unwrap();
    assert!(!agent.contains(char::is_control));
}
