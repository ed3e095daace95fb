//! The language that the terminal is spoken to in: Japanese where the locale says so, else English.

use sekisho_model::Text;

/// A language of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// 日本語.
    Japanese,
    /// English.
    English,
}

impl Language {
    /// Reads `LC_ALL`, `LC_MESSAGES` and `LANG`, the first that is set.
    pub(crate) fn of_environment() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        if locale.is_some_and(|locale| locale.starts_with("ja")) {
            Self::Japanese
        } else {
            Self::English
        }
    }

    /// The half of a text that is in this language.
    pub(crate) fn of(self, text: &Text) -> &str {
        self.pick(&text.ja, &text.en)
    }

    /// The half of a pair that is in this language.
    pub(crate) fn pick<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Japanese => ja,
            Self::English => en,
        }
    }
}
