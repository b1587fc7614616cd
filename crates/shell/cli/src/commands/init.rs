//! `bitdust init`: makes an identity, or brings one back. It needs no daemon and no network.

use std::io::{IsTerminal, stdout};

use base::{Date, SecretKey, SymmetricKey};
use daemon::work::{FRESH_MARK, RECOVER_MARK};
use disk::document::Document;
use identity::{
    Cost, DEVICE_NAME_BYTES_MAX, DeviceName, Keystore, PHRASE_WORDS, Phrase, Seed, seal_keystore,
};
use serde::Serialize;

use super::Context;
use crate::args::InitArgs;
use crate::ask::{self, PasswordFrom};
use crate::errors::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::facts;

/// Words that are asked for again.
const CONFIRMED_WORDS: usize = 3;

/// How often each of them may be mistyped.
const CONFIRM_TRIES: usize = 3;

/// How the words are printed: so many in a column.
const WORDS_IN_COLUMN: usize = 6;

/// What was made, for programs.
#[derive(Serialize)]
struct Made {
    identity: String,
    device: String,
    name: String,
    home: String,
    recovered: bool,
    has_password: bool,
    /// The 24 words, once, if they are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<[&'static str; PHRASE_WORDS]>,
}

/// Makes or recovers the identity of the home.
pub(super) fn init(context: &Context, args: &InitArgs) -> Outcome<()> {
    let (home, screen) = (&context.home, context.screen);
    let name = device_name(args.name.as_deref())?;
    home.make()?;
    let _lock = home.lock()?;
    if home.keystore().exists() {
        let happened = format!("There is an identity in {} already.", home.path().display());
        return Err(Failure::of("home-exists", happened));
    }
    if !args.recover && home.path().join("drive").exists() {
        let happened = format!("{} holds the drive of an earlier identity.", home.path().display());
        return Err(Failure::of("home-exists", happened));
    }
    // Whatever may be wrong with the settings is found before anything is made.
    let settings = home.settings()?;
    let phrase = if args.recover { recovered_phrase(args)? } else { new_phrase()? };
    let from = PasswordFrom::flags(args.password_file.as_deref(), args.no_password);
    let password = ask::new_password(from, screen)?;

    let seed = Seed::new(&phrase);
    let device = SecretKey::from_seed(SymmetricKey(random()?));
    let keystore = Keystore::from_seed(&seed, seed.chain(), device, name.clone(), now());
    let keystore = keystore
        .map_err(|error| Failure::caused("init-failed", "The keys cannot be made", &error))?;
    if !args.recover {
        show_words(screen, &phrase)?;
        let is_asked = ask::is_interactive() && !screen.is_json() && !args.yes;
        if is_asked {
            confirm(&phrase)?;
        }
    }
    if let Some(network) = &args.network
        && *network != settings.network.name
    {
        super::config::set_in_home(home, "network.name", network)?;
    }
    mark(context, args.recover)?;
    save(&home.keystore(), &keystore, &password)?;
    let made = Made {
        identity: keystore.identity().to_string(),
        device: keystore.device_id().to_string(),
        name: name.to_string(),
        home: home.path().display().to_string(),
        recovered: args.recover,
        has_password: !password.is_empty(),
        words: (!args.recover).then(|| phrase.words()),
    };
    screen.show(&made, summary)?;
    screen.hint(if args.recover {
        "Now run the node; it finds your files: bitdust run --bootstrap ADDRESS"
    } else {
        "Now run the node: bitdust run"
    });
    Ok(())
}

/// Seals the keystore with a fresh salt and writes it. What an older password opened is gone then.
pub(super) fn save(document: &Document, keystore: &Keystore, password: &str) -> Outcome<()> {
    let failed = |error: &dyn std::error::Error| {
        Failure::caused("keystore-not-written", "The keystore cannot be written", error)
    };
    let cost = if password.is_empty() { Cost::fast() } else { Cost::standard() };
    let sealed = seal_keystore(keystore, password, cost, random()?).map_err(|e| failed(&e))?;
    document.save_only(&sealed).map_err(|error| failed(&error))
}

