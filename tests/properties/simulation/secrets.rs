//! Every secret that was drawn, sent, answered or entered, and everything that was ever saved. The
//! one must not be in the other.

use std::collections::HashSet;

use account::{
    ports::{Entropy, EntropyError},
    testing::SeededEntropy,
};
use data_encoding::{BASE64, HEXLOWER};

use crate::simulation::ledger::Book;

/// Of fewer letters, a secret may be part of something else by chance.
const LONG: usize = 16;

#[derive(Default)]
pub(crate) struct Secrets {
    known: HashSet<String>,
    saved: String,
}

impl Secrets {
    pub(crate) fn learn(&mut self, secret: &str) {
        if !self.known.contains(secret) {
            self.known.insert(secret.to_owned());
        }
    }

    /// As [`learn`](Self::learn), with what is inside the wire form of a session.
    pub(crate) fn learn_wire(&mut self, wire: &str) {
        self.learn(wire);
        let inside = String::from_utf8(BASE64.decode(wire.as_bytes()).unwrap()).unwrap();
        self.learn(inside.split('"').rev().nth(1).unwrap());
    }

    /// Remembers what was saved: JSON, or the text of a key.
    pub(crate) fn save(&mut self, text: &str) {
        self.saved.push('"');
        self.saved.push_str(text);
    }

    /// Whether this was saved as a text of its own. It is how one knows that the search finds
    /// something.
    pub(crate) fn has_saved(&self, text: &str) -> bool {
        self.saved.contains(&format!("\"{text}\""))
    }

    /// A secret that was saved as a text of its own, at any time.
    pub(crate) fn saved(&self) -> Option<&str> {
        let mut lengths = vec![false; 512];
        for secret in self.known.iter().filter(|secret| secret.len() < 512) {
            lengths[secret.len()] = true;
        }
        let is_worth = |text: &&str| lengths.get(text.len()).copied().unwrap_or(true);
        self.saved.split('"').filter(is_worth).find(|text| self.known.contains(*text))
    }

    /// A secret that is somewhere in a text.
    pub(crate) fn within(&self, text: &str) -> Option<&str> {
        self.known.iter().map(String::as_str).find(|secret| secret.len() >= LONG && text.contains(*secret))
    }
}

/// Randomness of the seed. What is too long to be an id, a salt or a nonce is a secret.
#[derive(Debug, Clone)]
pub(crate) struct Watching {
    pub(crate) entropy: SeededEntropy,
    pub(crate) book: Book,
}

impl Entropy for Watching {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.entropy.fill(bytes)?;
        if bytes.len() >= 32 {
            self.book.open().secrets.learn(&HEXLOWER.encode(bytes));
        }
        Ok(())
    }
}
