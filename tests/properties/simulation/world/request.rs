//! What an application asks the service before it does what a person wants.

use account::{
    Error,
    operation::{Operation, Subject},
};

use super::{Service, perform::phone};
use crate::simulation::{
    deeds::{Act, Deed, Purpose, Way},
    ledger::Book,
    model::Address,
};

/// From how many networks people ask.
pub(crate) const NETWORKS: usize = 4;

/// An address of the simulation, in one of its spellings.
pub(crate) fn spelled(email: usize, way: Way) -> String {
    match way.spelling % 3 {
        0 => format!("person-{email}@example.com"),
        1 => format!("Person-{email}@Example.com"),
        _ => format!("PERSON-{email}@EXAMPLE.COM"),
    }
}

fn ip(Way { network, spelling }: Way) -> Option<String> {
    match network {
        0 => None,
        1 if spelling.is_multiple_of(2) => Some("192.0.2.1".into()),
        1 => Some("::ffff:192.0.2.1".into()),
        _ => Some(format!("2001:db8:0:{network}::{spelling:x}")),
    }
}

/// Asks whether this may pass.
pub(crate) async fn admit(service: &Service, deed: &Deed, way: Way, book: &Book) -> Result<(), Error> {
    let Some(operation) = operation(deed, way) else { return Ok(()) };
    let (mut email, mut number, mut user_id_param, mut caller_id, mut challenge) =
        (None, None, None, None, None);
    match deed {
        Deed::SignIn { email: to, .. }
        | Deed::SignUp { email: to, .. }
        | Deed::StartRecovery { email: to }
        | Deed::Send(_, Address::Email(to)) => email = Some(spelled(*to, way)),
        Deed::Send(_, Address::Phone(to)) => number = Some(phone(*to).to_string()),
        Deed::Redeem { user, .. }
        | Deed::FinishVerification { user, .. }
        | Deed::FinishRecovery { user, .. } => {
            user_id_param = Some(&**user);
        }
        Deed::As { who, act } => {
            caller_id = Some(&*who.user);
            match act {
                Act::FinishPhoneVerification { user, .. } => user_id_param = Some(user),
                Act::FinishChallenge { id, .. } => challenge = Some(&**id),
                _ => {}
            }
        }
        _ => {}
    }
    let ip = ip(way).map(|ip| ip.parse().unwrap());
    let subject = Subject {
        ip,
        email: email.as_deref(),
        phone: number.as_deref(),
        user_id_param,
        caller_id,
        challenge,
    };
    book.open().ask(deed, operation.api_name(), way);
    let admitted = service.admit(operation, &subject).await;
    book.open().admitted(&admitted);
    admitted.map(drop)
}

/// What the API calls it, unless it is the application's own doing.
fn operation(deed: &Deed, way: Way) -> Option<Operation> {
    Some(match deed {
        Deed::SignUp { .. } => Operation::SignUp,
        Deed::Anonymous => Operation::SignInAnonymously,
        Deed::SignIn { .. } => Operation::SignInWithPassword,
        Deed::Send(Purpose::MagicUrl, _) => Operation::SendMagicUrl,
        Deed::Send(_, Address::Email(_)) => Operation::SendEmailCode,
        Deed::Send(_, Address::Phone(_)) => Operation::SendPhoneCode,
        Deed::Redeem { .. } => {
            [Operation::SignInWithToken, Operation::SignInWithMagicUrl, Operation::SignInWithPhone]
                [way.endpoint()]
        }
        Deed::FinishVerification { .. } => Operation::FinishEmailVerification,
        Deed::StartRecovery { .. } => Operation::StartRecovery,
        Deed::FinishRecovery { .. } => Operation::FinishRecovery,
        Deed::As { act, .. } => match act {
            Act::User => Operation::User,
            Act::Sessions => Operation::Sessions,
            Act::Events => Operation::Events,
            Act::ReadPreferences => Operation::Preferences,
            Act::ReadCodes => Operation::RecoveryCodes,
            Act::Name => Operation::ChangeName,
            Act::Preferences(_) => Operation::ReplacePreferences,
            Act::Block => Operation::Block,
            Act::Password { .. } => Operation::ChangePassword,
            Act::Address { to: Address::Email(_), .. } => Operation::ChangeEmail,
            Act::Address { to: Address::Phone(_), .. } => Operation::ChangePhone,
            Act::SignOut(_) => Operation::SignOut,
            Act::SignOutEverywhere => Operation::SignOutEverywhere,
            Act::Extend(_) => Operation::ExtendSession,
            Act::Jwt => Operation::IssueJwt,
            Act::StartVerification { phone: false } => Operation::StartEmailVerification,
            Act::StartVerification { phone: true } => Operation::StartPhoneVerification,
            Act::FinishPhoneVerification { .. } => Operation::FinishPhoneVerification,
            Act::Mfa(_) => Operation::SetMfa,
            Act::AddApp => Operation::AddAuthenticator,
            Act::ConfirmApp { .. } => Operation::ConfirmAuthenticator,
            Act::RemoveApp => Operation::RemoveAuthenticator,
            Act::StartChallenge(_) => Operation::StartChallenge,
            Act::FinishChallenge { .. } => Operation::FinishChallenge,
            Act::CreateCodes => Operation::CreateRecoveryCodes,
            Act::ReplaceCodes => Operation::ReplaceRecoveryCodes,
            Act::AddTarget(_) => Operation::AddPushTarget,
            Act::ChangeTarget(..) => Operation::ChangePushTarget,
            Act::RemoveTarget(_) => Operation::RemovePushTarget,
            Act::Identities => Operation::Identities,
            Act::Unlink(_) => Operation::UnlinkIdentity,
        },
        Deed::StartOAuth2(start) if start.with_token => Operation::StartOAuth2Token,
        Deed::StartOAuth2(_) => Operation::StartOAuth2,
        Deed::FinishOAuth2(_) => Operation::OAuth2Redirect,
        Deed::Check(_)
        | Deed::Host { .. }
        | Deed::Sweep { .. }
        | Deed::RemoveGuests { .. }
        | Deed::ForgetEvents { .. }
        | Deed::Flood(_) => return None,
    })
}
