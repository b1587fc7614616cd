//! Questions to suppliers about what they keep: how honest ones and others answer, and what the
//! customer makes of it.

use base::{DeviceId, Label, Signed};
use node::input::{AuditOutcome, Input};
use storage::audit::{
    Answer, Challenge, Evidence, Expected, Finding, Judgement, Question, Reply, SignedAnswer,
    SignedChallenge, ask_range, judge, reply,
};
use storage::ladder::Rung;
use storage::terms::Contract;
use storage::wire::{BulkAnswer, BulkRequest, Refusal};
use store::receipt::Receipt;

use crate::being::{Honesty, NETWORK};
use crate::bulk::Transfer;
use crate::world::World;

/// A question that waits for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    challenge: SignedChallenge,
    expected: Expected,
    receipt: Receipt,
    contract: Contract,
}

impl World {
    /// `Output::Audit` is carried out.
    pub(crate) fn audit(&mut self, me: usize, device: DeviceId, contract: Contract, again: bool) {
        let supplier = self.number(device);
        let standing = self.questions.get(&(me, supplier)).filter(|_| again);
        let standing = standing.filter(|asked| asked.contract.terms.id() == contract.terms.id());
        let asked = standing.cloned().or_else(|| self.draw(me, contract));
        let Some(asked) = asked else {
            return self.soon(me, Input::Audited { device, outcome: AuditOutcome::Vacant });
        };
        let Challenge { contract, block, index, .. } = asked.challenge.body;
        let challenge = asked.challenge.clone();
        self.questions.insert((me, supplier), asked);
        let transfer = Transfer::audit(me, supplier, contract, (block, index));
        self.ask(transfer, &BulkRequest::Audit { challenge }, vec![]);
    }

    fn draw(&mut self, me: usize, contract: Contract) -> Option<Asked> {
        let id = contract.terms.id();
        let key = self.beings[me].keys.device.clone();
        let drive = self.beings[me].life.as_ref()?.works.drive();
        let chance = &mut self.chance;
        let drawn = drive.draw(id, || chance.bytes()).expect("the catalog can be read")?;
        let receipt = self.receipts.get(&(id, drawn.receipt.sequence))?.clone();
        let body = Challenge {
            network: NETWORK,
            contract: id,
            block: drawn.block,
            index: drawn.index,
            masked_root: drawn.receipt.masked_root,
            question: ask_range(drawn.bytes, self.chance.below(u64::MAX)),
            nonce: self.chance.bytes(),
            date: self.now.date,
        };
        let challenge = Signed::new(&key, Label::AuditChallenge, body);
        let masked_root = drawn.receipt.masked_root;
        let expected = Expected { bytes: drawn.bytes, masked_root, whole: None };
        Some(Asked { challenge, expected, receipt, contract })
    }

    /// What a supplier says to a question.
    pub(crate) fn prove(&mut self, me: usize, challenge: &Challenge) -> BulkAnswer {
        let being = &mut self.beings[me];
        let (honesty, key) = (being.honesty, being.keys.device.clone());
        if honesty == Honesty::Evades {
            return BulkAnswer::Refused { reason: Refusal::Busy };
        }
        let Some(store) = being.life.as_mut().and_then(|life| life.store.as_mut()) else {
            return BulkAnswer::Refused { reason: Refusal::DiskFailed };
        };
        let (reader, name) = (store.reader(), (challenge.block, challenge.index));
        let view = reader.view(challenge.contract, challenge.block, challenge.index);
        let kept = view.ok().filter(|_| !honesty.has_dropped(name)).and_then(|view| {
            let bytes = reader.read(challenge.contract, name, 0..view.bytes).ok()?;
            Some((bytes, view.masked_root))
        });
        let said = match kept {
            Some((mut bytes, _)) if honesty == Honesty::Garbage => {
                // Signs what it has, without a look at what it receipted.
                bytes.iter_mut().for_each(|byte| *byte ^= 1);
                reply(challenge.question, Ok(&bytes), codec::fragment_root(&bytes))
            }
            Some((bytes, root)) => reply(challenge.question, Ok(&bytes), root),
            None => Reply::Refused { reason: Refusal::Missing },
        };
        let answer = Answer { challenge: challenge.id(), reply: said };
        BulkAnswer::Audited { answer: Signed::new(&key, Label::AuditAnswer, answer) }
    }

    /// An answer is there, or none came.
    pub(crate) fn audit_answered(
        &mut self,
        customer: usize,
        supplier: usize,
        answer: Option<&BulkAnswer>,
    ) {
        let device = self.beings[supplier].device();
        let outcome = match answer {
            Some(BulkAnswer::Audited { answer }) => self.weigh(customer, supplier, answer),
            Some(_) => AuditOutcome::Evaded,
            None => AuditOutcome::Lost,
        };
        self.soon(customer, Input::Audited { device, outcome });
    }

    fn weigh(&mut self, customer: usize, supplier: usize, answer: &SignedAnswer) -> AuditOutcome {
        let Some(asked) = self.questions.get(&(customer, supplier)).cloned() else {
            return AuditOutcome::Lost;
        };
        let Asked { challenge, expected, receipt, contract } = asked;
        let signer = contract.terms.device.into();
        self.audits += u64::from(matches!(challenge.body.question, Question::Range { .. }));
        match judge(&challenge.body, &expected, answer, signer) {
            Judgement::Passed => AuditOutcome::Passed,
            Judgement::Evaded | Judgement::Foreign => AuditOutcome::Evaded,
            Judgement::LossProved | Judgement::Cheated => {
                let evidence = Evidence { contract, receipt, challenge, answer: answer.clone() };
                let id = evidence.id();
                match evidence.verify().expect("what is judged is proved") {
                    Finding::Loss => AuditOutcome::LossProved { evidence: id },
                    Finding::Cheating => AuditOutcome::Cheated { evidence: id },
                }
            }
        }
    }

    /// What a customer thinks of a supplier, as it is written down.
    pub(crate) fn rung(&self, customer: usize, supplier: usize) -> Rung {
        let device = self.beings[supplier].device();
        let book = self.beings[customer].book.as_ref();
        let verdict = book.and_then(|book| book.verdicts.get(&device));
        verdict.map(|verdict| verdict.rung).unwrap_or_default()
    }
}
