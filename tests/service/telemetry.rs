//! What the operator of the service sees of its operations: how they went, and nothing of whom they
//! were for.

use std::{
    collections::BTreeMap,
    future::Future,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use account::{
    Error, MemoryStore,
    model::{AllowedRedirects, CheckedUrl, ClientInfo},
    testing::{Fault, FaultyStore, PASSWORD, TestHost, password},
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

const ADA: &str = "canary-address@example.com";
const NAME: &str = "canary-name";
const WRONG: &str = "canary-wrong-password";
const IP: [u8; 4] = [203, 0, 113, 77];

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a test, and answers with all that was traced, with the counts by operation and outcome, and
/// with what the test answers.
fn told<T>(test: impl Future<Output = T>) -> (String, BTreeMap<String, u64>, T) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let recorder = DebuggingRecorder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = tracing::subscriber::with_default(subscriber, || {
        metrics::with_local_recorder(&recorder, || runtime.block_on(test))
    });
    let mut counts = BTreeMap::new();
    for (key, _, _, value) in recorder.snapshotter().snapshot().into_vec() {
        let labels: Vec<&str> = key.key().labels().map(metrics::Label::value).collect();
        if let DebugValue::Counter(count) = value {
            assert_eq!(key.key().name(), "account_operations_total");
            counts.insert(labels.join(" "), count);
        } else {
            assert_eq!(key.key().name(), "account_operation_seconds");
        }
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (text, counts, answer)
}

async fn signs_in(host: &TestHost, secret: &str) -> Result<account::SignedIn, Error> {
    let client = ClientInfo::at(IP.into()).with_user_agent("canary-agent");
    host.service.sign_in_with_password(ADA.parse().unwrap(), password(secret), &client).await
}

#[test]
fn every_operation_is_counted_with_its_outcome() {
    let (log, counts, ()) = told(async {
        let host = TestHost::new();
        let ada = host.signed_up(ADA).await;
        assert!(signs_in(&host, WRONG).await.is_err());
        assert!(signs_in(&host, WRONG).await.is_err());
        host.service.change_name(&host.caller(&ada).await, NAME.parse().unwrap()).await.unwrap();
    });
    let expected = [
        ("create ok", 1),
        ("createEmailPasswordSession ok", 1),
        ("createEmailPasswordSession user_invalid_credentials", 2),
        ("updateName ok", 1),
    ];
    assert_eq!(counts, expected.map(|(labels, count)| (labels.to_owned(), count)).into());
    assert_eq!(
        log.matches(r#"operation="createEmailPasswordSession" outcome="user_invalid_credentials""#).count(),
        2
    );
}

#[test]
fn a_store_that_fails_is_an_error_in_the_log_and_a_wrong_password_is_not() {
    let (log, counts, ()) = told(async {
        let store = FaultyStore::new(MemoryStore::new());
        let (plan, host) = (store.plan(), TestHost::on(store));
        host.signed_up(ADA).await;
        assert!(signs_in(&host, WRONG).await.is_err());
        plan.fail(0, Fault::Before);
        assert!(matches!(signs_in(&host, PASSWORD).await, Err(Error::Store(_))));
    });
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{log}");
    assert!(
        errors[0].contains("general_store_unavailable") && errors[0].contains("createEmailPasswordSession")
    );
    assert_eq!(counts["createEmailPasswordSession general_store_unavailable"], 1);
}

#[cfg(feature = "sqlite")]
#[test]
fn what_the_application_refuses_is_a_warning_with_its_reason() {
    let (log, counts, ()) = told(async {
        let directory = crate::support::tempdir::TempDir::new();
        let path = directory.file("account.db");
        let host = TestHost::on(account::SqliteStore::open(&path).unwrap());
        let trigger = "CREATE TRIGGER invited BEFORE INSERT ON accounts
                       BEGIN SELECT RAISE(ABORT, 'by invitation only'); END";
        rusqlite::Connection::open(&path).unwrap().execute_batch(trigger).unwrap();
        let request = account::SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
        let refused = host.service.sign_up(request, &ClientInfo::default()).await.unwrap_err();
        assert!(matches!(refused, Error::RefusedByHost(_)) && !refused.to_string().contains("invitation"));
    });
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("by invitation only")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("WARN") && lines[0].contains("general_access_forbidden"), "{}", lines[0]);
    assert!(!log.contains("ERROR"), "{log}");
    assert_eq!(counts["create general_access_forbidden"], 1);
}

#[cfg(feature = "oauth2")]
#[test]
fn a_provider_that_fails_is_an_error_in_the_log_and_a_person_who_says_no_is_not() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use account::{
        AccountService, Config, MasterKey, OAuth2Return, OAuth2Start, SessionHolder,
        oauth2::{Credentials, OAuth2Client, Provider, Registration},
        ports::{HttpClient, HttpError, HttpRequest, HttpResponse},
    };

    /// Refuses in words that name people and repeat secrets, once; then is away.
    #[derive(Debug, Default)]
    struct Broken(AtomicBool);

    #[async_trait::async_trait]
    impl HttpClient for Broken {
        async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            if self.0.swap(true, Ordering::SeqCst) {
                return Err(HttpError::unavailable(io::Error::other("the line is cut")));
            }
            let body = r#"{"error": "access_denied", "error_description": "canary-address@example.com is not
                assigned; canary-code, canary-client-secret"}"#;
            Ok(HttpResponse::new(403, body.replace('\n', " ").into_bytes()))
        }
    }

    let (log, counts, ()) = told(async {
        let credentials = Credentials::new("id", "canary-client-secret".to_owned());
        let registration = Registration::new(Provider::builtin("github").unwrap(), credentials).unwrap();
        let client = OAuth2Client::new(registration, Arc::new(Broken::default()));
        let key = MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| i as u8)).unwrap();
        let builder = AccountService::builder(MemoryStore::new()).config(Config::new(key));
        let service = builder.provider(client).build().unwrap();
        let key = "github".parse().unwrap();
        let (nowhere, nobody) = (AllowedRedirects::default(), None::<&SessionHolder>);
        for answer in [Ok("canary-code"), Ok("canary-code"), Err(("access_denied", Some("canary-words")))] {
            let start = OAuth2Start::new("github".parse().unwrap(), "https://api.example.com/callback");
            let started = service.start_oauth2(start, nobody).await.unwrap();
            let mut query = started.authorize_url.query_pairs();
            let state = query.find(|(name, _)| name == "state").unwrap().1;
            let mut back = OAuth2Return::default();
            (back.state, back.code, back.error) = (Some(&*state), answer.ok(), answer.err());
            let (kept, client) = (Some(&started.state), ClientInfo::default());
            let failed = service.finish_oauth2(&key, back, kept, nobody, &nowhere, &client).await;
            assert_eq!(failed.unwrap_err().error.code(), "user_oauth2_provider_error");
        }
    });
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 2, "{log}");
    let by_whom = r#"operation="oauth2Redirect" provider="github""#;
    assert!(errors.iter().all(|line| line.contains(by_whom)), "{log}");
    assert!(errors[0].contains("the provider refused: 403: access_denied"), "{}", errors[0]);
    let causes = "the provider gave no reply: the other side is unavailable: the line is cut";
    assert!(errors[1].contains(causes), "{}", errors[1]);
    assert!(!log.contains("canary"), "{log}");
    assert_eq!(counts["oauth2Redirect user_oauth2_provider_error"], 3, "{counts:?}");
}

#[test]
fn t34_nothing_of_a_person_and_no_secret_is_told() {
    let (log, counts, own) = told(async {
        let host = TestHost::new();
        let ada = host.signed_up(ADA).await;
        let caller = host.caller(&ada).await;
        host.service.change_name(&caller, NAME.parse().unwrap()).await.unwrap();
        host.service.start_email_verification(&caller, &verify()).await.unwrap();
        let secret = host.link_secret(ADA);
        host.service.finish_email_verification(ada.user_id(), &secret, &ClientInfo::default()).await.unwrap();
        assert!(signs_in(&host, WRONG).await.is_err());
        let own = signs_in(&host, PASSWORD).await.unwrap();
        [own.secret.to_wire(), secret.expose().to_owned(), ada.user_id().to_string()]
    });
    let told = format!("{log}{:?}", counts.keys());
    assert!(told.contains("createVerification"));
    for canary in own.iter().map(String::as_str).chain(["canary", PASSWORD, "203.0.113.77", "example.com"]) {
        assert!(!told.contains(canary), "{canary} in {told}");
    }
}

fn verify() -> CheckedUrl {
    let allowed = AllowedRedirects::new(["example.org"], []).unwrap();
    allowed.check("https://example.org/verify").unwrap()
}
