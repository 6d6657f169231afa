//! Accounts whose keys must be distinct.

use crate::{
    conformance::store::{
        bench::{Bench, assert_taken},
        fixtures::{bare, contact, email, id, rename, target},
    },
    model::Account,
};

/// The account with this number, edited.
pub(super) fn holding(number: u32, edit: impl FnOnce(&mut Account)) -> Account {
    let mut account = bare(number);
    edit(&mut account);
    account
}

/// Accounts with these email addresses.
pub(super) fn addressed(addresses: &[&str]) -> Vec<Account> {
    let account = |(number, address): (u32, &&str)| {
        holding(number, |account| account.email = Some(contact(email(address))))
    };
    (0..).zip(addresses).map(account).collect()
}

/// Accounts with these device tokens.
pub(super) fn tokens(tokens: &[&str]) -> Vec<Account> {
    tokens_from(0, tokens)
}

/// Accounts with these device tokens, numbered from `first`.
pub(super) fn tokens_from(first: u32, tokens: &[&str]) -> Vec<Account> {
    let account = |(number, token): (u32, &&str)| {
        holding(number, |account| account.targets = vec![target(id(&format!("t{number}")), token)])
    };
    (first..).zip(tokens).map(account).collect()
}

/// Asserts that the accounts can exist together, that each is found by its own keys, and that no
/// other account can claim these keys.
pub(super) async fn assert_distinct(bench: &Bench, accounts: impl IntoIterator<Item = Account>) {
    let mut stored = Vec::new();
    for account in accounts {
        stored.push(bench.create(account).await);
    }
    for account in &stored {
        bench.assert_holds(account).await;
        let mut thief = Account::clone(&account.account);
        if thief.keys().len() == 1 {
            assert_taken(bench.try_create(thief).await, &account.account.keys()[0]);
        } else {
            thief.id = id("thief");
            assert!(bench.try_create(thief).await.is_err(), "a held key cannot be taken");
        }
    }
    let mut state = stored.remove(0);
    state = bench.change(&state, |account| rename(account, 1)).await;
    bench.remove(&state).await;
    bench.assert_free(&state.account.keys()).await;
    for account in &stored {
        bench.assert_holds(account).await;
    }
}
