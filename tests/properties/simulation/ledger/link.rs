//! Between whom there may be a link, told from its two sides and not from what a return should come
//! to.

use std::collections::BTreeSet;

use crate::simulation::{
    deeds::{Deed, Flow, Return},
    model::Person,
};

/// What is wrong about the identities that an account has after a deed and had not before: one may
/// come only to those who are known to be both.
pub(crate) fn wrong_link(deed: &Deed, before: Option<&Person>, after: &Person, now: i64) -> Option<String> {
    let identities = |person: &Person| -> BTreeSet<(usize, usize)> {
        person.identities.iter().map(|identity| (identity.provider, identity.uid)).collect()
    };
    let mut new = identities(after);
    for known in before.map(identities).unwrap_or_default() {
        new.remove(&known);
    }
    if new.is_empty() {
        return None;
    }
    let Deed::FinishOAuth2(back) = deed else { return Some("an identity comes from nowhere".into()) };
    let Some(flow) = &back.kept else {
        return Some("an identity comes to a browser that kept nothing".into());
    };
    if new != [(flow.provider, flow.code.visitor.uid)].into() {
        return Some(format!("{new:?} come by the flow {}", flow.number));
    }
    match (&flow.who, before) {
        (Some(_), _) => is_elsewhere(back, flow, before, now).then(|| "it is linked elsewhere".into()),
        (None, None) => None,
        (None, Some(before)) => wrong_meeting(flow, before, after),
    }
}

/// Whether a flow that was begun to link ends otherwise than in the session that began it, and at
/// its account.
fn is_elsewhere(back: &Return, flow: &Flow, before: Option<&Person>, now: i64) -> bool {
    let (Some(began), Some(comes), Some(before)) = (&flow.who, &back.who, before) else { return true };
    let lives = before.sessions.iter().any(|session| session.id == began.session && now < session.expires);
    (&comes.user, &comes.session) != (&began.user, &began.session) || before.id != began.user || !lives
}

/// What is wrong if a person comes to an account without being in it: both must have proved its
/// address, or who had it must be gone.
fn wrong_meeting(flow: &Flow, before: &Person, after: &Person) -> Option<String> {
    let visitor = &flow.code.visitor;
    let Some((email, is_proven)) = before.email else {
        return Some("it is linked to who has no address".into());
    };
    if !visitor.is_vouched_for || visitor.email != Some(email) {
        return Some(format!("nobody vouches for {visitor:?} having the address {email}"));
    }
    let is_vouched_for = before.identities.iter().any(|identity| identity.vouched == Some(email));
    let left = left(before, after).filter(|_| !is_proven && !is_vouched_for)?;
    Some(format!("a stranger has left {left}"))
}

/// What an account still has of those who had it before, if it is anything.
fn left(before: &Person, after: &Person) -> Option<&'static str> {
    let things = [
        ("a password", after.password.is_some()),
        ("a name", !after.name.is_empty()),
        ("a number", after.phone.is_some()),
        ("a second factor", after.mfa || after.app.is_some() || after.codes.is_some()),
        ("preferences", after.preferences != 0),
        ("an identity", after.identities.len() > 1),
        ("a session", share(&before.sessions, &after.sessions, |session| &session.id)),
        ("a token", share(&before.tokens, &after.tokens, |token| &token.id)),
        ("a challenge", share(&before.challenges, &after.challenges, |challenge| &challenge.id)),
        ("a device", share(&before.devices, &after.devices, |device| &device.digest)),
        ("a push target", share(&before.targets, &after.targets, |target| &target.id)),
        ("JWTs", before.generation == after.generation),
    ];
    things.into_iter().find(|(_, is_left)| *is_left).map(|(thing, _)| thing)
}

fn share<T>(some: &[T], others: &[T], name: impl Fn(&T) -> &String) -> bool {
    some.iter().any(|one| others.iter().any(|other| name(one) == name(other)))
}
