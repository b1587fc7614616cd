//! What only the user can say: passwords and words, from a terminal, a file or the standard input.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::errors::{Failure, Outcome};
use crate::screen::Screen;

/// Bytes of a file with a password or words at most.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// A text that is wiped when it is dropped.
pub(crate) type Secret = Zeroizing<String>;

/// Where a password comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PasswordFrom<'a> {
    /// The first line of a file.
    File(&'a Path),
    /// The user, at a terminal.
    Terminal,
    /// There is none.
    Nowhere,
}

impl<'a> PasswordFrom<'a> {
    /// What the flags say.
    pub(crate) fn flags(file: Option<&'a Path>, has_none: bool) -> Self {
        match file {
            Some(file) => Self::File(file),
            None if has_none => Self::Nowhere,
            None => Self::Terminal,
        }
    }
}

/// Whether somebody sits there who can answer.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A password that exists already.
///
/// # Errors
/// The file cannot be read, or there is no terminal.
pub(crate) fn password(from: PasswordFrom<'_>, prompt: &str) -> Outcome<Secret> {
    match from {
        PasswordFrom::File(path) => first_line(path),
        PasswordFrom::Nowhere => Ok(Secret::default()),
        PasswordFrom::Terminal if is_interactive() => hidden(prompt),
        PasswordFrom::Terminal => Err(Failure::of(
            "password-needed",
            "A password is needed, and there is no terminal to ask for it.",
        )),
    }
}

/// A new password; from a terminal it is asked for twice. An empty one is allowed, with a warning.
///
/// # Errors
/// As [`password`], or the two differ.
pub(crate) fn new_password(from: PasswordFrom<'_>, screen: Screen) -> Outcome<Secret> {
    let is_asked = matches!(from, PasswordFrom::Terminal);
    let new = password(from, "New password (empty for none): ")?;
    if is_asked && *new != *hidden("The same again: ")? {
        return Err(Failure::of("password-mismatch", "The two passwords differ."));
    }
    if new.is_empty() {
        screen.warn(
            "Warning: without a password, whoever can read the home of this node has its keys.",
        );
    }
    Ok(new)
}

/// The 24 words of a recovery: a file, `-` or no terminal for the standard input, or asked for.
///
/// # Errors
/// They cannot be read.
pub(crate) fn words(file: Option<&Path>) -> Outcome<Secret> {
    match file {
        Some(path) if path != Path::new("-") => whole(path),
        None if is_interactive() => {
            tell("The 24 words, in their order, in one or more lines; an empty line ends them:\n");
            let mut words = Secret::default();
            while let Some(line) = next_line()?.filter(|line| !line.trim().is_empty()) {
                words.push_str(&line);
                if words.split_whitespace().count() >= identity::PHRASE_WORDS {
                    break;
                }
            }
            Ok(words)
        }
        Some(_) | None => limited(io::stdin().lock()).map_err(|error| unread("the words", &error)),
    }
}

/// One answer, in the open.
///
/// # Errors
/// The standard input cannot be read.
pub(crate) fn answer(prompt: &str) -> Outcome<String> {
    tell(prompt);
    Ok(next_line()?.unwrap_or_default().trim().to_owned())
}

fn next_line() -> Outcome<Option<Secret>> {
    let mut line = Secret::default();
    let read = io::stdin().lock().take(SECRET_BYTES_MAX).read_line(&mut line);
    match read.map_err(|error| unread("the answer", &error))? {
        0 => Ok(None),
        _ => Ok(Some(line)),
    }
}

fn hidden(prompt: &str) -> Outcome<Secret> {
    let read = rpassword::prompt_password(prompt);
    read.map(Secret::new).map_err(|error| unread("the password", &error))
}

fn first_line(path: &Path) -> Outcome<Secret> {
    let text = whole(path)?;
    Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn whole(path: &Path) -> Outcome<Secret> {
    let file = std::fs::File::open(path);
    file.and_then(limited).map_err(|error| unread(&path.display().to_string(), &error))
}

fn limited(from: impl Read) -> io::Result<Secret> {
    let mut text = Secret::default();
    from.take(SECRET_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn tell(prompt: &str) {
    let mut out = io::stderr();
    // If it cannot be shown, the answer fails as well.
    let _ = out.write_all(prompt.as_bytes()).and_then(|()| out.flush());
}

fn unread(what: &str, error: &io::Error) -> Failure {
    Failure::of("input-unreadable", format!("Cannot read {what}: {error}."))
}
