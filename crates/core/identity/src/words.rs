//! The 24 words (BIP-39, English) and help for whoever mistypes them.
//!
//! Whatever is not exactly right is refused: a wrong phrase must never become another identity.

use std::sync::LazyLock;

use bip39::{Language, Mnemonic};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

#[cfg(test)]
mod tests;

/// Words of a phrase.
pub const PHRASE_WORDS: usize = 24;

/// So many words are offered for an unknown one.
const NEAREST_MAX: usize = 3;
/// A word farther away than this is no likely meaning.
const DISTANCE_MAX: usize = 2;
/// More possible swaps than this would only guess.
const SWAPS_MAX: usize = 3;

/// 256 bits of entropy, written as 24 words. Whoever has it is the identity.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Phrase([u8; 32]);

/// Why words are not a phrase. Positions count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Not 24 words.
    #[error("{}", count_text(*found, unknown))]
    Count {
        /// The words found.
        found: usize,
        /// Those among them that are on no list: two words run together, for example.
        unknown: Vec<UnknownWord>,
    },
    /// 24 words, some of which are not on the list.
    #[error("{}", unknown_text(.0))]
    Unknown(Vec<UnknownWord>),
    /// All words exist, but the last one, which checks the others, does not fit them.
    #[error("{}", checksum_text(swaps))]
    Checksum {
        /// Positions of words that would fit if each were swapped with the next one; empty also
        /// when there are too many to tell.
        swaps: Vec<usize>,
    },
}

/// A word that is not on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// Its place in the phrase, from 1.
    pub position: usize,
    /// As it was typed, in small letters.
    pub word: String,
    /// What may have been meant, most likely first; at most three, and for the first 24 only.
    pub nearest: Vec<&'static str>,
}

impl Phrase {
    /// The phrase of 32 random bytes.
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(entropy)
    }

    /// Reads 24 words. Capitals, line breaks, commas and numbers before the words do not matter.
    ///
    /// # Errors
    /// Too few or too many words, an unknown word, or words that do not belong together.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let lower = Zeroizing::new(text.to_lowercase());
        let words: Vec<&str> = lower
            .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
            .map(|word| word.trim_start_matches(|c: char| c.is_ascii_digit() || ".):".contains(c)))
            .filter(|word| !word.is_empty())
            .collect();
        let mut unknown: Vec<UnknownWord> = (1..).zip(&words).filter_map(unknown_word).collect();
        // More of them are no phrase with typing errors but some other text.
        for each in unknown.iter_mut().take(PHRASE_WORDS) {
            each.nearest = nearest(&each.word);
        }
        if words.len() != PHRASE_WORDS {
            return Err(PhraseError::Count { found: words.len(), unknown });
        }
        if !unknown.is_empty() {
            return Err(PhraseError::Unknown(unknown));
        }
        entropy(&words).map(Self).ok_or_else(|| PhraseError::Checksum { swaps: swaps(words) })
    }

    /// The 24 words.
    pub fn words(&self) -> [&'static str; PHRASE_WORDS] {
        let mnemonic = self.mnemonic();
        let mut words = mnemonic.words();
        std::array::from_fn(|_| words.next().expect("32 bytes make 24 words"))
    }

    /// The 24 words with a space between them.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.words().join(" "))
    }

    /// The 32 bytes behind the words.
    pub fn entropy(&self) -> &[u8; 32] {
        &self.0
    }

    /// The BIP-39 seed with the empty passphrase.
    pub(crate) fn bip39_seed(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.mnemonic().to_seed_normalized(""))
    }

    fn mnemonic(&self) -> Zeroizing<Mnemonic> {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, &self.0);
        Zeroizing::new(mnemonic.expect("32 bytes are an entropy of BIP-39"))
    }
}

fn unknown_word((position, word): (usize, &&str)) -> Option<UnknownWord> {
    let is_known = Language::English.find_word(word).is_some();
    (!is_known).then(|| UnknownWord { position, word: (*word).into(), nearest: vec![] })
}

fn entropy(words: &[&str]) -> Option<[u8; 32]> {
    let text = Zeroizing::new(words.join(" "));
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, &text).ok()?;
    Zeroizing::new(mnemonic.to_entropy()).as_slice().try_into().ok()
}

