//! The forms of the catalog, as they come back from suppliers.

use base::{BlockId, ChunkId, SpaceId, SymmetricKey, Wire, decode};
use drive::format::{
    Attributes, BlockEntry, BlockKind, Body, ChunkEntry, ChunkKind, ChunkRef, Content, Entry,
    Extent, Head, HeadRef, IndexSegment, Kind, ListRef, Name, Node, Piece, Root, Time, Version,
    Xattr,
};
use spaces::Keyring;

use super::{Decoder, NOW, is_form};

/// One line of a directory, without a version of its own.
pub const ENTRY: Decoder =
    Decoder { name: "drive_entry", takes: takes_entry, valid: valid_entries };
/// What stands under a name.
pub const NODE: Decoder =
    Decoder { name: "drive_node", takes: is_form::<Node>, valid: valid_nodes };
/// Where chunks lie.
pub const INDEX: Decoder =
    Decoder { name: "drive_index", takes: is_form::<IndexSegment>, valid: valid_indexes };
/// The list of all versions.
pub const HEAD: Decoder =
    Decoder { name: "drive_head", takes: is_form::<Head>, valid: valid_heads };
/// Where that list is.
pub const HEAD_REF: Decoder =
    Decoder { name: "drive_head_ref", takes: takes_head_ref, valid: valid_head_refs };

fn takes_entry(bytes: &[u8]) -> bool {
    let Ok(entry) = borsh::from_slice::<Entry>(bytes) else { return false };
    assert!(borsh::to_vec(&entry).is_ok_and(|again| again == bytes), "a second form of one value");
    let name = entry.name.as_bytes();
    assert!(!name.contains(&b'/') && !name.contains(&0) && name != b"..", "a name leads elsewhere");
    true
}

fn valid_entries() -> Vec<Vec<u8>> {
    let entry = |(name, node): (&[u8], Node)| Entry { name: name_of(name), node };
    let names: [&[u8]; 4] = [b"file", b"\xff not text", b"links to", b"d"];
    let entries = names.into_iter().zip(nodes()).map(entry);
    entries.map(|entry| borsh::to_vec(&entry).expect("into memory")).collect()
}

fn name_of(name: &[u8]) -> Name {
    Name::new(name).expect("a good name")
}

fn valid_nodes() -> Vec<Vec<u8>> {
    nodes().iter().map(encode).collect()
}

fn nodes() -> [Node; 4] {
    let chunk = |seed, bytes| ChunkRef { id: ChunkId([seed; 32]), epoch: 2, bytes };
    let pieces = vec![Piece::Chunk(chunk(1, 500)), Piece::Hole { bytes: 1 << 40 }];
    let lists = vec![ListRef { chunk: chunk(2, 900), covers: 1 << 33 }];
    let large = Content { bytes: (1 << 40) + 500, body: Body::Pieces(pieces) };
    let huge = Content { bytes: 1 << 33, body: Body::Lists { depth: 1, lists } };
    let node = |kind, hard_link| Node { kind, attributes: attributes(), hard_link };
    [
        node(Kind::File { content: large }, Some(77)),
        node(Kind::File { content: Content::inline(b"short").expect("short") }, None),
        node(Kind::Symlink { target: b"../elsewhere".to_vec() }, None),
        node(Kind::Directory { content: huge }, None),
    ]
}

fn attributes() -> Attributes {
    Attributes {
        mode: 0o644,
        uid: 1000,
        gid: 100,
        user: Some(b"ann".to_vec()),
        group: None,
        mtime: Time::new(-3, 7),
        xattrs: vec![Xattr { name: b"user.a".to_vec(), value: b"v".to_vec() }],
    }
}

fn blocks(kind: BlockKind) -> Vec<BlockEntry> {
    let (k, m, fragment_bytes, arrangement) = (7, 7, 65_536, 1);
    let block =
        |seed| BlockEntry { id: BlockId([seed; 32]), k, m, fragment_bytes, arrangement, kind };
    vec![block(1), block(2)]
}

fn chunks(kind: ChunkKind) -> Vec<ChunkEntry> {
    let extents = vec![
        Extent { block: 0, offset: 458_000, length: 752 },
        Extent { block: 1, offset: 0, length: 8_000 },
    ];
    vec![ChunkEntry { id: ChunkId([5; 32]), epoch: 2, kind, bytes: 9_000, extents }]
}

fn valid_indexes() -> Vec<Vec<u8>> {
    let segment = IndexSegment { blocks: blocks(BlockKind::Data), chunks: chunks(ChunkKind::Data) };
    vec![encode(&IndexSegment::default()), encode(&segment)]
}

fn valid_heads() -> Vec<Vec<u8>> {
    let root = |node| Root { path: b"/home/ann".to_vec(), node };
    let version = Version {
        number: 3,
        started: NOW,
        finished: NOW,
        paths: vec![b"/home/ann".to_vec()],
        roots: nodes().map(root).to_vec(),
        files: 12,
        bytes: 1 << 41,
        problems: 1,
        complete: true,
    };
    let (blocks, segments) = (blocks(BlockKind::Catalog), chunks(ChunkKind::Index));
    let head = Head { versions: vec![version], blocks, segments };
    vec![encode(&Head::default()), encode(&head)]
}

/// What stands inside the seal; nothing that is not sealed passes for what is.
fn takes_head_ref(bytes: &[u8]) -> bool {
    let keyring = Keyring::create(SpaceId([1; 32]), &SymmetricKey([2; 32]));
    assert!(HeadRef::open(bytes, &keyring).is_err(), "a forged reference");
    let Ok(head_ref) = borsh::from_slice::<HeadRef>(bytes) else { return false };
    assert!(borsh::to_vec(&head_ref).is_ok_and(|again| again == bytes), "a second form");
    true
}

fn valid_head_refs() -> Vec<Vec<u8>> {
    let (blocks, chunks) = (blocks(BlockKind::Catalog), chunks(ChunkKind::Head));
    let references = [HeadRef::default(), HeadRef { blocks, chunks }];
    references.map(|reference| borsh::to_vec(&reference).expect("into memory")).to_vec()
}

fn encode<T: Wire>(value: &T) -> Vec<u8> {
    let bytes = base::encode(value);
    assert!(decode::<T>(&bytes).is_ok(), "our own is not taken");
    bytes
}
