//! Questions are repeated until they are answered; a fault is proved by its bytes, and innocence by
//! no more.

use automata::{Journal, Live, Named};
use base::{
    BlockId, Date, HOUR_MS, Hash, IdentityId, Label, NetworkId, SecretKey, Signature, Signed,
    SymmetricKey, decode, encode,
};
use codec::fragment_root;
use expect_test::{expect, expect_file};
use proptest::prelude::*;
use store::{Change, ReceiptBody, ReceiptEntry};

use super::*;
use crate::terms::{Contract, Terms};
use crate::wire::Refusal;

#[test]
fn is_sound_and_as_drawn() {
    let atlas = super::atlas();
    expect_file!["automaton.md"].assert_eq(&atlas.sound().markdown());
}

#[test]
fn a_question_stands_until_it_is_answered() {
    let (mut run, mut journal) = (Live::start(Audit::new(Tick(0)), "one"), Journal::default());
    let mut told = String::new();
    let mut step = |minute: u64, event: Option<Event>| {
        let now = Tick(minute * MINUTE_MS);
        let effects = match event {
            Some(event) => run.feed(event, now, &mut journal),
            None => run.poll(now, &mut journal),
        };
        told += &format!("{minute}: {} {effects:?}\n", run.state().name());
    };
    step(0, None);
    step(1, None);
    step(11, None);
    step(11, Some(Event::Offline));
    step(90, Some(Event::Online));
    step(90, Some(Event::Passed));
    step(90, Some(Event::Cheated));
    step(149, None);
    step(150, None);
    step(150, Some(Event::Evaded));
    step(151, Some(Event::Passed));
    expect![[r#"
        0: Asked [Ask]
        1: Unanswered [ReportIgnored]
        11: Asked [AskAgain]
        11: Away []
        90: Asked [AskAgain]
        90: Resting [ReportPassed]
        90: Resting []
        149: Resting []
        150: Asked [Ask]
        150: Unanswered [ReportIgnored]
        151: Resting [ReportPassed]
    "#]]
    .assert_eq(&told);
}

const FRAGMENT_BYTES: usize = 8192;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(SymmetricKey([seed; 32]))
}

fn fragment() -> Vec<u8> {
    (0..FRAGMENT_BYTES).map(|at| (at * at / 7) as u8).collect()
}

fn contract() -> Contract {
    let terms = Terms {
        network: NetworkId([1; 32]),
        customer: IdentityId([2; 32]),
        supplier: IdentityId([3; 32]),
        device: key(8).public().into(),
        quota_bytes: 1 << 30,
        from: Date(0),
        until: Date(1_000),
        price: 0,
        salt: [9; 16],
    };
    let bytes = encode(&terms);
    Contract {
        customer_device: key(7).public().into(),
        customer_signature: Signature::make(&key(7), Label::ContractOffer, &bytes),
        supplier_signature: Signature::make(&key(8), Label::ContractAcceptance, &bytes),
        renewal: None,
        terms,
    }
}

fn challenge(question: Question) -> Challenge {
    Challenge {
        network: NetworkId([1; 32]),
        contract: contract().terms.id(),
        block: BlockId([5; 32]),
        index: 6,
        masked_root: fragment_root(&fragment()),
        question,
        nonce: [4; 16],
        date: Date(500),
    }
}

fn receipt() -> store::Receipt {
    let entry = ReceiptEntry {
        change: Change::Kept,
        block: BlockId([5; 32]),
        index: 6,
        masked_root: fragment_root(&fragment()),
        bytes: FRAGMENT_BYTES as u32,
    };
    let body = ReceiptBody {
        contract: contract().terms.id(),
        sequence: 1,
        previous: Hash([0; 32]),
        entries: vec![entry],
        total_fragments: 1,
        total_bytes: FRAGMENT_BYTES as u64,
        until: Date(1_000),
        date: Date(100),
    };
    Signed::new(&key(8), Label::Receipt, body)
}

fn answer(challenge: &Challenge, reply: Reply) -> SignedAnswer {
    Signed::new(&key(8), Label::AuditAnswer, Answer { challenge: challenge.id(), reply })
}

fn evidence(question: Question, reply: Reply) -> Evidence {
    let challenge = challenge(question);
    Evidence {
        contract: contract(),
        receipt: receipt(),
        answer: answer(&challenge, reply),
        challenge: Signed::new(&key(7), Label::AuditChallenge, challenge),
    }
}

fn expected() -> Expected {
    Expected {
        bytes: FRAGMENT_BYTES as u32,
        masked_root: fragment_root(&fragment()),
        whole: Some(whole_answer(&[3; 32], &fragment())),
    }
}

fn root() -> Hash {
    fragment_root(&fragment())
}

/// A range proof of a fragment of which the byte at `at` is wrong, as a liar makes it.
fn lie(at: usize, index: u32) -> Reply {
    let mut bytes = fragment();
    bytes[at] ^= 1;
    reply(Question::Range { index }, Ok(&bytes), fragment_root(&bytes))
}

fn judged(question: Question, reply: Reply) -> Judgement {
    let challenge = challenge(question);
    judge(&challenge, &expected(), &answer(&challenge, reply), key(8).public())
}

#[test]
fn an_honest_supplier_passes_every_question_and_nothing_can_be_made_of_it() {
    for index in 0..FRAGMENT_BYTES as u32 / RANGE_BYTES {
        let question = Question::Range { index };
        let honest = reply(question, Ok(&fragment()), root());
        assert_eq!(judged(question, honest.clone()), Judgement::Passed);
        assert_eq!(evidence(question, honest).verify(), Err(EvidenceError::NoFault));
    }
    let whole = Question::Whole { key: [3; 32] };
    let honest = reply(whole, Ok(&fragment()), root());
    assert_eq!(judged(whole, honest.clone()), Judgement::Passed);
    assert_eq!(evidence(whole, honest).verify(), Err(EvidenceError::NoFault));
}

#[test]
fn bytes_that_went_bad_are_told_and_never_signed_as_good() {
    let mut bad = fragment();
    bad[5_000] ^= 1;
    let question = Question::Range { index: 0 };
    let honest = reply(question, Ok(&bad), root());
    assert_eq!(honest, Reply::Refused { reason: Refusal::Damaged });
    assert_eq!(judged(question, honest.clone()), Judgement::LossProved);
    assert_eq!(evidence(question, honest).verify(), Ok(Finding::Loss));
}

#[test]
fn a_liar_is_found_and_a_third_node_agrees() {
    let question = Question::Range { index: 3 };
    assert_eq!(judged(question, lie(3_100, 3)), Judgement::Cheated);
    assert_eq!(evidence(question, lie(3_100, 3)).verify(), Ok(Finding::Cheating));
    // Another range than the one asked for, be it right.
    let other = reply(Question::Range { index: 2 }, Ok(&fragment()), root());
    assert_eq!(judged(question, other.clone()), Judgement::Cheated);
    assert_eq!(evidence(question, other).verify(), Ok(Finding::Cheating));
    // The hash of a whole fragment is known to the customer alone: no evidence.
    let whole = Question::Whole { key: [3; 32] };
    let wrong = Reply::Whole { hash: Hash([0; 32]) };
    assert_eq!(judged(whole, wrong.clone()), Judgement::Evaded);
    assert_eq!(evidence(whole, wrong).verify(), Err(EvidenceError::NoFault));
}

#[test]
fn evasions_prove_nothing() {
    let question = Question::Range { index: 0 };
    for reason in [Refusal::Busy, Refusal::Ended, Refusal::DiskFailed, Refusal::Mismatch] {
        let evasion = Reply::Refused { reason };
        assert_eq!(judged(question, evasion.clone()), Judgement::Evaded);
        assert_eq!(evidence(question, evasion).verify(), Err(EvidenceError::NoFault));
    }
    // A question for what no fragment has is the customer's fault.
    let nowhere = Question::Range { index: 8 };
    let honest = reply(nowhere, Ok(&fragment()), root());
    assert_eq!(honest, Reply::Refused { reason: Refusal::Mismatch });
    assert_eq!(evidence(nowhere, lie(0, 0)).verify(), Err(EvidenceError::NoFault));
}

#[test]
fn an_answer_of_somebody_else_or_to_something_else_is_none() {
    let asked = challenge(Question::Range { index: 0 });
    let other = Challenge { nonce: [5; 16], ..asked.clone() };
    let honest = reply(asked.question, Ok(&fragment()), root());
    let judge = |answer: &SignedAnswer| judge(&asked, &expected(), answer, key(8).public());
    assert_eq!(judge(&answer(&asked, honest.clone())), Judgement::Passed);
    assert_eq!(judge(&answer(&other, honest.clone())), Judgement::Foreign);
    let body = Answer { challenge: asked.id(), reply: honest };
    let forged = Signed::new(&key(9), Label::AuditAnswer, body.clone());
    assert_eq!(judge(&forged), Judgement::Foreign);
    let mislabelled = Signed::new(&key(8), Label::Receipt, body);
    assert_eq!(judge(&mislabelled), Judgement::Foreign);
}

#[test]
fn evidence_with_any_part_exchanged_is_none() {
    let question = Question::Range { index: 3 };
    let good = || evidence(question, lie(3_100, 3));
    assert_eq!(good().verify(), Ok(Finding::Cheating));
    let with = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = good();
        change(&mut evidence);
        evidence.verify()
    };
    let asked_at = |date| {
        let challenge = Challenge { date: Date(date), ..challenge(question) };
        let answer = answer(&challenge, lie(3_100, 3));
        let challenge = Signed::new(&key(7), Label::AuditChallenge, challenge);
        Evidence { challenge, answer, ..good() }.verify()
    };
    assert_eq!([asked_at(99), asked_at(1_001)], [Err(EvidenceError::Date); 2]);
    assert_eq!(asked_at(1_000), Ok(Finding::Cheating));
    let receipted = |change: &dyn Fn(&mut ReceiptBody)| {
        let mut body = receipt().body;
        change(&mut body);
        with(&|evidence| evidence.receipt = Signed::new(&key(8), Label::Receipt, body.clone()))
    };
    assert_eq!(receipted(&|body| body.entries.clear()), Err(EvidenceError::NotReceipted));
    assert_eq!(receipted(&|body| body.entries[0].index = 7), Err(EvidenceError::NotReceipted));
    let removed = receipted(&|body| body.entries[0].change = Change::Removed);
    assert_eq!(removed, Err(EvidenceError::NotReceipted));
    // Something else was put under the name later, and that is what was asked for.
    let older = receipted(&|body| body.entries[0].masked_root = Hash([1; 32]));
    assert_eq!(older, Err(EvidenceError::NotReceipted));
    assert_eq!(
        receipted(&|body| body.contract = base::ContractId([0; 32])),
        Err(EvidenceError::Unrelated)
    );
    assert_eq!(with(&|e| e.receipt.body.sequence = 2), Err(EvidenceError::Receipt));
    assert_eq!(with(&|e| e.challenge.body.nonce = [0; 16]), Err(EvidenceError::Challenge));
    assert_eq!(with(&|e| e.answer.body.challenge = Hash([0; 32])), Err(EvidenceError::Answer));
    assert!(matches!(with(&|e| e.contract.terms.quota_bytes = 1), Err(EvidenceError::Contract(_))));
}

