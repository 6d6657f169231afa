//! The program: reads its settings from the environment, and serves.
//!
//! Run it with `cargo run` here, and open <http://localhost:8080>. Messages are printed. It asks for
//! `NOTES_KEY` and proposes one. `GITHUB_ID` and `GITHUB_SECRET` add sign-in with GitHub, whose
//! callback URL is `http://localhost:8080/sign-in/github/back`. `NOTES_URL` is another public URL.
//! `cargo run -- admin ada@example.com` makes an account an administrator.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use account::{
    AccountService, Config, DynAccountService, MasterKey, ReqwestClient, SqliteStore,
    axum::Settings,
    messages::EmailMessage,
    model::ClientInfo,
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{Mailer, SendError},
};

const DATABASE: &str = "notes.db";

/// Prints messages, for development. In production, use `Queued::new(SmtpMailer::from_url(…)?)`.
#[derive(Debug)]
struct PrintedOutbox;

#[async_trait::async_trait]
impl Mailer for PrintedOutbox {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        println!("\n--- Email to {}: {}\n{}", message.to.as_str(), message.subject(), message.text());
        Ok(())
    }
}

fn accounts(github: Option<OAuth2Client>) -> Result<DynAccountService, Box<dyn Error>> {
    let Ok(key) = env::var("NOTES_KEY") else {
        let key = MasterKey::generate()?.to_base64();
        return Err(format!("Set NOTES_KEY, and keep it outside the database. A new one: {key}").into());
    };
    let mut config = Config::new(MasterKey::from_base64(&key)?);
    config.project_name = "Notes".into();
    let builder = AccountService::builder(SqliteStore::open(DATABASE)?).config(config).mailer(PrintedOutbox);
    Ok(github.into_iter().fold(builder, |builder, github| builder.provider(github)).build_dyn()?)
}

/// Sign-in with GitHub, if there are credentials.
fn github() -> Result<Option<OAuth2Client>, Box<dyn Error>> {
    let (Ok(id), Ok(secret)) = (env::var("GITHUB_ID"), env::var("GITHUB_SECRET")) else { return Ok(None) };
    let registration = Registration::new(Provider::builtin("github")?, Credentials::new(id, secret))?;
    Ok(Some(OAuth2Client::new(registration, Arc::new(ReqwestClient::new()?))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let github = github()?;
    let with_github = github.is_some();
    let accounts = accounts(github)?;
    if let [_, command, email] = &*env::args().collect::<Vec<_>>()
        && command == "admin"
    {
        let client = ClientInfo::default();
        let admin = accounts.admin(&client);
        let user = admin.user_by_email(&email.parse()?).await?;
        admin.set_labels(user.id(), vec!["admin".parse()?]).await?;
        println!("{email} is an administrator now.");
        return Ok(());
    }
    let mut settings = Settings::default();
    settings.public_url = env::var("NOTES_URL").unwrap_or(settings.public_url);
    let database = notes::open(DATABASE.as_ref()).await?;
    let app = notes::app(accounts, &settings, database, with_github)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("Listening on {}", settings.public_url);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
