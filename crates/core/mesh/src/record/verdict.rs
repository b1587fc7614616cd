//! Which records are stored and believed. Pure: the same bytes get the same verdict everywhere.

use base::{Date, Hash, NetworkId, decode, hash};

use super::{Publisher, Record, RecordError, RecordKey};

#[cfg(test)]
mod tests;

/// What becomes of a record that somebody wants to have stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored, and counts for the quota of its publisher.
    Accept {
        /// Who published it.
        publisher: Publisher,
    },
    /// It is not.
    Refuse {
        /// Why.
        error: RecordError,
    },
}

/// Which of two records under one key is newer: the greater one.
///
/// Of owner-signed records a later key generation comes first, so that the thief of an old key
/// cannot win by a huge sequence. A device has one key for ever, so there the sequence decides.
/// Equal sequences: the larger hash wins, the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    generation: u32,
    /// The sequence of the edition.
    pub sequence: u64,
    hash: Hash,
}

impl Record {
    /// Which version it is among those under its key.
    pub fn rank(&self) -> Rank {
        let generation = match self {
            Self::Identity(_) | Self::Root(_) => self.chain().generation(),
            Self::Contact(_) | Self::Offer(_) => 0,
        };
        let hash = hash("bitdust record v1", &self.bytes());
        Rank { generation, sequence: self.edition().sequence, hash }
    }

    /// Two valid owner-signed records whose chains contradict each other: no order helps.
    fn contradicts(&self, other: &Self) -> Result<(), RecordError> {
        if let (Self::Identity(_) | Self::Root(_), Self::Identity(_) | Self::Root(_)) =
            (self, other)
        {
            self.chain().compare(other.chain())?;
        }
        Ok(())
    }
}

/// Whether `value` may be stored under `key` in place of `stored`. The same record again is
/// accepted; a stored record that no longer holds counts for nothing.
pub fn validate(
    network: NetworkId,
    key: &[u8],
    value: &[u8],
    stored: Option<&[u8]>,
    now: Date,
) -> Verdict {
    let offered = read(network, key, value, now);
    let stored = stored.and_then(|stored| read(network, key, stored, now).ok());
    let verdict = offered.and_then(|(offered, publisher)| {
        let Some((stored, _)) = stored else { return Ok(publisher) };
        offered.contradicts(&stored)?;
        let (found, stored) = (offered.rank(), stored.rank());
        if found < stored {
            let (stored, found) = (stored.sequence, found.sequence);
            return Err(RecordError::Stale { stored, found });
        }
        Ok(publisher)
    });
    match verdict {
        Ok(publisher) => Verdict::Accept { publisher },
        Err(error) => Verdict::Refuse { error },
    }
}

/// What several holders gave for one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// The newest valid record.
    pub newest: Option<Record>,
    /// Who gave it, by the places of their answers.
    pub fresh: Vec<usize>,
    /// Who gave an older one: they are given the newest.
    pub stale: Vec<usize>,
    /// Who gave what does not hold, and why.
    pub refused: Vec<(usize, RecordError)>,
    /// Whether two valid records contradict each other: somebody else has the words.
    pub is_forked: bool,
}

/// Sorts the answers of several holders.
pub fn sort(network: NetworkId, key: &[u8], values: &[&[u8]], now: Date) -> Sorted {
    let mut sorted = Sorted::default();
    let mut valid: Vec<(usize, Rank, Record)> = vec![];
    for (place, value) in values.iter().enumerate() {
        match read(network, key, value, now) {
            Ok((record, _)) => valid.push((place, record.rank(), record)),
            Err(error) => sorted.refused.push((place, error)),
        }
    }
    let Some((_, best, newest)) = valid.iter().max_by_key(|(_, rank, _)| *rank).cloned() else {
        return sorted;
    };
    for (place, rank, record) in &valid {
        let places = if *rank == best { &mut sorted.fresh } else { &mut sorted.stale };
        places.push(*place);
        sorted.is_forked |= newest.contradicts(record).is_err();
    }
    sorted.newest = Some(newest);
    sorted
}

/// Reads a record and believes it: it holds here and now, and it belongs under this key.
fn read(
    network: NetworkId,
    key: &[u8],
    value: &[u8],
    now: Date,
) -> Result<(Record, Publisher), RecordError> {
    let key = RecordKey::parse(key)?;
    let record: Record = decode(value)?;
    if (record.kind(), record.subject()) != (key.kind, key.subject) {
        return Err(RecordError::WrongKey);
    }
    let publisher = record.check(network, now)?;
    Ok((record, publisher))
}
