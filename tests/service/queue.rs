//! The queue in front of mailers and SMS senders, on a clock that runs only while everybody waits.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use account::{
    QueueError, Queued, QueuedBuilder, Secret, Undelivered, UndeliveredReason,
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::Timestamp,
    ports::{Mailer, SendError, SmsSender},
    user_agent::Device,
};
use async_trait::async_trait;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What a provider does with one attempt.
#[derive(Debug, Clone, Copy)]
enum Does {
    Accept,
    Fail,
    Refuse,
    Hang,
    Panic,
}

/// Does what it is told, one attempt after the other, and then what it is told to do always.
#[derive(Debug, Clone)]
struct Provider {
    script: Arc<Mutex<VecDeque<Does>>>,
    always: Does,
    attempts: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Provider {
    fn new(script: &[Does], always: Does) -> Self {
        let script = Arc::new(Mutex::new(script.iter().copied().collect()));
        Self { script, always, attempts: Arc::default() }
    }

    async fn act(&self, to: &str) -> Result<(), SendError> {
        self.attempts.lock().unwrap().push((Instant::now(), to.to_owned()));
        let does = self.script.lock().unwrap().pop_front().unwrap_or(self.always);
        match does {
            Does::Accept => Ok(()),
            Does::Fail => Err(SendError::temporary(std::io::Error::other("no route to provider"))),
            Does::Refuse => Err(SendError::Permanent(None)),
            Does::Hang => std::future::pending().await,
            Does::Panic => panic!("the provider was told to panic"),
        }
    }

    fn attempts(&self) -> usize {
        self.attempts.lock().unwrap().len()
    }

    fn instants(&self) -> Vec<Instant> {
        self.attempts.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    fn recipients(&self) -> Vec<String> {
        self.attempts.lock().unwrap().iter().map(|(_, to)| to.clone()).collect()
    }
}

#[async_trait]
impl Mailer for Provider {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        self.act(message.to.as_str()).await
    }
}

#[async_trait]
impl SmsSender for Provider {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        self.act(message.to.as_str()).await
    }
}

/// Keeps what a queue reports.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<Undelivered>>>);

impl Reports {
    fn of(&self, builder: QueuedBuilder<Provider>) -> Queued<Provider> {
        let reports = Arc::clone(&self.0);
        builder.on_failure(move |given_up| reports.lock().unwrap().push(given_up.clone())).build()
    }

    fn reasons(&self) -> Vec<(UndeliveredReason, u32)> {
        self.0.lock().unwrap().iter().map(|given_up| (given_up.reason, given_up.attempts)).collect()
    }
}

fn notice_to(name: &str) -> EmailMessage {
    let to = format!("{name}@example.com").parse().unwrap();
    EmailMessage::new(to, "Example", Timestamp::MIN, Notice::PasswordChanged)
}

fn with(notice: Notice) -> EmailMessage {
    EmailMessage::new("ada@example.com".parse().unwrap(), "Example", Timestamp::MIN, notice)
}

fn secret() -> Arc<Secret> {
    Arc::new(Secret::new("314159".to_owned()))
}

fn code() -> EmailMessage {
    with(Notice::EmailCode { code: secret(), device: Device::default(), phrase: None })
}

fn text_code() -> SmsMessage {
    SmsMessage::new("+15551234567".parse().unwrap(), "Example", TextNotice::SignInCode { code: secret() })
}

async fn send(queue: &Queued<Provider>, message: EmailMessage) -> Result<(), SendError> {
    let before = Instant::now();
    let answer = Mailer::send(queue, message).await;
    assert_eq!(before.elapsed(), Duration::ZERO, "nobody waits for the provider");
    answer
}

/// Waits without a limit that a test would notice.
async fn end(queue: &Queued<Provider>) {
    while queue.waiting() > 0 {
        tokio::time::sleep(SECOND).await;
    }
}

