//! Every recorded JWT meets its verdict where strangers send it: at the service's own door, and
//! over HTTP.
//!
//! The list is of the plain form, and this service issues another: so each entry is minted again
//! with our key, header and claims, and keeps what is wrong with it.

use std::sync::LazyLock;

use account::{
    AccountService, Config, MasterKey, MemoryStore, SignUp,
    axum::router,
    model::{ClientInfo, CustomId, SessionSecret, Timestamp},
    ports::{NoLimits, NoMailer, NoSms},
    testing::{InstantHasher, ManualClock, PASSWORD, password},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderValue, Request},
};
use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};
use tower::ServiceExt as _;

/// When the list is to be judged, in seconds.
const NOW: i64 = 1_767_225_660;

fn master_key() -> [u8; 32] {
    std::array::from_fn(|at| at as u8 * 7 + 1)
}

#[derive(Clone)]
struct Entry {
    input: String,
    is_valid: bool,
    why: String,
}

fn entries() -> Vec<Entry> {
    let corpus: Value = serde_json::from_str(include_str!("../data/bad-inputs.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entry = |value: &Value| Entry {
        input: text(&value["input"]),
        is_valid: value["valid"].as_bool().unwrap(),
        why: text(&value["why"]),
    };
    corpus["jwt"].as_array().unwrap().iter().map(entry).collect()
}

/// What is to become of an entry that was minted again.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// The holder is `u1`.
    Accepted,
    /// It is no JWT of this service, or expired.
    Invalid,
    /// It is one, but proves nothing.
    Nobody,
}

impl Verdict {
    fn on(entry: &Entry) -> Self {
        match &*entry.why {
            // Valid elsewhere; we issue one spelling of the header and accept one.
            "Header members in another order." | "White space inside the header JSON is legal." => {
                Self::Invalid
            }
            "Session s1 belongs to another user." => Self::Nobody,
            _ if entry.is_valid => Self::Accepted,
            _ => Self::Invalid,
        }
    }
}

#[test]
fn the_list_is_whole() {
    let entries = entries();
    let valid = entries.iter().filter(|entry| entry.is_valid).count();
    let accepted = entries.iter().filter(|entry| Verdict::on(entry) == Verdict::Accepted).count();
    let nobody = entries.iter().filter(|entry| Verdict::on(entry) == Verdict::Nobody).count();
    assert_eq!((entries.len(), valid, accepted, nobody), (64, 5, 3, 1));
}

#[tokio::test]
async fn the_service_accepts_what_it_may_have_issued_and_nothing_else() {
    let host = Host::new().await;
    for entry in entries() {
        let outcome = host.service.caller_by_jwt(&host.mint.reissued(&entry.input)).await;
        let outcome = outcome.map(|caller| (caller.user_id().to_string(), *caller.session_id()));
        match (Verdict::on(&entry), outcome) {
            (Verdict::Accepted, Ok((user, session))) => {
                assert_eq!((&*user, session.as_str()), ("u1", &*host.mint.session), "{}", entry.why);
            }
            (Verdict::Invalid, Err(refused)) => {
                assert_eq!(refused.code(), "user_jwt_invalid", "{}", entry.why);
                let message = if entry.why == "Expired." { "Expired token" } else { "Invalid token" };
                assert!(refused.to_string().ends_with(message), "{}: {refused}", entry.why);
            }
            (Verdict::Nobody, Err(refused)) => {
                assert_eq!(refused.code(), "general_unauthorized_scope", "{}", entry.why);
            }
            (verdict, outcome) => panic!("{}: {verdict:?} was expected: {outcome:?}", entry.why),
        }
        // None of the entries as they stand is ours.
        let refused = host.service.caller_by_jwt(&entry.input).await.unwrap_err();
        assert_eq!(refused.code(), "user_jwt_invalid", "{}", entry.why);
    }
}

