//! Signs up, signs in, checks the session, changes the name and signs out, all in memory.
//!
//! `cargo run --example quickstart`

use account::{AccountService, Config, MasterKey, MemoryStore, SignUp, model::ClientInfo};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts =
        AccountService::builder(MemoryStore::new()).config(Config::new(MasterKey::generate()?)).build()?;
    let client = ClientInfo::default();

    accounts
        .sign_up(SignUp::new("ada@example.com".parse()?, "tr4verse-Cobalt-heron".parse()?), &client)
        .await?;
    let signed_in = accounts
        .sign_in_with_password("ada@example.com".parse()?, "tr4verse-Cobalt-heron".parse()?, &client)
        .await?;

    let caller = accounts.caller(&signed_in.secret).await?;
    let user = accounts.change_name(&caller, "Ada Lovelace".parse()?).await?;
    println!("{} is signed in until {}", user.name(), signed_in.session.expires_at);

    accounts.sign_out(&caller, caller.session_id()).await?;
    println!("signed out: {}", accounts.caller(&signed_in.secret).await.is_err());
    Ok(())
}
