//! Tests application code without a database, a mail server or waiting.
//!
//! `cargo test --example unit_test --features testing`
//!
//! The functions take a [`DynAccountService`], so a test can pass in the service of a
//! [`TestHost`](account::testing::TestHost): its clock moves only when the test advances it, and
//! its messages stay in an outbox.

use account::{
    DynAccountService, Error,
    model::{Session, SessionSecret},
};

/// Returns the greeting for a visitor of the application.
async fn greeting(accounts: &DynAccountService, secret: Option<&SessionSecret>) -> Result<String, Error> {
    let Some(secret) = secret else { return Ok("Hello, stranger!".into()) };
    match accounts.caller(secret).await {
        Ok(caller) => {
            let user = accounts.user(&caller).await?;
            let name = if user.name().is_empty() { "you" } else { user.name().as_str() };
            Ok(format!("Hello, {name}!"))
        }
        Err(Error::NotSignedIn) => Ok("Please sign in again.".into()),
        Err(other) => Err(other),
    }
}

/// Ends all sessions of the visitor except the current one, for a button "Sign out other devices".
async fn sign_out_others(accounts: &DynAccountService, secret: &SessionSecret) -> Result<usize, Error> {
    let caller = accounts.caller(secret).await?;
    let others: Vec<Session> =
        accounts.sessions(&caller).await?.into_iter().filter(|session| !session.current).collect();
    for other in &others {
        accounts.sign_out(&caller, &other.id).await?;
    }
    Ok(others.len())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let host = account::testing::TestHost::new();
    let ada = host.signed_up("ada@example.com").await;
    println!("{}", greeting(&host.service, Some(&ada.secret)).await?);
    println!("{} other devices signed out", sign_out_others(&host.service, &ada.secret).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use account::{
        MemoryStore,
        messages::Notice,
        testing::{PASSWORD, TestHost, password},
    };

    use super::*;

    const ADA: &str = "ada@example.com";

    #[tokio::test]
    async fn a_visitor_is_greeted_by_name() {
        let host = TestHost::new();
        assert_eq!(greeting(&host.service, None).await.unwrap(), "Hello, stranger!");
        let ada = host.signed_up(ADA).await;
        assert_eq!(greeting(&host.service, Some(&ada.secret)).await.unwrap(), "Hello, you!");
        let caller = host.caller(&ada).await;
        host.service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
        assert_eq!(greeting(&host.service, Some(&ada.secret)).await.unwrap(), "Hello, Ada!");
    }

    #[tokio::test]
    async fn sessions_end_after_a_year() {
        let host = TestHost::new();
        let ada = host.signed_up(ADA).await;
        host.clock.advance(Duration::from_secs(365 * 24 * 3600));
        assert_eq!(greeting(&host.service, Some(&ada.secret)).await.unwrap(), "Please sign in again.");
    }

    #[tokio::test]
    async fn the_application_can_shorten_sessions() {
        let hour = Duration::from_secs(3600);
        let host = TestHost::with(MemoryStore::new(), |config| config.session_lifetime = hour);
        let ada = host.signed_up(ADA).await;
        host.clock.advance(hour);
        assert_eq!(greeting(&host.service, Some(&ada.secret)).await.unwrap(), "Please sign in again.");
    }

    #[tokio::test]
    async fn only_the_other_devices_are_signed_out() {
        let host = TestHost::new();
        let here = host.signed_up(ADA).await;
        let there = host.signed_in(ADA).await;
        assert_eq!(sign_out_others(&host.service, &here.secret).await.unwrap(), 1);
        assert_eq!(greeting(&host.service, Some(&there.secret)).await.unwrap(), "Please sign in again.");
        assert_eq!(sign_out_others(&host.service, &here.secret).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn sent_messages_can_be_read() {
        let host = TestHost::new();
        let caller = host.caller(&host.signed_up(ADA).await).await;
        let (new, old) = (password("violet-Marmot-5even"), password(PASSWORD));
        host.service.change_password(&caller, new, Some(old)).await.unwrap();
        let mails = host.outbox.mails();
        assert_eq!(mails[0].to.as_str(), ADA);
        assert!(matches!(mails[0].notice, Notice::PasswordChanged));
    }
}
