//! A folder of made-up pages: seeded words, some frequent and most rare, as in any language.

use std::{fmt::Write as _, fs, io, path::Path};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Different words; a large documentation has about as many.
const VOCABULARY: usize = 50_000;
/// Words between two headings.
const SECTION: usize = 180;
/// Words of a paragraph.
const PARAGRAPH: usize = 45;

/// Draws words. The n-th most frequent one comes up about 1/n as often as the first (Zipf's law).
#[derive(Debug)]
pub struct Words {
    random: StdRng,
    vocabulary: Vec<String>,
    /// The sum of the shares up to each word.
    shares: Vec<f64>,
}

impl Words {
    /// Words that are the same for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let vocabulary = (0..VOCABULARY).map(|_| word(&mut random)).collect();
        let mut sum = 0.0;
        let shares = (1..=u32::try_from(VOCABULARY).unwrap_or(u32::MAX)).map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        });
        let shares = shares.collect();
        Self { random, vocabulary, shares }
    }

    /// The next one.
    pub fn draw(&mut self) -> &str {
        let whole = self.shares[self.shares.len() - 1];
        let at = self.random.random::<f64>() * whole;
        &self.vocabulary[self.shares.partition_point(|sum| *sum < at).min(VOCABULARY - 1)]
    }

    /// Several in a row.
    pub fn sentence(&mut self, words: usize) -> String {
        (0..words).map(|_| self.draw().to_owned()).collect::<Vec<_>>().join(" ")
    }

    /// One of `count`.
    pub fn choose(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }
}

fn word(random: &mut StdRng) -> String {
    const CONSONANTS: &[u8] = b"bcdfghklmnprstvwz";
    const VOWELS: &[u8] = b"aeiou";
    let syllables = random.random_range(2..=4);
    let mut word = String::new();
    for _ in 0..syllables {
        word.push(char::from(CONSONANTS[random.random_range(0..CONSONANTS.len())]));
        word.push(char::from(VOWELS[random.random_range(0..VOWELS.len())]));
    }
    word
}

/// Writes `files` pages of about `bytes` each into folders of a hundred below `folder`.
///
/// # Errors
/// When the disk does not take them.
pub fn write(folder: &Path, files: usize, bytes: usize, words: &mut Words) -> io::Result<()> {
    for number in 0..files {
        let place = folder.join(format!("{:03}", number / 100));
        fs::create_dir_all(&place)?;
        fs::write(place.join(format!("{number:05}.md")), page(bytes, words))?;
    }
    Ok(())
}

fn page(bytes: usize, words: &mut Words) -> String {
    let mut text = format!("# {}\n", words.sentence(3));
    let mut written = 0;
    while text.len() < bytes {
        if written % SECTION == 0 {
            write!(text, "\n## {}\n", words.sentence(4)).unwrap_or_default();
        }
        if written % PARAGRAPH == 0 {
            text.push('\n');
        }
        text.push_str(words.draw());
        text.push(if (written + 1) % PARAGRAPH == 0 { '\n' } else { ' ' });
        written += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_pages_of_the_wanted_size() {
        let (one, other) = (page(10_000, &mut Words::new(7)), page(10_000, &mut Words::new(7)));
        assert_eq!(one, other);
        assert!((10_000..10_100).contains(&one.len()), "{}", one.len());
        assert_ne!(one, page(10_000, &mut Words::new(8)));
    }

    #[test]
    fn some_words_are_frequent_and_most_are_rare() {
        let mut words = Words::new(1);
        let mut counts = std::collections::HashMap::<String, usize>::new();
        for _ in 0..20_000 {
            *counts.entry(words.draw().to_owned()).or_default() += 1;
        }
        let once = counts.values().filter(|count| **count == 1).count();
        assert!(counts.values().any(|count| *count > 1_000) && once > 2_000, "{once} of {}", counts.len());
    }
}
