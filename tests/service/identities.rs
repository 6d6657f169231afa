//! Linked accounts at providers: listing and removing one's own.

use account::{
    Caller, Error, IdentityPage,
    model::{Identity, IdentityId, IdentityQuery},
    testing::TestHost,
};
use serde_json::json;

use crate::support::{fixtures::*, text_store::TextStore};

/// An account with identities at these providers, as sign-in with providers will make them.
async fn linked(texts: &TextStore, host: &TestHost, email: &str, providers: &[&str]) -> Caller {
    let caller = host.caller(&host.signed_up(email).await).await;
    let name = email.split('@').next().unwrap();
    let identities: Vec<_> = providers
        .iter()
        .map(|provider| {
            json!({ "id": format!("{name}-{provider}"), "created_at": 1, "updated_at": 2,
                    "provider": provider, "uid": format!("uid-of-{name}") })
        })
        .collect();
    texts.edit(caller.user_id(), |account| account["identities"] = identities.into());
    caller
}

async fn list(host: &TestHost, caller: &Caller, queries: &[&str]) -> Result<IdentityPage, Error> {
    host.service.identities(caller, &IdentityQuery::parse(queries, 25).unwrap()).await
}

fn providers(identities: &[Identity]) -> Vec<&str> {
    identities.iter().map(|identity| &*identity.provider).collect()
}

#[tokio::test]
async fn an_account_without_links_has_an_empty_list() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    let page = list(&host, &caller, &[]).await.unwrap();
    assert_eq!((page.total, page.identities.len()), (0, 0));
}

#[tokio::test]
async fn only_ones_own_identities_are_listed_whatever_is_asked() {
    let (texts, host) = TextStore::host();
    let ada = linked(&texts, &host, ADA, &["github", "google"]).await;
    let bob = linked(&texts, &host, BOB, &["github"]).await;
    let page = list(&host, &ada, &[]).await.unwrap();
    assert_eq!((page.total, providers(&page.identities)), (2, vec!["github", "google"]));
    assert_eq!((page.identities[0].user, &*page.identities[0].provider_uid), (*ada.user_id(), "uid-of-ada"));
    let of_bob = format!(r#"{{"method":"equal","attribute":"userId","values":["{}"]}}"#, bob.user_id());
    assert_eq!(list(&host, &ada, &[&of_bob]).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_list_can_be_filtered_sorted_and_cut() {
    let (texts, host) = TextStore::host();
    let ada = linked(&texts, &host, ADA, &["github", "google", "apple"]).await;
    let queries = [r#"{"method":"orderDesc","attribute":"provider"}"#, r#"{"method":"limit","values":[2]}"#];
    let page = list(&host, &ada, &queries).await.unwrap();
    assert_eq!((page.total, providers(&page.identities)), (3, vec!["google", "github"]));
    let queries = [r#"{"method":"startsWith","attribute":"provider","values":["g"]}"#];
    assert_eq!(list(&host, &ada, &queries).await.unwrap().total, 2);
    let queries = [r#"{"method":"cursorAfter","values":["ada-google"]}"#];
    assert_eq!(providers(&list(&host, &ada, &queries).await.unwrap().identities), ["apple"]);
}

#[tokio::test]
async fn h54_a_foreign_cursor_is_as_unknown_as_any() {
    let (texts, host) = TextStore::host();
    let ada = linked(&texts, &host, ADA, &["github"]).await;
    linked(&texts, &host, BOB, &["github"]).await;
    for cursor in ["bob-github", "nobody-github"] {
        let query = format!(r#"{{"method":"cursorAfter","values":["{cursor}"]}}"#);
        assert_eq!(code(list(&host, &ada, &[&query]).await), "general_cursor_not_found");
    }
}

#[tokio::test]
async fn h06_a_foreign_identity_is_as_unknown_as_any() {
    let (texts, host) = TextStore::host();
    let ada = linked(&texts, &host, ADA, &["github"]).await;
    let bob = linked(&texts, &host, BOB, &["github"]).await;
    for id in ["bob-github", "nobody-github"] {
        let refused = host.service.unlink_identity(&ada, &id.parse().unwrap()).await;
        assert_eq!(code(refused), "user_identity_not_found");
    }
    assert_eq!(list(&host, &bob, &[]).await.unwrap().total, 1);
}

#[tokio::test]
async fn h70_an_unlinked_identity_is_gone_and_the_log_tells() {
    let (texts, host) = TextStore::host();
    let ada = linked(&texts, &host, ADA, &["github", "google"]).await;
    let id: IdentityId = "ada-github".parse().unwrap();
    host.service.unlink_identity(&ada, &id).await.unwrap();
    assert_eq!(providers(&list(&host, &ada, &[]).await.unwrap().identities), ["google"]);
    assert_eq!(code(host.service.unlink_identity(&ada, &id).await), "user_identity_not_found");
    assert_eq!(log_names(&host, &ada).await.last(), Some(&"identity.delete"));
}
