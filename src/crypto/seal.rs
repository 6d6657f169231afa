//! Encryption of stored values that must be read again, such as the secret of an authenticator app.

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{
    framing::framed,
    keys::{MasterKey, Purpose},
};
use crate::model::Sealed;

const NONCE_LENGTH: usize = 24;

/// Seals and opens values with XChaCha20-Poly1305 (RFC 8439, with the extended nonce of
/// draft-irtf-cfrg-xchacha-03). The first key seals, all keys open.
pub(crate) struct Sealer {
    keys: Vec<SealKey>,
}

struct SealKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// Returns `None` if there is no key.
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

    /// Encrypts a value and binds it to a context, such as the account and the kind of value.
    /// [`open`](Self::open) needs the same context.
    ///
    /// # Security
    /// The nonce must be freshly drawn for every call. With 192 bits, random nonces do not collide.
    pub(crate) fn seal(&self, context: &[&[u8]], plain: &[u8], nonce: [u8; NONCE_LENGTH]) -> Sealed {
        let sealing = self.keys.first().and_then(|key| {
            let payload = Payload { msg: plain, aad: &framed(context) };
            Some((key.id.clone(), key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?))
        });
        debug_assert!(sealing.is_some(), "there is a key, and no value has 256 GiB");
        let (key, text) = sealing.unwrap_or_default();
        Sealed::new(key, &nonce, &text)
    }

    /// Decrypts a value, or returns `None` if it was sealed for another context, with a key that is
    /// no longer live, or is damaged.
    pub(crate) fn open(&self, context: &[&[u8]], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.body.split_first_chunk::<NONCE_LENGTH>()?;
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
    const CONTEXT: &[&[u8]] = &[b"user-1", b"totp"];

    fn key(seed: u8) -> MasterKey {
        MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| seed.wrapping_add(i as u8))).unwrap()
    }

    fn sealer(seeds: &[u8]) -> Sealer {
        Sealer::new(&seeds.iter().map(|seed| key(*seed)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_in_its_context_only() {
        let sealer = sealer(&[1]);
        let sealed = sealer.seal(CONTEXT, b"seed", NONCE);
        assert_eq!(sealer.open(CONTEXT, &sealed).unwrap().as_slice(), b"seed");
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
    fn empty_values_and_empty_contexts_can_be_sealed() {
        let sealed = sealer(&[1]).seal(&[], b"", NONCE);
        assert!(sealer(&[1]).open(&[], &sealed).unwrap().is_empty());
        assert!(sealer(&[1]).open(&[b""], &sealed).is_none());
    }

    #[test]
    fn the_first_key_seals_and_every_live_key_opens() {
        let old = sealer(&[1]).seal(CONTEXT, b"seed", NONCE);
        let rotated = sealer(&[2, 1]);
        assert!(rotated.open(CONTEXT, &old).is_some());
        assert!(rotated.open(CONTEXT, &rotated.seal(CONTEXT, b"seed", NONCE)).is_some());
        assert_eq!(rotated.seal(CONTEXT, b"seed", NONCE), sealer(&[2]).seal(CONTEXT, b"seed", NONCE));
        assert!(sealer(&[2]).open(CONTEXT, &old).is_none());
        assert!(Sealer::new(&[]).is_none());
    }

    #[test]
    fn the_text_names_the_key_and_round_trips() {
        let sealed = sealer(&[1]).seal(CONTEXT, b"seed", NONCE);
        let text = String::from(sealed.clone());
        assert!(text.starts_with(&format!("{}.BwcHBw", key(1).id())), "{text}");
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
    }

    #[test]
    fn malformed_text_is_refused() {
        let text = String::from(sealer(&[1]).seal(CONTEXT, b"", NONCE));
        for bad in
            ["", ".", "00000000.", "nonsense", &text[1..], &text[..text.len() - 2], &format!("{text}=")]
        {
            assert!(Sealed::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Sealed>("7").is_err());
    }

    #[test]
    fn a_value_with_the_id_of_another_key_does_not_open() {
        let both = sealer(&[1, 2]);
        let sealed = both.seal(CONTEXT, b"seed", NONCE);
        assert!(both.open(CONTEXT, &Sealed { key: key(2).id(), ..sealed }).is_none());
    }

    #[test]
    fn debug_shows_neither_key_nor_value() {
        let sealer = sealer(&[1]);
        assert_eq!(format!("{sealer:?} {:?}", sealer.seal(CONTEXT, b"s", NONCE)), "Sealer(…) Sealed(…)");
    }

    proptest! {
        #[test]
        fn every_value_round_trips(plain: Vec<u8>, parts: Vec<Vec<u8>>, nonce: [u8; 24]) {
            let context: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let sealed = sealer(&[1]).seal(&context, &plain, nonce);
            let opened = sealer(&[1]).open(&context, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn a_damaged_body_never_opens(
            plain: Vec<u8>,
            at: prop::sample::Index,
            bits in 1..=255_u8,
            cut: bool
        ) {
            let mut sealed = sealer(&[1]).seal(CONTEXT, &plain, NONCE);
            let at = at.index(sealed.body.len());
            if cut { sealed.body.truncate(at) } else { sealed.body[at] ^= bits }
            prop_assert!(sealer(&[1]).open(CONTEXT, &sealed).is_none());
        }

        #[test]
        fn a_damaged_text_never_opens(at: prop::sample::Index, other: char) {
            let text = String::from(sealer(&[1]).seal(CONTEXT, b"seed", NONCE));
            let at = at.index(text.len());
            let damaged = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assume!(damaged != text);
            let sealed = Sealed::try_from(damaged);
            prop_assert!(sealed.is_err() || sealer(&[1]).open(CONTEXT, &sealed.unwrap()).is_none());
        }
    }
}
