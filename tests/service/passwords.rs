//! The rules for new passwords, at sign-up and at each change.

use std::sync::Arc;

use account::{
    AccountService, Config, Error, MasterKey, MemoryStore, Secret, SignUp,
    model::{Account, ClientInfo, Password, PasswordHash},
    ports::{HashError, PasswordHasher, PasswordRejection, PasswordRule, Verdict},
    testing::{InstantHasher, PASSWORD, TestHost, password},
};
use async_trait::async_trait;

use crate::support::fixtures::*;

async fn sign_up(host: &TestHost, text: &str) -> Result<(), Error> {
    let request = SignUp::new(BOB.parse().unwrap(), password(text));
    host.service.sign_up(request, &ClientInfo::default()).await.map(drop)
}

async fn change(host: &TestHost, caller: &account::Caller, new: &str, old: &str) -> Result<(), Error> {
    host.service.change_password(caller, password(new), Some(password(old))).await.map(drop)
}

#[test]
fn asvs_6_2_1_and_6_2_9_h36_eight_to_256_characters_are_a_password() {
    for good in ["12345678", &"x".repeat(64), &"x".repeat(256), &"👩".repeat(256), "        ", "a\0b\0c\0d\0"]
    {
        good.parse::<Password>().unwrap();
    }
    for bad in ["", "1234567", "👩👩👩👩👩👩👩", &"x".repeat(257), &"x".repeat(1_000_000)] {
        bad.parse::<Password>().unwrap_err();
    }
}

#[tokio::test]
async fn asvs_6_2_5_any_composition_will_do() {
    for text in ["          ", "👩‍🚀👩‍🚀👩‍🚀👩‍🚀", "a\0b\0c\0d\0", "<script>alert(1)</script>", "zwölf Boxkämpfer"]
    {
        let host = TestHost::with(MemoryStore::new(), |config| config.passwords.refuse_common = false);
        sign_up(&host, text).await.unwrap();
        sign_in(&host, BOB, text).await.unwrap();
    }
}

#[cfg(feature = "strength")]
#[tokio::test]
async fn asvs_6_2_4_h35_common_passwords_are_refused_in_any_case() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    for text in ["password", "PASSWORD", "Password1", "qwertyuiop", "11111111", "iloveyou"] {
        assert_eq!(code(sign_up(&host, text).await), "general_argument_invalid");
        assert_eq!(code(change(&host, &caller, text, PASSWORD).await), "general_argument_invalid");
    }
    assert!(opens(&host, ADA).await);
}

#[tokio::test]
async fn the_dictionary_can_be_switched_off() {
    let host = TestHost::with(MemoryStore::new(), |config| config.passwords.refuse_common = false);
    sign_up(&host, "password").await.unwrap();
}

#[tokio::test]
async fn asvs_6_2_11_no_password_contains_a_word_of_the_host() {
    let host = TestHost::with(MemoryStore::new(), |config| {
        config.passwords.context_words = vec!["Acme".into(), "rocket".into()];
    });
    let (_, caller) = ada(&host).await;
    for text in ["my-aCMe-passphrase", "blue ROCKET seven"] {
        assert_eq!(code(sign_up(&host, text).await), "general_argument_invalid");
        assert_eq!(code(change(&host, &caller, text, PASSWORD).await), "general_argument_invalid");
    }
    sign_up(&host, "my-Zebra-passphrase").await.unwrap();
}

