//! The API's JSON of a value, for responses of your application.

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use super::{
    account_json::account_json,
    models::{
        AuthenticatorModel, ChallengeModel, FactorsModel, IdentityListModel, JwtModel, LogListModel,
        RecoveryCodesModel, SessionListModel, SessionModel, TargetModel, TokenModel, preferences_model,
    },
};
use crate::{
    features::{Challenge, FactorList, IdentityPage, Jwt, LogPage, NewAuthenticator, RecoveryCodes},
    model::{Preferences, Session, Target, Token, User},
};

/// The JSON that the API sends for a value, for responses of routes of your own that client SDKs
/// read. It serializes to JSON only.
///
/// Secrets of sessions and tokens are left out, as for every client but a server with the API key.
/// Those that a user must see once, of an authenticator app and of recovery codes, are in it.
///
/// # Examples
/// ```
/// use account::{http::ApiModel, testing::TestHost};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let test = TestHost::new();
/// let ada = test.signed_up("ada@example.com").await;
/// let caller = test.caller(&ada).await;
/// let user = test.service.user(&caller).await?;
/// let json = serde_json::to_value(ApiModel(&user))?;
/// assert_eq!(json["email"], "ada@example.com");
/// assert_eq!(serde_json::to_value(ApiModel(&ada.session))?["secret"], "");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ApiModel<'a, T: ?Sized>(pub &'a T);

/// Implements `Serialize` for values that have a model.
macro_rules! serialized_as {
    ($($value:ty, $name:ident => $model:expr;)*) => {
        $(impl Serialize for ApiModel<'_, $value> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $name = self.0;
                $model.serialize(serializer)
            }
        })*
    };
}

serialized_as! {
    Session, session => SessionModel::new(session, "");
    [Session], sessions => SessionListModel::new(sessions);
    Jwt, jwt => JwtModel { jwt: jwt.as_str() };
    Token, token => TokenModel::new(token, false);
    FactorList, factors => FactorsModel::new(*factors);
    NewAuthenticator, authenticator => AuthenticatorModel::new(authenticator);
    Challenge, challenge => ChallengeModel::new(challenge);
    RecoveryCodes, codes => RecoveryCodesModel::new(codes);
    Target, target => TargetModel::new(target);
    IdentityPage, page => IdentityListModel::new(page);
    LogPage, page => LogListModel::new(page);
}

impl Serialize for ApiModel<'_, User> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = String::from_utf8(account_json(self.0)).map_err(S::Error::custom)?;
        RawValue::from_string(json).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl Serialize for ApiModel<'_, Preferences> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        preferences_model(self.0.as_json()).serialize(serializer)
    }
}
