//! The account itself: sign-up, reading, name, preferences and block.

use crate::{
    features::SignUp,
    http::{
        account_json::account_json,
        call::Call,
        models::preferences_model,
        rejection::Rejection,
        reply::{Answer, CookieChange, Reply},
    },
    model::{Name, Preferences, User},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn user(&self) -> Answer {
        let caller = self.caller()?;
        match caller.user() {
            Some(user) => Ok(account(&user)),
            None => Ok(account(&self.service.user(caller).await?)),
        }
    }

    pub(super) async fn sign_up(&self) -> Answer {
        let user_id = self.required("userId")?;
        let (email, password) = (self.required("email")?, self.required("password")?);
        let mut request = SignUp::new(email, password);
        request.user_id = user_id;
        request.name = self.optional::<OptionalName>("name")?.unwrap_or_default().0;
        let user = self.service.sign_up(request, &self.client).await?;
        Ok(Reply::created_json(account_json(&user)))
    }

    pub(super) async fn change_name(&self) -> Answer {
        let name = self.required::<Name>("name")?;
        Ok(account(&self.service.change_name(self.caller()?, name).await?))
    }

    pub(super) async fn preferences(&self) -> Answer {
        let preferences = self.service.preferences(self.caller()?).await?;
        Ok(Reply::ok(&preferences_model(preferences.as_json())))
    }

    pub(super) async fn replace_preferences(&self) -> Answer {
        let json = self.required_json("prefs")?;
        let preferences =
            Preferences::parse_lenient(json).map_err(|rule| Rejection::invalid("prefs", &rule))?;
        Ok(account(&self.service.replace_preferences(self.caller()?, preferences).await?))
    }

    pub(super) async fn block(&self) -> Answer {
        let user = self.service.block(self.caller()?).await?;
        Ok(account(&user).with_cookie(CookieChange::Clear))
    }
}

pub(super) fn account(user: &User) -> Reply {
    Reply::ok_json(account_json(user))
}

/// A name that may be empty.
#[derive(Default)]
struct OptionalName(Name);

impl std::str::FromStr for OptionalName {
    type Err = crate::model::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Name::optional(text).map(Self)
    }
}
