//! Rules of unusual values: what is allowed is kept, told apart and found, whatever it looks like.

use std::sync::Arc;

use super::{
    bench::{Bench, assert_stale, assert_taken, attachment, body, fresh_version},
    people::{
        KeyKind, at, bare, contact, email, event, full, id, identity, mailbox, named, rename, session, target,
    },
};
use crate::{
    model::{Account, Key, Label, Timestamp, UserId},
    ports::{Change, Select, Stored, Version},
};

/// Ids of 36 characters are kept, and told apart to the last one.
pub async fn the_longest_ids_are_told_apart(bench: Bench) {
    let stem = "x".repeat(35);
    told_apart(&bench, ["a", "b", "A", "_", "-", "."].map(|end| named(&format!("{stem}{end}")))).await;
}

/// An id of one character is kept.
pub async fn the_shortest_ids_are_told_apart(bench: Bench) {
    told_apart(&bench, ["a", "A", "0", "1"].map(named)).await;
}

/// Ids that differ only in case are different.
pub async fn ids_differ_in_case(bench: Bench) {
    told_apart(&bench, ["ada", "Ada", "ADA", "aDa"].map(named)).await;
}

/// An id that begins another one is not that one.
pub async fn an_id_is_not_its_beginning(bench: Bench) {
    told_apart(&bench, ["a", "ab", "abc", "a.", "a.b"].map(named)).await;
    bench.assert_free(&[Key::Id(id("abcd")), Key::Id(id("b"))]).await;
}

/// Points, dashes and underscores in ids stand for themselves.
pub async fn ids_have_no_wildcards(bench: Bench) {
    told_apart(&bench, ["a_c", "abc", "a-c", "a.c"].map(named)).await;
    bench.assert_free(&[Key::Id(id("axc"))]).await;
}

/// Ids that look like numbers are texts.
pub async fn ids_that_look_like_numbers_are_texts(bench: Bench) {
    let numbers = ["1", "01", "1.0", "1e0", "0x1", "001", "9223372036854775808", "NaN", "null", "true"];
    for number in numbers {
        bench.create(named(number)).await;
    }
    let mut sorted = numbers.map(id::<UserId>);
    sorted.sort_unstable();
    assert_eq!(bench.list_ids(Select::After(None), 100).await, sorted);
    bench.assert_free(&[Key::Id(id("0001")), Key::Id(id("10")), Key::Id(id("nan"))]).await;
}

/// Addresses of 254 characters are kept, and told apart to the last one.
pub async fn the_longest_addresses_are_told_apart(bench: Bench) {
    let domain = format!("{}.{}.{}.example", "d".repeat(63), "e".repeat(63), "f".repeat(53));
    let addresses = ["a", "b", "_"].map(|end| format!("{}{end}@{domain}", "l".repeat(63)));
    assert_eq!(addresses[0].len(), 254, "the longest there is");
    told_apart(&bench, addressed(&addresses.each_ref().map(String::as_str))).await;
}

/// Quotes in addresses are letters like any other.
pub async fn addresses_with_quotes_are_kept(bench: Bench) {
    told_apart(&bench, addressed(&["o'neil@example.com", "oneil@example.com", "o''neil@example.com"])).await;
    bench.assert_free(&[mailbox("o`neil@example.com"), mailbox("'@example.com")]).await;
}

/// Percent signs in addresses are no wildcards.
pub async fn addresses_with_percent_signs_are_no_patterns(bench: Bench) {
    told_apart(&bench, addressed(&["a%@example.com", "ab@example.com", "%@example.com", "%25@example.com"]))
        .await;
    bench.assert_free(&[mailbox("abc@example.com"), mailbox("%%@example.com")]).await;
}

/// Underscores in addresses are no wildcards.
pub async fn addresses_with_underscores_are_no_patterns(bench: Bench) {
    told_apart(&bench, addressed(&["a_b@example.com", "axb@example.com", "__@example.com"])).await;
    bench.assert_free(&[mailbox("ayb@example.com"), mailbox("ab@example.com")]).await;
}

/// Every special character that an address may have is kept.
pub async fn addresses_with_special_characters_are_kept(bench: Bench) {
    let specials: Vec<String> =
        "!#$%&'*+-/=?^_`{|}~".chars().map(|special| format!("x{special}y@example.com")).collect();
    for (number, address) in (0..).zip(&specials) {
        bench.create(holding(number, |account| account.email = Some(contact(email(address))))).await;
    }
    for (number, address) in (0..).zip(&specials) {
        let found = bench.load(&mailbox(address)).await.expect("the address is held");
        assert_eq!(*found.account.id(), bare(number).id, "{address}");
    }
}

