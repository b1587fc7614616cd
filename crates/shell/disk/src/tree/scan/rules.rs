//! Which entries the command line and the ignore files leave out.

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::directory::Directory;
use super::{Problem, ScanError, What};

/// A larger ignore file excludes nothing and is a problem.
const IGNORE_FILE_BYTES_MAX: usize = 1 << 20;

/// More broken lines of one file are not reported one by one.
const IGNORE_LINE_PROBLEMS_MAX: usize = 16;

/// The patterns in force at one place of the walk, outermost first.
#[derive(Debug)]
pub(super) struct Rules {
    command: Gitignore,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    /// How many bytes of a path lead to this directory, its slash included.
    prefix: usize,
    files: Vec<Gitignore>,
}

impl Rules {
    pub(super) fn new(patterns: &[String]) -> Result<Rules, ScanError> {
        let error = |pattern: &str, source| ScanError::Pattern { pattern: pattern.into(), source };
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            builder.add_line(None, pattern).map_err(|source| error(pattern, source))?;
        }
        let command = builder.build().map_err(|source| error(&patterns.join(" "), source))?;
        Ok(Rules { command, levels: Vec::new() })
    }

    /// Takes up the ignore files of a directory, of which a later one wins.
    pub(super) fn enter<'a>(
        &mut self,
        directory: &Directory,
        names: impl Iterator<Item = &'a str>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for name in names {
            let mut lines = Vec::new();
            match parse(directory, name, &mut lines) {
                Ok(file) => files.push(file),
                Err(what) => lines.push(what),
            }
            let path = directory.path.join_checked(name.as_bytes());
            let path = path.unwrap_or_else(|_| directory.path.clone());
            problems.extend(lines.into_iter().map(|what| Problem { path: path.clone(), what }));
        }
        let bytes = directory.path.as_bytes().len();
        let prefix = if directory.path.is_root() { 0 } else { bytes + 1 };
        self.levels.push(Level { prefix, files });
        problems
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Whether the entry of this path, in the directory entered last, is left out.
    pub(super) fn excludes(&self, path: &[u8], is_directory: bool) -> bool {
        let verdict = |rules: &Gitignore, path: &[u8]| match rules
            .matched(Path::new(OsStr::from_bytes(path)), is_directory)
        {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        };
        if let Some(verdict) = verdict(&self.command, path) {
            return verdict;
        }
        for level in self.levels.iter().rev() {
            let relative = path.get(level.prefix..).unwrap_or(path);
            for file in level.files.iter().rev() {
                if let Some(verdict) = verdict(file, relative) {
                    return verdict;
                }
            }
        }
        false
    }
}

fn parse(directory: &Directory, name: &str, problems: &mut Vec<What>) -> Result<Gitignore, What> {
    let text =
        directory.read_small(name.as_bytes(), IGNORE_FILE_BYTES_MAX).map_err(What::IgnoreFile)?;
    if text.len() > IGNORE_FILE_BYTES_MAX {
        return Err(What::IgnoreFileTooLarge);
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut builder = GitignoreBuilder::new("");
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let is_good = std::str::from_utf8(line)
            .is_ok_and(|line| builder.add_line(None, line.trim_end_matches('\r')).is_ok());
        if !is_good && problems.len() < IGNORE_LINE_PROBLEMS_MAX {
            problems.push(What::IgnoreLine { line: index + 1 });
        }
    }
    builder.build().map_err(|_| What::IgnoreFileTooLarge)
}
