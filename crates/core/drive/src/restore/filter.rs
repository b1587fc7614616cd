//! Which paths of a version are wanted.

/// What a filter says of one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// Wanted, with everything below.
    Whole,
    /// Only a way to something wanted.
    Way,
    /// Not wanted.
    No,
}

/// Paths that are wanted, each with everything below it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The wanted paths without slashes at their ends, and whether each was met.
    paths: Vec<(Vec<u8>, bool)>,
}

impl Filter {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// These paths, as they were on the machine of the backup, and all below them. No paths at all
    /// mean everything.
    pub fn paths(paths: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let trim = |mut path: Vec<u8>| {
            while path.len() > 1 && path.last() == Some(&b'/') {
                path.pop();
            }
            (path, false)
        };
        Self { paths: paths.into_iter().map(trim).collect() }
    }

    /// The wanted paths that were not met so far.
    pub fn unmet(&self) -> impl Iterator<Item = &[u8]> {
        self.paths.iter().filter(|(_, is_met)| !is_met).map(|(path, _)| path.as_slice())
    }

    /// What to do with `path`; marks what it meets.
    pub(crate) fn test(&mut self, path: &[u8]) -> Match {
        if self.paths.is_empty() {
            return Match::Whole;
        }
        let mut found = Match::No;
        for (wanted, is_met) in &mut self.paths {
            if is_below(path, wanted) {
                *is_met = true;
                found = Match::Whole;
            } else if is_below(wanted, path) && found == Match::No {
                found = Match::Way;
            }
        }
        found
    }
}

/// Whether `path` is `above` or lies below it.
fn is_below(path: &[u8], above: &[u8]) -> bool {
    match path.strip_prefix(above) {
        None => false,
        Some(rest) => rest.is_empty() || rest[0] == b'/' || above.last() == Some(&b'/'),
    }
}

#[cfg(test)]
mod tests;
