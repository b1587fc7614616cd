//! The bytes of the catalog keep their forms, and nothing that is not of these forms is taken.

use base::{BlockId, ChunkId, Date, DecodeError, Wire, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};
use expect_test::expect;
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::page::PAGE_BYTES_MAX;
use super::*;

fn hex(bytes: &[u8]) -> String {
    let line = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    bytes.chunks(40).map(|bytes| line(bytes) + "\n").collect()
}

fn chunk(seed: u8, bytes: u32) -> ChunkRef {
    ChunkRef { id: ChunkId([seed; 32]), epoch: 2, bytes }
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

fn sparse() -> Node {
    let pieces = vec![Piece::Chunk(chunk(1, 10)), Piece::Hole { bytes: 90 }];
    let content = Content { bytes: 100, body: Body::Pieces(pieces) };
    Node { kind: Kind::File { content }, attributes: attributes(), hard_link: Some(9) }
}

fn huge() -> Node {
    let lists = vec![ListRef { chunk: chunk(3, 64), covers: 1 << 40 }];
    let content = Content { bytes: 1 << 40, body: Body::Lists { depth: 1, lists } };
    Node { kind: Kind::Directory { content }, attributes: Attributes::default(), hard_link: None }
}

fn link() -> Node {
    let kind = Kind::Symlink { target: b"../x".to_vec() };
    Node { kind, attributes: Attributes::default(), hard_link: None }
}

fn block(seed: u8) -> BlockEntry {
    BlockEntry {
        id: BlockId([seed; 32]),
        k: 7,
        m: 7,
        fragment_bytes: 4096,
        arrangement: 5,
        kind: BlockKind::Catalog,
    }
}

fn chunk_entry(seed: u8, kind: ChunkKind) -> ChunkEntry {
    let extents = vec![Extent { block: 0, offset: 64, length: 100 }];
    ChunkEntry { id: ChunkId([seed; 32]), epoch: 1, kind, bytes: 90, extents }
}

fn version() -> Version {
    Version {
        number: 3,
        started: Date(1_000),
        finished: Date(2_000),
        paths: vec![b"/a".to_vec()],
        roots: vec![Root { path: b"/a".to_vec(), node: link() }],
        files: 1,
        bytes: 4,
        problems: 0,
        complete: true,
    }
}

fn segment() -> IndexSegment {
    let chunks = vec![chunk_entry(1, ChunkKind::Data), chunk_entry(2, ChunkKind::Tree)];
    IndexSegment { blocks: vec![block(8)], chunks }
}

fn head() -> Head {
    let segments = vec![chunk_entry(4, ChunkKind::Index)];
    Head { versions: vec![version()], blocks: vec![block(9)], segments }
}

fn head_ref() -> PlainHeadRef {
    let chunks = vec![chunk_entry(5, ChunkKind::Head)];
    PlainHeadRef(HeadRef { blocks: vec![block(7)], chunks })
}

fn page() -> Vec<u8> {
    let mut page = PageWriter::new();
    for (name, node) in [("a", sparse()), ("b", huge()), ("c", link())] {
        page.push(&Entry { name: Name::new(name).unwrap(), node });
    }
    page.as_bytes().to_vec()
}

#[test]
fn a_page_of_entries_is_frozen() {
    expect![[r#"
        01010000006100640000000000000001020000000001010101010101010101010101010101010101
        01010101010101010101010101020000000a000000015a00000000000000a4010000e80300006400
        00000103000000616e6e00fdffffffffffffff070000000100000006000000757365722e61010000
        00760109000000000000000100000062010000000000010000020101000000030303030303030303
        03030303030303030303030303030303030303030303030200000040000000000000000001000000
        00000000000000000000000000000000000000000000000000000000000001000000630204000000
        2e2e2f7800000000000000000000000000000000000000000000000000000000000000
    "#]]
    .assert_eq(&hex(&page()));
    let entries = PageReader::<Entry>::new(page()).unwrap().all().unwrap();
    assert_eq!(
        entries.iter().map(|entry| &entry.node).collect::<Vec<_>>(),
        [&sparse(), &huge(), &link()]
    );
}

#[test]
fn lists_are_frozen() {
    let mut pieces = PageWriter::new();
    pieces.push(&Piece::Chunk(chunk(1, 2)));
    pieces.push(&Piece::Hole { bytes: 3 });
    expect![[r#"
        01000101010101010101010101010101010101010101010101010101010101010101020000000200
        0000010300000000000000
    "#]]
    .assert_eq(&hex(pieces.as_bytes()));
    let mut lists = PageWriter::new();
    lists.push(&ListRef { chunk: chunk(4, 5), covers: 6 });
    expect![[r#"
        01040404040404040404040404040404040404040404040404040404040404040402000000050000
        000600000000000000
    "#]]
    .assert_eq(&hex(lists.as_bytes()));
}

#[test]
fn an_index_segment_is_frozen() {
    expect![[r#"
        01010000000808080808080808080808080808080808080808080808080808080808080808070700
        10000005000000010200000001010101010101010101010101010101010101010101010101010101
        0101010101000000005a000000010000000000000040000000640000000202020202020202020202
        02020202020202020202020202020202020202020201000000015a00000001000000000000004000
        000064000000
    "#]]
    .assert_eq(&hex(&encode(&segment())));
    assert_eq!(decode::<IndexSegment>(&encode(&segment())), Ok(segment()));
}

#[test]
fn a_head_is_frozen() {
    expect![[r#"
        01010000000300000000000000e803000000000000d00700000000000001000000020000002f6101
        000000020000002f6102040000002e2e2f7800000000000000000000000000000000000000000000
        00000000000000000001000000000000000400000000000000000000000000000001010000000909
        09090909090909090909090909090909090909090909090909090909090907070010000005000000
        01010000000404040404040404040404040404040404040404040404040404040404040404010000
        00025a00000001000000000000004000000064000000
    "#]]
    .assert_eq(&hex(&encode(&head())));
    assert_eq!(decode::<Head>(&encode(&head())), Ok(head()));
}

#[test]
fn a_reference_to_a_head_is_frozen() {
    expect![[r#"
        01010000000707070707070707070707070707070707070707070707070707070707070707070700
        10000005000000010100000005050505050505050505050505050505050505050505050505050505
        0505050501000000035a00000001000000000000004000000064000000
    "#]]
    .assert_eq(&hex(&encode(&head_ref())));
    assert_eq!(decode::<PlainHeadRef>(&encode(&head_ref())), Ok(head_ref()));
}

#[test]
fn names_that_lead_elsewhere_are_not_taken() {
    assert_eq!(Name::new(""), Err(BadName::Empty));
    assert_eq!(Name::new("."), Err(BadName::Dots));
    assert_eq!(Name::new(".."), Err(BadName::Dots));
    assert_eq!(Name::new("a/b"), Err(BadName::Separator));
    assert_eq!(Name::new("a\0"), Err(BadName::Separator));
    assert_eq!(Name::new([b'x'; 256]), Err(BadName::TooLong { bytes: 256 }));
    for good in [&b"..."[..], b"\xff\xfe", b" ", &[b'x'; 255]] {
        assert_eq!(Name::new(good).unwrap().as_bytes(), good);
    }
    for bad in [&b""[..], b"..", b"a/b"] {
        let stored = borsh::to_vec(&bad.to_vec()).unwrap();
        assert!(Name::try_from_slice(&stored).is_err());
    }
}

#[test]
fn contents_whose_lengths_disagree_are_not_taken() {
    let pieces = |bytes, pieces| Content { bytes, body: Body::Pieces(pieces) };
    let lists = |depth, covers| {
        let lists = vec![ListRef { chunk: chunk(1, 1), covers }];
        Content { bytes: covers, body: Body::Lists { depth, lists } }
    };
    let inline = |bytes, length| Content { bytes, body: Body::Inline(vec![0; length]) };
    let bad = [
        pieces(11, vec![Piece::Chunk(chunk(1, 10))]),
        pieces(0, vec![]),
        pieces(0, vec![Piece::Hole { bytes: 0 }]),
        pieces(1, vec![Piece::Hole { bytes: u64::MAX }, Piece::Hole { bytes: 2 }]),
        pieces(1, vec![Piece::Chunk(chunk(1, 1)), Piece::Chunk(chunk(1, 0))]),
        lists(0, 5),
        lists(LIST_DEPTH_MAX + 1, 5),
        lists(1, 0),
        inline(1, 2),
        inline(257, 257),
    ];
    for content in bad {
        let stored = borsh::to_vec(&content).unwrap();
        assert!(Content::try_from_slice(&stored).is_err(), "{content:?}");
    }
    for content in [lists(1, 5), inline(256, 256), Content::empty()] {
        let stored = borsh::to_vec(&content).unwrap();
        assert_eq!(Content::try_from_slice(&stored).unwrap(), content);
    }
}

#[test]
fn a_page_of_another_version_is_named() {
    let mut bytes = page();
    bytes[0] = 2;
    let error = PageReader::<Entry>::new(bytes).unwrap_err();
    assert_eq!(error, DecodeError::Version { found: 2, known: 1 });
    let error = PageReader::<Entry>::new(vec![1; PAGE_BYTES_MAX + 1]).unwrap_err();
    assert!(matches!(error, DecodeError::TooLong { .. }));
}

#[test]
fn a_page_continues_where_it_was_left() {
    let mut first = PageReader::<Entry>::new(page()).unwrap();
    first.next().unwrap();
    let mut again = PageReader::<Entry>::new(page()).unwrap();
    again.skip_to(first.position());
    assert_eq!(again.next().unwrap(), first.next().unwrap());
}

/// Flips, cuts, grows and swaps bytes of `seed` forms.
fn mutate(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..bytes.len().max(1));
        match random.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = random.random(),
            2 => bytes.truncate(at),
            3 => bytes.insert(at.min(bytes.len()), random.random()),
            _ if at + 4 <= bytes.len() => {
                random.fill_bytes(&mut bytes[at..at + 4]);
            }
            _ => {}
        }
    }
}

/// What decodes must encode to the same bytes; nothing may panic.
fn try_form<T: Wire>(bytes: &[u8]) -> bool {
    match decode::<T>(bytes) {
        Ok(value) => {
            assert_eq!(encode(&value), bytes);
            true
        }
        Err(_) => false,
    }
}

fn try_page<T: BorshDeserialize + BorshSerialize>(bytes: &[u8]) -> bool {
    let Ok(records) = PageReader::<T>::new(bytes.to_vec()).and_then(PageReader::all) else {
        return false;
    };
    let mut page = PageWriter::new();
    records.iter().for_each(|record| page.push(record));
    assert!(records.is_empty() || page.as_bytes() == bytes);
    true
}

#[test]
fn changed_bytes_never_panic_and_have_one_form() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let seeds =
        [page(), encode(&segment()), encode(&head()), encode(&head_ref()), encode(&sparse())];
    let (mut cases, mut taken) = (0, 0);
    for _ in 0..6_000 {
        for seed in &seeds {
            let mut bytes = seed.clone();
            mutate(&mut bytes, &mut random);
            let results = [
                try_page::<Entry>(&bytes),
                try_page::<Piece>(&bytes),
                try_page::<ListRef>(&bytes),
                try_form::<IndexSegment>(&bytes),
                try_form::<Head>(&bytes),
                try_form::<PlainHeadRef>(&bytes),
                try_form::<Version>(&bytes),
                try_form::<Node>(&bytes),
            ];
            cases += results.len();
            taken += results.iter().filter(|taken| **taken).count();
        }
    }
    assert!(cases >= 100_000, "{cases}");
    assert!(taken > cases / 100 && taken < cases / 2, "{taken} of {cases}");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        try_page::<Entry>(&bytes);
        try_form::<Head>(&bytes);
        try_form::<PlainHeadRef>(&bytes);
        try_form::<IndexSegment>(&bytes);
    }
}
