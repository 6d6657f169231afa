//! Rows of `HARDENING.md` that no test of a feature shows, each by the test that is named after it;
//! and that the list is whole.

use std::time::Duration;

use account::{
    EmailSignIn, GenericToken,
    model::{ClientInfo, Phone},
};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{
    fixtures::{ADA, ada},
    http::{Cookie, KEY, Server, otp, redeem},
    text_store::TextStore,
};

const PAGE: &str = "https://app.example.com/page";
const TOKEN: &str = "/v1/account/sessions/token";
const RECOVERY: &str = "/v1/account/recovery";
const VERIFICATION: &str = "/v1/account/verification";
const PHONE_VERIFICATION: &str = "/v1/account/verification/phone";
const CHALLENGE: &str = "/v1/account/mfa/challenge";

fn reset(user: &str, secret: &str) -> String {
    json!({ "userId": user, "secret": secret, "password": "copper-lantern-9" }).to_string()
}

/// The code that is mailed for signing in.
async fn mailed_code(server: &Server, user: &str) -> String {
    let body = json!({ "userId": user, "email": format!("{user}@example.com") }).to_string();
    server.post("/v1/account/tokens/email", &body).ok(201).await;
    server.outbox.mailed_code()
}

/// The secret of the link that is mailed for signing in.
async fn mailed_link(server: &Server, user: &str) -> String {
    let body = json!({ "userId": user, "email": format!("{user}@example.com"), "url": PAGE }).to_string();
    server.post("/v1/account/tokens/magic-url", &body).ok(201).await;
    server.outbox.in_link("secret")
}

async fn recovery_secret(server: &Server, email: &str) -> String {
    server.post(RECOVERY, &json!({ "email": email, "url": PAGE }).to_string()).ok(201).await;
    server.outbox.in_link("secret")
}

async fn set_phone(server: &Server, cookie: &Cookie, phone: &str) {
    let body = json!({ "phone": phone, "password": "violet-anvil-71" }).to_string();
    server.patch("/v1/account/phone", &body).by(cookie).ok(200).await;
}

async fn prove_phone(server: &Server, cookie: &Cookie, user: &str) {
    server.post(PHONE_VERIFICATION, "").by(cookie).ok(201).await;
    server.put(PHONE_VERIFICATION, &redeem(user, &server.outbox.texted_code())).by(cookie).ok(200).await;
}

#[tokio::test]
async fn h03_a_network_that_has_asked_too_often_uses_up_nobodys_requests() {
    let number = |n: usize| format!("+1617555{n:04}");
    let mailbox = |n: usize| format!("user{n}@example.com");
    let asks: [(&str, &str, usize, &str); 4] = [
        ("/v1/account/tokens/email", "email", 60, "9"),
        ("/v1/account/tokens/magic-url", "email", 60, "59"),
        ("/v1/account/recovery", "email", 10, "9"),
        ("/v1/account/tokens/phone", "phone", 10, "9"),
    ];
    for (path, field, most, left) in asks {
        let server = Server::limited();
        let subject = |n| if field == "phone" { number(n) } else { mailbox(n) };
        // One parameter is missing, so that nothing is sent.
        let ask = |n| server.post(path, &json!({ field: subject(n) }).to_string());
        for n in 1..=most {
            ask(n).refused(400, "general_argument_invalid").await;
        }
        for _ in 0..20 {
            ask(0).refused(429, "general_rate_limit_exceeded").await;
        }
        let elsewhere = ask(0).peer("198.51.100.7").refused(400, "general_argument_invalid").await;
        assert_eq!(elsewhere.header("x-ratelimit-remaining"), Some(left), "{path}");
    }
}

#[tokio::test]
async fn h05_an_unknown_account_is_answered_like_a_wrong_secret() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (path, body) in [
        (RECOVERY, reset("nobody", &"0".repeat(256))),
        (VERIFICATION, redeem("nobody", &"0".repeat(256))),
        (PHONE_VERIFICATION, redeem("nobody", "000000")),
    ] {
        let unknown = server.put(path, &body).by(&cookie).refused(401, "user_invalid_token").await;
        let wrong = server.put(path, &body.replace("nobody", "ada")).by(&cookie);
        assert_eq!(unknown.text, wrong.refused(401, "user_invalid_token").await.text);
    }
}

