//! Rules for whole operations: the service running on the store, as in an application.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    bench::{Bench, attachment},
    concurrently::concurrently,
    fixtures::{at, bare, email, id, mailbox},
};
use crate::{
    config::Config,
    crypto::MasterKey,
    error::Error,
    features::{DeviceToken, NewPushTarget, SignUp},
    model::{
        ClientInfo, CustomId, Key, PageQuery, Password, PasswordHash, Preferences, SessionSecret, Timestamp,
        User,
    },
    ports::{Clock, HashError, NoLimits, NoMailer, NoSms, PasswordHasher, Select, Store, Verdict},
    secret::Secret,
    service::{AccountService, Caller},
};

type Service = AccountService<Arc<dyn Store>, NoMailer, NoSms, FixedClock>;

/// A new account is found by its email and can sign in.
pub async fn who_signs_up_can_sign_in(bench: Bench) {
    let service = service(&bench);
    let user = sign_up(&service, "ada@example.com").await.expect("the address is free");
    let found = bench.load(&mailbox("ada@example.com")).await.expect("the account was saved");
    assert_eq!(found.account.id(), user.id());
    let caller = sign_in(&service, "ada@example.com").await;
    assert_eq!(caller.user_id(), user.id());
}

/// Of many concurrent sign-ups with one address, in any letter case, exactly one succeeds.
pub async fn one_address_signs_up_once(bench: Bench) {
    let service = service(&bench);
    let spellings = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.com"];
    let results = concurrently(64, |number| {
        let service = service.clone();
        async move { sign_up(&service, spellings[number as usize % spellings.len()]).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 63));
    assert!(refused.iter().all(|result| matches!(result, Err(Error::UserExists))));
    assert_eq!(bench.list(Select::After(None), 100).await.len(), 1);
}

/// Of many concurrent sign-ups with one id, exactly one succeeds.
pub async fn one_id_signs_up_once(bench: Bench) {
    let service = service(&bench);
    let results = concurrently(32, |number| {
        let service = service.clone();
        async move {
            let mut request = request(&format!("person-{number}@example.com"));
            request.user_id = CustomId::Given(id("ada"));
            service.sign_up(request, &ClientInfo::default()).await
        }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(bench.list(Select::After(None), 100).await.len(), 1);
}

/// Concurrent sign-ins all succeed, and as many sessions remain as the session limit allows.
pub async fn many_sign_ins_keep_the_session_limit(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    let callers = concurrently(24, |_| {
        let service = service.clone();
        async move { sign_in_secret(&service, "ada@example.com").await }
    })
    .await;
    let mut live = 0;
    for secret in &callers {
        live += usize::from(service.caller(secret).await.is_ok());
    }
    assert_eq!(live, service.config().session_limit);
}

/// Concurrent wrong passwords are all counted.
pub async fn wrong_passwords_are_all_counted(bench: Bench) {
    let service = service(&bench);
    let user = sign_up(&service, "ada@example.com").await.expect("the address is free");
    concurrently(24, |_| {
        let service = service.clone();
        async move {
            let wrong = service
                .sign_in_with_password(
                    email("ada@example.com"),
                    password("not the right one"),
                    &ClientInfo::default(),
                )
                .await;
            assert!(matches!(wrong, Err(Error::InvalidCredentials)));
        }
    })
    .await;
    let found = bench.load_id(user.id()).await.expect("the account is there");
    assert_eq!(found.account.failures.run, 24);
}

/// A session is invalid immediately after sign-out.
pub async fn an_ended_session_is_dead_at_once(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    let (first, second) = (
        sign_in_secret(&service, "ada@example.com").await,
        sign_in_secret(&service, "ada@example.com").await,
    );
    let caller = service.caller(&first).await.expect("a live session");
    service.sign_out(&caller, caller.session_id()).await.expect("one's own session");
    assert!(service.caller(&first).await.is_err());
    assert!(service.caller(&second).await.is_ok());
}

/// A change of email releases the old address and claims the new one.
pub async fn a_change_of_email_moves_the_account(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    sign_up(&service, "bob@example.com").await.expect("the address is free");
    let caller = sign_in(&service, "ada@example.com").await;
    let taken = service.change_email(&caller, email("bob@example.com"), right_password()).await;
    assert!(matches!(taken, Err(Error::TargetExists)));
    service.change_email(&caller, email("new@example.com"), right_password()).await.expect("a free address");
    bench.assert_free(&[mailbox("ada@example.com")]).await;
    sign_in(&service, "new@example.com").await;
    sign_up(&service, "ada@example.com").await.expect("the old address is free again");
}

/// Preferences come back as they were sent and survive a change of name.
pub async fn preferences_stay_through_other_changes(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    let caller = sign_in(&service, "ada@example.com").await;
    let preferences: Preferences = r#"{"theme":"dark","size":1.0}"#.parse().expect("preferences");
    service.replace_preferences(&caller, preferences.clone()).await.expect("a live session");
    service.change_name(&caller, "Ada".parse().expect("a name")).await.expect("a live session");
    assert_eq!(service.preferences(&caller).await.expect("a live session"), preferences);
    let found = bench.load_id(caller.user_id()).await.expect("the account is there");
    assert_eq!(attachment(&found).as_deref(), Some(preferences.as_json()));
}

/// A device token belongs to one account and is free when its session ends.
pub async fn a_device_goes_with_its_session(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    sign_up(&service, "bob@example.com").await.expect("the address is free");
    let (ada, bob) = (sign_in(&service, "ada@example.com").await, sign_in(&service, "bob@example.com").await);
    let token: DeviceToken = "device".parse().expect("a token");
    service.add_push_target(&ada, NewPushTarget::new(token.clone())).await.expect("a free token");
    let taken = service.add_push_target(&bob, NewPushTarget::new(token.clone())).await;
    assert!(matches!(taken, Err(Error::TargetExists)));
    service.sign_out_everywhere(&ada).await.expect("a live session");
    bench.assert_free(&[Key::TargetIdentifier("device".into())]).await;
    service.add_push_target(&bob, NewPushTarget::new(token)).await.expect("the token is free again");
}

/// Every operation writes its log entries, which are listed newest first.
pub async fn operations_leave_their_entries(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    let caller = sign_in(&service, "ada@example.com").await;
    service.change_name(&caller, "Ada".parse().expect("a name")).await.expect("a live session");
    let page = PageQuery::parse(&[""; 0], 25).expect("no query");
    let log = service.events(&caller, page).await.expect("a live session");
    let stored = bench.log(caller.user_id()).await;
    assert_eq!(log.total, stored.total);
    let names: Vec<_> = stored.events.iter().map(|event| event.kind.name()).collect();
    assert_eq!(names.first(), Some(&"user.update"));
    assert_eq!(names.last(), Some(&"user.create"));
}

/// A guess at an unknown address writes a log entry and creates no account.
pub async fn guesses_at_unknown_addresses_are_logged(bench: Bench) {
    let service = service(&bench);
    let wrong = service
        .sign_in_with_password(email("unknown@example.com"), right_password(), &ClientInfo::default())
        .await;
    assert!(matches!(wrong, Err(Error::InvalidCredentials)));
    assert!(bench.list(Select::After(None), 10).await.is_empty());
    assert_eq!(bench.delete_events_before(Timestamp::MAX, 10).await, 1);
}

/// Concurrent, different changes of one account are all made.
pub async fn different_changes_are_all_made(bench: Bench) {
    let service = service(&bench);
    sign_up(&service, "ada@example.com").await.expect("the address is free");
    let caller = sign_in(&service, "ada@example.com").await;
    concurrently(16, |number| {
        let (service, caller) = (service.clone(), caller.clone());
        async move {
            let token = format!("device {number}").parse().expect("a token");
            service.add_push_target(&caller, NewPushTarget::new(token)).await.expect("a free token");
        }
    })
    .await;
    let found = bench.load_id(caller.user_id()).await.expect("the account is there");
    assert_eq!(found.account.targets.len(), 16);
    bench.assert_holds(&found).await;
}

/// Anonymous accounts need no key except their id.
pub async fn anonymous_accounts_do_not_collide(bench: Bench) {
    let service = service(&bench);
    for _ in 0..5 {
        let signed_in =
            service.sign_in_anonymously(&ClientInfo::default()).await.expect("an account of its own");
        service.caller(&signed_in.secret).await.expect("a live session");
    }
    assert_eq!(bench.list(Select::After(None), 10).await.len(), 5);
    bench.assert_free(&[Key::Id(bare(1).id)]).await;
}

fn service(bench: &Bench) -> Service {
    let mut config = Config::new(MasterKey::generate().expect("the system's random source"));
    config.conflict_timeout = Duration::from_secs(60);
    AccountService::builder(bench.store())
        .config(config)
        .clock(FixedClock)
        .hasher(InstantHasher)
        .limiter(NoLimits)
        .build()
        .expect("a valid configuration")
}

fn request(address: &str) -> SignUp {
    SignUp::new(email(address), right_password())
}

async fn sign_up(service: &Service, address: &str) -> Result<User, Error> {
    service.sign_up(request(address), &ClientInfo::default()).await
}

async fn sign_in_secret(service: &Service, address: &str) -> SessionSecret {
    let signed_in =
        service.sign_in_with_password(email(address), right_password(), &ClientInfo::default()).await;
    signed_in.expect("the right password").secret
}

async fn sign_in(service: &Service, address: &str) -> Caller {
    let secret = sign_in_secret(service, address).await;
    service.caller(&secret).await.expect("a live session")
}

fn right_password() -> Password {
    password("correct horse battery staple")
}

fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).expect("a password")
}

/// A clock that always shows the same instant.
#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        at(0)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Hashes with a plain digest in the form of a PHC string: fast, and without any protection.
#[derive(Debug)]
struct InstantHasher;

impl InstantHasher {
    fn digest(password: &Secret) -> Result<PasswordHash, HashError> {
        use sha2::Digest as _;

        let digest = sha2::Sha256::digest(password.expose().as_bytes());
        let digest = data_encoding::BASE64_NOPAD.encode(&digest);
        PasswordHash::parse(&format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA${digest}"))
            .map_err(|_| HashError::Failed)
    }
}

#[async_trait]
impl PasswordHasher for InstantHasher {
    async fn hash(&self, password: Arc<Secret>, _: [u8; 16]) -> Result<PasswordHash, HashError> {
        Self::digest(&password)
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let matches = against == Some(Self::digest(&password)?);
        Ok(Verdict { matches, weaker: false })
    }
}
