//! The trusted side: what the application's own server code does with accounts.

use std::time::Duration;

use crate::support::fixtures::ADA;

use account::{
    Error, GenericToken, MemoryStore, NewUser, SignedIn,
    error::Invalid,
    model::{ClientInfo, CustomId, EventKind, Label, PageQuery, Passcode, PasswordHash, UserId},
    testing::{Fault, FaultyStore, PASSWORD, TestHost, password},
};

async fn ada(host: &TestHost) -> (UserId, SignedIn) {
    let signed_in = host.signed_up(ADA).await;
    (*signed_in.user_id(), signed_in)
}

fn nobody() -> UserId {
    "nobody".parse().unwrap()
}

#[tokio::test]
async fn an_account_is_found_by_id_email_and_phone() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    let caller = host.caller(&signed_in).await;
    let phone = "+16175551212".parse().unwrap();
    host.service.change_phone(&caller, phone, password(PASSWORD)).await.unwrap();
    let trusted = host.service.admin(&client);
    let phone = "+16175551212".parse().unwrap();
    assert_eq!(trusted.user(&id).await.unwrap().id(), &id);
    assert_eq!(trusted.user_by_email(&ADA.parse().unwrap()).await.unwrap().id(), &id);
    assert_eq!(trusted.user_by_phone(&phone).await.unwrap().id(), &id);
    assert!(matches!(trusted.user(&nobody()).await, Err(Error::UserNotFound)));
    assert!(matches!(
        trusted.user_by_email(&"eve@example.com".parse().unwrap()).await,
        Err(Error::UserNotFound)
    ));
}

#[tokio::test]
async fn accounts_are_listed_page_by_page() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    for n in 0..5 {
        host.signed_up(&format!("user{n}@example.com")).await;
        host.clock.advance(Duration::from_millis(1));
    }
    let trusted = host.service.admin(&client);
    let first = trusted.users(None, 3).await.unwrap();
    let second = trusted.users(Some(first[2].id()), 3).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 2));
    assert!(first.iter().chain(&second).map(|user| *user.id()).is_sorted());
}

#[tokio::test]
async fn a_handler_authorises_by_label_without_a_second_load() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    let trusted = host.service.admin(&client);
    assert!(host.caller(&signed_in).await.account().labels().is_empty());
    let labels: Vec<Label> = ["editor", "Staff2"].map(|label| label.parse().unwrap()).into();
    let user = trusted.set_labels(&id, labels.clone()).await.unwrap();
    assert!(user.has_label("editor") && !user.has_label("admin"));

    host.recorder.take();
    let caller = host.caller(&signed_in).await;
    let loads = host.recorder.take().len();
    let account = caller.account();
    assert_eq!(account.labels(), labels);
    assert!(account.has_label("editor") && account.has_label("Staff2"));
    for other in ["Editor", "staff2", "edit", "editor ", ""] {
        assert!(!account.has_label(other), "{other:?}");
    }
    assert_eq!((loads, host.recorder.take().len()), (1, 0), "authentication loads, labels do not");

    trusted.set_labels(&id, Vec::new()).await.unwrap();
    assert!(!host.caller(&signed_in).await.account().has_label("editor"), "removed for the next request");
}

#[tokio::test]
async fn a_block_is_laid_and_lifted() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    let trusted = host.service.admin(&client);
    assert!(trusted.set_blocked(&id, true).await.unwrap().is_blocked());
    assert!(matches!(host.service.caller(&signed_in.secret).await, Err(Error::Blocked)));
    assert!(!trusted.set_blocked(&id, false).await.unwrap().is_blocked());
    host.service.caller(&signed_in.secret).await.unwrap();
    assert!(matches!(trusted.set_blocked(&nobody(), true).await, Err(Error::UserNotFound)));
}

#[tokio::test]
async fn labels_are_the_hosts_own() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    let staff: Label = "staff".parse().unwrap();
    host.service.admin(&client).set_labels(&id, vec![staff.clone()]).await.unwrap();
    let user = host.service.user(&host.caller(&signed_in).await).await.unwrap();
    assert_eq!(user.labels(), [staff]);
}

#[tokio::test]
async fn a_demanded_password_reset_holds_every_session_until_a_recovery() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    host.service.admin(&client).require_password_reset(&id, true).await.unwrap();
    let refused = host.service.caller(&signed_in.secret).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind().status()), ("user_password_reset_required", 412));
    let again = host.signed_in(ADA).await;
    assert!(matches!(host.service.caller(&again.secret).await, Err(Error::PasswordResetRequired)));

    let allowed = account::model::AllowedRedirects::new(["app.example.com"], []).unwrap();
    let url = allowed.check("https://app.example.com/reset").unwrap();
    let token = host.service.start_recovery(ADA.parse().unwrap(), &url, &client).await.unwrap();
    let secret: Passcode = token.secret().unwrap().expose().parse().unwrap();
    let new = password("an0ther-Cobalt-heron");
    host.service.finish_recovery(&id, &secret, new.clone(), None, &client).await.unwrap();
    let back = host.service.sign_in_with_password(ADA.parse().unwrap(), new, &client).await.unwrap();
    host.service.caller(&back.secret).await.unwrap();
}

