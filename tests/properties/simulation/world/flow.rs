//! The way to a provider and back.

use account::{
    Error, FlowState, OAuth2Outcome, OAuth2Return, OAuth2Start, SessionHolder,
    model::{AllowedRedirects, ClientInfo, ProviderKey},
};

use super::{
    Service, World,
    choice::pick,
    perform::{Answer, signed_in},
};
use crate::simulation::{
    deeds::{Deed, Flow, Return, Start, Visitor, Who},
    flawed::Defect,
    ledger::Book,
    model::Model,
    provider::{PROVIDERS, callback},
};

fn key(provider: usize) -> ProviderKey {
    PROVIDERS[provider].parse().unwrap()
}

pub(crate) async fn start(
    service: &Service,
    start: Start,
    who: Option<SessionHolder>,
) -> Result<Answer, Error> {
    let mut request = OAuth2Start::new(key(start.provider), callback(start.provider));
    request.with_token = start.with_token;
    let started = service.start_oauth2(request, who.as_ref()).await?;
    Ok(Answer::Started { authorize: started.authorize_url.to_string(), wire: started.state.to_wire() })
}

pub(crate) async fn finish(
    service: &Service,
    back: Return,
    who: Option<SessionHolder>,
    client: &ClientInfo,
    book: &Book,
) -> Result<Answer, Error> {
    book.open().come_back();
    let kept = back.kept.map(|flow| FlowState::from_wire(&flow.wire).unwrap());
    let mut read = OAuth2Return::default();
    (read.code, read.state) = (Some(back.code.text.as_str()), back.state.as_deref());
    let allowed = AllowedRedirects::new(["localhost"], []).unwrap();
    let provider = key(back.provider);
    let finished =
        service.finish_oauth2(&provider, read, kept.as_ref(), who.as_ref(), &allowed, client).await;
    match finished.map_err(|failed| failed.error)?.outcome {
        OAuth2Outcome::Session(session) => Ok(signed_in(*session)),
        OAuth2Outcome::Token(token) => {
            let secret = token.secret().map(|secret| secret.expose().to_owned());
            Ok(Answer::Token { user: token.user.to_string(), secret })
        }
    }
}

impl World<'_> {
    /// A person sets out. Most of them have an address of their own, of which their provider says
    /// so.
    pub(super) fn set_out(&self, who: Option<Who>, [a, b, c]: [usize; 3]) -> Deed {
        let uid = a % 4;
        let email = match c % 8 {
            0 => None,
            1 => Some(b / 2 % 4),
            _ => Some(uid),
        };
        let visitor = Visitor { uid, email, is_vouched_for: email.is_some() && c % 5 != 0 };
        let who = who.filter(|_| a / 4 % 3 == 0);
        Deed::StartOAuth2(Start { provider: b % PROVIDERS.len(), visitor, with_token: b / 8 % 3 == 0, who })
    }

    /// A person comes back: mostly as they left; now and then with what is another flow's,
    /// elsewhere or as another person.
    pub(super) fn come_back(
        &self,
        model: &Model,
        able: &[&Who],
        now: i64,
        [a, b, c]: [usize; 3],
    ) -> Option<Deed> {
        let has_ended = |flow: &Flow| {
            model.people.values().any(|person| person.spent.iter().any(|spent| spent.flow == flow.number))
        };
        let lasts = |flow: &&Flow| now < flow.expires && !has_ended(flow);
        let recent = &self.flows[self.flows.len().saturating_sub(6)..];
        let open: Vec<Flow> = recent.iter().filter(lasts).cloned().collect();
        let flow = if c % 6 == 0 { pick(&self.flows, a)? } else { pick(&open, a)? };
        let other = pick(&self.flows, b)?;
        let own = |flow: &Flow| {
            let began = flow.who.as_ref()?;
            let same = able.iter().rev().find(|who| who.session == began.session);
            Some(same.map_or(began.clone(), |who| (*who).clone()))
        };
        let right = Return {
            provider: flow.provider,
            state: Some(flow.state.clone()),
            code: flow.code.clone(),
            who: own(&flow),
            kept: Some(flow.clone()),
        };
        Some(Deed::FinishOAuth2(Box::new(match c / 6 % 20 {
            0 => Return { kept: None, ..right },
            1 => Return { kept: Some(other), ..right },
            2 => Return { provider: (flow.provider + 1) % PROVIDERS.len(), ..right },
            3 => Return { code: other.code, ..right },
            4 => Return { state: None, ..right },
            5 => Return { who: own(&other), ..right },
            6 => Return { who: able.get(b.checked_rem(able.len())?).map(|who| (*who).clone()), ..right },
            7 => Return { who: None, ..right },
            _ => right,
        })))
    }

    /// What an application does instead that is mistaken about whose a flow is.
    pub(super) fn mistaken(&self, deed: Deed) -> Deed {
        let Deed::FinishOAuth2(back) = deed else { return deed };
        let back = *back;
        let begun = self.flows.iter().find(|flow| Some(&flow.state) == back.state.as_ref()).cloned();
        Deed::FinishOAuth2(Box::new(match (self.home.defect(), begun) {
            // It keeps flows where every browser finds them.
            (Defect::FlowOfAnyBrowser, Some(begun)) => Return { kept: Some(begun), ..back },
            // It ends them at the provider where they began, wherever they come from.
            (Defect::FlowOfAnyProvider, Some(begun)) => Return { provider: begun.provider, ..back },
            // It ends them in the name of who began them, if they are still signed in somewhere.
            (Defect::FlowOfAnySession, Some(Flow { who: Some(who), .. })) if self.is_signed_in(&who) => {
                Return { who: Some(who), ..back }
            }
            _ => back,
        }))
    }

    fn is_signed_in(&self, who: &Who) -> bool {
        let ledger = self.book.open();
        ledger.model.judge_check(who, false, ledger.now).refusal.is_none()
    }
}
