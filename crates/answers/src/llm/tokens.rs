//! How many tokens a text has.

/// How tokens are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// As OpenAI's models since GPT-4o do (`o200k_base`).
    Exact,
    /// For models whose tokenizer is not known here: never fewer than they count, as far as can be known. Tokenizers with
    /// smaller vocabularies need up to about twice as many tokens as `o200k_base` for prose and code in any language; none needs
    /// more tokens than the text has bytes.
    Cautious,
}

/// What [`Counter::Cautious`] multiplies with.
const CAUTION: usize = 2;

impl Counter {
    /// Loads what counting needs: 64 ms and 66 MB, once in a process.
    pub(crate) fn load() {
        bpe_openai::o200k_base();
    }

    /// The number of tokens of `text`, or more.
    pub(crate) fn count(self, text: &str) -> usize {
        let exact = bpe_openai::o200k_base().count(text);
        match self {
            Self::Exact => exact,
            Self::Cautious => (CAUTION * exact).min(text.len()),
        }
    }

    /// A long beginning of `text` that has at most so many tokens.
    pub(crate) fn cut(self, text: &str, most: usize) -> &str {
        if self.count(text) <= most {
            return text;
        }
        let (mut fits, mut too_long) = (0, text.len());
        while too_long - fits > 1 {
            let middle = text.floor_char_boundary(usize::midpoint(fits, too_long));
            if middle <= fits {
                break;
            }
            if self.count(&text[..middle]) <= most { fits = middle } else { too_long = middle }
        }
        &text[..fits]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_texts_have_their_known_numbers_of_tokens() {
        // From OpenAI's tokenizer page, <https://platform.openai.com/tokenizer>.
        assert_eq!(Counter::Exact.count("hello world"), 2);
        assert_eq!(Counter::Exact.count("Many words map to one token, but some don't: indivisible."), 14);
        assert_eq!(Counter::Cautious.count("hello world"), 4);
    }

    proptest! {
        #[test]
        fn caution_counts_more_but_never_more_than_bytes(text in "\\PC{0,200}") {
            let (exact, cautious) = (Counter::Exact.count(&text), Counter::Cautious.count(&text));
            prop_assert!(exact <= cautious && cautious <= text.len());
        }

        #[test]
        fn a_cut_text_is_a_beginning_within_the_number(text in "\\PC{0,120}", most in 0_usize..60) {
            for counter in [Counter::Exact, Counter::Cautious] {
                let short = counter.cut(&text, most);
                prop_assert!(text.starts_with(short) && counter.count(short) <= most);
                prop_assert!(short.len() == text.len() || counter.count(&text) > most, "cut without need");
            }
        }
    }
}
