//! Push targets.

use crate::{
    features::{DeviceToken, NewPushTarget},
    http::{
        call::Call,
        outcome::{Answer, Outcome},
    },
    model::{ProviderId, TargetId},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn add_push_target(&self) -> Answer {
        let id = self.required("targetId")?;
        let mut new = NewPushTarget::new(self.required::<DeviceToken>("identifier")?);
        new.id = id;
        new.provider = self.optional::<ProviderId>("providerId")?;
        let target = self.service.add_push_target(self.caller()?, new).await?;
        Ok(Outcome::TargetAdded(Box::new(target)).done())
    }

    pub(super) async fn change_push_target(&self) -> Answer {
        let id = self.in_path::<TargetId>("targetId")?;
        let token = self.required::<DeviceToken>("identifier")?;
        let target = self.service.change_push_target(self.caller()?, &id, token).await?;
        Ok(Outcome::Target(Box::new(target)).done())
    }

    pub(super) async fn remove_push_target(&self) -> Answer {
        let id = self.in_path::<TargetId>("targetId")?;
        self.service.remove_push_target(self.caller()?, &id).await?;
        Ok(Outcome::Nothing.done())
    }
}