/// Points and plus signs in addresses mean nothing: such addresses are different ones.
pub async fn addresses_are_not_normalised_further(bench: Bench) {
    told_apart(&bench, addressed(&["ada.l@example.com", "adal@example.com", "adal+x@example.com"])).await;
}

/// Phone numbers are texts: of seven digits and of fifteen.
pub async fn phone_numbers_are_told_apart(bench: Bench) {
    let numbers = ["+4912345", "+491234567890123", "+49123451", "+41123451"];
    let accounts = [0, 1, 2, 3].map(|number| {
        let phone = numbers[number as usize].parse().expect("a phone number");
        holding(number, |account| account.phone = Some(contact(phone)))
    });
    told_apart(&bench, accounts).await;
}

/// Device tokens of 255 characters of any script are kept, and told apart to the last one.
pub async fn the_longest_device_tokens_are_told_apart(bench: Bench) {
    let stem = "\u{1f600}".repeat(254);
    told_apart(&bench, tokens(&[&format!("{stem}a"), &format!("{stem}b"), &format!("{stem}\u{1f600}")]))
        .await;
}

/// Device tokens that look alike are different: case, accents in two forms, width and white space count.
pub async fn device_tokens_that_look_alike_are_told_apart(bench: Bench) {
    told_apart(&bench, tokens(&["Token", "token", "token ", " token", "to\u{200b}ken", "ｔｏｋｅｎ"])).await;
    told_apart(&bench, tokens_from(10, &["\u{e9}", "e\u{301}", "e", "\u{c9}", "ß", "ss"])).await;
}

/// Characters that mean something elsewhere mean nothing in device tokens.
pub async fn device_tokens_with_special_characters_are_kept(bench: Bench) {
    told_apart(
        &bench,
        tokens(&[
            "%",
            "_",
            "'",
            "\"",
            "\\",
            "'; drop table accounts; --",
            "a:b",
            ":",
            "\n",
            "\r\n",
            "\t",
            "\u{7f}",
        ]),
    )
    .await;
}

/// The ends of Unicode are kept, beyond the basic plane as well.
pub async fn device_tokens_of_any_script_are_kept(bench: Bench) {
    told_apart(
        &bench,
        tokens(&[
            "\u{1}",
            "\u{fffd}",
            "\u{ffff}",
            "\u{10ffff}",
            "\u{202e}x",
            "\u{feff}",
            "\u{d7ff}",
            "\u{e000}",
        ]),
    )
    .await;
}

/// The ids that providers give are texts of any form.
pub async fn ids_of_providers_are_told_apart(bench: Bench) {
    let uids = ["1", "01", "1.0", "A", "a", "a:b", ":a", "a:", "%", "_", "\u{e9}", "e\u{301}", " ", "1 "];
    let accounts: Vec<Account> = (0..)
        .zip(uids)
        .map(|(number, uid)| {
            holding(number, |account| account.identities = vec![identity("github", uid, None)])
        })
        .collect();
    told_apart(&bench, accounts).await;
}

/// The same id at two providers means two people.
pub async fn providers_are_told_apart(bench: Bench) {
    let accounts = [1, 2, 3].map(|number| {
        let provider = ["github", "google", "git"][number as usize - 1];
        holding(number, |account| account.identities = vec![identity(provider, "1", None)])
    });
    told_apart(&bench, accounts).await;
    bench.assert_free(&[Key::Identity { provider: "gitlab".into(), uid: "1".into() }]).await;
}

/// A key of one kind is not one of another kind, though it reads the same.
pub async fn kinds_of_keys_are_told_apart(bench: Bench) {
    let text = "ada@example.com";
    let accounts = [
        named("ada"),
        holding(1, |account| account.email = Some(contact(email(text)))),
        holding(2, |account| account.targets = vec![target(id("ada"), "device")]),
        holding(3, |account| account.targets = vec![target(id("other"), text)]),
        holding(4, |account| account.targets = vec![target(id("another"), "ada")]),
        holding(5, |account| account.identities = vec![identity("github", text, None)]),
        holding(6, |account| account.targets = vec![target(id("more"), "mailbox:ada@example.com")]),
        holding(7, |account| account.identities = vec![identity("github", "id:ada", None)]),
    ];
    told_apart(&bench, accounts).await;
}

