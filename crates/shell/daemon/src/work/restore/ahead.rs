//! The next steps of a restore, so that what they need is fetched before it is their turn.

use std::collections::VecDeque;

use drive::format::{Content, Kind};
use drive::restore::{Reader, RestoreError, Step, Walk};

/// Steps that are known ahead.
const STEPS_MAX: usize = 2_048;
/// With fewer the walk goes on.
const STEPS_MIN: usize = 1_024;

/// A step, or a directory whose rest cannot be read.
pub(super) enum Next {
    /// What to do.
    Step(Step),
    /// Something of the version is damaged.
    Broken {
        /// Which root of the version.
        root: usize,
        /// The directory below it.
        path: Vec<u8>,
        /// Why.
        error: RestoreError,
    },
}

/// The steps ahead.
pub(super) struct Ahead {
    walk: Walk,
    /// Each with whether its content must be fetched.
    steps: VecDeque<(Next, bool)>,
    /// Contents at the front that the reader was told of.
    told: usize,
    /// How many it was told of last.
    told_last: usize,
    is_end: bool,
}

impl Ahead {
    pub(super) fn new(walk: Walk) -> Self {
        Self { walk, steps: VecDeque::new(), told: 0, told_last: 0, is_end: false }
    }

    /// The next step; `must_fetch` says of a file whether its content will be needed.
    ///
    /// # Errors
    /// The walk cannot go on at all.
    pub(super) fn next(
        &mut self,
        reader: &mut Reader<'_>,
        must_fetch: impl Fn(&Step) -> bool,
    ) -> Result<Option<Next>, RestoreError> {
        if self.steps.len() < STEPS_MIN && !self.is_end {
            self.fill(reader, must_fetch)?;
        }
        // Half of what was told is used up: the next part is fetched while the rest is read.
        if self.told * 2 <= self.told_last {
            self.tell(reader)?;
        }
        let Some((next, is_fetched)) = self.steps.pop_front() else { return Ok(None) };
        if is_fetched {
            self.told = self.told.saturating_sub(1);
        }
        Ok(Some(next))
    }

    fn fill(
        &mut self,
        reader: &mut Reader<'_>,
        must_fetch: impl Fn(&Step) -> bool,
    ) -> Result<(), RestoreError> {
        while self.steps.len() < STEPS_MAX {
            match self.walk.next(reader) {
                Ok(Some(step)) => {
                    let is_fetched = content_of(&step).is_some() && must_fetch(&step);
                    self.steps.push_back((Next::Step(step), is_fetched));
                }
                Ok(None) => {
                    self.is_end = true;
                    break;
                }
                Err(error) if is_damage(&error) => {
                    let (root, path) = self.walk.here();
                    let path = path.to_vec();
                    self.steps.push_back((Next::Broken { root, path, error }, false));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn tell(&mut self, reader: &mut Reader<'_>) -> Result<(), RestoreError> {
        let contents: Vec<&Content> = self
            .steps
            .iter()
            .filter(|(_, is_fetched)| *is_fetched)
            .filter_map(|(next, _)| match next {
                Next::Step(step) => content_of(step),
                Next::Broken { .. } => None,
            })
            .skip(self.told)
            .collect();
        if contents.is_empty() {
            return Ok(());
        }
        let told = match reader.expect(&contents) {
            Ok(told) => told,
            // Reading the file itself tells of it.
            Err(error) if is_damage(&error) => 1,
            Err(error) => return Err(error),
        };
        self.told += told;
        self.told_last = self.told;
        Ok(())
    }
}

/// Whether only a part of the version is hurt. A block that cannot be had now is another matter:
/// the restore can be done again when its suppliers are back.
pub(super) fn is_damage(error: &RestoreError) -> bool {
    error.is_local() && !matches!(error, RestoreError::Missing { .. })
}

fn content_of(step: &Step) -> Option<&Content> {
    match step {
        Step::Entry { node, .. } => match &node.kind {
            Kind::File { content } => Some(content),
            Kind::Directory { .. } | Kind::Symlink { .. } => None,
        },
        Step::Enter { .. } | Step::Leave { .. } => None,
    }
}
