//! No wrong phrase is taken, and each mistake is named.

use expect_test::expect;
use proptest::prelude::*;

use super::*;

const ZERO: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                    abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                    abandon abandon abandon abandon abandon art";

fn message(text: &str) -> String {
    Phrase::parse(text).err().expect("the phrase is wrong").to_string()
}

fn parsed(text: &str) -> Option<[u8; 32]> {
    Phrase::parse(text).ok().map(|phrase| *phrase.entropy())
}

#[test]
fn words_are_those_of_bip_39() {
    assert_eq!(*Phrase::from_entropy([0; 32]).text(), ZERO);
    assert_eq!(parsed(ZERO), Some([0; 32]));
    let all = Phrase::from_entropy([0xff; 32]);
    assert_eq!(all.words()[22..], ["zoo", "vote"]);
}

#[test]
fn the_way_of_writing_does_not_matter() {
    let numbered: String =
        (1..).zip(ZERO.split(' ')).map(|(n, word)| format!("{n}. {word},\n")).collect();
    for text in [ZERO.to_uppercase(), ZERO.replace(' ', "\n\t "), format!("  {ZERO}\n"), numbered] {
        assert_eq!(parsed(&text), Some([0; 32]));
    }
}

#[test]
fn a_wrong_count_says_how_many_are_missing() {
    expect!["a phrase has 24 words, these are 2: 22 missing"].assert_eq(&message("art art"));
    expect!["a phrase has 24 words, these are 25: 1 too many"]
        .assert_eq(&message(&format!("{ZERO} art")));
    expect![[r#"a phrase has 24 words, these are 0: 24 missing"#]].assert_eq(&message(" \n"));
    expect!["a phrase has 24 words, these are 23: 1 missing; word 23 'abandonart' is not on the list; near it: abandon"]
        .assert_eq(&message(&ZERO.replace("abandon art", "abandonart")));
}

#[test]
fn an_unknown_word_is_named_with_what_may_be_meant() {
    let second = |word: &str| ZERO.replacen(" abandon ", &format!(" {word} "), 1);
    expect!["word 2 'abnadon' is not on the list; near it: abandon"]
        .assert_eq(&message(&second("abnadon")));
    expect!["word 2 'aban' is not on the list; near it: abandon, able, again"]
        .assert_eq(&message(&second("aban")));
    expect!["word 2 'qqqqqqq' is not on the list"].assert_eq(&message(&second("qqqqqqq")));
    expect!["word 2 'lettter' is not on the list; near it: letter, better"]
        .assert_eq(&message(&second("lettter")));
    let two = second("ocaen").replace("art", "äpple");
    expect!["word 2 'ocaen' is not on the list; near it: ocean, can, often; word 24 'äpple' is not on the list; near it: apple, ripple, topple"]
        .assert_eq(&message(&two));
}

#[test]
fn no_near_word_is_passed_over() {
    let list = Language::English.word_list();
    let near = |typed: &str| {
        let mut near: Vec<_> = list.iter().map(|known| (distance(typed, known), *known)).collect();
        near.retain(|(distance, _)| *distance <= DISTANCE_MAX);
        near.sort_unstable();
        near.into_iter().take(NEAREST_MAX).map(|(_, known)| known).collect::<Vec<_>>()
    };
    for (at, word) in list.iter().enumerate().step_by(41) {
        let (start, end) = word.split_at(at % word.len());
        let cut = end.get(1..).unwrap_or_default();
        for typed in [
            format!("{start}x{end}"),
            format!("{start}{cut}"),
            format!("{start}zz{cut}"),
            format!("{word}xyz"),
            format!("{end}{start}"),
            format!("{start}\u{e4}{cut}"),
        ] {
            assert_eq!(nearest(&typed), near(&typed), "{typed}");
        }
    }
}

#[test]
fn a_text_that_is_no_phrase_is_not_searched_for_meanings() {
    let text = "lettter ".repeat(100);
    let Err(PhraseError::Count { unknown, .. }) = Phrase::parse(&text) else {
        panic!("no phrase");
    };
    let guessed = unknown.iter().filter(|each| !each.nearest.is_empty()).count();
    assert_eq!((unknown.len(), guessed), (100, 24));
}

#[test]
fn swapped_neighbours_are_found() {
    let phrase = Phrase::from_entropy(std::array::from_fn(|place| place as u8 * 7));
    let mut words = phrase.words();
    words.swap(4, 5);
    let Err(PhraseError::Checksum { swaps }) = Phrase::parse(&words.join(" ")) else {
        panic!("the swap must not pass");
    };
    assert_eq!(swaps, [5]);
    expect!["all 24 words exist, but they do not belong together: one is wrong or two are swapped; these words swapped would fit, by chance or because they are: 5 and 6; look at your note, for other words are another identity"]
        .assert_eq(&message(&words.join(" ")));
}

#[test]
fn a_wrong_word_is_not_taken_for_a_swap() {
    let wrong = ZERO.replace("art", "zoo");
    assert_eq!(Phrase::parse(&wrong).err(), Some(PhraseError::Checksum { swaps: vec![] }));
}

#[test]
fn distances_count_single_mistakes() {
    for (typed, known, expected) in [
        ("ocean", "ocean", 0),
        ("oceann", "ocean", 1),
        ("ocan", "ocean", 1),
        ("ocaen", "ocean", 1),
        ("ocaem", "ocean", 2),
        ("o", "ocean", usize::MAX),
    ] {
        assert_eq!(distance(typed, known), expected, "{typed}");
    }
}

proptest! {
    #[test]
    fn words_bring_the_entropy_back(entropy: [u8; 32]) {
        let phrase = Phrase::from_entropy(entropy);
        prop_assert_eq!(parsed(&phrase.text()), Some(entropy));
    }

    /// One swap in 256 has a right checksum by chance; any other is refused and found.
    #[test]
    fn a_swap_is_found_unless_it_is_a_phrase_itself(entropy: [u8; 32], first in 0_usize..23) {
        let mut words = Phrase::from_entropy(entropy).words();
        words.swap(first, first + 1);
        match Phrase::parse(&words.join(" ")) {
            Ok(phrase) => prop_assert_eq!(phrase.words(), words),
            Err(PhraseError::Checksum { swaps }) => {
                prop_assert!(swaps.is_empty() || swaps.contains(&(first + 1)));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        prop_assert!(Phrase::parse(&text).is_err());
    }
}
