//! Two words that tell a user that a mail belongs to the page that asked for it.

use crate::{
    crypto::below,
    ports::{Entropy, EntropyError},
};

/// One word a line, sorted.
const ADJECTIVES: &str = include_str!("phrase/adjectives.txt");
const NOUNS: &str = include_str!("phrase/nouns.txt");

/// A security phrase such as `Quiet lantern`, for a request that asks for one: the answer and the mail both show it, so that nobody follows
/// the link of a request that somebody else made.
///
/// # Security
/// Every pair of the million is as likely as any other. It is shown to people and checked by nobody, so it is no secret.
pub(crate) fn phrase(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let (adjective, noun) = (word(ADJECTIVES, entropy)?, word(NOUNS, entropy)?);
    let capital = adjective.chars().take(1).map(|first| first.to_ascii_uppercase());
    Ok(capital.chain(adjective.chars().skip(1)).chain([' ']).chain(noun.chars()).collect())
}

fn word(list: &'static str, entropy: &dyn Entropy) -> Result<&'static str, EntropyError> {
    let place = below(entropy, list.lines().count())?;
    list.lines().nth(place).ok_or(EntropyError)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::ports::SystemEntropy;

    #[test]
    fn h71_the_lists_are_long_sorted_apart_and_of_plain_words() {
        for list in [ADJECTIVES, NOUNS] {
            let words: Vec<_> = list.lines().collect();
            assert!(words.len() >= 512);
            assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "sorted, none twice");
            for word in words {
                assert!(
                    (3..=9).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()),
                    "{word}"
                );
            }
        }
        assert!(ADJECTIVES.lines().count() * NOUNS.lines().count() > 1_000_000);
        assert!(!ADJECTIVES.lines().any(|adjective| NOUNS.lines().any(|noun| noun == adjective)));
    }

    #[test]
    fn a_phrase_is_a_capitalised_adjective_and_a_noun() {
        for _ in 0..200 {
            let phrase = phrase(&SystemEntropy).unwrap();
            let (adjective, noun) = phrase.split_once(' ').unwrap();
            assert!(adjective.starts_with(|first: char| first.is_ascii_uppercase()), "{phrase}");
            assert!(ADJECTIVES.lines().any(|word| word == adjective.to_lowercase()), "{phrase}");
            assert!(NOUNS.lines().any(|word| word == noun), "{phrase}");
        }
    }

    #[test]
    fn phrases_differ_and_reach_both_ends_of_the_lists() {
        let phrases: HashSet<_> = (0..100).map(|_| phrase(&SystemEntropy).unwrap()).collect();
        assert!(phrases.len() > 90);
        assert_eq!(word(NOUNS, &Fixed(0)).unwrap(), NOUNS.lines().next().unwrap());
        let last = NOUNS.lines().count() as u64 - 1;
        assert_eq!(word(NOUNS, &Fixed(last)).unwrap(), NOUNS.lines().last().unwrap());
    }

    #[test]
    fn a_failing_source_gives_no_phrase() {
        #[derive(Debug)]
        struct Broken;
        impl Entropy for Broken {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
                Err(EntropyError)
            }
        }
        assert_eq!(phrase(&Broken), Err(EntropyError));
    }

    /// Draws one number for ever.
    #[derive(Debug)]
    struct Fixed(u64);

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.copy_from_slice(&self.0.to_le_bytes());
            Ok(())
        }
    }
}