/// Where one swap of neighbours makes the phrase right. One of 256 wrong swaps looks right too.
fn swaps(mut words: Vec<&str>) -> Vec<usize> {
    let mut found = vec![];
    for first in 0..words.len() - 1 {
        words.swap(first, first + 1);
        if words[first] != words[first + 1] && entropy(&words).is_some() {
            found.push(first + 1);
        }
        words.swap(first, first + 1);
    }
    if found.len() > SWAPS_MAX { vec![] } else { found }
}

fn nearest(word: &str) -> Vec<&'static str> {
    // Letters that a word of the list lacks must each be dropped or changed.
    let letters = letters_of(word);
    let mut near: Vec<(usize, &str)> = LETTERS
        .iter()
        .filter(|(of_known, known)| {
            let lacking = (letters & !of_known).count_ones() as usize;
            lacking <= DISTANCE_MAX || word.starts_with(known)
        })
        .map(|(_, known)| (distance(word, known), *known))
        .filter(|(distance, _)| *distance <= DISTANCE_MAX)
        .collect();
    near.sort_unstable();
    near.into_iter().take(NEAREST_MAX).map(|(_, known)| known).collect()
}

/// Each word of the list with the set of its letters.
static LETTERS: LazyLock<Vec<(u32, &'static str)>> = LazyLock::new(|| {
    let words = Language::English.word_list().iter();
    words.map(|word| (letters_of(word), *word)).collect()
});

/// The letters `a` to `z` of a word, a bit each.
fn letters_of(word: &str) -> u32 {
    let letters = word.bytes().filter(u8::is_ascii_lowercase);
    letters.fold(0, |set, letter| set | 1 << (letter - b'a'))
}

/// Letters of the longest word of the list.
const LETTERS_MAX: usize = 8;

/// Letters to add, drop, change or swap with a neighbour (optimal string alignment). The first four
/// letters name a word of the list, so that a word cut off after them counts as near.
fn distance(typed: &str, known: &str) -> usize {
    if typed.len() >= 4 && typed != known && (known.starts_with(typed) || typed.starts_with(known))
    {
        return 1;
    }
    let (typed, known) = (typed.as_bytes(), known.as_bytes());
    if typed.len().abs_diff(known.len()) > DISTANCE_MAX || known.len() > LETTERS_MAX {
        return usize::MAX;
    }
    let mut before = [0; LETTERS_MAX + 1];
    let mut above: [usize; LETTERS_MAX + 1] = std::array::from_fn(|column| column);
    for row in 1..=typed.len() {
        let mut line = [row; LETTERS_MAX + 1];
        for column in 1..=known.len() {
            let is_other = usize::from(typed[row - 1] != known[column - 1]);
            let mut best =
                (above[column] + 1).min(line[column - 1] + 1).min(above[column - 1] + is_other);
            let is_swapped = row > 1
                && column > 1
                && typed[row - 1] == known[column - 2]
                && typed[row - 2] == known[column - 1];
            if is_swapped {
                best = best.min(before[column - 2] + 1);
            }
            line[column] = best;
        }
        before = std::mem::replace(&mut above, line);
    }
    above[known.len()]
}

fn count_text(found: usize, unknown: &[UnknownWord]) -> String {
    let difference = found.abs_diff(PHRASE_WORDS);
    let direction = if found < PHRASE_WORDS { "missing" } else { "too many" };
    let count =
        format!("a phrase has {PHRASE_WORDS} words, these are {found}: {difference} {direction}");
    if unknown.is_empty() { count } else { format!("{count}; {}", unknown_text(unknown)) }
}

fn unknown_text(unknown: &[UnknownWord]) -> String {
    let texts = unknown.iter().map(|each| {
        let UnknownWord { position, word, nearest } = each;
        match nearest.as_slice() {
            [] => format!("word {position} '{word}' is not on the list"),
            near => {
                format!("word {position} '{word}' is not on the list; near it: {}", near.join(", "))
            }
        }
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn checksum_text(swaps: &[usize]) -> String {
    let start = "all 24 words exist, but they do not belong together: \
                 one is wrong or two are swapped";
    if swaps.is_empty() {
        return start.into();
    }
    let pairs: Vec<String> =
        swaps.iter().map(|first| format!("{first} and {}", first + 1)).collect();
    format!(
        "{start}; these words swapped would fit, by chance or because they are: {}; look at your \
         note, for other words are another identity",
        pairs.join(", or ")
    )
}
