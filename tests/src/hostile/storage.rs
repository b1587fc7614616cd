//! What customers and suppliers say to each other, and the documents that suppliers keep.

use base::{
    BlockId, ContractId, Date, Hash, IdentityId, Label, Signature, Signed, SpaceId, Wire, encode,
};
use identity::DeviceSigned;
use storage::audit::{Answer, Challenge, Evidence, Question, Reply, SignedAnswer, SignedChallenge};
use storage::policy::Policy;
use storage::terms::{Arrangement, Contract, Place, RootDocument, Terms};
use storage::wire::{BulkAnswer, BulkRequest, DocumentKind, Message, Refusal};

use store::receipt::{Change, ReceiptBody, ReceiptEntry};

use super::mesh::keystore;
use super::{Decoder, NETWORK, NOW, device_key, is_form, read};

/// The payload of a control envelope.
pub const MESSAGE: Decoder =
    Decoder { name: "storage_message", takes: is_form::<Message>, valid: valid_messages };
/// The head of a bulk request.
pub const REQUEST: Decoder =
    Decoder { name: "storage_request", takes: takes_request, valid: valid_requests };
/// The head of a bulk answer.
pub const ANSWER: Decoder =
    Decoder { name: "storage_answer", takes: is_form::<BulkAnswer>, valid: valid_answers };
/// A contract with both signatures.
pub const CONTRACT: Decoder =
    Decoder { name: "storage_contract", takes: takes_contract, valid: valid_contracts };
/// What proves a supplier's fault to anybody.
pub const EVIDENCE: Decoder = Decoder {
    name: "storage_evidence",
    takes: takes_evidence,
    valid: || vec![encode(&evidence())],
};
/// The document where everything of a drive begins.
pub const ROOT: Decoder = Decoder { name: "storage_root", takes: takes_root, valid: valid_roots };

const CONTRACT_ID: ContractId = ContractId([1; 32]);
const BLOCK: BlockId = BlockId([2; 32]);
const SIGNATURE: Signature = Signature([5; 64]);

fn terms() -> Terms {
    Terms {
        network: NETWORK,
        customer: IdentityId([2; 32]),
        supplier: IdentityId([3; 32]),
        device: device_key(8).public().into(),
        quota_bytes: 1 << 30,
        from: NOW,
        until: Date(NOW.0 + 1),
        price: 0,
        salt: [9; 16],
    }
}

pub(super) fn contract() -> Contract {
    let (terms, customer, supplier) = (terms(), device_key(7), device_key(8));
    let bytes = encode(&terms);
    Contract {
        terms,
        customer_device: customer.public().into(),
        customer_signature: Signature::make(&customer, Label::ContractOffer, &bytes),
        supplier_signature: Signature::make(&supplier, Label::ContractAcceptance, &bytes),
        renewal: None,
    }
}

fn valid_messages() -> Vec<Vec<u8>> {
    let (contract, owner, kind) = (contract(), IdentityId([3; 32]), DocumentKind::Root);
    let receipt = Some(vec![4; 200]);
    let messages = [
        Message::Propose { terms: terms(), signature: SIGNATURE },
        Message::Accept { contract: contract.clone() },
        Message::Decline { reason: Refusal::NoRoom },
        Message::AskStanding { contract: Some(CONTRACT_ID) },
        Message::Standing { contract, fragments: 7, bytes: 7 << 20, receipt },
        Message::Agree { contract: CONTRACT_ID, sequence: 3, signature: SIGNATURE },
        Message::End { contract: CONTRACT_ID },
        Message::Renew { contract: CONTRACT_ID, until: NOW, signature: SIGNATURE },
        Message::Ended { contract: CONTRACT_ID, erased: NOW },
        Message::KeepDocument { kind, sequence: 5, bytes: vec![6; 100] },
        Message::DocumentKept { kind: DocumentKind::Identity, sequence: 5 },
        Message::AskDocument { owner, kind },
        Message::Document { owner, kind, bytes: Some(vec![7; 50]) },
    ];
    messages.iter().map(encode).collect()
}

fn takes_request(bytes: &[u8]) -> bool {
    read::<BulkRequest>(bytes).is_some_and(|request| request.is_sound())
}

