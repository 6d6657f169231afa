//! What people do, with everything that they say.

use crate::model::Address;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    Password,
    Anonymous,
    Email,
    Phone,
    Totp,
    RecoveryCode,
    Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    EmailVerification,
    PhoneVerification,
    Recovery,
    MagicUrl,
    EmailCode,
    PhoneCode,
    Generic,
}

/// Somebody with a session, as they remember it.
#[derive(Debug, Clone)]
pub struct Who {
    pub user: String,
    pub session: String,
    /// Which of the session's secrets they hold.
    pub secret: u32,
    /// What they send: the secret, unless it is a JWT.
    pub wire: String,
    pub jwt: Option<Jwt>,
    /// Whether the secret stays the same when its powers grow.
    pub keeps: bool,
}

#[derive(Debug, Clone)]
pub struct Jwt {
    pub text: String,
    pub generation: u32,
    /// In seconds.
    pub expires: i64,
}

/// From which network somebody asks, and how they write what they say. What is written differently is the same all the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Way {
    pub network: usize,
    pub spelling: usize,
}

/// Somebody asks for the same again and again, in ever another spelling and, if it is widespread, from ever another network.
#[derive(Debug, Clone)]
pub struct Flood {
    pub of: Box<Deed>,
    pub times: usize,
    pub is_widespread: bool,
}

#[derive(Debug, Clone)]
pub enum Deed {
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
}

#[derive(Debug, Clone)]
pub enum Act {
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
}

#[derive(Debug, Clone, Copy)]
pub enum HostAct {
    Block(bool),
    RequireReset(bool),
    EndSessions,
    IssueToken(bool),
    Delete,
}

impl Way {
    /// Of several ways to the same, the one that is taken.
    pub fn endpoint(self) -> usize {
        self.spelling / 3 % 3
    }
}

impl Factor {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "password" => Self::Password,
            "anonymous" => Self::Anonymous,
            "email" => Self::Email,
            "phone" => Self::Phone,
            "totp" => Self::Totp,
            "recoverycode" => Self::RecoveryCode,
            "token" => Self::Token,
            _ => return None,
        })
    }
}

impl Purpose {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "verification" => Self::EmailVerification,
            "phone-verification" => Self::PhoneVerification,
            "recovery" => Self::Recovery,
            "magic-url" => Self::MagicUrl,
            "email-code" => Self::EmailCode,
            "phone-code" => Self::PhoneCode,
            "generic" => Self::Generic,
            _ => return None,
        })
    }

    pub fn is_by_mail(self) -> bool {
        matches!(self, Self::EmailVerification | Self::Recovery | Self::MagicUrl | Self::EmailCode)
    }

    pub fn is_by_phone(self) -> bool {
        matches!(self, Self::PhoneVerification | Self::PhoneCode)
    }

    pub fn proves_only(self) -> bool {
        matches!(self, Self::EmailVerification | Self::PhoneVerification)
    }
}