#[tokio::test]
async fn http_accepts_the_same_and_falls_back_on_no_session() {
    let host = Host::new().await;
    for entry in entries() {
        let jwt = host.mint.reissued(&entry.input);
        for cookie in [None, Some(&*host.cookie)] {
            let expected = match Verdict::on(&entry) {
                // An empty header is none, so the request is what it is without.
                _ if jwt.is_empty() => {
                    cookie.map_or(Reply::refused("general_unauthorized_scope"), |_| Reply::of("u2"))
                }
                Verdict::Accepted => Reply::of("u1"),
                Verdict::Invalid => Reply::refused("user_jwt_invalid"),
                Verdict::Nobody => Reply::refused("general_unauthorized_scope"),
            };
            let reply = host.account(&jwt, cookie).await;
            // A header that cannot be sent is refused by the one who would send it.
            let can_be_sent = !jwt.contains('\n');
            assert_eq!(
                reply,
                can_be_sent.then_some(expected),
                "{} with a cookie: {}",
                entry.why,
                cookie.is_some()
            );
            if !entry.input.is_empty() && can_be_sent {
                let reply = host.account(&entry.input, cookie).await;
                assert_eq!(reply, Some(Reply::refused("user_jwt_invalid")), "{} as it stands", entry.why);
            }
        }
    }
}

