//! Lists stay small at any number of pieces, and a change moves few pages of a directory.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use base::{ChunkId, SymmetricKey, hash};
use expect_test::expect;

use super::*;
use crate::format::{
    Attributes, Body, ChunkRef, Content, Entry, Kind, ListRef, Name, Node, PageReader, Piece,
};

type Chunks = BTreeMap<ChunkId, Vec<u8>>;

fn put(chunks: &mut Chunks) -> impl FnMut(&[u8]) -> Result<ChunkRef, Infallible> {
    |bytes| {
        let id = ChunkId(hash("test chunk", bytes).0);
        chunks.insert(id, bytes.to_vec());
        Ok(ChunkRef { id, epoch: 0, bytes: bytes.len() as u32 })
    }
}

fn pieces_of(content: &Content, chunks: &Chunks) -> Vec<Piece> {
    let mut lists = match &content.body {
        Body::Inline(_) => return Vec::new(),
        Body::Pieces(pieces) => return pieces.clone(),
        Body::Lists { depth, lists } => {
            let mut lists = lists.clone();
            for _ in 1..*depth {
                lists = lists
                    .iter()
                    .flat_map(|list| {
                        let page = chunks[&list.chunk.id].clone();
                        let below = PageReader::<ListRef>::new(page).unwrap().all().unwrap();
                        assert_eq!(below.iter().map(|list| list.covers).sum::<u64>(), list.covers);
                        below
                    })
                    .collect();
            }
            lists
        }
    };
    lists
        .drain(..)
        .flat_map(|list| {
            let page = chunks[&list.chunk.id].clone();
            let pieces = PageReader::<Piece>::new(page).unwrap().all().unwrap();
            assert_eq!(pieces.iter().map(Piece::bytes).sum::<u64>(), list.covers);
            pieces
        })
        .collect()
}

fn piece(number: u32) -> Piece {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&number.to_le_bytes());
    Piece::Chunk(ChunkRef { id: ChunkId(id), epoch: 1, bytes: number % 1000 + 1 })
}

#[test]
fn any_number_of_pieces_comes_back_from_a_small_entry() {
    for count in [1, 64, 65, 1_300, 1_301, 2_600, 64 * 1_300, 64 * 1_300 + 1, 1_300 * 1_300 + 77] {
        let mut chunks = Chunks::new();
        let mut writer = ContentWriter::default();
        let wanted: Vec<Piece> = (0..count).map(piece).collect();
        for piece in &wanted {
            writer.push(*piece, &mut put(&mut chunks)).unwrap();
        }
        let content = writer.finish(&mut put(&mut chunks)).unwrap();
        assert!(content.is_sound());
        assert!(borsh::to_vec(&content).unwrap().len() < 4_096, "{count}");
        assert!(chunks.values().all(|list| list.len() <= 64 * 1024));
        assert!(pieces_of(&content, &chunks) == wanted, "{count}");
    }
}

#[test]
fn neighbouring_holes_become_one() {
    let mut chunks = Chunks::new();
    let mut writer = ContentWriter::default();
    for _ in 0..3 {
        writer.push(Piece::Hole { bytes: 5 }, &mut put(&mut chunks)).unwrap();
    }
    let content = writer.finish(&mut put(&mut chunks)).unwrap();
    assert_eq!(content, Content { bytes: 15, body: Body::Pieces(vec![Piece::Hole { bytes: 15 }]) });
}

fn entry(number: u32) -> Entry {
    let content = Content::inline(&number.to_le_bytes()).unwrap();
    Entry {
        name: Name::new(format!("file-{number:08}")).unwrap(),
        node: Node {
            kind: Kind::File { content },
            attributes: Attributes::default(),
            hard_link: None,
        },
    }
}

fn directory(numbers: impl Iterator<Item = u32>, chunks: &mut Chunks) -> Content {
    let cutter = Cutter::new(&SymmetricKey([3; 32]));
    let mut writer = DirectoryWriter::new();
    for number in numbers {
        writer.push(entry(number), &cutter, &mut put(chunks)).unwrap();
        assert!(writer.open_bytes() < 256 * 1024);
    }
    writer.finish(&mut put(chunks)).unwrap()
}

fn entries_of(content: &Content, chunks: &Chunks) -> Vec<Entry> {
    if let Body::Inline(bytes) = &content.body {
        return PageReader::new(bytes.clone()).unwrap().all().unwrap();
    }
    pieces_of(content, chunks)
        .iter()
        .flat_map(|piece| {
            let Piece::Chunk(chunk) = piece else { panic!("a hole in a directory") };
            PageReader::<Entry>::new(chunks[&chunk.id].clone()).unwrap().all().unwrap()
        })
        .collect()
}

#[test]
fn directories_of_any_size_come_back() {
    for count in [0, 1, 2, 5, 1_000, 50_000] {
        let mut chunks = Chunks::new();
        let content = directory(0..count, &mut chunks);
        let names: Vec<_> = entries_of(&content, &chunks).into_iter().map(|e| e.name).collect();
        let wanted: Vec<_> = (0..count).map(|number| entry(number).name).collect();
        assert!(names == wanted, "{count}");
    }
    assert_eq!(directory(0..0, &mut Chunks::new()), Content::empty());
}

#[test]
fn where_pages_end_is_frozen() {
    let mut chunks = Chunks::new();
    let content = directory(0..3_000, &mut chunks);
    let lengths: Vec<u64> = pieces_of(&content, &chunks).iter().map(Piece::bytes).collect();
    expect!["[60061, 24289, 44485, 69169]"].assert_eq(&format!("{lengths:?}"));
}

#[test]
fn one_new_name_changes_few_pages() {
    let (mut before, mut after) = (Chunks::new(), Chunks::new());
    directory((0..200_000).filter(|number| *number != 1_234), &mut before);
    directory(0..200_000, &mut after);
    let before: BTreeSet<_> = before.into_keys().collect();
    let fresh = after.keys().filter(|id| !before.contains(id)).count();
    assert!(after.len() > 100, "{}", after.len());
    // The page itself, perhaps its neighbour, and one list for each level above.
    assert!((1..=4).contains(&fresh), "{fresh}");
}

#[test]
fn names_out_of_order_are_refused() {
    let cutter = Cutter::new(&SymmetricKey([3; 32]));
    let mut chunks = Chunks::new();
    let mut writer = DirectoryWriter::new();
    writer.push(entry(2), &cutter, &mut put(&mut chunks)).unwrap();
    for number in [1, 2] {
        let pushed = writer.push(entry(number), &cutter, &mut put(&mut chunks));
        assert!(matches!(pushed, Err(DirectoryError::Order)));
    }
}
