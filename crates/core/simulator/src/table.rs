//! A model of the distributed hash table: what is written may be forgotten, and what is read may be
//! an older version. Everything stored was validated first, as every node does.

use std::collections::BTreeMap;

use mesh::{Verdict, validate};
use node::input::Input;

use crate::being::NETWORK;
use crate::world::World;

/// Versions of one record that are remembered, for stale answers.
const VERSIONS_MAX: usize = 4;

/// What is stored.
#[derive(Default)]
pub(crate) struct Table(BTreeMap<Vec<u8>, Vec<Vec<u8>>>);

impl World {
    pub(crate) fn put_record(&mut self, me: usize, query: u64, key: Vec<u8>, value: Vec<u8>) {
        let is_forgotten = self.chance.happens(self.setting.table_fault_ppm);
        let versions = self.table.0.entry(key.clone()).or_default();
        let newest = versions.last().map(Vec::as_slice);
        let verdict = validate(NETWORK, &key, &value, newest, self.now.date);
        if matches!(verdict, Verdict::Accept { .. }) && !is_forgotten {
            versions.push(value);
            if versions.len() > VERSIONS_MAX {
                versions.remove(0);
            }
        }
        // The table acknowledges whatever became of it.
        self.input_later(me, Input::RecordPut { query, ok: true });
    }

    pub(crate) fn get_record(&mut self, me: usize, query: u64, key: &[u8]) {
        let is_stale = self.chance.happens(self.setting.table_fault_ppm);
        let mut values = self.table.0.get(key).cloned().unwrap_or_default();
        if is_stale {
            values.pop();
        }
        self.input_later(me, Input::RecordGot { query, values });
    }

    pub(crate) fn find_suppliers(&mut self, me: usize) {
        let found = self.suppliers.iter().filter(|number| **number != me);
        let devices = found.map(|number| self.beings[*number].device()).collect();
        self.input_later(me, Input::SuppliersFound { devices });
    }
}
