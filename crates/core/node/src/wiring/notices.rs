//! What lies under an ended contract is erased when its notice is over by the calendar, and this node
//! has been awake so long since the end that a wrong calendar would have been noticed.

use automata::Tick;
use base::{ContractId, DAY_MS, Date, HOUR_MS};

use crate::book::Notice;
use crate::node::Node;

/// So long a node must have been awake since the end, milliseconds; a shorter notice needs no more
/// than itself.
const AWAKE_MS: u64 = 3 * DAY_MS;
/// How often the time is written down, milliseconds; so much of it a crash may cost.
const COUNT_MS: u64 = HOUR_MS;

/// When the time awake was counted last, and is to be counted again.
#[derive(Default)]
pub(crate) struct Notices {
    counted: Tick,
    next: Option<Tick>,
}

impl Notices {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.next
    }
}

impl Node {
    pub(crate) fn poll_notices(&mut self) {
        let needed_ms = self.awake_needed_ms();
        if self.book.notices.values().all(|notice| notice.awake_ms >= needed_ms) {
            self.notices.next = None;
        } else if self.notices.next.is_none() {
            (self.notices.counted, self.notices.next) =
                (self.now.tick, Some(self.now.tick + COUNT_MS));
        } else if self.notices.next.is_some_and(|next| next <= self.now.tick) {
            self.count_awake();
            self.notices.next = Some(self.now.tick + COUNT_MS);
            self.keep_book();
        }
    }

    /// A contract of a customer has ended now. Returns when its data is erased.
    pub(crate) fn begin_notice(&mut self, id: ContractId) -> Date {
        self.count_awake();
        let begun = self.supplier.contracts.get(&id).map(|contract| contract.terms.from);
        let now = self.now.date.max(begun.unwrap_or_default());
        let erased = now.plus_ms(self.settings.clocks.notice_ms);
        self.book.notices.insert(id, Notice { erased, awake_ms: 0 });
        self.keep_book();
        erased
    }

    /// When the data of a contract is erased that had ended before the start.
    pub(crate) fn resume_notice(&mut self, id: ContractId, until: Date) -> Date {
        let erased = until.plus_ms(self.settings.clocks.notice_ms);
        self.book.notices.entry(id).or_insert(Notice { erased, awake_ms: 0 }).erased
    }

    /// Until when what lies under an ended contract is kept whatever the calendar says.
    pub(crate) fn watched_until(&mut self, id: &ContractId) -> Option<Tick> {
        self.count_awake();
        let awake_ms = self.book.notices.get(id)?.awake_ms;
        let rest_ms = self.awake_needed_ms().saturating_sub(awake_ms);
        (rest_ms > 0).then(|| self.now.tick + rest_ms)
    }

    fn count_awake(&mut self) {
        // Nobody counts before the first contract has ended.
        let counted = std::mem::replace(&mut self.notices.counted, self.now.tick);
        let passed_ms = if self.notices.next.is_some() { self.now.tick.since(counted) } else { 0 };
        let needed_ms = self.awake_needed_ms();
        for notice in self.book.notices.values_mut() {
            notice.awake_ms = notice.awake_ms.saturating_add(passed_ms).min(needed_ms);
        }
    }

    fn awake_needed_ms(&self) -> u64 {
        AWAKE_MS.min(self.settings.clocks.notice_ms)
    }
}