#[tokio::test]
async fn h08_a_code_is_kept_as_a_digest_that_nobody_can_try_out_without_the_key() {
    let (texts, host) = TextStore::host();
    let (_, caller) = ada(&host).await;
    let request = EmailSignIn::new(ADA.parse().unwrap());
    let token = host.service.send_email_code(request, &ClientInfo::default()).await.unwrap();
    let secret = token.secret().unwrap().expose().to_owned();
    let kept = texts.account(caller.user_id())["tokens"].to_string();
    assert!(kept.len() > 40, "{kept}");
    let digest = Sha256::digest(&secret);
    for revealing in
        [secret, HEXLOWER.encode(&digest), BASE64.encode(&digest), BASE64URL_NOPAD.encode(&digest)]
    {
        assert!(!kept.contains(&revealing), "{kept}");
    }
}

#[tokio::test]
async fn h09_a_code_takes_five_guesses_wherever_they_come_from() {
    let server = Server::new();
    for wrong_guesses in [4, 5] {
        let code = mailed_code(&server, "ada").await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for number in 0..wrong_guesses {
            let guess = server.post(TOKEN, &redeem("ada", wrong)).peer(&format!("198.51.100.{number}"));
            guess.refused(401, "user_invalid_token").await;
        }
        let right = server.post(TOKEN, &redeem("ada", &code)).send().await;
        assert_eq!(right.status, if wrong_guesses == 4 { 201 } else { 401 });
    }
}

#[tokio::test]
async fn h11_h12_h13_no_reply_shows_the_secret_of_what_is_there_already() {
    let server = Server::keyed();
    let cookie = server.user("ada").await;
    set_phone(&server, &cookie, "+16175551212").await;
    let mut replies = Vec::new();

    server.post(VERIFICATION, &json!({ "url": PAGE }).to_string()).by(&cookie).ok(201).await;
    let body = redeem("ada", &server.outbox.in_link("secret"));
    replies.push(server.put(VERIFICATION, &body).header("x-appwrite-key", KEY).ok(200).await);
    server.post(PHONE_VERIFICATION, "").by(&cookie).ok(201).await;
    let body = redeem("ada", &server.outbox.texted_code());
    replies.push(server.put(PHONE_VERIFICATION, &body).by(&cookie).ok(200).await);
    replies.push(server.patch("/v1/account/sessions/current", "").by(&cookie).ok(200).await);
    let challenge = server.post(CHALLENGE, r#"{"factor":"email"}"#).by(&cookie).ok(201).await.text("$id");
    let body = json!({ "challengeId": challenge, "otp": server.outbox.mailed_code() }).to_string();
    replies.push(server.put(CHALLENGE, &body).by(&cookie).ok(200).await);
    let cookie = replies.last().unwrap().cookie();
    replies.push(server.get("/v1/account/sessions/current").by(&cookie).ok(200).await);
    let list = server.get("/v1/account/sessions").by(&cookie).ok(200).await.json();
    let body = reset("ada", &recovery_secret(&server, ADA).await);
    replies.push(server.put(RECOVERY, &body).header("x-appwrite-key", KEY).ok(200).await);

    assert_eq!(replies.len(), 6);
    for reply in replies {
        assert_eq!(reply.value("secret"), "", "{}", reply.text);
    }
    assert_eq!((&list["total"], &list["sessions"][0]["secret"]), (&json!(1), &json!("")));
}

#[tokio::test]
async fn h15_a_code_that_proves_a_number_signs_nobody_in_and_the_other_way_round() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    set_phone(&server, &cookie, "+16175551212").await;
    server.post(PHONE_VERIFICATION, "").by(&cookie).ok(201).await;
    let proving = server.outbox.texted_code();
    let body = json!({ "userId": "ada", "phone": "+16175551212" }).to_string();
    server.post("/v1/account/tokens/phone", &body).ok(201).await;
    let signing_in = server.outbox.texted_code();
    if proving != signing_in {
        server.post(TOKEN, &redeem("ada", &proving)).refused(401, "user_invalid_token").await;
        let call = server.put(PHONE_VERIFICATION, &redeem("ada", &signing_in)).by(&cookie);
        call.refused(401, "user_invalid_token").await;
    }
    server.put(PHONE_VERIFICATION, &redeem("ada", &proving)).by(&cookie).ok(200).await;
    server.post(TOKEN, &redeem("ada", &signing_in)).ok(201).await;
}

