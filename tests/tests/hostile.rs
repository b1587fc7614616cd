//! No bytes from outside make a decoder panic or take what was never made: the kept corpora and
//! many alterations of them. `UPDATE_EXPECT=1` writes what the encoders make into `fuzz/corpus`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::hostile::{CASES, Chance, DECODERS, Decoder};

/// How the files begin that the encoders make; others were found by fuzzing.
const MADE: &str = "made-";

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |path: PathBuf| (name(&path), std::fs::read(&path).expect("a file"));
    paths(folder).into_iter().map(read).collect()
}

/// What is in a folder; nothing if there is no such folder.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten();
    entries.map(|entry| entry.expect("it can be listed").path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("a name of ours").to_owned()
}

fn corpus(decoder: &Decoder) -> BTreeMap<String, Vec<u8>> {
    files(&fuzz().join("corpus").join(decoder.name))
}

fn made(decoder: &Decoder) -> BTreeMap<String, Vec<u8>> {
    let values = (decoder.valid)();
    values.into_iter().enumerate().map(|(at, bytes)| (format!("{MADE}{at:02}"), bytes)).collect()
}

#[test]
fn each_decoder_has_its_fuzz_target() {
    let names: BTreeSet<String> = DECODERS.iter().map(|each| each.name.to_owned()).collect();
    assert_eq!(names.len(), DECODERS.len(), "a name twice");
    let there = |folder: &str| -> BTreeSet<String> {
        let stem = |path: &PathBuf| name(&path.with_extension(""));
        paths(&fuzz().join(folder)).iter().map(stem).collect()
    };
    assert_eq!(there("fuzz_targets"), names);
    assert_eq!(there("corpus"), names);
}

#[test]
fn what_the_encoders_make_is_kept_and_taken() {
    for decoder in &DECODERS {
        let made = made(decoder);
        for (file, bytes) in &made {
            assert!((decoder.takes)(bytes), "{} refuses {file}", decoder.name);
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            keep(decoder, &made);
        }
        let kept = corpus(decoder).into_iter().filter(|(file, _)| file.starts_with(MADE));
        let what = "the encoders make something else than is kept";
        assert!(kept.eq(made), "{}: {what}; UPDATE_EXPECT=1 keeps it", decoder.name);
    }
}

fn keep(decoder: &Decoder, made: &BTreeMap<String, Vec<u8>>) {
    let folder = fuzz().join("corpus").join(decoder.name);
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in files(&folder).keys().filter(|file| file.starts_with(MADE)) {
        std::fs::remove_file(folder.join(file)).expect("it was there");
    }
    for (file, bytes) in made {
        std::fs::write(folder.join(file), bytes).expect("it can be written");
    }
}

#[test]
fn the_corpora_and_many_alterations_of_each_are_withstood() {
    for decoder in &DECODERS {
        corpus(decoder).values().for_each(|bytes| _ = (decoder.takes)(bytes));
    }
    // Some decoders are a hundred times slower than others: all threads share the work on each.
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(decoder) = DECODERS.get(number / PARTS) else { return };
            withstands(decoder, number % PARTS);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
}

/// The cases of each decoder are thrown in so many parts.
const PARTS: usize = 10;

fn withstands(decoder: &Decoder, part: usize) {
    let corpus: Vec<Vec<u8>> = corpus(decoder).into_values().collect();
    let mut chance = Chance(1 + part as u64);
    let (cases, mut taken) = (CASES / PARTS, 0);
    for _ in 0..cases {
        let [bytes, other] = [0; 2].map(|_| &corpus[chance.below(corpus.len())]);
        taken += usize::from((decoder.takes)(&chance.alter(bytes, other)));
    }
    assert!(taken < cases * 9 / 10, "{}: the cases are too tame", decoder.name);
}

/// The page that tells of them names each, and no others.
#[test]
fn the_page_of_decoders_is_complete() {
    let page = include_str!("../../docs/operations/testing.md");
    let told = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: Vec<&str> = told.collect();
    assert_eq!(told, DECODERS.map(|each| each.name));
}
