//! The customer's side of an audit: draws a question, asks it, judges the answer, and keeps what a
//! wrong answer proves.

use std::sync::Arc;
use std::time::Duration;

use base::{DeviceId, Label, Signed, encode};
use node::input::{AuditOutcome, Input};
use storage::audit::{
    Challenge, Evidence, Expected, Finding, Judgement, SignedAnswer, SignedChallenge, ask_range,
    judge,
};
use storage::terms::Contract;
use storage::wire::{BulkAnswer, BulkRequest};
use store::receipt::Receipt;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use transport::Handle;

use super::client::{Client, Inner, lock};
use crate::home::Home;
use crate::run::chance;

/// Questions that wait for an answer, of all suppliers together.
const QUESTIONS_MAX: usize = 256;

/// How long a question waits for a stream.
const TURN_WAIT: Duration = Duration::from_secs(10);

/// A supplier to be asked for proof.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    pub(crate) device: DeviceId,
    pub(crate) contract: Contract,
    /// Whether the last question stands.
    pub(crate) is_again: bool,
}

/// A question, and what its right answer is measured with.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    challenge: SignedChallenge,
    expected: Expected,
    receipt: Receipt,
}

impl Client {
    /// Asks for proof; `Audited` comes when it is over.
    pub(crate) async fn audit(self, net: Option<Handle>, home: Arc<Home>, audit: Audit) {
        let device = audit.device;
        let outcome = match net {
            Some(net) => self.0.audit(&net, home, audit).await,
            None => AuditOutcome::Unasked,
        };
        self.0.tell(Input::Audited { device, outcome }).await;
    }
}

impl Inner {
    async fn audit(self: &Arc<Self>, net: &Handle, home: Arc<Home>, audit: Audit) -> AuditOutcome {
        let Audit { device, contract, is_again } = audit;
        let standing = lock(&self.questions).get(&device).filter(|_| is_again).cloned();
        let asked = match standing {
            // An older contract may have been replaced by another one meanwhile.
            Some(asked) if asked.challenge.body.contract == contract.terms.id() => asked,
            _ => match self.clone().draw(contract.clone()).await {
                Ok(Some(asked)) => self.remember(device, asked),
                Ok(None) => return AuditOutcome::Vacant,
                Err(outcome) => return outcome,
            },
        };
        let request = BulkRequest::Audit { challenge: asked.challenge.clone() };
        let pool = self.pools.of(device);
        // Where fragments are on their way, an answer may be late without anybody's fault.
        let Ok(Some(_turn)) = timeout(TURN_WAIT, pool.turn()).await else {
            return AuditOutcome::Unasked;
        };
        if !pool.is_quiet() || self.is_sending() {
            return AuditOutcome::Unasked;
        }
        match self.exchange(net, (device, &pool), &request, &[]).await.map(|got| got.head) {
            Ok(BulkAnswer::Audited { answer }) => self.weigh(home, asked, contract, answer).await,
            // Not signed: a word that proves nothing.
            Ok(_) => AuditOutcome::Evaded,
            Err(error) => {
                tracing::debug!(%error, "an audit was not answered");
                AuditOutcome::Lost
            }
        }
    }

    fn remember(&self, device: DeviceId, asked: Asked) -> Asked {
        let mut questions = lock(&self.questions);
        if questions.len() >= QUESTIONS_MAX && !questions.contains_key(&device) {
            questions.pop_first();
        }
        questions.insert(device, asked.clone());
        asked
    }

    /// A question about a fragment that was drawn by chance; none if nothing is receipted.
    async fn draw(self: Arc<Self>, contract: Contract) -> Result<Option<Asked>, AuditOutcome> {
        let drawing = spawn_blocking(move || {
            let found = self.works.draw(contract.terms.id(), chance::bytes);
            let Some((drawn, receipt)) = found? else { return Ok(None) };
            let body = Challenge {
                network: self.local.network,
                contract: contract.terms.id(),
                block: drawn.block,
                index: drawn.index,
                masked_root: drawn.receipt.masked_root,
                question: ask_range(drawn.bytes, u64::from_le_bytes(chance::bytes())),
                nonce: chance::bytes(),
                date: self.local.clock.now().date,
            };
            let challenge = Signed::new(&self.local.keys.device, Label::AuditChallenge, body);
            let masked_root = drawn.receipt.masked_root;
            let expected = Expected { bytes: drawn.bytes, masked_root, whole: None };
            Ok(Some(Asked { challenge, expected, receipt }))
        });
        let drawn: Result<_, store::DatabaseError> = match drawing.await {
            Ok(drawn) => drawn,
            Err(_) => return Err(AuditOutcome::Unasked),
        };
        drawn.map_err(|error| {
            tracing::error!(%error, "the catalog cannot be read");
            AuditOutcome::Unasked
        })
    }

    async fn weigh(
        &self,
        home: Arc<Home>,
        asked: Asked,
        contract: Contract,
        answer: SignedAnswer,
    ) -> AuditOutcome {
        let Asked { challenge, expected, receipt } = asked;
        let supplier = contract.terms.device.into();
        match judge(&challenge.body, &expected, &answer, supplier) {
            Judgement::Passed => AuditOutcome::Passed,
            Judgement::Evaded | Judgement::Foreign => AuditOutcome::Evaded,
            Judgement::LossProved | Judgement::Cheated => {
                let evidence = Evidence { contract, receipt, challenge, answer };
                let keeping = spawn_blocking(move || keep(&home, &evidence));
                keeping.await.unwrap_or(AuditOutcome::Unasked)
            }
        }
    }
}

/// What is proved, once it is durable: whoever is judged by it may ask for it.
fn keep(home: &Home, evidence: &Evidence) -> AuditOutcome {
    let finding = match evidence.verify() {
        Ok(finding) => finding,
        Err(error) => {
            tracing::debug!(%error, "a wrong answer that proves nothing to others");
            return AuditOutcome::Evaded;
        }
    };
    let (id, bytes) = (evidence.id(), encode(evidence));
    let kept = home.evidence(&id).map_err(|error| error.to_string());
    let kept = kept.and_then(|file| file.save(&bytes).map_err(|error| error.to_string()));
    if let Err(error) = kept {
        tracing::error!(%error, "evidence cannot be kept, so that nothing follows from it");
        return AuditOutcome::Unasked;
    }
    match finding {
        Finding::Loss => AuditOutcome::LossProved { evidence: id },
        Finding::Cheating => AuditOutcome::Cheated { evidence: id },
    }
}