fn cause(error: &SendError) -> QueueError {
    *std::error::Error::source(error).unwrap().downcast_ref().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_the_same_and_immediate_whatever_the_provider_does() {
    for always in [Does::Accept, Does::Fail, Does::Refuse, Does::Hang, Does::Panic] {
        let queue = Queued::new(Provider::new(&[], always));
        assert!(send(&queue, code()).await.is_ok(), "{always:?}");
        let before = Instant::now();
        assert!(SmsSender::send(&queue, text_code()).await.is_ok(), "{always:?}");
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_go_out_in_the_order_in_which_they_came() {
    let provider = Provider::new(&[], Does::Accept);
    let queue = Queued::builder(provider.clone()).parallel(1).build();
    for name in ["a", "b", "c"] {
        send(&queue, notice_to(name)).await.unwrap();
    }
    assert_eq!(queue.drain(MINUTE).await, 0);
    assert_eq!(provider.recipients(), ["a@example.com", "b@example.com", "c@example.com"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_after_waits_that_double_up_to_the_bound() {
    let provider = Provider::new(&[Does::Fail; 9], Does::Accept);
    let queue = Queued::new(provider.clone());
    send(&queue, notice_to("ada")).await.unwrap();
    end(&queue).await;
    let instants = provider.instants();
    assert_eq!((instants.len(), queue.given_up()), (10, 0));
    for (pair, longest) in instants.windows(2).zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        let (waited, longest) = (pair[1] - pair[0], Duration::from_secs(longest));
        // The paused clock moves in whole milliseconds.
        let bounds = longest / 2..=longest + Duration::from_millis(1);
        assert!(bounds.contains(&waited), "{waited:?} is not in {bounds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_failed_together_are_not_tried_again_together() {
    let provider = Provider::new(&[Does::Fail; 8], Does::Accept);
    let queue = Queued::builder(provider.clone()).parallel(8).retry_after(MINUTE, MINUTE).build();
    for _ in 0..8 {
        send(&queue, notice_to("ada")).await.unwrap();
    }
    end(&queue).await;
    let mut instants = provider.instants().split_off(8);
    instants.dedup();
    assert!(instants.len() > 1, "eight draws from half a minute were all the same");
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_not_tried_again() {
    let (provider, reports) = (Provider::new(&[Does::Fail, Does::Refuse], Does::Accept), Reports::default());
    let queue = reports.of(Queued::builder(provider.clone()));
    send(&queue, notice_to("ada")).await.unwrap();
    end(&queue).await;
    assert_eq!(provider.attempts(), 2);
    assert_eq!(reports.reasons(), [(UndeliveredReason::Refused, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_provider_loses_its_message_and_nothing_else() {
    let (provider, reports) = (Provider::new(&[Does::Panic], Does::Accept), Reports::default());
    let queue = reports.of(Queued::builder(provider.clone()).parallel(1));
    send(&queue, notice_to("ada")).await.unwrap();
    send(&queue, notice_to("bob")).await.unwrap();
    end(&queue).await;
    assert_eq!(provider.attempts(), 2);
    assert_eq!(reports.reasons(), [(UndeliveredReason::Refused, 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_is_abandoned_and_others_get_their_turn() {
    let provider = Provider::new(&[Does::Hang], Does::Accept);
    let queue = Queued::builder(provider.clone()).parallel(1).attempt_timeout(MINUTE).build();
    let start = Instant::now();
    send(&queue, notice_to("ada")).await.unwrap();
    send(&queue, notice_to("bob")).await.unwrap();
    end(&queue).await;
    assert_eq!(provider.recipients(), ["ada@example.com", "bob@example.com", "ada@example.com"]);
    assert!(provider.instants()[1] - start <= MINUTE + SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_provider_does_not_get_more_than_its_turns() {
    let provider = Provider::new(&[], Does::Hang);
    let queue = Queued::builder(provider.clone()).parallel(3).build();
    for _ in 0..10 {
        send(&queue, notice_to("ada")).await.unwrap();
    }
    tokio::time::sleep(SECOND).await;
    assert_eq!((provider.attempts(), queue.waiting()), (3, 10));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_and_counts() {
    let (provider, reports) = (Provider::new(&[], Does::Hang), Reports::default());
    let queue = reports.of(Queued::builder(provider).capacity(2));
    send(&queue, notice_to("ada")).await.unwrap();
    SmsSender::send(&queue, text_code()).await.unwrap();
    let refused = send(&queue, notice_to("bob")).await.unwrap_err();
    assert_eq!((cause(&refused), refused.is_permanent()), (QueueError::Full, false));
    assert_eq!((queue.waiting(), queue.given_up()), (2, 1));
    assert_eq!(reports.reasons(), [(UndeliveredReason::Full, 0)]);
    end(&queue).await;
    assert!(send(&queue, notice_to("bob")).await.is_ok(), "there is room again");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_it_is_of_no_use_any_more() {
    let link = || Arc::new(Secret::new("https://example.com/?secret=x".to_owned()));
    let device = Device::default;
    let cases = [
        (code(), 15 * MINUTE),
        (with(Notice::MfaCode { code: secret(), device: device() }), 15 * MINUTE),
        (with(Notice::Recovery { link: link() }), HOUR),
        (with(Notice::MagicUrl { link: link(), device: device(), phrase: None }), HOUR),
        (with(Notice::Verification { link: link() }), 2 * HOUR),
        (notice_to("ada"), 2 * HOUR),
    ];
    for (message, useful) in cases {
        for always in [Does::Fail, Does::Hang] {
            let (provider, reports) = (Provider::new(&[], always), Reports::default());
            let queue = reports.of(Queued::builder(provider.clone()).patience(2 * HOUR));
            let start = Instant::now();
            send(&queue, message.clone()).await.unwrap();
            end(&queue).await;
            let last = *provider.instants().last().unwrap() - start;
            assert!(last < useful && last > useful - 3 * MINUTE, "{message:?}, {always:?}: {last:?}");
            assert!(start.elapsed() <= useful + SECOND, "an attempt under way ends then too");
            assert_eq!(reports.reasons(), [(UndeliveredReason::Expired, provider.attempts() as u32)]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_message_is_not_sent_after_its_code_has_expired() {
    let provider = Provider::new(&[], Does::Fail);
    let queue = Queued::new(provider.clone());
    let start = Instant::now();
    SmsSender::send(&queue, text_code()).await.unwrap();
    end(&queue).await;
    let last = *provider.instants().last().unwrap() - start;
    assert!(last < 15 * MINUTE && last > 13 * MINUTE, "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_code_that_never_got_its_turn_expires_unsent() {
    let (provider, reports) = (Provider::new(&[], Does::Hang), Reports::default());
    let queue = reports.of(Queued::builder(provider.clone()).parallel(1).attempt_timeout(20 * MINUTE));
    send(&queue, notice_to("ada")).await.unwrap();
    send(&queue, code()).await.unwrap();
    tokio::time::sleep(16 * MINUTE).await;
    assert_eq!(provider.recipients(), ["ada@example.com"]);
    assert_eq!(reports.reasons(), [(UndeliveredReason::Expired, 0)]);
}

#[tokio::test(start_paused = true)]
async fn draining_sends_what_waits_and_accepts_nothing_more() {
    let (provider, reports) = (Provider::new(&[Does::Fail; 7], Does::Accept), Reports::default());
    let queue = reports.of(Queued::builder(provider.clone()).retry_after(10 * MINUTE, 10 * MINUTE));
    for _ in 0..7 {
        send(&queue, notice_to("ada")).await.unwrap();
    }
    tokio::time::sleep(SECOND).await;
    let start = Instant::now();
    assert_eq!(queue.drain(MINUTE).await, 0);
    assert_eq!((start.elapsed(), provider.attempts()), (Duration::ZERO, 14), "pauses are cut short");
    let refused = send(&queue, notice_to("bob")).await.unwrap_err();
    assert_eq!(cause(&refused), QueueError::Closed);
    assert_eq!(reports.reasons(), [(UndeliveredReason::Closed, 0)]);
    assert_eq!(queue.drain(MINUTE).await, 0, "twice does no harm");
}

#[tokio::test(start_paused = true)]
async fn draining_ends_in_time_and_says_what_was_left() {
    let script = [Does::Hang, Does::Fail];
    let (provider, reports) = (Provider::new(&script, Does::Fail), Reports::default());
    let queue = reports.of(Queued::builder(provider.clone()).parallel(2).attempt_timeout(HOUR));
    for _ in 0..3 {
        send(&queue, notice_to("ada")).await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(queue.drain(10 * SECOND).await, 3);
    assert_eq!(start.elapsed(), 10 * SECOND);
    assert_eq!((queue.waiting(), queue.given_up()), (0, 3));
    let reasons = reports.reasons();
    assert!(
        reasons.iter().all(|(why, attempts)| *why == UndeliveredReason::Interrupted && *attempts > 0),
        "{reasons:?}"
    );
    let before = provider.attempts();
    tokio::time::sleep(HOUR).await;
    assert_eq!(provider.attempts(), before, "nothing goes on in the background");
}

#[tokio::test(start_paused = true)]
async fn draining_does_not_try_without_pause() {
    let provider = Provider::new(&[], Does::Fail);
    let queue = Queued::new(provider.clone());
    send(&queue, notice_to("ada")).await.unwrap();
    assert_eq!(queue.drain(10 * SECOND).await, 1);
    assert!((3..=7).contains(&provider.attempts()), "{}", provider.attempts());
}

#[test]
fn without_a_runtime_a_message_is_refused_and_nothing_panics() {
    let queue = Queued::new(Provider::new(&[], Does::Accept));
    let mut sending = Mailer::send(&queue, notice_to("ada"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(refused)) = sending.as_mut().poll(&mut context) else {
        panic!("accepted")
    };
    assert_eq!(cause(&refused), QueueError::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_reported_says_why_and_shows_neither_recipient_nor_code() {
    let (provider, reports) = (Provider::new(&[], Does::Fail), Reports::default());
    let queue = reports.of(Queued::builder(provider).patience(SECOND / 4));
    send(&queue, code()).await.unwrap();
    end(&queue).await;
    let given_up = reports.0.lock().unwrap()[0].clone();
    assert_eq!(
        given_up.to_string(),
        "message otpSession given up, attempts 1: too old: the message could not be handed over now: \
         no route to provider"
    );
    let shown = format!("{given_up:?}");
    assert!(!shown.contains("ada") && !shown.contains("314159"), "{shown}");
}
