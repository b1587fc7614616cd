//! The bytes of the messages are frozen, and nothing a peer sends makes reading them panic.

use std::collections::BTreeSet;
use std::fmt::Debug;

use base::{CONTROL_BYTES_MAX, NetworkId, Signed, decode, encode};
use expect_test::expect_file;
use proptest::prelude::*;

use super::*;
use crate::audit::{Answer, Challenge, Question, Reply};
use crate::terms::Renewal;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const CONTRACT: ContractId = ContractId([1; 32]);
const BLOCK: BlockId = BlockId([2; 32]);
const OWNER: IdentityId = IdentityId([3; 32]);
const SIGNATURE: Signature = Signature([5; 64]);

fn contract(is_renewed: bool) -> Contract {
    let device = DeviceId([8; 32]);
    let renewal = Renewal {
        until: Date(9),
        customer_device: DeviceId([7; 32]),
        customer_signature: SIGNATURE,
        supplier_signature: SIGNATURE,
    };
    let terms = Terms {
        network: NetworkId([6; 32]),
        customer: OWNER,
        supplier: IdentityId([4; 32]),
        device,
        quota_bytes: 1 << 30,
        from: Date(5),
        until: Date(6),
        price: 0,
        salt: [9; 16],
    };
    Contract {
        terms,
        customer_device: DeviceId([7; 32]),
        customer_signature: SIGNATURE,
        supplier_signature: SIGNATURE,
        renewal: is_renewed.then_some(renewal),
    }
}

fn messages() -> Vec<Message> {
    let contract_of = contract;
    let (contract, signature) = (CONTRACT, SIGNATURE);
    let (root, identity) = (DocumentKind::Root, DocumentKind::Identity);
    let mut all = vec![
        Message::Propose { terms: contract_of(false).terms, signature },
        Message::Accept { contract: contract_of(false) },
        Message::Accept { contract: contract_of(true) },
        Message::AskStanding { contract: None },
        Message::AskStanding { contract: Some(contract) },
        Message::Standing {
            contract: contract_of(false),
            fragments: 7,
            bytes: 7 << 20,
            receipt: Some(vec![1, 2, 3]),
        },
        Message::Agree { contract, sequence: 3, signature },
        Message::End { contract },
        Message::Ended { contract, erased: Date(10) },
        Message::KeepDocument { kind: identity, sequence: 5, bytes: vec![6; 3] },
        Message::DocumentKept { kind: root, sequence: 5 },
        Message::AskDocument { owner: OWNER, kind: root },
        Message::Document { owner: OWNER, kind: identity, bytes: None },
        Message::Document { owner: OWNER, kind: root, bytes: Some(vec![6; 3]) },
        Message::Renew { contract, until: Date(9), signature },
    ];
    all.extend(refusals().into_iter().map(|reason| Message::Decline { reason }));
    all
}

fn refusals() -> Vec<Refusal> {
    let all = (0..=u8::MAX).map_while(|number| borsh::from_slice(&[number]).ok());
    all.collect()
}

fn bulk_requests() -> Vec<BulkRequest> {
    let (contract, block, index) = (CONTRACT, BLOCK, 9);
    let masked_root = Hash([4; 32]);
    let manifest = vec![5; 3];
    vec![
        BulkRequest::Put { contract, block, index, bytes: 4096, masked_root, manifest },
        BulkRequest::Get { contract, block, index },
        BulkRequest::Delete { contract, block, index },
        BulkRequest::Audit { challenge: challenge(Question::Range { index: 3 }) },
        BulkRequest::Audit { challenge: challenge(Question::Whole { key: [6; 32] }) },
    ]
}

fn challenge(question: Question) -> SignedChallenge {
    let (nonce, date, index) = ([7; 16], Date(8), 9);
    let network = NetworkId([1; 32]);
    let (contract, block, masked_root) = (CONTRACT, BLOCK, Hash([4; 32]));
    let body = Challenge { network, contract, block, index, masked_root, question, nonce, date };
    Signed { body, signature: Signature([3; 64]) }
}

fn answer(reply: Reply) -> SignedAnswer {
    let body = Answer { challenge: Hash([2; 32]), reply };
    Signed { body, signature: Signature([3; 64]) }
}

fn bulk_answers() -> Vec<BulkAnswer> {
    vec![
        BulkAnswer::Stored { receipt: vec![1, 2, 3] },
        BulkAnswer::Fragment { bytes: 4096, manifest: vec![5; 3] },
        BulkAnswer::Refused { reason: Refusal::Quota },
        BulkAnswer::Audited { answer: answer(Reply::Refused { reason: Refusal::Missing }) },
        BulkAnswer::Audited { answer: answer(Reply::Whole { hash: Hash([5; 32]) }) },
    ]
}

/// One line for each value: its name, its bytes; each is read back as what it was.
fn lines<T: Wire + Debug + PartialEq>(all: &[T]) -> String {
    let line = |value: &T| {
        let bytes = encode(value);
        assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value));
        let name = format!("{value:?}");
        let name = name.split([' ', '(']).next().unwrap_or_default();
        format!("{name} {}\n", hex(&bytes))
    };
    all.iter().map(line).collect()
}

/// The number of a variant is the byte after the version.
fn variants<T: Wire>(all: &[T]) -> BTreeSet<u8> {
    all.iter().map(|value| encode(value)[1]).collect()
}

#[test]
fn the_bytes_are_frozen() {
    let all = [lines(&messages()), lines(&bulk_requests()), lines(&bulk_answers())].concat();
    expect_file!["golden.txt"].assert_eq(&all);
}

#[test]
fn no_variant_is_missing_among_them() {
    fn next_is_unknown<T: Wire>(seen: &BTreeSet<u8>) -> bool {
        let next = seen.len() as u8;
        let told = borsh::from_slice::<T>(&[next]).err().map(|error| error.to_string());
        *seen == (0..next).collect() && told.is_some_and(|told| told.contains("variant"))
    }
    assert!(next_is_unknown::<Message>(&variants(&messages())));
    assert!(next_is_unknown::<BulkRequest>(&variants(&bulk_requests())));
    assert!(next_is_unknown::<BulkAnswer>(&variants(&bulk_answers())));
    assert_eq!(refusals().last(), Some(&Refusal::Former));
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
