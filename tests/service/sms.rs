//! Text messages as providers receive them.

use std::{
    error::Error as _,
    sync::{Arc, Mutex},
};

use account::{
    Secret, SmsConfigError, SmsError, TwilioSms, WebhookSms,
    messages::{RenderedEmail, Renderer, SmsMessage, TextNotice},
    ports::{HttpClient, HttpError, HttpMethod, HttpRequest, HttpResponse, SendError, SmsSender},
};
use async_trait::async_trait;

const SID: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "hunter2:hunter2";

/// Keeps requests and gives one answer to all of them.
#[derive(Debug, Clone)]
struct Provider {
    answer: Result<HttpResponse, HttpError>,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Provider {
    fn answering(status: u16, body: &str) -> Self {
        Self { answer: Ok(HttpResponse::new(status, body.into())), requests: Arc::default() }
    }

    fn failing(error: HttpError) -> Self {
        Self { answer: Err(error), requests: Arc::default() }
    }

    fn request(&self) -> HttpRequest {
        self.requests.lock().unwrap().pop().unwrap()
    }
}

#[async_trait]
impl HttpClient for Provider {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(request);
        self.answer.clone()
    }
}

fn message() -> SmsMessage {
    let code = Arc::new(Secret::new("314159".to_owned()));
    SmsMessage::new("+15551234567".parse().unwrap(), "Söhne & Co=\r\n\"x\"", TextNotice::SignInCode { code })
}

fn webhook(url: &str, provider: &Provider) -> WebhookSms {
    WebhookSms::new(url, provider.clone()).unwrap()
}

fn twilio(from: &str, provider: &Provider) -> TwilioSms {
    TwilioSms::new(SID, TOKEN.to_owned(), from, provider.clone()).unwrap()
}

fn headers(request: &HttpRequest) -> Vec<(&str, &str)> {
    request.headers().map(|(name, value)| (name, value.expose())).collect()
}

fn cause(error: &SendError) -> &SmsError {
    error.source().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn a_webhook_gets_number_and_text_as_json() {
    let provider = Provider::answering(204, "");
    webhook("https://sms.example.com/hook?key=1", &provider).send(message()).await.unwrap();
    let request = provider.request();
    assert_eq!(
        (request.method(), request.url().as_str()),
        (HttpMethod::Post, "https://sms.example.com/hook?key=1")
    );
    assert_eq!(headers(&request), [("Content-Type", "application/json")]);
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body, serde_json::json!({"to": "+15551234567", "message": message().text()}));
}

#[tokio::test]
async fn a_password_in_the_url_of_a_webhook_becomes_basic_authentication() {
    let provider = Provider::answering(200, "");
    let sms = webhook("https://ada:p%40ss%2Fw@sms.example.com/hidden", &provider);
    sms.send(message()).await.unwrap();
    let request = provider.request();
    assert_eq!(request.url().as_str(), "https://sms.example.com/hidden");
    let credentials = data_encoding::BASE64.encode(b"ada:p@ss/w");
    assert!(headers(&request).contains(&("Authorization", &format!("Basic {credentials}"))));
    assert_eq!(format!("{sms:?}"), "WebhookSms { host: Some(\"sms.example.com\"), .. }");
}