#[tokio::test]
async fn h16_expired_tokens_go_with_the_next_change_and_keep_no_live_one_from_being_found() {
    let (texts, host) = TextStore::host();
    let (_, caller) = ada(&host).await;
    let ask = async || {
        let request = EmailSignIn::new(ADA.parse().unwrap());
        host.service.send_email_code(request, &ClientInfo::default()).await.unwrap()
    };
    let kept = || texts.account(caller.user_id())["tokens"].as_array().map_or(0, Vec::len);
    let user = *caller.user_id();
    host.service.admin(&ClientInfo::default()).issue_token(&user, GenericToken::default()).await.unwrap();
    let expired = ask().await;
    assert_eq!(kept(), 2);
    host.clock.set(expired.expires_at);
    let live = ask().await;
    assert_eq!(kept(), 1);
    for _ in 0..20 {
        host.service.admin(&ClientInfo::default()).issue_token(&user, GenericToken::default()).await.unwrap();
    }
    let secret = live.secret().unwrap().expose().parse().unwrap();
    host.service.sign_in_with_token(&user, &secret, &ClientInfo::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn h18_of_many_who_redeem_one_token_at_once_one_succeeds() {
    let server = Server::new();
    let body = redeem("ada", &mailed_link(&server, "ada").await);
    let calls: Vec<_> = (0..32).map(|_| tokio::spawn(server.post(TOKEN, &body).send())).collect();
    let mut succeeded = 0;
    for call in calls {
        succeeded += u32::from(call.await.unwrap().status == 201);
    }
    assert_eq!(succeeded, 1);
}

#[tokio::test]
async fn h26_a_blocked_account_is_sent_nothing_and_a_token_from_before_starts_no_session() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    let link = mailed_link(&server, "ada").await;
    server.patch("/v1/account/status", "").by(&cookie).ok(200).await;
    let mails = server.outbox.len();
    for path in ["tokens/email", "tokens/magic-url"] {
        let body = json!({ "userId": "ada", "email": ADA }).to_string();
        let blocked = server.post(&format!("/v1/account/{path}"), &body).ok(201).await;
        let fresh = server.post(&format!("/v1/account/{path}"), &body.replace("ada", "bob")).ok(201).await;
        let keys =
            |reply: &crate::support::http::Reply| reply.json().as_object().unwrap().keys().cloned().collect();
        let (blocked, fresh): (Vec<String>, Vec<String>) = (keys(&blocked), keys(&fresh));
        assert_eq!(blocked, fresh);
    }
    assert_eq!(server.outbox.len(), mails + 2, "only the other was written to");
    let reply = server.post(TOKEN, &redeem("ada", &link)).refused(401, "user_blocked").await;
    assert!(reply.set_cookies().is_empty());
}

#[tokio::test]
async fn h59_a_page_with_several_parameters_keeps_them_all() {
    let server = Server::new();
    let url = "https://app.example.com/page?a=1&b=2&c=%26";
    let body = json!({ "userId": "ada", "email": ADA, "url": url }).to_string();
    server.post("/v1/account/tokens/magic-url", &body).ok(201).await;
    assert!(server.outbox.link().as_str().starts_with(&format!("{url}&userId=ada&secret=")));
}

#[tokio::test]
async fn h62_an_account_made_by_somebody_who_is_signed_in_inherits_nothing() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    set_phone(&server, &cookie, "+16175551212").await;
    server.patch("/v1/account/prefs", r#"{"prefs":{"theme":"dark"}}"#).by(&cookie).ok(200).await;
    let (nobody, id) = (ClientInfo::default(), "ada".parse().unwrap());
    server.service.admin(&nobody).set_labels(&id, vec!["staff".parse().unwrap()]).await.unwrap();
    let body = json!({ "userId": "bob", "email": "bob@example.com" }).to_string();
    server.post("/v1/account/tokens/email", &body).by(&cookie).ok(201).await;
    let code = server.outbox.mailed_code();
    let bob = server.post(TOKEN, &redeem("bob", &code)).ok(201).await.cookie();
    let account = server.get("/v1/account").by(&bob).ok(200).await.json();
    for (key, value) in [
        ("name", json!("")),
        ("phone", json!("")),
        ("labels", json!([])),
        ("prefs", json!({})),
        ("passwordUpdate", json!("")),
        ("mfa", json!(false)),
    ] {
        assert_eq!(account[key], value, "{key}");
    }
    assert_eq!(account["targets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn h66_a_number_ends_where_the_text_ends() {
    let server = Server::new();
    for tail in ["\n", "\r\n", " ", "\0", "\n+16175551213"] {
        let phone = format!("+16175551212{tail}");
        phone.parse::<Phone>().unwrap_err();
        let body = json!({ "userId": "ada", "phone": phone }).to_string();
        server.post("/v1/account/tokens/phone", &body).refused(400, "general_argument_invalid").await;
    }
    assert_eq!(server.outbox.texts(), 0);
}

#[tokio::test]
async fn h68_every_date_has_the_one_form() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.clock.advance(Duration::from_millis(7));
    let body = json!({ "targetId": "phone", "identifier": "token" }).to_string();
    let mut replies = vec![
        server.post("/v1/account/targets/push", &body).by(&cookie).ok(201).await,
        server.post(VERIFICATION, &json!({ "url": PAGE }).to_string()).by(&cookie).ok(201).await,
        server.put(VERIFICATION, &redeem("ada", &server.outbox.in_link("secret"))).ok(200).await,
    ];
    let link = server.outbox.in_link("expire");
    replies.push(server.post(CHALLENGE, r#"{"factor":"email"}"#).by(&cookie).ok(201).await);
    replies.push(server.patch("/v1/account/sessions/current", "").by(&cookie).ok(200).await);
    for path in ["", "/sessions", "/sessions/current", "/logs"] {
        replies.push(server.get(&format!("/v1/account{path}")).by(&cookie).ok(200).await);
    }
    let mut dates = vec![link];
    replies.iter().for_each(|reply| collect_dates(&reply.json(), &mut dates));
    assert!(dates.len() > 30, "{dates:?}");
    for date in dates {
        assert_eq!(date.len(), "2027-01-15T08:00:00.000+00:00".len(), "{date}");
        assert!(date.starts_with("202") && date.as_bytes()[10] == b'T' && date.ends_with("+00:00"), "{date}");
    }
}

/// Whatever is called like a date, unless it is empty.
fn collect_dates(value: &Value, dates: &mut Vec<String>) {
    const NAMES: [&str; 8] = [
        "$createdAt",
        "$updatedAt",
        "registration",
        "passwordUpdate",
        "accessedAt",
        "expire",
        "time",
        "mfaUpdatedAt",
    ];
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_dates(value, dates)),
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str().filter(|text| !text.is_empty()) {
                    Some(text) if NAMES.contains(&&**name) => dates.push(text.to_owned()),
                    _ => collect_dates(value, dates),
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn h73_nobody_deletes_an_account_by_a_request() {
    let server = Server::keyed();
    let cookie = server.user("ada").await;
    let call = || server.call("DELETE", "/v1/account");
    call().by(&cookie).refused(404, "general_route_not_found").await;
    call().header("x-appwrite-key", KEY).refused(404, "general_route_not_found").await;
    server.get("/v1/account").by(&cookie).ok(200).await;
}

#[tokio::test]
async fn h82_the_first_proof_of_a_mailbox_leaves_nothing_of_who_registered_it() {
    let server = Server::new();
    let stranger = server.user("ada").await;
    set_phone(&server, &stranger, "+16175551212").await;
    server.patch("/v1/account/prefs", r#"{"prefs":{"planted":true}}"#).by(&stranger).ok(200).await;
    let body = json!({ "targetId": "device", "identifier": "token" }).to_string();
    server.post("/v1/account/targets/push", &body).by(&stranger).ok(201).await;
    let authenticator = "/v1/account/mfa/authenticators/totp";
    let secret = server.post(authenticator, "").by(&stranger).ok(200).await.text("secret");
    let body = json!({ "otp": otp(&secret, &server.clock) }).to_string();
    server.put(authenticator, &body).by(&stranger).ok(200).await;

    let link = mailed_link(&server, "ada").await;
    let owner = server.post(TOKEN, &redeem("ada", &link)).ok(201).await.cookie();
    server.get("/v1/account").by(&stranger).refused(401, "general_unauthorized_scope").await;
    let body = json!({ "email": ADA, "password": "violet-anvil-71" }).to_string();
    server.post("/v1/account/sessions/email", &body).refused(401, "user_invalid_credentials").await;
    let account = server.get("/v1/account").by(&owner).ok(200).await.json();
    assert_eq!((&account["emailVerification"], &account["phone"]), (&json!(true), &json!("")));
    assert_eq!((&account["prefs"], &account["passwordUpdate"]), (&json!({}), &json!("")));
    assert_eq!(account["targets"].as_array().unwrap().len(), 1);
    let factors = server.get("/v1/account/mfa/factors").by(&owner).ok(200).await;
    assert_eq!(factors.value("totp"), false);
}

#[tokio::test]
async fn h82_an_account_with_a_proven_owner_loses_only_the_address_that_was_not_theirs() {
    let server = Server::new();
    let first = server.user("ada").await;
    set_phone(&server, &first, "+16175551212").await;
    prove_phone(&server, &first, "ada").await;
    let link = mailed_link(&server, "ada").await;
    let reply = server.post(TOKEN, &redeem("ada", &link)).ok(201).await;
    assert_ne!(reply.value("userId"), "ada");
    let account = server.get("/v1/account").by(&reply.cookie()).ok(200).await.json();
    assert_eq!((&account["email"], &account["emailVerification"]), (&json!(ADA), &json!(true)));
    let account = server.get("/v1/account").by(&first).ok(200).await.json();
    assert_eq!((&account["email"], &account["phone"]), (&json!(""), &json!("+16175551212")));
}

/// The rows of the list: number, decision, switch, tests.
fn rows() -> Vec<[&'static str; 4]> {
    let lines = include_str!("../../HARDENING.md").lines().filter(|line| line.starts_with("| H"));
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            cells.try_into().unwrap_or_else(|cells| panic!("not four cells: {cells:?}"))
        })
        .collect()
}

/// What stands in backticks and has the form of a test: file and name.
fn tests_in(cell: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|text| text.split_once("::"))
}

#[test]
fn the_list_has_every_row_once_and_in_order() {
    let numbers: Vec<_> = rows().iter().map(|row| row[0].to_owned()).collect();
    let expected: Vec<_> = (1..=82).map(|number| format!("H{number:02}")).collect();
    assert_eq!(numbers, expected);
    assert!(rows().iter().all(|row| row.iter().all(|cell| !cell.is_empty())));
}

#[test]
fn every_test_that_the_list_names_exists() {
    for [number, .., tests] in rows() {
        for (file, name) in tests_in(tests) {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(&format!("fn {name}(")), "{number}: {file} has no {name}");
        }
    }
}

#[test]
fn every_row_has_a_test_named_after_it_or_says_why_not() {
    for [number, _, _, tests] in rows() {
        let name = number.to_lowercase();
        let is_shown = tests_in(tests).any(|(_, test)| test.split('_').any(|part| part == name));
        let is_excused = ["With OAuth2", "Not offered"].iter().any(|excuse| tests.starts_with(excuse));
        assert!(is_shown || is_excused, "{number}: {tests}");
    }
}
