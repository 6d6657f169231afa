//! What people do, with everything that they say.

use crate::simulation::model::Address;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Factor {
    Password,
    Anonymous,
    Email,
    Phone,
    Totp,
    RecoveryCode,
    Token,
    OAuth2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    EmailVerification,
    PhoneVerification,
    Recovery,
    MagicUrl,
    EmailCode,
    PhoneCode,
    Generic,
    OAuth2,
}

/// A person with a session, as they remember it.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) user: String,
    pub(crate) session: String,
    /// Which of the session's secrets they hold.
    pub(crate) secret: u32,
    /// What they send: the secret, unless it is a JWT.
    pub(crate) wire: String,
    pub(crate) jwt: Option<Jwt>,
    /// Whether the secret stays the same when its powers grow.
    pub(crate) keeps: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Jwt {
    pub(crate) text: String,
    pub(crate) generation: u32,
    /// In seconds.
    pub(crate) expires: i64,
}

/// From which network a person asks, and how they write what they say. What is written differently
/// is the same all the same.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    pub(crate) network: usize,
    pub(crate) spelling: usize,
}

/// A person asks for the same again and again, in ever another spelling and, if it is widespread,
/// from ever another network.
#[derive(Debug, Clone)]
pub(crate) struct Flood {
    pub(crate) of: Box<Deed>,
    pub(crate) times: usize,
    pub(crate) is_widespread: bool,
}

/// A person with an account at a provider, as it tells of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Visitor {
    pub(crate) uid: usize,
    pub(crate) email: Option<usize>,
    pub(crate) is_vouched_for: bool,
}

/// What a provider gave to a person who said yes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) visitor: Visitor,
}

/// A sign-in by a provider that has begun, as the browser that began it remembers it.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) number: usize,
    pub(crate) provider: usize,
    pub(crate) state: String,
    /// What the browser keeps.
    pub(crate) wire: String,
    /// What the provider gave.
    pub(crate) code: Code,
    /// The session that began it, if one did.
    pub(crate) who: Option<Who>,
    pub(crate) with_token: bool,
    pub(crate) expires: i64,
}

/// A person sets out for a provider.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) provider: usize,
    pub(crate) visitor: Visitor,
    pub(crate) with_token: bool,
    pub(crate) who: Option<Who>,
}

/// A person comes back from one.
#[derive(Debug, Clone)]
pub(crate) struct Return {
    pub(crate) provider: usize,
    pub(crate) state: Option<String>,
    pub(crate) code: Code,
    pub(crate) kept: Option<Flow>,
    pub(crate) who: Option<Who>,
}

#[derive(Debug, Clone)]
pub(crate) enum Deed {
    SignUp { id: Option<String>, email: usize, password: usize },
    Anonymous,
    SignIn { email: usize, password: usize },
    Send(Purpose, Address),
    Redeem { user: String, secret: String },
    FinishVerification { user: String, secret: String },
    StartRecovery { email: usize },
    FinishRecovery { user: String, secret: String, password: usize },
    Check(Who),
    As { who: Who, act: Act },
    Host { user: String, act: HostAct },
    Sweep { limit: u32 },
    RemoveGuests { days: i64 },
    ForgetEvents { days: i64 },
    Flood(Flood),
    StartOAuth2(Start),
    FinishOAuth2(Box<Return>),
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    User,
    Sessions,
    Events,
    ReadPreferences,
    ReadCodes,
    Name,
    Preferences(usize),
    Block,
    Password { new: usize, old: Option<usize> },
    Address { to: Address, password: usize },
    SignOut(String),
    SignOutEverywhere,
    Extend(String),
    Jwt,
    StartVerification { phone: bool },
    FinishPhoneVerification { user: String, secret: String },
    Mfa(bool),
    AddApp,
    ConfirmApp { otp: String },
    RemoveApp,
    StartChallenge(Factor),
    FinishChallenge { id: String, otp: String },
    CreateCodes,
    ReplaceCodes,
    AddTarget(String),
    ChangeTarget(String, String),
    RemoveTarget(String),
    Identities,
    Unlink(String),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum HostAct {
    Block(bool),
    RequireReset(bool),
    EndSessions,
    IssueToken(bool),
    Delete,
}

impl Deed {
    /// Who asks, if it is a person who is signed in.
    pub(crate) fn who(&self) -> Option<&Who> {
        match self {
            Self::Check(who) | Self::As { who, .. } => Some(who),
            Self::StartOAuth2(start) => start.who.as_ref(),
            Self::FinishOAuth2(back) => back.who.as_ref(),
            _ => None,
        }
    }

    /// Whether a session will do that still owes a factor.
    pub(crate) fn is_exempt(&self) -> bool {
        let Self::As { act, .. } = self else { return false };
        matches!(act, Act::StartChallenge(_) | Act::FinishChallenge { .. } | Act::SignOut(_))
    }
}

impl Way {
    /// Of several ways to the same, the one that is taken.
    pub(crate) fn endpoint(self) -> usize {
        self.spelling / 3 % 3
    }
}

impl Factor {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "password" => Self::Password,
            "anonymous" => Self::Anonymous,
            "email" => Self::Email,
            "phone" => Self::Phone,
            "totp" => Self::Totp,
            "recoverycode" => Self::RecoveryCode,
            "token" => Self::Token,
            "oauth2" => Self::OAuth2,
            _ => return None,
        })
    }
}

impl Purpose {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "verification" => Self::EmailVerification,
            "phone-verification" => Self::PhoneVerification,
            "recovery" => Self::Recovery,
            "magic-url" => Self::MagicUrl,
            "email-code" => Self::EmailCode,
            "phone-code" => Self::PhoneCode,
            "generic" => Self::Generic,
            "oauth2" => Self::OAuth2,
            _ => return None,
        })
    }

    pub(crate) fn is_by_mail(self) -> bool {
        matches!(self, Self::EmailVerification | Self::Recovery | Self::MagicUrl | Self::EmailCode)
    }

    pub(crate) fn is_by_phone(self) -> bool {
        matches!(self, Self::PhoneVerification | Self::PhoneCode)
    }

    pub(crate) fn proves_only(self) -> bool {
        matches!(self, Self::EmailVerification | Self::PhoneVerification)
    }
}