/// An account may hold many keys of one kind.
pub async fn an_account_may_hold_many_keys(bench: Bench) {
    let mut account = bare(1);
    for number in 0..100 {
        account.targets.push(target(id(&format!("t{number}")), &format!("token {number}")));
        account.identities.push(identity("github", &format!("{number}"), None));
    }
    let before = bench.create(account).await;
    assert_eq!(before.account.keys().len(), 301);
    bench.assert_holds(&before).await;
    let after = bench
        .change(&before, |account| {
            account.targets.retain(|target| target.id.as_str().ends_with('7'));
            account.identities.clear();
        })
        .await;
    bench.assert_holds(&after).await;
    assert!(bench.load(&Key::TargetIdentifier("token 5".into())).await.is_none());
    bench.remove(&after).await;
    bench.assert_free(&before.account.keys()).await;
}

/// The first and the last instant are kept.
pub async fn the_ends_of_time_are_kept(bench: Bench) {
    for (number, instant) in [(1, Timestamp::MIN), (2, Timestamp::MAX)] {
        let mut account = full(number);
        (account.created_at, account.updated_at, account.accessed_at) = (instant, instant, instant);
        account.sessions = vec![session("first", instant)].into();
        account.failures.locked_until = Some(instant);
        let noted = [event(&account.id, instant, number)];
        let stored = bench.save(None, account, &noted).await.expect("the keys are free");
        bench.assert_holds(&stored).await;
        bench.assert_log(stored.account.id(), &noted).await;
    }
    assert_eq!(bench.delete_events_before(Timestamp::MAX, 10).await, 1);
    assert_eq!(bench.log(bare(2).id()).await.total, 1);
}

/// Instants are kept to the millisecond.
pub async fn instants_are_kept_to_the_millisecond(bench: Bench) {
    let mut account = full(1);
    account.updated_at = Timestamp::from_millis(1_790_000_000_123);
    account.accessed_at = Timestamp::from_millis(1_790_000_000_999);
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
}

/// Versions are 64 bits, of which none is special.
pub async fn every_version_is_kept(bench: Bench) {
    let mut before = bench.create(bare(1)).await;
    for bits in
        [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, (1 << 53) + 1, u64::MAX - 1, 1 << 32, u64::from(u32::MAX)]
    {
        let after = Stored { account: Arc::clone(&before.account), version: Version::from_bits(bits) };
        let change = Change::new(Some(&before), Arc::clone(&after.account), after.version, &[]);
        bench.store().save(change).await.expect("the state is the current one");
        assert_stale(bench.try_change(&before, |account| rename(account, 1)).await);
        bench.assert_holds(&after).await;
        before = after;
    }
    bench.remove(&before).await;
}

/// Versions that differ by what a narrower number could not hold are different.
pub async fn versions_are_compared_in_full(bench: Bench) {
    let mut before = bench.create(bare(1)).await;
    for (bits, close) in [
        (0, 1 << 63),
        (u64::MAX, u64::MAX >> 1),
        ((1 << 53) + 1, 1 << 53),
        (u64::MAX, u64::MAX - 1),
        (1 << 32, 0),
        (0, u64::MAX),
    ] {
        let after = Stored { account: Arc::clone(&before.account), version: Version::from_bits(bits) };
        let change = Change::new(Some(&before), Arc::clone(&after.account), after.version, &[]);
        bench.store().save(change).await.expect("the state is the current one");
        let wrong = Stored { account: Arc::clone(&after.account), version: Version::from_bits(close) };
        assert_stale(bench.try_change(&wrong, |account| rename(account, 1)).await);
        assert_stale(bench.store().remove(&wrong).await);
        before = after;
    }
}

/// Two accounts may happen to have the same version.
pub async fn versions_belong_to_their_account(bench: Bench) {
    let version = fresh_version();
    for number in [1, 2] {
        let change = Change::new(None, Arc::new(with_number(number)), version, &[]);
        bench.store().save(change).await.expect("the keys are free");
    }
    for number in [1, 2] {
        let found = bench.load_id(bare(number).id()).await.expect("it was created");
        assert_eq!(
            (found.version, body(&found)),
            (version, body(&Stored { account: Arc::new(with_number(number)), version }))
        );
    }
}

