//! Values that must be read again, such as the seed of an authenticator, encrypted before a store sees them.

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{
    framed,
    keys::{MasterKey, Purpose},
};
use crate::model::Sealed;

const NONCE: usize = 24;

/// Seals and opens with XChaCha20-Poly1305 (RFC 8439, with the longer nonce of draft-irtf-cfrg-xchacha-03). The first key seals, all open.
pub(crate) struct Sealer {
    keys: Vec<SealKey>,
}

struct SealKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// `None` without a key.
    pub(crate) fn new(keys: &[MasterKey]) -> Option<Self> {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| SealKey {
                id: key.id(),
                cipher: XChaCha20Poly1305::new((&*key.derive(Purpose::Seal)).into()),
            })
            .collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// Encrypts a value for one place. `context` names the place: whose value it is and what, as [`open`](Self::open) must be told again.
    ///
    /// # Security
    /// The nonce must be drawn anew for each call; its 192 bits are enough for random ones never to meet.
    pub(crate) fn seal(&self, context: &[&[u8]], plain: &[u8], nonce: [u8; NONCE]) -> Sealed {
        let sealing = self.keys.first().and_then(|key| {
            let payload = Payload { msg: plain, aad: &framed(context) };
            Some((key.id.clone(), key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?))
        });
        debug_assert!(sealing.is_some(), "there is a key, and nobody seals 256 GiB");
        let (key, text) = sealing.unwrap_or_default();
        Sealed::new(key, &nonce, &text)
    }

    /// The value, if it was sealed for this place with a key that is still live, and is undamaged.
    pub(crate) fn open(&self, context: &[&[u8]], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.body.split_first_chunk::<NONCE>()?;
        let (nonce, aad) = (XNonce::from(*nonce), framed(context));
        self.keys
            .iter()
            .filter(|key| key.id == sealed.key)
            .find_map(|key| key.cipher.decrypt(&nonce, Payload { msg: text, aad: &aad }).ok())
            .map(Zeroizing::new)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: [u8; 24] = [7; 24];
    const PLACE: &[&[u8]] = &[b"user-1", b"totp"];

    fn key(seed: u8) -> MasterKey {
        MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| seed.wrapping_add(i as u8))).unwrap()
    }

    fn sealer(seeds: &[u8]) -> Sealer {
        Sealer::new(&seeds.iter().map(|seed| key(*seed)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_for_its_place_and_for_no_other() {
        let sealer = sealer(&[1]);
        let sealed = sealer.seal(PLACE, b"seed", NONCE);
        assert_eq!(sealer.open(PLACE, &sealed).unwrap().as_slice(), b"seed");
        let others: [&[&[u8]]; 6] = [
            &[b"user-2", b"totp"],
            &[b"user-1", b"codes"],
            &[b"user-1totp"],
            &[b"user-1t", b"otp"],
            &[b"user-1", b"totp", b""],
            &[],
        ];
        for other in others {
            assert!(sealer.open(other, &sealed).is_none(), "{other:?}");
        }
    }

    #[test]
    fn an_empty_value_and_an_empty_context_are_sealed_like_any_other() {
        let sealed = sealer(&[1]).seal(&[], b"", NONCE);
        assert!(sealer(&[1]).open(&[], &sealed).unwrap().is_empty());
        assert!(sealer(&[1]).open(&[b""], &sealed).is_none());
    }

    #[test]
    fn the_first_key_seals_and_every_live_key_opens() {
        let old = sealer(&[1]).seal(PLACE, b"seed", NONCE);
        let rotated = sealer(&[2, 1]);
        assert!(rotated.open(PLACE, &old).is_some());
        assert!(rotated.open(PLACE, &rotated.seal(PLACE, b"seed", NONCE)).is_some());
        assert_eq!(rotated.seal(PLACE, b"seed", NONCE), sealer(&[2]).seal(PLACE, b"seed", NONCE));
        assert!(sealer(&[2]).open(PLACE, &old).is_none());
        assert!(Sealer::new(&[]).is_none());
    }

    #[test]
    fn the_text_names_the_key_and_comes_back() {
        let sealed = sealer(&[1]).seal(PLACE, b"seed", NONCE);
        let text = String::from(sealed.clone());
        assert!(text.starts_with(&format!("{}.BwcHBw", key(1).id())), "{text}");
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
    }

    #[test]
    fn what_was_never_sealed_is_refused_when_read() {
        let text = String::from(sealer(&[1]).seal(PLACE, b"", NONCE));
        for bad in
            ["", ".", "00000000.", "nonsense", &text[1..], &text[..text.len() - 2], &format!("{text}=")]
        {
            assert!(Sealed::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Sealed>("7").is_err());
    }

    #[test]
    fn a_value_under_the_name_of_another_key_does_not_open() {
        let both = sealer(&[1, 2]);
        let sealed = both.seal(PLACE, b"seed", NONCE);
        assert!(both.open(PLACE, &Sealed { key: key(2).id(), ..sealed }).is_none());
    }

    #[test]
    fn debug_shows_neither_key_nor_value() {
        let sealer = sealer(&[1]);
        assert_eq!(format!("{sealer:?} {:?}", sealer.seal(PLACE, b"s", NONCE)), "Sealer(…) Sealed(…)");
    }

    proptest! {
        #[test]
        fn every_value_comes_back(plain: Vec<u8>, parts: Vec<Vec<u8>>, nonce: [u8; 24]) {
            let context: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let sealed = sealer(&[1]).seal(&context, &plain, nonce);
            let opened = sealer(&[1]).open(&context, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn a_damaged_body_never_opens(plain: Vec<u8>, at: prop::sample::Index, bits in 1..=255_u8, cut: bool) {
            let mut sealed = sealer(&[1]).seal(PLACE, &plain, NONCE);
            let at = at.index(sealed.body.len());
            if cut { sealed.body.truncate(at) } else { sealed.body[at] ^= bits }
            prop_assert!(sealer(&[1]).open(PLACE, &sealed).is_none());
        }

        #[test]
        fn a_damaged_text_never_opens(at: prop::sample::Index, other: char) {
            let text = String::from(sealer(&[1]).seal(PLACE, b"seed", NONCE));
            let at = at.index(text.len());
            let damaged = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assume!(damaged != text);
            let sealed = Sealed::try_from(damaged);
            prop_assert!(sealed.is_err() || sealer(&[1]).open(PLACE, &sealed.unwrap()).is_none());
        }
    }
}