/// Leaves one of the two marks; an earlier attempt may have left the other one.
fn mark(context: &Context, is_recovery: bool) -> Outcome<()> {
    let (mark, other) =
        if is_recovery { (RECOVER_MARK, FRESH_MARK) } else { (FRESH_MARK, RECOVER_MARK) };
    let failed = |error: &dyn std::error::Error| {
        Failure::caused("init-failed", "The home cannot be written", error)
    };
    match std::fs::remove_file(context.home.path().join(other)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&error)),
        Ok(()) | Err(_) => {}
    }
    let mark = Document::new(context.home.path().join(mark), 0, 1);
    mark.save(b"").map_err(|error| failed(&error))
}

fn new_phrase() -> Outcome<Phrase> {
    Ok(Phrase::from_entropy(random()?))
}

fn recovered_phrase(args: &InitArgs) -> Outcome<Phrase> {
    let words = ask::words(args.words_file.as_deref())?;
    Phrase::parse(&words).map_err(|error| {
        let text = error.to_string();
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let happened: String = first.into_iter().chain(letters).chain(['.']).collect();
        Failure::of("wrong-words", happened)
    })
}

/// The name that was given, or the computer's.
fn device_name(given: Option<&str>) -> Outcome<DeviceName> {
    if let Some(name) = given {
        let wrong = |error| Failure::caused("usage", "--name cannot be taken", &error);
        return DeviceName::new(name).map_err(wrong);
    }
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let mut name: String = host.chars().filter(|c| !c.is_control()).collect();
    while name.len() > DEVICE_NAME_BYTES_MAX {
        name.pop();
    }
    let name = if name.is_empty() { "device" } else { &name };
    DeviceName::new(name).map_err(|error| {
        Failure::caused("usage", "The host name cannot be taken, use --name", &error)
    })
}

/// The words in numbered columns, for people.
fn show_words(screen: Screen, phrase: &Phrase) -> Outcome<()> {
    if screen.is_json() {
        return Ok(());
    }
    let words = phrase.words();
    let row = |row: usize| {
        let cells = (row..PHRASE_WORDS).step_by(WORDS_IN_COLUMN);
        let cells: Vec<String> =
            cells.map(|at| format!("{:>2}. {:<10}", at + 1, words[at])).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    let rows: String = (0..WORDS_IN_COLUMN).map(row).collect();
    screen.show(&(), |()| {
        format!(
            "These 24 words are your identity and all your files. Write them down on paper, in this\n\
             order, now: they are shown once, stored nowhere, and nobody else can bring them back.\n\
             Whoever reads them has everything.\n\n{rows}"
        )
    })
}

/// Asks for some of the words again, so that nobody clicks through.
fn confirm(phrase: &Phrase) -> Outcome<()> {
    if !stdout().is_terminal() {
        return Ok(());
    }
    let words = phrase.words();
    for at in places()? {
        if !types_word(at, words[at])? {
            let happened = format!("Word {} was not the right one.", at + 1);
            return Err(Failure::of("words-not-confirmed", happened));
        }
    }
    Ok(())
}

fn types_word(at: usize, word: &str) -> Outcome<bool> {
    for _ in 0..CONFIRM_TRIES {
        if ask::answer(&format!("Word {}: ", at + 1))?.eq_ignore_ascii_case(word) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Different places, in their order.
fn places() -> Outcome<Vec<usize>> {
    let mut places = Vec::new();
    while places.len() < CONFIRMED_WORDS {
        let [byte] = random::<1>()?;
        // 240 is a multiple of 24: no place is more likely than another.
        let place = usize::from(byte) % PHRASE_WORDS;
        if byte < 240 && !places.contains(&place) {
            places.push(place);
        }
    }
    places.sort_unstable();
    Ok(places)
}

fn summary(made: &Made) -> String {
    let Made { identity, device, name, home, recovered, has_password, .. } = made;
    let head = if *recovered { "\nThe identity is back.\n" } else { "\nThe identity is made.\n" };
    let protected = if *has_password { "with a password" } else { "without a password" };
    head.to_owned()
        + &facts(&[
            ("identity", identity.clone()),
            ("device", format!("{device} ({name})")),
            ("home", format!("{home}, keys {protected}")),
        ])
}

/// The date.
pub(super) fn now() -> Date {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Date(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}

/// Random bytes of the system.
pub(super) fn random<const N: usize>() -> Outcome<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|error| Failure::caused("init-failed", "The system has no randomness", &error))?;
    Ok(bytes)
}