/// Names of any script are kept as they are.
pub async fn names_of_any_script_are_kept(bench: Bench) {
    let names = [
        "  spaces  ",
        "O'Neil \"x\" \\ %_;--",
        "\u{202e}evil",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "e\u{301}",
        "\u{10ffff}",
    ];
    let mut state = bench.create(bare(1)).await;
    for name in names.iter().map(|name| (*name).to_owned()).chain(["\u{1f600}".repeat(128)]) {
        state = bench.change(&state, |account| account.name = name.parse().expect("a name")).await;
        let found = bench.load_id(state.account.id()).await.expect("the account is there");
        assert_eq!(found.account.name().as_str(), name);
    }
}

/// Counters are kept to their last bit.
pub async fn counters_are_kept_in_full(bench: Bench) {
    let mut account = bare(1);
    account.jwt_generation = u32::MAX;
    (account.failures.run, account.failures.locks) = (u32::MAX, u32::MAX);
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
}

/// Labels keep their order and case.
pub async fn labels_keep_their_order(bench: Bench) {
    let mut account = bare(1);
    account.labels = ["b", "a", "B", "A1"].map(|text| text.parse::<Label>().expect("a label")).into();
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
}

/// Sessions keep their order, and every field.
pub async fn sessions_keep_their_order(bench: Bench) {
    let mut account = bare(1);
    account.sessions = ["c", "a", "b"].map(|name| session(name, at(60))).into_iter().collect();
    account.sessions[1].ip = Some(std::net::Ipv6Addr::LOCALHOST.into());
    account.sessions[1].user_agent = None;
    account.sessions[2].ip = None;
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
    let found = bench.load_id(account.account.id()).await.expect("it was created");
    let names: Vec<_> = found.account.sessions.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(names, ["c", "a", "b"]);
}

/// The largest account that the limits allow is kept: a hundred sessions, a thousand targets.
pub async fn a_large_account_is_kept(bench: Bench) {
    let mut account = full(1);
    account.sessions = (0..100).map(|number| session(&format!("s{number}"), at(60 + number))).collect();
    account.targets = (0..1000)
        .map(|number| target(id(&format!("t{number}")), &format!("{number}{}", "\u{1f600}".repeat(200))))
        .collect();
    let before = bench.create(account).await;
    let found = bench.load(&KeyKind::Mailbox.key(1)).await.expect("it was created");
    assert_eq!((body(&found), attachment(&found)), (body(&before), attachment(&before)));
    let last = Key::TargetIdentifier(before.account.targets[999].identifier.clone());
    assert!(bench.load(&last).await.is_some());
    bench.change(&found, |account| rename(account, 1)).await;
}

/// Many accounts are kept and found, each by its own keys.
pub async fn many_accounts_are_kept(bench: Bench) {
    for number in 0..300 {
        bench.create(with_number(number)).await;
    }
    for number in (0..300).step_by(7) {
        let found = bench.load(&KeyKind::Mailbox.key(number)).await.expect("it was created");
        assert_eq!(*found.account.id(), bare(number).id);
    }
    assert_eq!(bench.list_ids(Select::After(None), 1000).await.len(), 300);
}

fn with_number(number: u32) -> Account {
    let mut account = KeyKind::Mailbox.holder(number, number);
    rename(&mut account, number);
    account
}

fn holding(number: u32, edit: impl FnOnce(&mut Account)) -> Account {
    let mut account = bare(number);
    edit(&mut account);
    account
}

fn addressed(addresses: &[&str]) -> Vec<Account> {
    let account = |(number, address): (u32, &&str)| {
        holding(number, |account| account.email = Some(contact(email(address))))
    };
    (0..).zip(addresses).map(account).collect()
}

fn tokens(tokens: &[&str]) -> Vec<Account> {
    tokens_from(0, tokens)
}

fn tokens_from(first: u32, tokens: &[&str]) -> Vec<Account> {
    let account = |(number, token): (u32, &&str)| {
        holding(number, |account| account.targets = vec![target(id(&format!("t{number}")), token)])
    };
    (first..).zip(tokens).map(account).collect()
}

/// All these accounts can be there together, each is found by its own keys, and none of these can be taken again.
async fn told_apart(bench: &Bench, accounts: impl IntoIterator<Item = Account>) {
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