#[test]
fn every_flipped_bit_of_evidence_makes_it_none_or_leaves_it_the_same() {
    let good = evidence(Question::Range { index: 3 }, lie(3_100, 3));
    let mut bytes = encode(&good);
    for at in (0..bytes.len()).step_by(3) {
        bytes[at] ^= 1 << (at % 8);
        let proved = decode::<Evidence>(&bytes).is_ok_and(|evidence| evidence.verify().is_ok());
        assert!(!proved, "byte {at}");
        bytes[at] ^= 1 << (at % 8);
    }
    assert_eq!(decode(&bytes), Ok(good));
}

#[test]
fn the_bytes_are_frozen() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let range = challenge(Question::Range { index: 3 });
    expect!["010101010101010101010101010101010101010101010101010101010101010101723af17dc3f5646dcb9432bb3bce46e7c4d37b628e82c38f9f34dab5c56e2c290505050505050505050505050505050505050505050505050505050505050505067455b4e90b86f7a5a6a1f11b59e3f8747ac38155cdf7b418deb5bcb344066dbb000300000004040404040404040404040404040404f401000000000000"].assert_eq(&hex(encode(&range)));
    let refused =
        Answer { challenge: range.id(), reply: Reply::Refused { reason: Refusal::Missing } };
    expect!["01d4552a2d1c9bcf3b1a55b1b76dbef69ac814a86b925cd1c19685eb305b10a7630207"]
        .assert_eq(&hex(encode(&refused)));
    let whole = reply(Question::Whole { key: [3; 32] }, Ok(&fragment()), root());
    expect!["01d4552a2d1c9bcf3b1a55b1b76dbef69ac814a86b925cd1c19685eb305b10a7630137c92649d9badb24790bec47d1ce1870fe837ee374c5503f414fc55b53cbc7ef"].assert_eq(&hex(encode(&Answer { challenge: range.id(), reply: whole })));
    let ranged = reply(Question::Range { index: 3 }, Ok(&fragment()), root());
    let ranged = encode(&Answer { challenge: range.id(), reply: ranged });
    expect!["93c8ff5b75896cf7aeb02ecd209d1d523704b5d1e4ff5cfc21411b05864270c3"]
        .assert_eq(&base::hash("test", &ranged).to_string());
    let told = evidence(Question::Range { index: 3 }, Reply::Refused { reason: Refusal::Missing });
    expect!["12c7b42117ae56bef78ecbda4069d1b13440b5aeecf028675541131eeead4d04"]
        .assert_eq(&base::hash("test", &encode(&told)).to_string());
}

