//! The service without type parameters.

use std::sync::Arc;

use account::{
    AccountService, Config, ConfigError, DynAccountService, Error, MemoryStore, SignUp,
    model::{ClientInfo, SessionSecret},
    ports::{Clock, Mailer, NoMailer, NoSms, SmsSender, Store, SystemClock},
};

use crate::support::{durable::PASSWORD, master_key};

/// What an application keeps for its handlers.
#[derive(Clone)]
struct App {
    accounts: DynAccountService,
}

async fn greeting(app: App, secret: &SessionSecret) -> Result<String, Error> {
    let caller = app.accounts.caller(secret).await?;
    Ok(format!("Hello, {}", app.accounts.user(&caller).await?.name()))
}

async fn greeted(accounts: DynAccountService) -> String {
    let (client, app) = (ClientInfo::default(), App { accounts });
    let email = || "ada@example.com".parse().unwrap();
    let mut request = SignUp::new(email(), PASSWORD.parse().unwrap());
    request.name = "Ada".parse().unwrap();
    app.accounts.sign_up(request, &client).await.unwrap();
    let signed_in =
        app.accounts.sign_in_with_password(email(), PASSWORD.parse().unwrap(), &client).await.unwrap();
    greeting(app, &signed_in.secret).await.unwrap()
}

#[tokio::test]
async fn handlers_need_no_type_parameters_whatever_the_ports() {
    let config = || {
        let mut config = Config::appwrite_1_6(master_key());
        config.hashing = account::Argon2Params::new(8, 1, 1).unwrap();
        config
    };
    let of_defaults = AccountService::builder(MemoryStore::new()).config(config()).build_dyn().unwrap();
    assert_eq!(greeted(of_defaults).await, "Hello, Ada");

    // What is chosen at run time.
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mailer: Arc<dyn Mailer> = Arc::new(NoMailer);
    let sms: Arc<dyn SmsSender> = Arc::new(NoSms);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let builder = AccountService::builder(store).mailer(mailer).sms(sms).clock(clock).config(config());
    let of_objects: DynAccountService = builder.build().unwrap();
    assert_eq!(greeted(of_objects).await, "Hello, Ada");
}

#[test]
fn a_service_without_type_parameters_is_checked_as_others_are() {
    let refused: Result<DynAccountService, ConfigError> =
        AccountService::builder(MemoryStore::new()).build_dyn();
    assert_eq!(refused.unwrap_err().field, "config");
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn the_test_kit_calls_the_handlers_of_the_application() {
    let test = account::testing::TestHost::new();
    let ada = test.signed_up("ada@example.com").await;
    let app = App { accounts: test.service.clone() };
    assert_eq!(greeting(app, &ada.secret).await.unwrap(), "Hello, ");
}