#[tokio::test]
async fn no_password_contains_what_is_known_of_the_person() {
    let host = TestHost::new();
    let mut request = SignUp::new("lovelace@example.com".parse().unwrap(), password(PASSWORD));
    request.user_id = "User-1815".parse().unwrap();
    request.name = "Ada King".parse().unwrap();
    host.service.sign_up(request, &ClientInfo::default()).await.unwrap();
    let caller = host.caller(&host.signed_in("lovelace@example.com").await).await;
    host.service.change_phone(&caller, PHONE.parse().unwrap(), password(PASSWORD)).await.unwrap();
    for text in [
        "xx user-1815 xx",
        "xx ADA king xx",
        "xx LoveLace@example.com xx",
        "xx LOVELACE xx",
        "xx 16175551212 xx",
        "xx +16175551212 xx",
    ] {
        assert_eq!(code(change(&host, &caller, text, PASSWORD).await), "password_personal_data", "{text}");
    }
    change(&host, &caller, "nothing of the kind", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn at_sign_up_the_person_is_known_already() {
    let host = TestHost::new();
    for text in ["xx BOB@example.com xx", "the bob-o-link", "user-1815 again", "Robert the Bruce"] {
        let mut request = SignUp::new(BOB.parse().unwrap(), password(text));
        request.user_id = "user-1815".parse().unwrap();
        request.name = "Robert".parse().unwrap();
        let refused = host.service.sign_up(request, &ClientInfo::default()).await;
        assert_eq!(code(refused), "password_personal_data", "{text}");
    }
}

#[tokio::test]
async fn personal_data_can_be_allowed() {
    let host = TestHost::with(MemoryStore::new(), |config| config.passwords.refuse_personal_data = false);
    sign_up(&host, "xx bob@example.com xx").await.unwrap();
}

#[tokio::test]
async fn without_a_history_the_same_password_may_be_set_again() {
    let host = TestHost::new();
    let (_, caller) = ada(&host).await;
    change(&host, &caller, PASSWORD, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn h32_the_last_passwords_are_refused_and_older_ones_are_free() {
    let host = TestHost::with(MemoryStore::new(), |config| config.passwords.history = 3);
    let (_, caller) = ada(&host).await;
    let words = [PASSWORD, "second-Umber-otter", "third-Umber-otter", "fourth-Umber-otter"];
    for pair in words.windows(2) {
        change(&host, &caller, pair[1], pair[0]).await.unwrap();
    }
    for recent in &words[1..] {
        assert_eq!(code(change(&host, &caller, recent, words[3]).await), "password_recently_used");
    }
    change(&host, &caller, words[0], words[3]).await.unwrap();
}

#[tokio::test]
async fn h32_a_history_that_begins_later_knows_the_current_password() {
    let store = Arc::new(MemoryStore::new());
    let before = TestHost::on(Arc::clone(&store));
    before.signed_up(ADA).await;
    let after = TestHost::with(store, |config| config.passwords.history = 1);
    let caller = after.caller(&after.signed_in(ADA).await).await;
    assert_eq!(code(change(&after, &caller, PASSWORD, PASSWORD).await), "password_recently_used");
    change(&after, &caller, OTHER, PASSWORD).await.unwrap();
    change(&after, &caller, PASSWORD, OTHER).await.unwrap();
}

#[tokio::test]
async fn a_history_that_was_made_shorter_knows_the_latest_only() {
    let store = Arc::new(MemoryStore::new());
    let before = TestHost::with(Arc::clone(&store), |config| config.passwords.history = 3);
    let (_, caller) = ada(&before).await;
    change(&before, &caller, OTHER, PASSWORD).await.unwrap();
    change(&before, &caller, "third-Umber-otter", OTHER).await.unwrap();
    let after = TestHost::with(store, |config| config.passwords.history = 2);
    let caller = after.caller(&sign_in(&after, ADA, "third-Umber-otter").await.unwrap()).await;
    assert_eq!(code(change(&after, &caller, OTHER, "third-Umber-otter").await), "password_recently_used");
    change(&after, &caller, PASSWORD, "third-Umber-otter").await.unwrap();
}

#[derive(Debug)]
struct NoZebras;

#[async_trait]
impl PasswordRule for NoZebras {
    async fn check(&self, password: &Password, account: &Account) -> Result<(), PasswordRejection> {
        match password.expose().contains("zebra") {
            true => Err(PasswordRejection(format!(
                "No zebras, {}.",
                account.email().map_or("you", |email| email.local_part())
            ))),
            false => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Refusing(HashError);

#[async_trait]
impl PasswordHasher for Refusing {
    async fn hash(&self, _: Arc<Secret>, _: [u8; 16]) -> Result<PasswordHash, HashError> {
        Err(self.0)
    }

    async fn verify(&self, _: Arc<Secret>, _: Option<PasswordHash>) -> Result<Verdict, HashError> {
        Err(self.0)
    }
}

fn service(store: &Arc<MemoryStore>, hasher: impl PasswordHasher) -> AccountService<Arc<MemoryStore>> {
    AccountService::builder(Arc::clone(store))
        .config(Config::new(MasterKey::generate().unwrap()))
        .hasher(hasher)
        .password_rule(NoZebras)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_rule_of_the_host_is_asked_about_every_new_password() {
    let store = Arc::new(MemoryStore::new());
    let service = service(&store, InstantHasher::default());
    let request = SignUp::new(ADA.parse().unwrap(), password("seven zebras run"));
    let refused = service.sign_up(request, &ClientInfo::default()).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("general_argument_invalid", "No zebras, ada.")
    );
    let signed_in = service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let caller = service.caller(&signed_in.secret).await.unwrap();
    let first = service.change_email(&caller, ADA.parse().unwrap(), password("seven zebras run")).await;
    assert_eq!(first.unwrap_err().to_string(), "No zebras, ada.");
    let first = service.change_password(&caller, password("seven zebras run"), None).await;
    assert_eq!(first.unwrap_err().to_string(), "No zebras, you.");
}

#[tokio::test]
async fn a_busy_or_broken_hasher_is_told_and_changes_nothing() {
    let store = Arc::new(MemoryStore::new());
    let works = service(&store, InstantHasher::default());
    let request = || SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    works.sign_up(request(), &ClientInfo::default()).await.unwrap();
    let sign_in = async |service: &AccountService<Arc<MemoryStore>>| {
        service.sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &ClientInfo::default()).await
    };
    let secret = sign_in(&works).await.unwrap().secret;
    for (error, told) in [(HashError::Busy, "general_busy"), (HashError::Failed, "general_unknown")] {
        let service = service(&store, Refusing(error));
        assert_eq!(code(service.sign_up(request(), &ClientInfo::default()).await), told);
        let (nobody, text) = (BOB.parse().unwrap(), password(PASSWORD));
        assert_eq!(code(service.sign_in_with_password(nobody, text, &ClientInfo::default()).await), told);
        assert_eq!(code(sign_in(&service).await), told);
        let caller = service.caller(&secret).await.unwrap();
        let old = || password(PASSWORD);
        assert_eq!(code(service.change_password(&caller, password(OTHER), Some(old())).await), told);
        assert_eq!(code(service.change_email(&caller, BOB.parse().unwrap(), old()).await), told);
        assert_eq!(code(service.change_phone(&caller, PHONE.parse().unwrap(), old()).await), told);
    }
    sign_in(&works).await.unwrap();
}

#[tokio::test]
async fn v2_a_password_is_one_in_every_unicode_form() {
    for (set, typed) in [
        ("pässwörd-ünïcode", "pa\u{308}sswo\u{308}rd-u\u{308}ni\u{308}code"),
        (
            "비밀번호입니다요",
            "\u{1107}\u{1175}\u{1106}\u{1175}\u{11af}\u{1107}\u{1165}\u{11ab}\u{1112}\u{1169}\u{110b}\u{1175}\u{11b8}\u{1102}\u{1175}\u{1103}\u{1161}\u{110b}\u{116d}",
        ),
        ("two small words", "two\u{a0}small\u{3000}words"),
        ("10 \u{3a9} resistor", "10 \u{2126} resistor"),
    ] {
        for (set, typed) in [(set, typed), (typed, set)] {
            let host = TestHost::new();
            sign_up(&host, set).await.unwrap();
            sign_in(&host, BOB, typed).await.unwrap();
            sign_in(&host, BOB, set).await.unwrap();
            let near = typed.replace(' ', "");
            assert!(near == typed || sign_in(&host, BOB, &near).await.is_err());
        }
    }
}

#[test]
fn v2_lengths_count_after_normalization() {
    for good in ["e\u{301}".repeat(256), "\u{1112}\u{1161}\u{11ab}".repeat(256), "\u{3000}".repeat(8)] {
        good.parse::<Password>().unwrap();
    }
    for bad in ["e\u{301}".repeat(7), "e\u{301}".repeat(257), "\u{fb2c}".repeat(86)] {
        bad.parse::<Password>().unwrap_err();
    }
}

#[test]
fn v2_nothing_but_spaces_and_composition_is_changed() {
    for kept in [
        "Ａｂｃ１２３４５",
        "ﬁﬁﬁﬁﬁﬁﬁﬁ",
        "tab\ttab\ttab",
        "a\0b\0c\0d\0",
        "password\u{200b}",
        "\u{feff}password1",
    ] {
        assert_eq!(kept.parse::<Password>().unwrap().expose(), kept);
    }
}