#[tokio::test]
async fn twilio_gets_a_form_that_it_may_not_hold_back_for_longer_than_the_code_is_good() {
    let provider = Provider::answering(201, r#"{"sid": "SM1", "status": "queued"}"#);
    let sms = twilio("+15550001111", &provider);
    sms.send(message()).await.unwrap();
    let request = provider.request();
    assert_eq!(request.method(), HttpMethod::Post);
    let url = format!("https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json");
    assert_eq!(request.url().as_str(), url);
    let credentials = data_encoding::BASE64.encode(format!("{SID}:{TOKEN}").as_bytes());
    let authorization = format!("Basic {credentials}");
    assert_eq!(
        headers(&request),
        [("Authorization", &*authorization), ("Content-Type", "application/x-www-form-urlencoded")]
    );
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body()).into_owned().collect();
    let text = message().text();
    let expected =
        [("To", "+15551234567"), ("From", "+15550001111"), ("Body", &text), ("ValidityPeriod", "900")];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!format!("{sms:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_messaging_service_is_told_from_a_number_and_a_name() {
    let provider = Provider::answering(201, "");
    for (from, field) in [
        ("MG0123456789abcdef0123456789abcdef", "MessagingServiceSid"),
        ("MGM Grand", "From"),
        ("+15550001111", "From"),
    ] {
        twilio(from, &provider).send(message()).await.unwrap();
        let request = provider.request();
        let fields: Vec<_> = url::form_urlencoded::parse(request.body()).into_owned().collect();
        assert_eq!(fields[1], (field.to_owned(), from.to_owned()));
    }
}

#[tokio::test]
async fn twilio_can_be_elsewhere() {
    let provider = Provider::answering(201, "");
    for base in ["http://localhost:8080", "http://localhost:8080/"] {
        twilio("Example", &provider).with_base_url(base).unwrap().send(message()).await.unwrap();
        let url = format!("http://localhost:8080/2010-04-01/Accounts/{SID}/Messages.json");
        assert_eq!(provider.request().url().as_str(), url);
    }
    let refused = twilio("Example", &provider).with_base_url("ftp://localhost").unwrap_err();
    assert_eq!(refused, SmsConfigError::Url);
}

#[tokio::test]
async fn answers_tell_for_good_from_for_now() {
    for (status, permanent) in [
        (301, true),
        (400, true),
        (401, true),
        (404, true),
        (408, false),
        (429, false),
        (500, false),
        (503, false),
    ] {
        let provider = Provider::answering(status, r#"{"code": 21211, "message": "+15551234567 is bad"}"#);
        let by_webhook = webhook("https://sms.example.com", &provider).send(message()).await.unwrap_err();
        let by_twilio = twilio("Example", &provider).send(message()).await.unwrap_err();
        for failed in [by_webhook, by_twilio] {
            assert_eq!(failed.is_permanent(), permanent, "{status}");
            assert_eq!(
                cause(&failed).to_string(),
                format!("the SMS provider answered {status}, error 21211")
            );
            assert!(!format!("{failed:?}").contains("5551234567"), "{failed:?}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_failure_for_now() {
    for error in [HttpError::Unavailable(None), HttpError::TimedOut, HttpError::TooLarge] {
        let provider = Provider::failing(error);
        let failed = webhook("https://sms.example.com", &provider).send(message()).await.unwrap_err();
        assert!(!failed.is_permanent() && matches!(cause(&failed), SmsError::Http(_)));
        assert!(!twilio("Example", &provider).send(message()).await.unwrap_err().is_permanent());
    }
}

#[tokio::test]
async fn a_host_can_have_words_of_its_own() {
    #[derive(Debug)]
    struct Terse;

    impl Renderer for Terse {
        fn email(&self, _: &account::messages::EmailMessage) -> RenderedEmail {
            panic!("no email is sent here")
        }

        fn sms(&self, message: &SmsMessage) -> String {
            let TextNotice::SignInCode { code } = &message.notice else { panic!("another notice") };
            format!("{} it is", code.expose())
        }
    }

    let provider = Provider::answering(200, "");
    webhook("https://sms.example.com", &provider).with_renderer(Terse).send(message()).await.unwrap();
    assert!(provider.request().body().ends_with(br#""message":"314159 it is"}"#));
    twilio("Example", &provider).with_renderer(Terse).send(message()).await.unwrap();
    assert!(String::from_utf8_lossy(provider.request().body()).contains("&Body=314159+it+is&"));
}

#[cfg(feature = "http-client")]
#[tokio::test]
async fn both_providers_are_reached_over_the_network() {
    use axum::{Router, http::StatusCode, routing::post};

    let received = Arc::new(Mutex::new(Vec::new()));
    let keep = |status: StatusCode| {
        let received = Arc::clone(&received);
        post(async move |headers: http::HeaderMap, body: String| {
            let kind = headers["content-type"].to_str().unwrap().to_owned();
            received.lock().unwrap().push((kind, headers.contains_key("authorization"), body));
            status
        })
    };
    let router = Router::new()
        .route("/hook", keep(StatusCode::ACCEPTED))
        .route(&format!("/2010-04-01/Accounts/{SID}/Messages.json"), keep(StatusCode::TOO_MANY_REQUESTS));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let client = account::ReqwestClient::new().unwrap();
    let webhook = WebhookSms::new(&format!("{base}/hook"), client.clone()).unwrap();
    webhook.send(message()).await.unwrap();
    let twilio =
        TwilioSms::new(SID, TOKEN.to_owned(), "Example", client).unwrap().with_base_url(&base).unwrap();
    assert!(!twilio.send(message()).await.unwrap_err().is_permanent());
    let received = received.lock().unwrap();
    assert_eq!((received[0].0.as_str(), received[0].1), ("application/json", false));
    assert_eq!((received[1].0.as_str(), received[1].1), ("application/x-www-form-urlencoded", true));
    assert!(received[0].2.contains("+15551234567") && received[1].2.contains("%2B15551234567"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let provider = Provider::answering(200, "");
    for url in ["", "sms.example.com", "mailto:a@b.example", "ftp://sms.example.com", "https://"] {
        assert_eq!(WebhookSms::new(url, provider.clone()).unwrap_err(), SmsConfigError::Url, "{url}");
    }
    let twilio =
        |sid, token: &str, from| TwilioSms::new(sid, token.to_owned(), from, provider.clone()).unwrap_err();
    assert_eq!(twilio("", TOKEN, "Example"), SmsConfigError::Account);
    assert_eq!(twilio("AC/../x", TOKEN, "Example"), SmsConfigError::Account);
    assert_eq!(twilio(SID, "", "Example"), SmsConfigError::Token);
    assert_eq!(twilio(SID, "a\nb", "Example"), SmsConfigError::Token);
    assert_eq!(twilio(SID, TOKEN, ""), SmsConfigError::Sender);
}
