//! Lists with queries: the security log, and identities.

use crate::{
    http::{
        call::Call,
        outcome::{Answer, Outcome},
    },
    model::{IdentityId, IdentityQuery, PageQuery},
    ports::{Clock, Mailer, SmsSender, Store},
};

/// The number of identities that a query without a limit returns.
const IDENTITY_PAGE: usize = 25;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn events(&self) -> Answer {
        let page = usize::try_from(self.service.config().log_page).unwrap_or(usize::MAX);
        let query = self.queries(|queries| PageQuery::parse(queries, page))?;
        let page = self.service.events(self.caller()?, query).await?;
        Ok(Outcome::Log(page).done())
    }

    pub(super) async fn identities(&self) -> Answer {
        let query = self.queries(|queries| IdentityQuery::parse(queries, IDENTITY_PAGE))?;
        let page = self.service.identities(self.caller()?, &query).await?;
        Ok(Outcome::Identities(page).done())
    }

    pub(super) async fn unlink_identity(&self) -> Answer {
        let id = self.in_path::<IdentityId>("identityId")?;
        self.service.unlink_identity(self.caller()?, &id).await?;
        Ok(Outcome::Nothing.done())
    }
}
