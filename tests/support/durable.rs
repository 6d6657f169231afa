//! A service on a durable store, and accounts in it.

use account::{
    AccountService, Argon2Params, Caller, Config, SignUp,
    model::{ClientInfo, CustomId, Email, Key, PageQuery, SessionSecret, UserId},
    ports::Store,
};

use super::master_key;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A service whose password hashes cost nearly nothing.
pub(crate) fn service<S: Store>(store: S) -> AccountService<S> {
    let mut config = Config::appwrite_1_6(master_key());
    config.hashing = Argon2Params::new(8, 1, 1).unwrap();
    AccountService::builder(store).config(config).build().unwrap()
}

/// A service on a SQLite file.
#[cfg(feature = "sqlite")]
pub(crate) fn open(path: &std::path::Path) -> AccountService<account::SqliteStore> {
    service(account::SqliteStore::open(path).unwrap())
}

/// Signs up `<name>@example.com` under that id, and signs it in.
pub(crate) async fn sign_up<S: Store>(service: &AccountService<S>, name: &str) -> (Caller, SessionSecret) {
    let email: Email = format!("{name}@example.com").parse().unwrap();
    let mut request = SignUp::new(email.clone(), PASSWORD.parse().unwrap());
    request.user_id = CustomId::Given(id(name));
    let client = ClientInfo::default();
    service.sign_up(request, &client).await.unwrap();
    let signed_in = service.sign_in_with_password(email, PASSWORD.parse().unwrap(), &client).await.unwrap();
    (service.caller(&signed_in.secret).await.unwrap(), signed_in.secret)
}

pub(crate) fn id(text: &str) -> UserId {
    text.parse().unwrap()
}

pub(crate) fn mailbox(name: &str) -> Key {
    Key::Mailbox(format!("{name}@example.com").parse().unwrap())
}

/// The whole log.
pub(crate) fn everything() -> PageQuery {
    PageQuery::parse(&[""; 0], 5000).unwrap()
}
