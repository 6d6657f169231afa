//! Rules for the attachment: kept when unchanged, replaced when changed, returned byte for byte.

use std::sync::Arc;

use super::{
    bench::{Bench, assert_stale, assert_taken, attachment, edited, fresh_version, without_attachment},
    fixtures::{KeyKind, bare, full, prefer, rename, with_email},
};
use crate::{
    model::{Account, Key},
    ports::{Change, Parts, Stored},
};

const DARK: &str = r#"{"theme":"dark"}"#;
const LIGHT: &str = r#"{"theme":"light","z":1,"a":[1.0,2e3]}"#;

/// Saved preferences come back when the whole account is loaded.
pub async fn preferences_come_back(bench: Bench) {
    let account = bench.create(preferring(DARK)).await;
    assert_preferences(&bench, &account, DARK).await;
}

/// An account that never had preferences has empty ones.
pub async fn preferences_are_empty_at_first(bench: Bench) {
    let account = bench.create(bare(1)).await;
    assert_preferences(&bench, &account, "{}").await;
}

/// An account created from a body alone has empty preferences.
pub async fn an_account_made_without_attachment_has_empty_preferences(bench: Bench) {
    let mut account = bare(1);
    account.attachment = None;
    let account = bench.create(account).await;
    let loaded = bench.load_id(account.account.id()).await.expect("it was created");
    assert_eq!(attachment(&loaded).as_deref(), Some("{}"));
}

/// A change of the body keeps the preferences that were loaded with it.
pub async fn a_change_keeps_loaded_preferences(bench: Bench) {
    let before = bench.create(preferring(DARK)).await;
    let after = bench.change(&before, |account| rename(account, 1)).await;
    assert_preferences(&bench, &after, DARK).await;
}

/// A change of the body keeps preferences that were not loaded.
pub async fn a_change_keeps_preferences_that_were_not_loaded(bench: Bench) {
    let before = bench.create(preferring(DARK)).await;
    let mut state = without_attachment(&before);
    for number in 0..3 {
        state = bench.change(&state, |account| rename(account, number)).await;
        assert_preferences(&bench, &state, DARK).await;
    }
}

/// A change of the preferences replaces them.
pub async fn a_change_replaces_preferences(bench: Bench) {
    let mut state = bench.create(preferring(DARK)).await;
    for json in [LIGHT, "{}", DARK, DARK, LIGHT] {
        state = bench.change(&state, |account| prefer(account, json)).await;
        assert_preferences(&bench, &state, json).await;
    }
}

/// The first preferences of an account are written.
pub async fn first_preferences_are_written(bench: Bench) {
    let before = bench.create(bare(1)).await;
    let after = bench.change(&before, |account| prefer(account, DARK)).await;
    assert_preferences(&bench, &after, DARK).await;
}

/// A change that did not load the old preferences can replace them.
pub async fn unseen_preferences_are_replaced(bench: Bench) {
    for json in [LIGHT, "{}"] {
        let before = bench.create(preferring(DARK)).await;
        let after = bench.change(&without_attachment(&before), |account| prefer(account, json)).await;
        assert_preferences(&bench, &after, json).await;
        bench.remove(&after).await;
    }
}

/// Emptied preferences stay empty.
pub async fn emptied_preferences_stay_empty(bench: Bench) {
    let before = bench.create(preferring(DARK)).await;
    let emptied = bench.change(&before, |account| prefer(account, "{}")).await;
    let after = bench.change(&without_attachment(&emptied), |account| rename(account, 1)).await;
    assert_preferences(&bench, &after, "{}").await;
}

/// One change can replace preferences, keys and everything else together.
pub async fn one_change_replaces_body_and_preferences(bench: Bench) {
    let before = bench.create(full(1)).await;
    let after = bench
        .change(&before, |account| {
            *account = with_email(1);
            prefer(account, LIGHT);
        })
        .await;
    bench.assert_holds(&after).await;
    assert_preferences(&bench, &after, LIGHT).await;
}

