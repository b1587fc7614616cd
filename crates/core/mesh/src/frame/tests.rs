//! Messages survive any cutting, and no announced length costs memory.

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::tests::{Chance, hex};

const LIMIT: usize = 64;

fn stream(messages: &[Vec<u8>]) -> Vec<u8> {
    messages.iter().flat_map(|message| frame(message, LIMIT).unwrap()).collect()
}

#[test]
fn the_bytes_are_frozen() {
    expect!["0400000064757374"].assert_eq(&hex(&frame(b"dust", LIMIT).unwrap()));
}

#[test]
fn lengths_that_are_not_allowed_end_the_stream() {
    assert_eq!(frame(&[], LIMIT), Err(FrameError::Empty));
    let too_long = FrameError::TooLong { bytes: 65, limit: LIMIT };
    assert_eq!(frame(&[7; 65], LIMIT), Err(too_long));
    for (bytes, error) in [([65, 0, 0, 0], too_long), ([0; 4], FrameError::Empty)] {
        let mut decoder = FrameDecoder::new(LIMIT);
        assert_eq!(decoder.push(&bytes[..3]), Ok(vec![]));
        assert_eq!(decoder.push(&bytes[3..]), Err(error));
        assert_eq!(decoder.push(&frame(b"dust", LIMIT).unwrap()), Err(error));
        assert_eq!(decoder.finish(), Err(error));
    }
    // CVE-2021-21404: a length that is negative when read as signed.
    let huge = FrameDecoder::new(LIMIT).push(&[0xff; 4]);
    assert_eq!(huge, Err(FrameError::TooLong { bytes: 0xffff_ffff, limit: LIMIT }));
}

#[test]
fn an_announced_length_takes_no_memory() {
    let mut decoder = FrameDecoder::new(1 << 30);
    assert_eq!(decoder.push(&(1_u32 << 30).to_le_bytes()), Ok(vec![]));
    assert!(decoder.unfinished.capacity() < 64);
}

#[test]
fn a_stream_ends_between_messages_only() {
    let mut decoder = FrameDecoder::new(LIMIT);
    let bytes = frame(b"dust", LIMIT).unwrap();
    for (place, byte) in bytes.iter().enumerate() {
        assert_eq!(decoder.finish().is_ok(), place == 0);
        let messages = decoder.push(&[*byte]).unwrap();
        assert_eq!(messages.len(), usize::from(place == bytes.len() - 1));
    }
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn a_hundred_thousand_hostile_pieces_are_answered() {
    let mut chance = Chance(5);
    let mut broken = 0;
    for _ in 0..10_000 {
        let mut decoder = FrameDecoder::new(LIMIT);
        for _ in 0..10 {
            let piece: Vec<u8> = (0..chance.below(12))
                .map(|_| if chance.below(3) == 0 { chance.below(70) as u8 } else { 0 })
                .collect();
            broken += usize::from(decoder.push(&piece).is_err());
            assert!(decoder.unfinished.len() <= LENGTH_BYTES + LIMIT);
        }
    }
    assert!(broken > 1_000, "the cases are too tame: {broken}");
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=LIMIT), 0..8),
        sizes in prop::collection::vec(1_usize..20, 1..50),
    ) {
        let bytes = stream(&messages);
        let (mut rest, mut decoder, mut found) = (&bytes[..], FrameDecoder::new(LIMIT), vec![]);
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            found.extend(decoder.push(piece).unwrap());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, messages);
        prop_assert_eq!(decoder.finish(), Ok(()));
    }
}
