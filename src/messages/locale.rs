//! Languages of messages.

/// A built-in language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Locale {
    /// English, the default for all languages that are not built in.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Brazilian Portuguese.
    Portuguese,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Polish.
    Polish,
    /// Turkish.
    Turkish,
    /// Japanese.
    Japanese,
    /// Chinese in simplified characters. Readers of traditional characters get it too, because they
    /// understand it better than English.
    Chinese,
    /// Arabic.
    Arabic,
}

/// The direction of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Left to right, as in English.
    LeftToRight,
    /// Right to left, as in Arabic.
    RightToLeft,
}

impl Locale {
    /// All built-in languages.
    pub const ALL: [Self; 12] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Italian,
        Self::Dutch,
        Self::Polish,
        Self::Turkish,
        Self::Japanese,
        Self::Chinese,
        Self::Arabic,
    ];

    /// Returns the best match for a language tag, or English.
    ///
    /// The tag is one of BCP 47, in any case; underscores are allowed.
    ///
    /// # Examples
    /// ```
    /// use account::messages::Locale;
    ///
    /// assert_eq!(Locale::best("de-CH"), Locale::German);
    /// assert_eq!(Locale::best("zh_Hans_CN"), Locale::Chinese);
    /// assert_eq!(Locale::best("tlh"), Locale::English);
    /// ```
    #[must_use]
    pub fn best(tag: &str) -> Self {
        let tag = canonical(tag);
        ranges(&tag).find_map(Self::named).unwrap_or_default()
    }

    /// The language tag, such as `de`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Polish => "pl",
            Self::Turkish => "tr",
            Self::Japanese => "ja",
            Self::Chinese => "zh",
            Self::Arabic => "ar",
        }
    }

    /// Returns the language with exactly this tag.
    pub(super) fn named(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }
}

impl Direction {
    /// Returns the direction of the script that a canonical tag names or implies.
    pub(super) fn of(canonical: &str) -> Self {
        let mut subtags = canonical.split('-');
        let language = subtags.next().unwrap_or_default();
        let script =
            subtags.find(|subtag| subtag.len() == 4 && subtag.bytes().all(|b| b.is_ascii_alphabetic()));
        let is_rtl = match script {
            Some(script) => ["arab", "hebr", "thaa", "syrc", "nkoo", "adlm", "rohg"].contains(&script),
            None => ["ar", "fa", "he", "iw", "ur", "ps", "sd", "ug", "yi", "ckb", "dv"].contains(&language),
        };
        if is_rtl { Self::RightToLeft } else { Self::LeftToRight }
    }

    /// The value of the HTML attribute `dir`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// Returns the canonical spelling of a tag: lower case, with hyphens, and with the traditional
/// Chinese script where only the region implies it. Of a list such as `Accept-Language`, the first
/// tag counts.
pub(super) fn canonical(tag: &str) -> String {
    let first = tag.split([',', ';']).next().unwrap_or_default().trim();
    let tag = first.to_ascii_lowercase().replace('_', "-");
    match tag.split_once('-') {
        Some(("zh", region @ ("tw" | "hk" | "mo"))) => format!("zh-hant-{region}"),
        _ => tag,
    }
}

/// Returns a canonical tag and its prefixes, longest first (RFC 4647 §3.4).
pub(super) fn ranges(canonical: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(canonical), |range| range.rsplit_once('-').map(|(shorter, _)| shorter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_is_the_own_language_or_else_english() {
        for (tag, best) in [
            ("de", Locale::German),
            ("de-CH", Locale::German),
            ("de-Latn-DE-1996", Locale::German),
            ("DE_at", Locale::German),
            ("zh", Locale::Chinese),
            ("zh-Hans-CN", Locale::Chinese),
            ("zh_CN", Locale::Chinese),
            ("zh-Hant-TW", Locale::Chinese),
            ("zh-TW", Locale::Chinese),
            ("pt-BR", Locale::Portuguese),
            ("pt-PT", Locale::Portuguese),
            ("ar-EG", Locale::Arabic),
            ("fr-CA, en;q=0.8", Locale::French),
            (" ja ", Locale::Japanese),
            ("en-GB-oxendict", Locale::English),
            ("deu", Locale::English),
            ("dex-CH", Locale::English),
            ("-de", Locale::English),
            ("sv-SE", Locale::English),
            ("", Locale::English),
            ("*", Locale::English),
            ("🏳", Locale::English),
        ] {
            assert_eq!(Locale::best(tag), best, "{tag:?}");
        }
    }

    #[test]
    fn every_language_is_found_by_its_tag() {
        for locale in Locale::ALL {
            assert_eq!(Locale::best(locale.tag()), locale);
        }
    }

    #[test]
    fn a_script_in_the_tag_decides_the_direction() {
        for (tag, direction) in [
            ("ar-eg", Direction::RightToLeft),
            ("he", Direction::RightToLeft),
            ("az-arab", Direction::RightToLeft),
            ("ar-latn", Direction::LeftToRight),
            ("sv", Direction::LeftToRight),
        ] {
            assert_eq!(Direction::of(tag), direction, "{tag}");
        }
    }
}