fn valid_requests() -> Vec<Vec<u8>> {
    let (contract, block, index) = (CONTRACT_ID, BLOCK, 9);
    let (bytes, masked_root, manifest) = (65_536, Hash([4; 32]), vec![3; 300]);
    let requests = [
        BulkRequest::Put { contract, block, index, bytes, masked_root, manifest },
        BulkRequest::Get { contract, block, index },
        BulkRequest::Delete { contract, block, index },
        BulkRequest::Audit { challenge: challenge() },
    ];
    requests.iter().map(encode).collect()
}

fn valid_answers() -> Vec<Vec<u8>> {
    let answers = [
        BulkAnswer::Stored { receipt: vec![3; 300] },
        BulkAnswer::Fragment { bytes: 4096, manifest: vec![5; 100] },
        BulkAnswer::Refused { reason: Refusal::DiskFailed },
        BulkAnswer::Audited { answer: answer(&challenge()) },
    ];
    answers.iter().map(encode).collect()
}

fn challenge() -> SignedChallenge {
    let (contract, block, index) = (contract().terms.id(), BLOCK, 9);
    let question = Question::Range { index: 0 };
    let (network, nonce, date) = (NETWORK, [7; 16], NOW);
    let masked_root = Hash([4; 32]);
    let body = Challenge { network, contract, block, index, masked_root, question, nonce, date };
    Signed::new(&device_key(7), Label::AuditChallenge, body)
}

fn answer(challenge: &SignedChallenge) -> SignedAnswer {
    let reply = Reply::Refused { reason: Refusal::Missing };
    let body = Answer { challenge: challenge.body.id(), reply };
    Signed::new(&device_key(8), Label::AuditAnswer, body)
}

/// Nobody is accused by what he did not sign: only the one evidence that was made proves anything.
fn takes_evidence(bytes: &[u8]) -> bool {
    let is_proof = read::<Evidence>(bytes).is_some_and(|evidence| evidence.verify().is_ok());
    assert!(!is_proof || bytes == encode(&evidence()), "a forged accusation");
    is_proof
}

fn evidence() -> Evidence {
    let (contract, challenge) = (contract(), challenge());
    let entry = ReceiptEntry {
        change: Change::Kept,
        block: BLOCK,
        index: 9,
        masked_root: Hash([4; 32]),
        bytes: 65_536,
    };
    let body = ReceiptBody {
        contract: contract.terms.id(),
        sequence: 1,
        previous: Hash([0; 32]),
        entries: vec![entry],
        total_fragments: 1,
        total_bytes: 65_536,
        until: Date(NOW.0 + 1),
        date: NOW,
    };
    let receipt = Signed::new(&device_key(8), Label::Receipt, body);
    Evidence { contract, receipt, answer: answer(&challenge), challenge }
}

fn takes_contract(bytes: &[u8]) -> bool {
    let is_taken = read::<Contract>(bytes).is_some_and(|contract| contract.verify().is_ok());
    assert!(!is_taken || bytes == encode(&contract()), "a forged contract");
    is_taken
}

fn valid_contracts() -> Vec<Vec<u8>> {
    vec![encode(&contract())]
}

fn takes_root(bytes: &[u8]) -> bool {
    let Some(root) = read::<DeviceSigned<RootDocument>>(bytes) else { return false };
    assert!(bytes.len() <= RootDocument::BYTES_MAX);
    // Who reads it makes the code of each arrangement.
    let are_sound = root.body.arrangements.iter().all(|each| each.spread().is_some());
    are_sound && root.verify(Label::RootDocument, NOW).is_ok()
}

fn valid_roots() -> Vec<Vec<u8>> {
    let mine = keystore(1, 0);
    let place = |number: u8| Place {
        identity: IdentityId([number; 32]),
        device: device_key(number).public().into(),
        contract: ContractId([number; 32]),
    };
    let arrangement = |number, policy, places: u8| Arrangement {
        number,
        policy,
        places: (0..places).map(place).collect(),
    };
    let root = |arrangements, head| RootDocument {
        identity: mine.identity(),
        space: SpaceId([8; 32]),
        sequence: NOW.0,
        date: NOW,
        keyring: vec![5; 1_100],
        arrangements,
        head,
    };
    let two = vec![arrangement(1, Policy::Double, 2), arrangement(2, Policy::Standard, 44)];
    let signed =
        |root| DeviceSigned::new(&mine.device, Label::RootDocument, mine.credential(), root);
    [root(vec![arrangement(1, Policy::Double, 7)], vec![]), root(two, vec![6; 400])]
        .map(|root| encode(&signed(root)))
        .to_vec()
}
