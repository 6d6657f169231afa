//! Does what a deed says with the real service.

use std::time::Duration;

use account::{
    EmailSignIn, Error, GenericToken, NewPushTarget, RecoveryCodes, SessionHolder, SignUp, SignedIn,
    model::{
        AllowedRedirects, CheckedUrl, ClientInfo, CustomId, DeviceSecret, Email, IdentityQuery, PageQuery,
        Password, Phone, SecondFactor, SessionSecret, TargetKind, Token, User, UserId,
    },
};

use super::{
    Service, flow,
    request::{NETWORKS, admit, spelled},
};
use crate::simulation::{
    deeds::{Act, Deed, Factor, Flood, HostAct, Purpose, Way, Who},
    ledger::{Book, Stage},
    model::{Address, NAME},
    secrets::Secrets,
    stored,
};

pub(crate) const PASSWORDS: [&str; 3] =
    ["tr4verse-Cobalt-heron", "another-Cobalt-egret", "third-Umber-bittern"];

/// What an operation answered.
pub(crate) enum Answer {
    Done,
    /// Something is on its way: to whom, and what else is told of it.
    Sent {
        user: String,
        told: String,
    },
    SignedIn {
        user: String,
        session: String,
        wire: String,
        device: Option<String>,
    },
    Secret {
        fresh: Option<String>,
        device: Option<String>,
    },
    Token {
        user: String,
        secret: Option<String>,
    },
    Jwt(String),
    Seed(String),
    Codes(Vec<String>),
    View(String),
    Swept(u32),
    /// The way to a provider, and what the browser keeps.
    Started {
        authorize: String,
        wire: String,
    },
}

impl Answer {
    /// Tells the secrets in it.
    pub(crate) fn teach(&self, secrets: &mut Secrets) {
        match self {
            Self::SignedIn { wire, .. } | Self::Secret { fresh: Some(wire), .. } => secrets.learn_wire(wire),
            Self::Token { secret: Some(secret), .. } | Self::Jwt(secret) | Self::Seed(secret) => {
                secrets.learn(secret);
            }
            Self::Codes(codes) => codes.iter().for_each(|code| secrets.learn(code)),
            _ => {}
        }
        if let Self::SignedIn { device: Some(device), .. } | Self::Secret { device: Some(device), .. } = self
        {
            secrets.learn(device);
        }
    }
}

fn user_view(user: &User) -> String {
    let address = |address: Option<String>, proven| address.map(|address| (stored::number(&address), proven));
    let email = address(user.email().map(|email| email.to_string()), user.is_email_verified());
    let phone = address(user.phone().map(|phone| phone.to_string()), user.is_phone_verified());
    let targets: Vec<_> = user
        .targets()
        .into_iter()
        .filter(|target| target.kind == TargetKind::Push)
        .map(|target| target.identifier)
        .collect();
    format!("{email:?} {phone:?} {} {targets:?}", user.has_mfa())
}

