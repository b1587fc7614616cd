//! Keeps the fragments that were read last, up to a number of bytes.

use std::collections::BTreeMap;

use base::BlockId;

type Key = (BlockId, u32);

/// Data fragments by block and index; the one unused for longest goes first.
#[derive(Debug)]
pub(crate) struct Cache {
    fragments: BTreeMap<Key, (u64, Vec<u8>)>,
    by_age: BTreeMap<u64, Key>,
    clock: u64,
    bytes: usize,
    bytes_max: usize,
}

impl Cache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { fragments: BTreeMap::new(), by_age: BTreeMap::new(), clock: 0, bytes: 0, bytes_max }
    }

    pub(crate) fn has(&self, block: BlockId, index: u32) -> bool {
        self.fragments.contains_key(&(block, index))
    }

    pub(crate) fn get(&mut self, block: BlockId, index: u32) -> Option<&[u8]> {
        let (age, fragment) = self.fragments.get_mut(&(block, index))?;
        self.by_age.remove(age);
        self.clock += 1;
        *age = self.clock;
        self.by_age.insert(*age, (block, index));
        Some(fragment)
    }

    pub(crate) fn insert(&mut self, block: BlockId, index: u32, fragment: Vec<u8>) {
        self.remove((block, index));
        while self.bytes + fragment.len() > self.bytes_max {
            let Some((_, oldest)) = self.by_age.first_key_value() else { break };
            self.remove(*oldest);
        }
        self.clock += 1;
        self.bytes += fragment.len();
        self.by_age.insert(self.clock, (block, index));
        self.fragments.insert((block, index), (self.clock, fragment));
    }

    fn remove(&mut self, key: Key) {
        if let Some((age, fragment)) = self.fragments.remove(&key) {
            self.by_age.remove(&age);
            self.bytes -= fragment.len();
        }
    }
}

#[cfg(test)]
mod tests;
