//! The bytes of the messages are frozen, and nothing a peer sends makes reading them panic.

use base::{CONTROL_BYTES_MAX, decode, encode};
use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_are_frozen() {
    let get = BulkRequest::Get { contract: ContractId([1; 32]), block: BlockId([2; 32]), index: 9 };
    expect!["01010101010101010101010101010101010101010101010101010101010101010101020202020202020202020202020202020202020202020202020202020202020209"].assert_eq(&hex(&encode(&get)));
    expect!["010202"].assert_eq(&hex(&encode(&BulkAnswer::Refused { reason: Refusal::Quota })));
    let ask = Message::AskDocument { owner: IdentityId([3; 32]), kind: DocumentKind::Root };
    expect!["010a030303030303030303030303030303030303030303030303030303030303030301"]
        .assert_eq(&hex(&encode(&ask)));
}

#[test]
fn a_fragment_longer_than_the_limit_is_unsound() {
    let put = |bytes| BulkRequest::Put {
        contract: ContractId([1; 32]),
        block: BlockId([2; 32]),
        index: 0,
        bytes,
        masked_root: Hash([4; 32]),
        manifest: vec![],
    };
    assert!(put(DATA_BYTES_MAX as u32).is_sound());
    assert!(!put(DATA_BYTES_MAX as u32 + 1).is_sound());
    assert!(!put(0).is_sound());
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    let mut bytes = vec![1, 2, 0, 0, 0, 0];
    bytes.extend([0xff; 8]);
    assert!(decode::<Message>(&bytes).is_err());
    assert!(decode::<Message>(&vec![1; CONTROL_BYTES_MAX + 1]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [vec![1], bytes].concat();
        let _ = decode::<Message>(&bytes);
        let _ = decode::<BulkRequest>(&bytes);
        let _ = decode::<BulkAnswer>(&bytes);
        let _ = decode::<crate::terms::RootDocument>(&bytes);
    }
}