/// Does it.
pub(crate) async fn perform(
    service: Service,
    deed: Deed,
    device: Option<String>,
    way: Way,
    book: Book,
) -> Result<Answer, Error> {
    let client = match &device {
        Some(device) => ClientInfo::default().with_device(DeviceSecret::from_wire(device).unwrap()),
        None => ClientInfo::default(),
    };
    let client = &client;
    let password = |number: usize| -> Password { PASSWORDS[number].parse().unwrap() };
    let id = |user: &str| -> UserId { user.parse().unwrap() };
    let email = |number: usize| -> Email { spelled(number, way).parse().unwrap() };
    let holder = match deed.who() {
        Some(who) => Some(caller(&service, who, deed.is_exempt()).await?.with_client(client.clone())),
        None => None,
    };
    admit(&service, &deed, way, &book).await?;
    match deed {
        Deed::SignUp { id: user, email: address, password: number } => {
            let mut request = SignUp::new(email(address), password(number));
            request.user_id = user.map_or(CustomId::Generate, |user| CustomId::Given(id(&user)));
            service.sign_up(request, client).await?;
            Ok(Answer::Done)
        }
        Deed::Anonymous => service.sign_in_anonymously(client).await.map(signed_in),
        Deed::SignIn { email: address, password: number } => {
            service.sign_in_with_password(email(address), password(number), client).await.map(signed_in)
        }
        Deed::Send(purpose, address) => {
            let token = match (purpose, address) {
                (Purpose::MagicUrl, Address::Email(to)) => {
                    service.send_magic_url(EmailSignIn::new(email(to)), &page(), client).await?
                }
                (_, Address::Email(to)) => {
                    service.send_email_code(EmailSignIn::new(email(to)), client).await?
                }
                (_, Address::Phone(to)) => {
                    service.send_phone_code(CustomId::Generate, phone(to), client).await?
                }
            };
            Ok(sent(&token))
        }
        Deed::Redeem { user, secret } => {
            service.sign_in_with_token(&id(&user), &secret.parse().unwrap(), client).await.map(signed_in)
        }
        Deed::FinishVerification { user, secret } => {
            service.finish_email_verification(&id(&user), &secret.parse().unwrap(), client).await?;
            Ok(Answer::Done)
        }
        Deed::StartRecovery { email: address } => {
            Ok(sent(&service.start_recovery(email(address), &page(), client).await?))
        }
        Deed::FinishRecovery { user, secret, password: number } => {
            let secret = secret.parse().unwrap();
            service.finish_recovery(&id(&user), &secret, password(number), None, client).await?;
            Ok(Answer::Done)
        }
        Deed::Sweep { limit } => {
            let swept = service.sweep(limit).await?;
            Ok(Answer::Swept(swept.tidied + swept.removed))
        }
        Deed::RemoveGuests { days } => {
            Ok(Answer::Swept(service.remove_unused_guests(of_days(days), None, 100).await?.removed))
        }
        Deed::ForgetEvents { days } => Ok(Answer::Swept(service.forget_events(of_days(days), 10_000).await?)),
        Deed::Check(_) => Ok(Answer::Done),
        Deed::StartOAuth2(start) => {
            book.open().enter(Stage::Act);
            flow::start(&service, start, holder).await
        }
        Deed::FinishOAuth2(back) => flow::finish(&service, *back, holder, client, &book).await,
        Deed::Host { user, act } => {
            let (host, user) = (service.admin(client), id(&user));
            match act {
                HostAct::Block(blocked) => host.set_blocked(&user, blocked).await.map(drop)?,
                HostAct::RequireReset(required) => {
                    host.require_password_reset(&user, required).await.map(drop)?
                }
                HostAct::EndSessions => host.end_sessions(&user).await.map(drop)?,
                HostAct::Delete => host.delete(&user).await?,
                HostAct::IssueToken(long) => {
                    let mut how = GenericToken::default();
                    how.digits = if long { 64 } else { 6 };
                    let token = host.issue_token(&user, how).await?;
                    let secret = token.secret().map(|secret| secret.expose().to_owned());
                    return Ok(Answer::Token { user: user.to_string(), secret });
                }
            }
            Ok(Answer::Done)
        }
        Deed::As { act, .. } => {
            book.open().enter(Stage::Act);
            act_as(&service, holder.unwrap(), act).await
        }
        Deed::Flood(Flood { of, times, is_widespread }) => {
            for number in 0..times {
                let network = (way.network + number * usize::from(is_widespread)) % NETWORKS;
                let way = Way { network, spelling: way.spelling + number };
                match admit(&service, &of, way, &book).await {
                    Ok(()) | Err(Error::RateLimited(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Answer::Done)
        }
    }
}

async fn caller(service: &Service, who: &Who, exempt: bool) -> Result<SessionHolder, Error> {
    let holder = match (&who.jwt, exempt) {
        (Some(jwt), true) => service.session_holder_by_jwt(&jwt.text).await?,
        (Some(jwt), false) => (*service.caller_by_jwt(&jwt.text).await?).clone(),
        (None, true) => service.session_holder(&SessionSecret::from_wire(&who.wire).unwrap()).await?,
        (None, false) => (*service.caller(&SessionSecret::from_wire(&who.wire).unwrap()).await?).clone(),
    };
    Ok(if who.keeps { holder.keeping_secret() } else { holder })
}

async fn act_as(service: &Service, holder: SessionHolder, act: Act) -> Result<Answer, Error> {
    let password = |number: usize| -> Password { PASSWORDS[number].parse().unwrap() };
    let wire = |secret: Option<SessionSecret>| Answer::Secret {
        fresh: secret.map(|secret| secret.to_wire()),
        device: None,
    };
    let shown = |codes: &RecoveryCodes| -> Vec<String> {
        codes.codes().iter().map(|code| code.expose().to_owned()).collect()
    };
    match act {
        Act::StartChallenge(factor) => {
            let factor = match factor {
                Factor::Email => SecondFactor::Email,
                Factor::Phone => SecondFactor::Phone,
                Factor::RecoveryCode => SecondFactor::RecoveryCode,
                _ => SecondFactor::Totp,
            };
            service.start_challenge(&holder, factor).await?;
            return Ok(Answer::Secret { fresh: None, device: None });
        }
        Act::FinishChallenge { id, otp } => {
            let passed = service.finish_challenge(&holder, &id.parse().unwrap(), &otp).await?;
            let fresh = passed.secret.map(|secret| secret.to_wire());
            return Ok(Answer::Secret { fresh, device: passed.device.map(|device| device.to_wire()) });
        }
        Act::SignOut(id) => {
            service.sign_out(&holder, &id.parse().unwrap()).await?;
            return Ok(Answer::Done);
        }
        _ => {}
    }
    let caller = &holder.into_caller()?;
    match act {
        Act::User => return Ok(Answer::View(user_view(&service.user(caller).await?))),
        Act::Sessions => {
            let sessions = service.sessions(caller).await?;
            let ids: Vec<_> = sessions.iter().map(|session| session.id.to_string()).collect();
            return Ok(Answer::View(format!("{ids:?}")));
        }
        Act::Events => drop(service.events(caller, PageQuery::parse(&[] as &[&str], 5).unwrap()).await?),
        Act::ReadPreferences => {
            let preferences = service.preferences(caller).await?;
            return Ok(Answer::View(preferences_number(preferences.as_json()).to_string()));
        }
        Act::ReadCodes => {
            let codes = service.recovery_codes(caller).await?;
            return Ok(Answer::View(format!("{:?}", shown(&codes))));
        }
        Act::Identities => {
            let all = IdentityQuery::parse(&[] as &[&str], 100).unwrap();
            let page = service.identities(caller, &all).await?;
            let ids: Vec<_> = page.identities.iter().map(|identity| identity.id.to_string()).collect();
            return Ok(Answer::View(format!("{ids:?}")));
        }
        Act::Unlink(id) => service.unlink_identity(caller, &id.parse().unwrap()).await?,
        Act::Name => drop(service.change_name(caller, NAME.parse().unwrap()).await?),
        Act::Preferences(number) => {
            let preferences = format!(r#"{{"n":{number}}}"#).parse().unwrap();
            drop(service.replace_preferences(caller, preferences).await?);
        }
        Act::Block => drop(service.block(caller).await?),
        Act::Password { new, old } => {
            let change = service.change_password(caller, password(new), old.map(password)).await?;
            return Ok(wire(change.secret));
        }
        Act::Address { to: Address::Email(to), password: number } => {
            return Ok(wire(service.change_email(caller, email(to), password(number)).await?.secret));
        }
        Act::Address { to: Address::Phone(to), password: number } => {
            return Ok(wire(service.change_phone(caller, phone(to), password(number)).await?.secret));
        }
        Act::SignOutEverywhere => service.sign_out_everywhere(caller).await?,
        Act::Extend(id) => drop(service.extend_session(caller, &id.parse().unwrap()).await?),
        Act::Jwt => return Ok(Answer::Jwt(service.issue_jwt(caller).await?.as_str().to_owned())),
        Act::StartVerification { phone: false } => {
            drop(service.start_email_verification(caller, &page()).await?);
        }
        Act::StartVerification { phone: true } => drop(service.start_phone_verification(caller).await?),
        Act::FinishPhoneVerification { user, secret } => {
            let (user, secret) = (user.parse().unwrap(), secret.parse().unwrap());
            drop(service.finish_phone_verification(caller, &user, &secret).await?);
        }
        Act::Mfa(on) => drop(service.set_mfa(caller, on).await?),
        Act::AddApp => {
            let app = service.add_authenticator(caller).await?;
            return Ok(Answer::Seed(app.secret.expose().to_owned()));
        }
        Act::ConfirmApp { otp } => drop(service.confirm_authenticator(caller, &otp).await?),
        Act::RemoveApp => service.remove_authenticator(caller).await?,
        Act::CreateCodes => return Ok(Answer::Codes(shown(&service.create_recovery_codes(caller).await?))),
        Act::ReplaceCodes => return Ok(Answer::Codes(shown(&service.replace_recovery_codes(caller).await?))),
        Act::AddTarget(identifier) => {
            drop(service.add_push_target(caller, NewPushTarget::new(identifier.parse().unwrap())).await?);
        }
        Act::ChangeTarget(id, identifier) => {
            let (id, token) = (id.parse().unwrap(), identifier.parse().unwrap());
            drop(service.change_push_target(caller, &id, token).await?);
        }
        Act::RemoveTarget(id) => service.remove_push_target(caller, &id.parse().unwrap()).await?,
        Act::StartChallenge(_) | Act::FinishChallenge { .. } | Act::SignOut(_) => {}
    }
    Ok(Answer::Done)
}

/// The number in preferences of the simulation.
fn preferences_number(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

pub(crate) fn signed_in(signed_in: SignedIn) -> Answer {
    Answer::SignedIn {
        user: signed_in.session.user.to_string(),
        session: signed_in.session.id.to_string(),
        wire: signed_in.secret.to_wire(),
        device: signed_in.device.map(|device| device.to_wire()),
    }
}

/// What anybody may see of a token; of its secret and of the account behind it nothing may be seen.
fn sent(token: &Token) -> Answer {
    let life = token.expires_at.as_millis() - token.created_at.as_millis();
    let told = format!("{life} {} {:?}", token.id.to_string().len(), token.phrase);
    Answer::Sent { user: token.user.to_string(), told }
}

fn of_days(days: i64) -> Duration {
    Duration::from_secs(days.unsigned_abs() * 86_400)
}

pub(crate) fn email(number: usize) -> Email {
    spelled(number, Way::default()).parse().unwrap()
}

pub(crate) fn phone(number: usize) -> Phone {
    format!("+1617555120{number}").parse().unwrap()
}

fn page() -> CheckedUrl {
    AllowedRedirects::new(["localhost"], []).unwrap().check("http://localhost/here").unwrap()
}
