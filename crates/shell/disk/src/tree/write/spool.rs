//! What must wait until the end of a restore, in a file without a name, so that a tree of any size
//! takes bounded memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use borsh::{BorshDeserialize, BorshSerialize};

use super::super::model::Xattr;
use super::attributes::Given;

/// Small restores stay in memory.
const BLOCK_BYTES: usize = 1 << 20;

/// Attributes that a directory gets when it is full.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct DirectoryLater {
    pub(super) path: Vec<u8>,
    pub(super) applies: bool,
    pub(super) given: Given,
    pub(super) xattrs: Vec<Xattr>,
}

/// A further name of a file.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct LinkLater {
    pub(super) path: Vec<u8>,
    pub(super) group: u64,
}

/// A symbolic link.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct SymlinkLater {
    pub(super) path: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) given: Given,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Spools {
    pub(super) directories: Spool,
    pub(super) links: Spool,
    pub(super) symlinks: Spool,
}

/// Makes a file that has no name any more.
pub(super) trait Unnamed {
    fn unnamed_file(&self) -> io::Result<File>;
}

/// Records in the order in which they came: blocks of them in the file, the last one in memory.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<File>,
    /// Where each record of the block in memory begins.
    starts: Vec<u32>,
    block: Vec<u8>,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    offset: u64,
    bytes: usize,
    starts: Vec<u32>,
}

/// Which record comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The oldest.
    Forward,
    /// The newest.
    Backward,
}

impl Spool {
    pub(super) fn push(
        &mut self,
        record: &impl BorshSerialize,
        tree: &impl Unnamed,
    ) -> io::Result<()> {
        let start = u32::try_from(self.block.len()).map_err(io::Error::other)?;
        self.starts.push(start);
        record.serialize(&mut self.block)?;
        if self.block.len() >= BLOCK_BYTES { self.write_block(tree) } else { Ok(()) }
    }

    fn write_block(&mut self, tree: &impl Unnamed) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tree.unnamed_file()?),
        };
        let offset = self.blocks.last().map_or(0, |last| last.offset + last.bytes as u64);
        file.write_all_at(&self.block, offset)?;
        let starts = std::mem::take(&mut self.starts);
        self.blocks.push(Block { offset, bytes: self.block.len(), starts });
        self.block.clear();
        Ok(())
    }

    /// Gives back every record once.
    pub(super) fn drain<T: BorshDeserialize>(
        self,
        order: Order,
        mut take: impl FnMut(T),
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        if order == Order::Backward {
            drain_block(&self.block, &self.starts, order, &mut take)?;
        }
        for index in 0..self.blocks.len() {
            let index =
                if order == Order::Backward { self.blocks.len() - 1 - index } else { index };
            let (Some(block), Some(file)) = (self.blocks.get(index), &self.file) else { break };
            bytes.resize(block.bytes, 0);
            file.read_exact_at(&mut bytes, block.offset)?;
            drain_block(&bytes, &block.starts, order, &mut take)?;
        }
        if order == Order::Forward {
            drain_block(&self.block, &self.starts, order, &mut take)?;
        }
        Ok(())
    }
}

fn drain_block<T: BorshDeserialize>(
    block: &[u8],
    starts: &[u32],
    order: Order,
    take: &mut impl FnMut(T),
) -> io::Result<()> {
    let mut decode = |start: &u32| -> io::Result<()> {
        take(T::deserialize(&mut block.get(*start as usize..).unwrap_or_default())?);
        Ok(())
    };
    match order {
        Order::Forward => starts.iter().try_for_each(&mut decode),
        Order::Backward => starts.iter().rev().try_for_each(&mut decode),
    }
}
