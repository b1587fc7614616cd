//! Files of this run that have several names, so that the second name need not be read.

use std::collections::BTreeMap;

use super::pending::Need;
use crate::format::Node;

/// Memory for remembered files, bytes. Beyond it a further name is read like any file, and its
/// chunks are found.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a remembered file takes at least.
const NODE_BYTES: usize = 512;

#[derive(Default)]
pub(crate) struct Links {
    nodes: BTreeMap<u64, (Node, Need, bool)>,
    bytes: usize,
}

impl Links {
    /// Keeps a file that has a group; `is_settled` says whether the next run may trust `stat`.
    pub(crate) fn remember(&mut self, node: &Node, need: Need, is_settled: bool) {
        let Some(group) = node.hard_link else { return };
        let length = NODE_BYTES + borsh::object_length(node).unwrap_or(BYTES_MAX);
        if self.bytes + length <= BYTES_MAX && !self.nodes.contains_key(&group) {
            self.bytes += length;
            self.nodes.insert(group, (node.clone(), need, is_settled));
        }
    }

    pub(crate) fn find(&self, group: u64) -> Option<(Node, Need, bool)> {
        self.nodes.get(&group).cloned()
    }
}