// An envelope, its signature and its frame take less than 384 bytes around each.
#[test]
fn a_day_of_audits_stays_within_its_bytes() {
    let largest: Vec<u8> = vec![7; 1 << 20];
    let asked = challenge(Question::Range { index: 1_023 });
    let given = reply(asked.question, Ok(&largest), fragment_root(&largest));
    let question = encode(&Signed::new(&key(7), Label::AuditChallenge, asked.clone())).len();
    let answer = encode(&answer(&asked, given)).len();
    assert!(AUDITS_DAILY as usize * (question + answer + 2 * 384) <= AUDIT_BYTES_DAILY as usize);
    assert_eq!(Audit::new(Tick(0)).interval_ms, HOUR_MS);
}

proptest! {
    #[test]
    fn each_range_of_a_fragment_is_asked_for(random in any::<u64>(), class in 0_u32..9) {
        let bytes = 4096 << class;
        let Question::Range { index } = ask_range(bytes, random) else {
            return Err(TestCaseError::fail("no range"));
        };
        prop_assert!(index < bytes / RANGE_BYTES);
        prop_assert_eq!(u64::from(index), random % u64::from(bytes / RANGE_BYTES));
    }

    #[test]
    fn a_lie_about_any_byte_of_the_range_is_evidence(at in 0_usize..FRAGMENT_BYTES) {
        let index = at as u32 / RANGE_BYTES;
        let question = Question::Range { index };
        prop_assert_eq!(judged(question, lie(at, index)), Judgement::Cheated);
        prop_assert_eq!(evidence(question, lie(at, index)).verify(), Ok(Finding::Cheating));
    }
}
