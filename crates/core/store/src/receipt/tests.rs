//! The form of receipts is frozen; other bytes are refused, never a panic.

use base::{Label, SecretKey, SymmetricKey, decode};
use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn body() -> ReceiptBody {
    let entry = |change, byte| ReceiptEntry {
        change,
        block: BlockId([byte; 32]),
        index: byte,
        masked_root: Hash([byte + 1; 32]),
        bytes: 65_536,
    };
    ReceiptBody {
        contract: ContractId([1; 32]),
        sequence: 7,
        previous: Hash([2; 32]),
        entries: vec![entry(Change::Kept, 3), entry(Change::Removed, 5)],
        total_fragments: 9,
        total_bytes: 9 << 16,
        until: Date(1_900_000_000_000),
        date: Date(1_800_000_000_000),
    }
}

fn key() -> SecretKey {
    SecretKey::from_seed(SymmetricKey([4; 32]))
}

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(32);
    lines
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n")
        .collect()
}

#[test]
fn the_form_is_frozen() {
    expect![[r#"
        0101010101010101010101010101010101010101010101010101010101010101
        0107000000000000000202020202020202020202020202020202020202020202
        0202020202020202020200000000030303030303030303030303030303030303
        0303030303030303030303030303030404040404040404040404040404040404
        0404040404040404040404040404040000010001050505050505050505050505
        0505050505050505050505050505050505050505050606060606060606060606
        0606060606060606060606060606060606060606060000010009000000000000
        0000000900000000000038d360ba01000000505c18a3010000
    "#]]
    .assert_eq(&hex(&encode(&body())));
    expect!["ebab17a824307f567f71d1bb5c92a4c91fccde7ee4f4be22f88f9902e1969ec1"]
        .assert_eq(&body().chain_hash().to_string());
}

#[test]
fn the_signature_covers_every_part() {
    let receipt = Receipt::new(&key(), Label::Receipt, body());
    assert_eq!(decode::<Receipt>(&encode(&receipt)), Ok(receipt.clone()));
    let changed = [
        ReceiptBody { sequence: 8, ..body() },
        ReceiptBody { previous: Hash([9; 32]), ..body() },
        ReceiptBody { entries: body().entries[..1].to_vec(), ..body() },
        ReceiptBody { total_fragments: 8, ..body() },
        ReceiptBody { total_bytes: 8, ..body() },
        ReceiptBody { until: Date(1), ..body() },
        ReceiptBody { date: Date(1), ..body() },
        ReceiptBody { contract: ContractId([8; 32]), ..body() },
    ];
    for body in changed {
        assert_ne!(body.chain_hash(), receipt.body.chain_hash());
        let forged = Receipt { body, signature: receipt.signature };
        assert!(forged.verify(key().public(), Label::Receipt).is_err());
    }
    assert!(receipt.verify(key().public(), Label::ReceiptAgreement).is_err());
}

#[test]
fn the_longest_receipt_is_a_control_message() {
    let entries = vec![body().entries[0]; RECEIPT_ENTRIES_MAX];
    let receipt = Receipt::new(&key(), Label::Receipt, ReceiptBody { entries, ..body() });
    let bytes = encode(&receipt);
    assert!(bytes.len() < 40_000, "{}", bytes.len());
    assert_eq!(decode::<Receipt>(&bytes), Ok(receipt));
}

#[test]
fn fragments_count_in_whole_units() {
    let charged = [1, 4096, 4097, 1 << 20].map(charge);
    assert_eq!(charged, [4096, 4096, 8192, 1 << 20]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn mutated_receipts_never_panic(
        at in 0_usize..340,
        byte in any::<u8>(),
        cut in 0_usize..20,
        more in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut bytes = encode(&Receipt { body: body(), signature: Signature([6; 64]) });
        let at = at % bytes.len();
        bytes[at] ^= byte;
        bytes.truncate(bytes.len() - cut);
        bytes.extend(more);
        if let Ok(receipt) = decode::<Receipt>(&bytes) {
            prop_assert_eq!(encode(&receipt), bytes);
        }
    }
}
