//! What a check says of the data as a whole: of the block that has it worst.

use storage::policy::Spread;

use crate::work::fetches::Fetched;

#[cfg(test)]
mod tests;

/// What was seen of the blocks so far.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    worst: Option<Standing>,
    /// Something is wrong, missing or could not be asked for.
    has_gaps: bool,
}

/// How it stands with a block, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Too few fragments are left, also if all suppliers come back.
    Lost,
    /// Suppliers that cannot be reached must come back.
    Away,
    /// So many more suppliers may be lost, whichever they are.
    MayLose(u8),
    /// The only supplier has it.
    Kept,
}

impl Verdict {
    /// Takes a block in.
    pub(super) fn add(&mut self, spread: Spread, fetched: &Fetched) {
        let standing = standing(spread, fetched);
        self.worst = Some(self.worst.map_or(standing, |worst| worst.min(standing)));
        self.has_gaps |= fetched.right.len() < usize::from(spread.fragments());
    }

    /// The verdict in the words of the documents; none if no block was looked at.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self.worst? {
            Standing::Lost => "lost".into(),
            Standing::Away => "not to be had now".into(),
            Standing::MayLose(0) => "at risk".into(),
            Standing::MayLose(count) if self.has_gaps => format!("may lose {count}"),
            Standing::MayLose(count) => format!("safe, may lose {count}"),
            Standing::Kept => "kept".into(),
        })
    }
}

fn standing(spread: Spread, fetched: &Fetched) -> Standing {
    let k = usize::from(spread.data);
    let mut left = fetched.right.len();
    if left < k {
        let is_hoped = left + fetched.unreached.len() >= k;
        return if is_hoped { Standing::Away } else { Standing::Lost };
    }
    if spread.suppliers == 1 {
        return Standing::Kept;
    }
    // Whichever suppliers are lost: at the worst those that give most.
    let given = |place| spread.fragments_at(place).filter(|index| fetched.right.contains(index));
    let mut gives: Vec<usize> = (0..spread.suppliers).map(|place| given(place).count()).collect();
    gives.sort_unstable();
    let mut may_lose = 0;
    while let Some(most) = gives.pop().filter(|most| *most > 0) {
        left -= most;
        if left < k {
            break;
        }
        may_lose += 1;
    }
    Standing::MayLose(may_lose)
}