/// A stale change leaves the preferences as they are.
pub async fn a_stale_change_leaves_preferences(bench: Bench) {
    let old = bench.create(preferring(DARK)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    assert_stale(bench.try_change(&old, |account| prefer(account, LIGHT)).await);
    assert_preferences(&bench, &current, DARK).await;
}

/// A change that is refused because of a taken key leaves the preferences as they are.
pub async fn a_refused_change_leaves_preferences(bench: Bench) {
    bench.create(with_email(2)).await;
    let before = bench.create(preferring(DARK)).await;
    let refused = bench
        .try_change(&before, |account| {
            prefer(account, LIGHT);
            KeyKind::Mailbox.give(account, 2);
        })
        .await;
    assert_taken(refused, &KeyKind::Mailbox.key(2));
    assert_preferences(&bench, &before, DARK).await;
}

/// A refused creation leaves the preferences of the account that holds the id.
pub async fn a_refused_creation_leaves_preferences(bench: Bench) {
    let first = bench.create(preferring(DARK)).await;
    assert_taken(bench.try_create(preferring(LIGHT)).await, &Key::Id(*first.account.id()));
    assert_preferences(&bench, &first, DARK).await;
}

/// Each account has its own preferences.
pub async fn preferences_are_kept_apart(bench: Bench) {
    let one = bench.create(preferring(DARK)).await;
    let mut other = bare(2);
    prefer(&mut other, LIGHT);
    let other = bench.create(other).await;
    let one = bench.change(&one, |account| prefer(account, "{}")).await;
    assert_preferences(&bench, &other, LIGHT).await;
    assert_preferences(&bench, &one, "{}").await;
}

/// A removal deletes the account's preferences.
pub async fn preferences_go_with_their_account(bench: Bench) {
    let account = bench.create(preferring(DARK)).await;
    bench.remove(&account).await;
    let again = bench.create(bare(1)).await;
    assert_preferences(&bench, &again, "{}").await;
    let slim = without_attachment(&again);
    let after = bench.change(&slim, |account| rename(account, 1)).await;
    assert_preferences(&bench, &after, "{}").await;
}

/// A save of the unchanged account keeps the preferences.
pub async fn preferences_survive_a_save_of_the_same_value(bench: Bench) {
    let before = bench.create(preferring(DARK)).await;
    let next = fresh_version();
    let change = Change::new(Some(&before), Arc::clone(&before.account), next, &[]);
    bench.store().save(change).await.expect("the state is the current one");
    let after = Stored { account: Arc::clone(&before.account), version: next };
    assert_preferences(&bench, &after, DARK).await;
}

/// Preferences come back byte for byte, with their order, numbers and escapes.
pub async fn preferences_are_kept_byte_by_byte(bench: Bench) {
    let mut state = bench.create(bare(1)).await;
    for json in [
        r#"{"b":1,"a":2,"B":3,"":4}"#,
        r#"{"float":1.0,"small":1e-300,"big":12345678901234567890,"minus":-0}"#,
        r#"{"escaped":"\u00e9\n\t\\\/\"","plain":"é"}"#,
        "{\"emoji\":\"\u{1f469}\u{200d}\u{1f4bb}\",\"rtl\":\"\u{202e}abc\",\"combining\":\"e\u{301}\"}",
        r#"{"quotes":"'; drop table accounts; --","percent":"%_\\"}"#,
        r#"{"nested":{"list":[[],{},null,true,false,""]}}"#,
    ] {
        state = bench.change(&state, |account| prefer(account, json)).await;
        assert_preferences(&bench, &state, json).await;
    }
}

/// The largest preferences, of 65,535 bytes, are kept.
pub async fn the_largest_preferences_are_kept(bench: Bench) {
    let json = format!(r#"{{"text":"{}"}}"#, "x".repeat(65_535 - r#"{"text":""}"#.len()));
    assert_eq!(json.len(), 65_535);
    let before = bench.create(preferring(&json)).await;
    assert_preferences(&bench, &before, &json).await;
    let after = bench.change(&without_attachment(&before), |account| rename(account, 1)).await;
    assert_preferences(&bench, &after, &json).await;
}

/// The largest preferences are also kept in characters of several bytes.
pub async fn the_largest_preferences_of_wide_letters_are_kept(bench: Bench) {
    let json = format!(r#"{{"text":"{}"}}"#, "\u{1f600}".repeat(16_000));
    let account = bench.create(preferring(&json)).await;
    assert_preferences(&bench, &account, &json).await;
}

/// A load of the body alone may return the attachment too, but only the current one.
pub async fn a_body_comes_without_attachment_or_with_the_right_one(bench: Bench) {
    let mut state = bench.create(preferring(DARK)).await;
    for json in [LIGHT, "{}"] {
        state = bench.change(&state, |account| prefer(account, json)).await;
        let slim = bench.load_parts(&Key::Id(*state.account.id()), Parts::Body).await;
        let found = attachment(&slim.expect("the account is there"));
        assert!(found.is_none_or(|found| found == json));
    }
}

/// A change from a loaded body is stale if another change has replaced the preferences meanwhile.
pub async fn a_body_is_stale_once_preferences_change(bench: Bench) {
    let before = without_attachment(&bench.create(preferring(DARK)).await);
    let other = bench.change(&before, |account| prefer(account, LIGHT)).await;
    assert_stale(bench.save(Some(&before), edited(&before, |account| rename(account, 1)), &[]).await);
    assert_preferences(&bench, &other, LIGHT).await;
}

fn preferring(json: &str) -> Account {
    let mut account = bare(1);
    prefer(&mut account, json);
    account
}

/// Asserts that the state is the stored one and has these preferences.
async fn assert_preferences(bench: &Bench, state: &Stored, json: &str) {
    let loaded = bench.load_id(state.account.id()).await.expect("the account is there");
    assert_eq!(loaded.version, state.version);
    assert_eq!(attachment(&loaded).as_deref(), Some(json));
}
