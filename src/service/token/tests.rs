use super::*;
use crate::{crypto::MasterKey, model::Contact, ports::SystemEntropy};

const NOW: Timestamp = Timestamp::MIN;
const SIGN_IN: [TokenPurpose; 5] = TokenPurpose::SIGN_IN;

struct Keys(CodeKeys, Config, ClientInfo);

impl Keys {
    fn new() -> Self {
        let key = MasterKey::generate().unwrap();
        Self(CodeKeys::new(std::slice::from_ref(&key)).unwrap(), Config::new(key), ClientInfo::default())
    }

    fn guard(&self) -> Guard<'_> {
        Guard { codes: &self.0, config: &self.1, client: &self.2 }
    }
}

fn draft() -> Draft {
    let mut account = Account::new("ada".parse().unwrap(), NOW);
    let target = "06q2vgk1o0000000000000000e".parse().unwrap();
    account.email = Some(Contact::new("ada@example.com".parse().unwrap(), target, NOW));
    Draft::new(account, NOW)
}

fn new(purpose: TokenPurpose, secret: &str) -> NewToken {
    let mut bits = [0; 10];
    crate::ports::Entropy::fill(&SystemEntropy, &mut bits).unwrap();
    NewToken {
        id: TokenId::generate(NOW, bits),
        purpose,
        secret: Arc::new(Secret::new(secret.to_owned())),
        created_at: NOW,
        expires_at: NOW.after(purpose.lifetime()),
    }
}

fn tries(draft: &Draft) -> Vec<(TokenPurpose, u8)> {
    draft.tokens.iter().map(|token| (token.purpose, token.tries)).collect()
}

#[test]
fn one_code_and_five_links_of_a_purpose_are_kept() {
    let (keys, mut draft) = (Keys::new(), draft());
    for n in 0..7 {
        draft.issue(&new(TokenPurpose::EmailCode, &format!("00000{n}")), keys.guard());
        draft.issue(&new(TokenPurpose::MagicUrl, &n.to_string().repeat(64)), keys.guard());
    }
    assert_eq!(draft.tokens.len(), 6);
    for (secret, is_there) in
        [("000005", false), ("000006", true), (&*"1".repeat(64), false), (&*"2".repeat(64), true)]
    {
        assert_eq!(draft.redeem(secret, &SIGN_IN, keys.guard()).is_ok(), is_there, "{secret}");
    }
}

#[test]
fn a_wrong_guess_counts_at_each_possible_code_and_the_account() {
    use TokenPurpose::{EmailCode, MagicUrl, PhoneCode, PhoneVerification};

    let (keys, mut draft) = (Keys::new(), draft());
    for (purpose, secret) in [
        (EmailCode, "111111"),
        (PhoneCode, "222222"),
        (PhoneVerification, "333333"),
        (MagicUrl, &*"4".repeat(64)),
    ] {
        draft.issue(&new(purpose, secret), keys.guard());
    }
    let refused = draft.redeem("333333", &SIGN_IN, keys.guard());
    assert!(matches!(refused, Err(Abort::SaveAndRefuse(Error::InvalidToken))));
    assert_eq!(tries(&draft), [(EmailCode, 1), (PhoneCode, 1), (PhoneVerification, 0), (MagicUrl, 0)]);
    assert_eq!(draft.failures.run, 1);
    let refused = draft.redeem(&"5".repeat(64), &SIGN_IN, keys.guard());
    assert!(matches!(refused, Err(Abort::Refuse(Error::InvalidToken))), "too long to be guessed");
    assert_eq!(draft.failures.run, 1);
    for _ in 0..4 {
        assert!(draft.redeem("000000", &SIGN_IN, keys.guard()).is_err());
    }
    assert_eq!(tries(&draft), [(PhoneVerification, 0), (MagicUrl, 0)]);
}

#[test]
fn while_guesses_are_locked_only_mailed_tokens_are_accepted() {
    let (keys, mut draft) = (Keys::new(), draft());
    for (purpose, secret) in [(TokenPurpose::PhoneCode, "222222"), (TokenPurpose::Generic, "333333")] {
        draft.issue(&new(purpose, secret), keys.guard());
    }
    draft.failures.locked_until = Some(NOW.after(Duration::from_secs(1)));
    for secret in ["222222", "333333", "000000"] {
        let refused = draft.redeem(secret, &SIGN_IN, keys.guard());
        assert!(matches!(refused, Err(Abort::Refuse(Error::InvalidToken))), "{secret} writes nothing");
    }
    assert!(draft.tokens.iter().all(|token| token.tries == 0));
    draft.issue(&new(TokenPurpose::EmailCode, "111111"), keys.guard());
    let refused = draft.redeem("222222", &SIGN_IN, keys.guard());
    assert!(
        matches!(refused, Err(Abort::SaveAndRefuse(Error::InvalidToken))),
        "it may have been meant for the mailed one"
    );
    assert!(draft.redeem("111111", &SIGN_IN, keys.guard()).is_ok());
    assert_eq!(draft.failures.run, 0);
}

#[test]
fn a_link_tells_whose_it_is_before_anything_else() {
    let allowed = crate::model::AllowedRedirects::new(["app.example.com"], []).unwrap();
    let url = allowed.check("https://app.example.com/?a=1&userId=eve").unwrap();
    let link = new(TokenPurpose::Recovery, "s1").link(&url, &draft().account, &[("expire", "2026")]);
    assert_eq!(link.expose(), "https://app.example.com/?a=1&userId=ada&secret=s1&expire=2026");
}