#[tokio::test]
async fn a_change_that_comes_with_a_bad_jwt_is_not_made() {
    let host = Host::new().await;
    for entry in entries().into_iter().filter(|entry| Verdict::on(entry) != Verdict::Accepted) {
        let jwt = host.mint.reissued(&entry.input);
        let Ok(header) = HeaderValue::from_str(&jwt) else { continue };
        if jwt.is_empty() {
            continue;
        }
        let request = Request::patch("/v1/account/name")
            .header("x-appwrite-project", "default")
            .header("cookie", &host.cookie)
            .header("x-appwrite-jwt", header)
            .header("content-type", "application/json")
            .body(Body::from(r#"{"name":"Mallory"}"#))
            .unwrap();
        assert_eq!(host.send(request).await.status, 401, "{}", entry.why);
    }
    for id in ["u1", "u2"] {
        let user = host.user(id).await;
        assert_eq!(user.name().as_str(), "", "{id}");
    }
}

type Service = AccountService<MemoryStore, NoMailer, NoSms, ManualClock>;

/// A service with the users `u1`, whose session is that of the list, and `u2`, who is signed in by
/// cookie.
struct Host {
    service: Service,
    router: Router,
    mint: Mint,
    cookie: String,
    secrets: [SessionSecret; 2],
}

impl Host {
    async fn new() -> Self {
        let clock = ManualClock::default();
        let service = AccountService::builder(MemoryStore::new())
            .config(Config::new(MasterKey::from_bytes(&master_key()).unwrap()))
            .clock(clock.clone())
            .hasher(InstantHasher::default())
            .limiter(NoLimits)
            .build()
            .unwrap();
        // When the tokens of the list were issued.
        clock.set(Timestamp::from_millis(1_767_225_600_000));
        let (u1, u2) = (signed_up(&service, "u1").await, signed_up(&service, "u2").await);
        let jwt = service.issue_jwt(&service.caller(&u1).await.unwrap()).await.unwrap();
        clock.set(Timestamp::from_millis(NOW * 1000));
        let mint = Mint::like(jwt.as_str());
        let router = router(service.clone());
        let cookie = cookie(&router, "u2").await;
        Self { service, router, mint, cookie, secrets: [u1, u2] }
    }

    async fn user(&self, id: &str) -> account::model::User {
        let [u1, u2] = &self.secrets;
        let caller = self.service.caller(if id == "u1" { u1 } else { u2 }).await.unwrap();
        self.service.user(&caller).await.unwrap()
    }

    /// Asks for the account. `None` if such a header cannot be sent.
    async fn account(&self, jwt: &str, cookie: Option<&str>) -> Option<Reply> {
        let mut request = Request::get("/v1/account")
            .header("x-appwrite-project", "default")
            .header("x-appwrite-jwt", HeaderValue::from_str(jwt).ok()?);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        Some(self.send(request.body(Body::empty()).unwrap()).await)
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body: Value =
            serde_json::from_slice(&to_bytes(response.into_body(), 65_536).await.unwrap()).unwrap();
        let said = if status == 200 { &body["$id"] } else { &body["type"] };
        Reply { status, said: said.as_str().unwrap().to_owned() }
    }
}

async fn signed_up(service: &Service, id: &str) -> SessionSecret {
    let email = || format!("{id}@example.com").parse().unwrap();
    let mut request = SignUp::new(email(), password(PASSWORD));
    request.user_id = CustomId::Given(id.parse().unwrap());
    service.sign_up(request, &ClientInfo::default()).await.unwrap();
    service.sign_in_with_password(email(), password(PASSWORD), &ClientInfo::default()).await.unwrap().secret
}

async fn cookie(router: &Router, id: &str) -> String {
    let body = json!({ "email": format!("{id}@example.com"), "password": PASSWORD });
    let request = Request::post("/v1/account/sessions/email")
        .header("x-appwrite-project", "default")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let cookie = response.headers().get_all("set-cookie").iter().next_back().unwrap().to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The status, and whose account it is or the name of the refusal.
#[derive(Debug, PartialEq)]
struct Reply {
    status: u16,
    said: String,
}

impl Reply {
    fn of(user: &str) -> Self {
        Self { status: 200, said: user.to_owned() }
    }

    fn refused(code: &str) -> Self {
        Self { status: 401, said: code.to_owned() }
    }
}

/// Makes tokens of the form that the service issues, with its own key.
struct Mint {
    key: [u8; 32],
    header: String,
    kid: String,
    session: String,
    generation: Value,
}

/// The key of the list, and those that its forgers used and told.
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const EMPTY: &[u8] = b"";
const CARRIED: &[u8] = b"other-key-other-key-other-key-32";

impl Mint {
    /// Learns the form from a token that was issued, and proves that it makes the very same one.
    fn like(issued: &str) -> Self {
        let [header, payload, _]: [&str; 3] = issued.split('.').collect::<Vec<_>>().try_into().unwrap();
        let json = |part: &str| -> Value { serde_json::from_str(&decode(part).unwrap()).unwrap() };
        let (members, claims) = (json(header), json(payload));
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"account/v1"), &master_key()).expand(b"session jwt", &mut key).unwrap();
        let mint = Self {
            key,
            header: header.to_owned(),
            kid: members["kid"].as_str().unwrap().to_owned(),
            session: claims["sessionId"].as_str().unwrap().to_owned(),
            generation: claims["generation"].clone(),
        };
        assert_eq!(mint.signed(header, payload), issued);
        assert_eq!(claims["aud"], "default");
        mint
    }

    fn signed(&self, header: &str, payload: &str) -> String {
        signed(&self.key, 32, header, payload)
    }

    /// An entry of the list, minted again with what is wrong with it.
    fn reissued(&self, input: &str) -> String {
        // Signed by a known key: what is wrong is in what was signed, or the key is.
        if let [header, payload, tag] = input.split('.').collect::<Vec<_>>()[..]
            && let Ok(bytes @ (32 | 48 | 64)) = BASE64URL_NOPAD.decode(tag.as_bytes()).map(|tag| tag.len())
        {
            let keys = [(KEY, &self.key[..]), (EMPTY, EMPTY), (CARRIED, CARRIED)];
            let known = keys.iter().find(|(theirs, _)| signed(theirs, bytes, header, payload) == input);
            if let Some((_, ours)) = known {
                return signed(ours, bytes, &self.header(header), &self.payload(payload));
            }
        }
        // What is wrong is in the spelling, or in a tag that no one can make again: only the parts
        // of the plain token are replaced.
        let [header, payload, tag] = plain();
        let own = self.signed(&self.header(header), &self.payload(payload));
        let own_tag = own.rsplit('.').next().unwrap();
        let spellings = [<str>::to_owned, second_spelling, one_short, broken];
        let tag = spellings
            .iter()
            .map(|spell| (spell(tag), spell(own_tag)))
            .find(|(theirs, _)| input.contains(theirs));
        let mut text = match input.split('.').collect::<Vec<_>>()[..] {
            // A header of its own.
            [other, _, _] if decode(other).is_some() => input.replacen(other, &self.header(other), 1),
            _ => input.replace(header, &self.header),
        };
        text = text.replace(payload, &self.payload(payload));
        match tag {
            Some((theirs, ours)) => text.replace(&theirs, &ours),
            None => text,
        }
    }

    /// Our header; one with other members than the plain one keeps them and names our key, so that
    /// only the rest is wrong with it.
    fn header(&self, of: &str) -> String {
        match decode(of) {
            _ if of == plain()[0] => self.header.clone(),
            Some(other) if other.contains("\"kid\"") => encode(&other),
            Some(other) => encode(&with_members(&other, &format!(r#""kid":"{}""#, self.kid))),
            None => of.to_owned(),
        }
    }

    /// Our claims, with what is wrong with those of the entry.
    fn payload(&self, of: &str) -> String {
        let [header, payload, tag] = plain();
        match decode(of) {
            Some(nested) if nested == format!("{header}.{payload}.{tag}") => {
                encode(&self.signed(&self.header, &self.payload(payload)))
            }
            Some(claims) => {
                let claims =
                    claims.replace(r#""sessionId":"s1""#, &format!(r#""sessionId":"{}""#, self.session));
                encode(&with_members(
                    &claims,
                    &format!(r#""generation":{},"aud":"default""#, self.generation),
                ))
            }
            None => of.to_owned(),
        }
    }
}

/// The three parts of the first entry, from which most others are made.
fn plain() -> &'static [String; 3] {
    static PLAIN: LazyLock<[String; 3]> = LazyLock::new(|| {
        let plain = entries().swap_remove(0).input;
        plain.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
    });
    &PLAIN
}

fn signed(key: &[u8], bytes: usize, header: &str, payload: &str) -> String {
    let text = format!("{header}.{payload}");
    let tag = match bytes {
        48 => {
            Hmac::<Sha384>::new_from_slice(key).unwrap().chain_update(&text).finalize().into_bytes().to_vec()
        }
        64 => {
            Hmac::<Sha512>::new_from_slice(key).unwrap().chain_update(&text).finalize().into_bytes().to_vec()
        }
        _ => {
            Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(&text).finalize().into_bytes().to_vec()
        }
    };
    format!("{text}.{}", BASE64URL_NOPAD.encode(&tag))
}

fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

fn decode(part: &str) -> Option<String> {
    String::from_utf8(BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
}

fn with_members(object: &str, members: &str) -> String {
    object.strip_prefix('{').map_or_else(|| object.to_owned(), |rest| format!("{{{members},{rest}"))
}

/// The same 32 octets with a bit set that stands for nothing.
fn second_spelling(tag: &str) -> String {
    let alphabet = BASE64URL_NOPAD.specification().symbols;
    let last = alphabet.find(&tag[42..]).unwrap();
    format!("{}{}", &tag[..42], &alphabet[last + 1..last + 2])
}

fn one_short(tag: &str) -> String {
    tag[..42].to_owned()
}

fn broken(tag: &str) -> String {
    format!("{}\n{}", &tag[..5], &tag[5..])
}

#[tokio::test]
async fn an_entry_that_is_minted_again_keeps_its_defect_and_no_other() {
    let mint = Host::new().await.mint;
    let entries = entries();
    let own = mint.reissued(&entries[0].input);
    // What was spelled wrong is right again once its spelling is undone.
    let undone = |why: &str| {
        let entry = entries.iter().find(|entry| entry.why == why).unwrap();
        mint.reissued(&entry.input)
    };
    assert_eq!(undone("Leading space.").trim_start(), own);
    assert_eq!(undone("Trailing line feed.").trim_end(), own);
    assert_eq!(undone("Line feed inside a part.").replace('\n', ""), own);
    assert_eq!(undone("Scheme name is not part of the token.").strip_prefix("Bearer "), Some(&*own));
    assert_eq!(undone("Extra empty part.").strip_suffix('.'), Some(&*own));
    assert_eq!(undone("Signature one character long.").strip_suffix('A'), Some(&*own));
    assert_eq!(undone("Signature one character short."), own[..own.len() - 1]);
    assert_eq!(undone("Signature removed."), own[..own.len() - 43]);
    let foreign = undone("Signed with another key.");
    assert_eq!(foreign[..foreign.len() - 43], own[..own.len() - 43]);
    // And what differs does differ.
    for (place, entry) in entries.iter().enumerate().skip(1) {
        assert_ne!(mint.reissued(&entry.input), own, "{place}: {}", entry.why);
    }
}

#[tokio::test]
async fn a_genuine_token_for_another_session_signs_in_no_caller() {
    let host = Host::new().await;
    let [u1, u2] = &host.secrets;
    let own = host.service.issue_jwt(&host.service.caller(u1).await.unwrap()).await.unwrap();
    let claims: Value =
        serde_json::from_str(&decode(own.as_str().split('.').nth(1).unwrap()).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        host.mint.signed(&host.mint.header, &encode(&claims.to_string()))
    };
    host.service.caller_by_jwt(&with("userId", json!("u1"))).await.unwrap();
    let other = *host.service.caller(u2).await.unwrap().session_id();
    for (name, value) in [
        ("userId", json!("u2")),
        ("sessionId", json!(other.as_str())),
        ("userId", json!("unknown")),
        ("generation", json!(claims["generation"].as_u64().unwrap() + 1)),
    ] {
        let refused = host.service.caller_by_jwt(&with(name, value)).await.unwrap_err();
        assert_eq!(refused.code(), "general_unauthorized_scope", "{name}");
    }
}
