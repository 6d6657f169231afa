//! The security phrase: two words that link a message to the page that asked for it.

/// One word a line, sorted.
const ADJECTIVES: &str = include_str!("phrase/adjectives.txt");
const NOUNS: &str = include_str!("phrase/nouns.txt");

/// Draws a security phrase such as `Quiet lantern`.
///
/// Both the page that asked for a message and the message show it, so that users do not follow a
/// link or enter a code that an attacker asked for. `below` draws a random number below its
/// argument.
///
/// # Security
/// Each of the million pairs is equally likely. Users compare the phrase, the service never checks
/// it, so it is not a secret.
pub(crate) fn phrase<E>(mut below: impl FnMut(usize) -> Result<usize, E>) -> Result<String, E> {
    let mut word = |list: &'static str| {
        let index = below(list.lines().count())?;
        Ok(list.lines().nth(index).unwrap_or_default())
    };
    let (adjective, noun) = (word(ADJECTIVES)?, word(NOUNS)?);
    let capital = adjective.chars().take(1).map(|first| first.to_ascii_uppercase());
    Ok(capital.chain(adjective.chars().skip(1)).chain([' ']).chain(noun.chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h71_the_lists_are_long_sorted_apart_and_of_plain_words() {
        for list in [ADJECTIVES, NOUNS] {
            let words: Vec<_> = list.lines().collect();
            assert!(words.len() >= 512);
            assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "sorted and unique");
            for word in words {
                let is_plain = word.bytes().all(|b| b.is_ascii_lowercase());
                assert!((3..=9).contains(&word.len()) && is_plain, "{word}");
            }
        }
        assert!(ADJECTIVES.lines().count() * NOUNS.lines().count() > 1_000_000);
        assert!(!ADJECTIVES.lines().any(|adjective| NOUNS.lines().any(|noun| noun == adjective)));
    }

    #[test]
    fn a_phrase_is_a_capitalised_adjective_and_a_noun() {
        let first = phrase(|_| Ok::<_, ()>(0)).unwrap();
        let (adjective, noun) = first.split_once(' ').unwrap();
        assert!(adjective.starts_with(|first: char| first.is_ascii_uppercase()), "{first}");
        assert_eq!(Some(&*adjective.to_lowercase()), ADJECTIVES.lines().next());
        assert_eq!(Some(noun), NOUNS.lines().next());
    }

    #[test]
    fn phrases_reach_the_last_words() {
        let last = phrase(|words| Ok::<_, ()>(words - 1)).unwrap();
        let (adjective, noun) = last.split_once(' ').unwrap();
        assert_eq!(Some(&*adjective.to_lowercase()), ADJECTIVES.lines().last());
        assert_eq!(Some(noun), NOUNS.lines().last());
    }

    #[test]
    fn a_failing_source_gives_no_phrase() {
        assert_eq!(phrase(|_| Err::<usize, _>("broken")), Err("broken"));
    }
}
