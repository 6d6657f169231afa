//! Keys with unusual text: long, similar, or with characters that have a meaning elsewhere.

use super::accounts::{addressed, assert_distinct, holding, tokens, tokens_from};
use crate::{
    conformance::store::{
        bench::Bench,
        fixtures::{bare, contact, email, id, identity, mailbox, named, target},
    },
    model::{Account, Key, UserId},
    ports::Select,
};

/// Ids of 36 characters are kept and compared to the last character.
pub async fn the_longest_ids_are_distinct(bench: Bench) {
    let stem = "x".repeat(35);
    assert_distinct(&bench, ["a", "b", "A", "_", "-", "."].map(|end| named(&format!("{stem}{end}")))).await;
}

/// Ids of one character are kept.
pub async fn the_shortest_ids_are_distinct(bench: Bench) {
    assert_distinct(&bench, ["a", "A", "0", "1"].map(named)).await;
}

/// Ids that differ only in case are different.
pub async fn ids_differ_in_case(bench: Bench) {
    assert_distinct(&bench, ["ada", "Ada", "ADA", "aDa"].map(named)).await;
}

/// An id that is a prefix of another id is a different id.
pub async fn an_id_is_not_its_beginning(bench: Bench) {
    assert_distinct(&bench, ["a", "ab", "abc", "a.", "a.b"].map(named)).await;
    bench.assert_free(&[Key::Id(id("abcd")), Key::Id(id("b"))]).await;
}

/// Dots, dashes and underscores in ids are literal characters.
pub async fn ids_have_no_wildcards(bench: Bench) {
    assert_distinct(&bench, ["a_c", "abc", "a-c", "a.c"].map(named)).await;
    bench.assert_free(&[Key::Id(id("axc"))]).await;
}

/// Ids that look like numbers are compared as text.
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

/// Addresses of 254 characters are kept and compared to the last character of the local part.
pub async fn the_longest_addresses_are_distinct(bench: Bench) {
    let domain = format!("{}.{}.{}.example", "d".repeat(63), "e".repeat(63), "f".repeat(53));
    let addresses = ["a", "b", "_"].map(|end| format!("{}{end}@{domain}", "l".repeat(63)));
    assert_eq!(addresses[0].len(), 254, "the maximum length");
    assert_distinct(&bench, addressed(&addresses.each_ref().map(String::as_str))).await;
}

/// Quotes in addresses are literal characters.
pub async fn addresses_with_quotes_are_kept(bench: Bench) {
    assert_distinct(&bench, addressed(&["o'neil@example.com", "oneil@example.com", "o''neil@example.com"]))
        .await;
    bench.assert_free(&[mailbox("o`neil@example.com"), mailbox("'@example.com")]).await;
}

/// Percent signs in addresses are not wildcards.
pub async fn addresses_with_percent_signs_are_no_patterns(bench: Bench) {
    assert_distinct(
        &bench,
        addressed(&["a%@example.com", "ab@example.com", "%@example.com", "%25@example.com"]),
    )
    .await;
    bench.assert_free(&[mailbox("abc@example.com"), mailbox("%%@example.com")]).await;
}

/// Underscores in addresses are not wildcards.
pub async fn addresses_with_underscores_are_no_patterns(bench: Bench) {
    assert_distinct(&bench, addressed(&["a_b@example.com", "axb@example.com", "__@example.com"])).await;
    bench.assert_free(&[mailbox("ayb@example.com"), mailbox("ab@example.com")]).await;
}

/// Every special character that an address may contain is kept.
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

/// Dots and plus signs in addresses have no meaning: addresses that differ in them are different.
pub async fn addresses_are_not_normalised_further(bench: Bench) {
    assert_distinct(&bench, addressed(&["ada.l@example.com", "adal@example.com", "adal+x@example.com"]))
        .await;
}

/// Phone numbers from seven to fifteen digits are compared in full.
pub async fn phone_numbers_are_distinct(bench: Bench) {
    let numbers = ["+4912345", "+491234567890123", "+49123451", "+41123451"];
    let accounts = [0, 1, 2, 3].map(|number| {
        let phone = numbers[number as usize].parse().expect("a phone number");
        holding(number, |account| account.phone = Some(contact(phone)))
    });
    assert_distinct(&bench, accounts).await;
}

/// Device tokens of 255 characters of any script are kept and compared to the last character.
pub async fn the_longest_device_tokens_are_distinct(bench: Bench) {
    let stem = "\u{1f600}".repeat(254);
    assert_distinct(&bench, tokens(&[&format!("{stem}a"), &format!("{stem}b"), &format!("{stem}\u{1f600}")]))
        .await;
}

/// Device tokens that look alike are different: case, Unicode normalisation form, character width
/// and white space count.
pub async fn device_tokens_that_look_alike_are_distinct(bench: Bench) {
    assert_distinct(&bench, tokens(&["Token", "token", "token ", " token", "to\u{200b}ken", "ｔｏｋｅｎ"]))
        .await;
    assert_distinct(&bench, tokens_from(10, &["\u{e9}", "e\u{301}", "e", "\u{c9}", "ß", "ss"])).await;
}

/// Characters with a meaning in SQL, patterns or text formats are literal in device tokens.
pub async fn device_tokens_with_special_characters_are_kept(bench: Bench) {
    assert_distinct(
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

/// Characters from all of Unicode are kept, including those outside the Basic Multilingual Plane.
pub async fn device_tokens_of_any_script_are_kept(bench: Bench) {
    assert_distinct(
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

/// User ids of providers are text of any form.
pub async fn ids_of_providers_are_distinct(bench: Bench) {
    let uids = ["1", "01", "1.0", "A", "a", "a:b", ":a", "a:", "%", "_", "\u{e9}", "e\u{301}", " ", "1 "];
    let accounts: Vec<Account> = (0..)
        .zip(uids)
        .map(|(number, uid)| {
            holding(number, |account| account.identities = vec![identity("github", uid, None)])
        })
        .collect();
    assert_distinct(&bench, accounts).await;
}

/// The same user id at two providers belongs to two identities.
pub async fn providers_are_distinct(bench: Bench) {
    let accounts = [1, 2, 3].map(|number| {
        let provider = ["github", "google", "git"][number as usize - 1];
        holding(number, |account| account.identities = vec![identity(provider, "1", None)])
    });
    assert_distinct(&bench, accounts).await;
    bench.assert_free(&[Key::Identity { provider: "gitlab".into(), uid: "1".into() }]).await;
}

/// Keys of different kinds are different, even if their text is the same.
pub async fn kinds_of_keys_are_distinct(bench: Bench) {
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
    assert_distinct(&bench, accounts).await;
}

/// An account can hold many keys of one kind.
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