#[tokio::test]
async fn all_sessions_of_an_account_can_be_ended() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, first) = ada(&host).await;
    let second = host.signed_in(ADA).await;
    let jwt = host.service.issue_jwt(&host.caller(&second).await).await.unwrap();
    host.service.admin(&client).end_sessions(&id).await.unwrap();
    for secret in [&first.secret, &second.secret] {
        assert!(matches!(host.service.caller(secret).await, Err(Error::NotSignedIn)));
    }
    assert!(matches!(host.service.caller_by_jwt(jwt.as_str()).await, Err(Error::NotSignedIn)));
}

#[tokio::test]
async fn a_generic_token_signs_in_once() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, _) = ada(&host).await;
    let token = host.service.admin(&client).issue_token(&id, GenericToken::default()).await.unwrap();
    let secret: Passcode = token.secret().unwrap().expose().parse().unwrap();
    assert_eq!(secret.expose().len(), 6);
    let signed_in = host.service.sign_in_with_token(&id, &secret, &client).await.unwrap();
    assert_eq!(signed_in.session.provider.name(), "token");
    assert_eq!(signed_in.session.factors, [account::model::Factor::Token]);
    let again = host.service.sign_in_with_token(&id, &secret, &client).await;
    assert!(matches!(again, Err(Error::InvalidToken)));
}

#[tokio::test]
async fn length_and_life_of_a_generic_token_have_bounds() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, _) = ada(&host).await;
    let trusted = host.service.admin(&client);
    let mut how = GenericToken::default();
    for digits in [4, 31, 128] {
        how.digits = digits;
        let token = trusted.issue_token(&id, how).await.unwrap();
        assert_eq!(token.secret().unwrap().expose().len(), digits);
    }
    for digits in [0, 3, 129] {
        how.digits = digits;
        assert!(matches!(trusted.issue_token(&id, how).await, Err(Error::Invalid(Invalid::Text { .. }))));
    }
    how.digits = 6;
    for lifetime in [Duration::from_secs(59), Duration::from_secs(366 * 24 * 3600)] {
        how.lifetime = lifetime;
        assert!(matches!(trusted.issue_token(&id, how).await, Err(Error::Invalid(Invalid::Lifetime))));
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_found_out() {
    let store = FaultyStore::new(MemoryStore::new());
    let (plan, host, client) = (store.plan(), TestHost::on(store), ClientInfo::default());
    let id = *host.signed_up(ADA).await.user_id();
    let trusted = host.service.admin(&client);
    // Its load is call 0, its removal call 1.
    plan.fail(1, Fault::Before);
    assert!(matches!(trusted.delete(&id).await, Err(Error::Store(_))));
    plan.fail(1, Fault::After);
    trusted.delete(&id).await.unwrap();
    assert!(matches!(trusted.user(&id).await, Err(Error::UserNotFound)));
}

#[tokio::test]
async fn h73_a_deleted_account_leaves_nothing_and_its_email_is_free() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    let trusted = host.service.admin(&client);
    trusted.delete(&id).await.unwrap();
    assert!(matches!(host.service.caller(&signed_in.secret).await, Err(Error::NotSignedIn)));
    assert!(matches!(trusted.user(&id).await, Err(Error::UserNotFound)));
    assert!(matches!(trusted.delete(&id).await, Err(Error::UserNotFound)));
    let (again, signed_in) = ada(&host).await;
    assert_ne!(id, again);
    let page = host
        .service
        .events(&host.caller(&signed_in).await, PageQuery::parse(&[""; 0], 25).unwrap())
        .await
        .unwrap();
    assert!(page.entries.iter().all(|entry| entry.event.user == again));
}

#[tokio::test]
async fn an_imported_account_keeps_its_password_and_what_was_proven() {
    let (host, client) = (TestHost::on(MemoryStore::new()), ClientInfo::default());
    let mut new = NewUser::new();
    new.user_id = CustomId::Given("legacy-7".parse().unwrap());
    new.email = Some((ADA.parse().unwrap(), true));
    new.phone = Some(("+16175551212".parse().unwrap(), false));
    new.name = "Ada".parse().unwrap();
    // Of the password, by the reference implementation of Argon2.
    let old = "$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHQ$xRLOFUAzF0kO6zRZrtQcj/Uyr/V53pyi1N7JAJRfFiE";
    new.password = Some(PasswordHash::parse(old).unwrap());
    new.preferences = r#"{"theme":"dark"}"#.parse().unwrap();
    let user = host.service.admin(&client).import(new.clone()).await.unwrap();
    assert!(user.is_email_verified() && !user.is_phone_verified());
    let signed_in = host.signed_in(ADA).await;
    let caller = host.caller(&signed_in).await;
    assert_eq!(host.service.preferences(&caller).await.unwrap().as_json(), r#"{"theme":"dark"}"#);
    let taken = host.service.admin(&client).import(new).await;
    assert!(matches!(taken, Err(Error::UserExists)));
}

#[tokio::test]
async fn what_the_host_does_is_in_the_accounts_log() {
    let (host, client) = (TestHost::new(), ClientInfo::default());
    let (id, signed_in) = ada(&host).await;
    host.service.admin(&client).set_labels(&id, Vec::new()).await.unwrap();
    let page = host
        .service
        .events(&host.caller(&signed_in).await, PageQuery::parse(&[""; 0], 25).unwrap())
        .await
        .unwrap();
    let newest = &page.entries[0].event;
    assert_eq!((newest.kind, &*newest.operation), (EventKind::UserUpdated, "updateLabels"));
}
