//! The account: sign-up, reading it, name, preferences and block.

use crate::{
    features::SignUp,
    http::{
        call::Call,
        outcome::{Answer, CookieChange, Outcome},
        rejection::Rejection,
    },
    model::{Name, Preferences},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn user(&self) -> Answer {
        let caller = self.caller()?;
        match caller.user() {
            Some(user) => Ok(Outcome::User(user).done()),
            None => Ok(Outcome::User(self.service.user(caller).await?).done()),
        }
    }

    pub(super) async fn sign_up(&self) -> Answer {
        let user_id = self.required("userId")?;
        let (email, password) = (self.required("email")?, self.required("password")?);
        let mut request = SignUp::new(email, password);
        request.user_id = user_id;
        request.name = self.optional::<OptionalName>("name")?.unwrap_or_default().0;
        let user = self.service.sign_up(request, &self.client).await?;
        Ok(Outcome::SignedUp(user).done())
    }

    pub(super) async fn change_name(&self) -> Answer {
        let name = self.required::<Name>("name")?;
        Ok(Outcome::User(self.service.change_name(self.caller()?, name).await?).done())
    }

    pub(super) async fn preferences(&self) -> Answer {
        let preferences = self.service.preferences(self.caller()?).await?;
        Ok(Outcome::Preferences(preferences).done())
    }

    pub(super) async fn replace_preferences(&self) -> Answer {
        let json = self.required_json("prefs")?;
        let preferences =
            Preferences::parse_lenient(json).map_err(|rule| Rejection::invalid("prefs", rule))?;
        Ok(Outcome::User(self.service.replace_preferences(self.caller()?, preferences).await?).done())
    }

    pub(super) async fn block(&self) -> Answer {
        let user = self.service.block(self.caller()?).await?;
        Ok(Outcome::User(user).done().with_cookie(CookieChange::Clear))
    }
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
