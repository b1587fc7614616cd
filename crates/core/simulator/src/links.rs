//! Connections between nodes: greetings, envelopes, and how they break.

use std::collections::{BTreeMap, BTreeSet};

use automata::Tick;
use base::{DeviceId, decode, encode};
use mesh::{Kind, Outgoing, Session};
use node::input::Input;
use storage::wire::{Asker, Message};

use crate::being::proving;
use crate::world::{Event, World};

/// All connections.
#[derive(Default)]
pub(crate) struct Links {
    /// By pair, smaller number first; the epoch tells a connection from the one before.
    open: BTreeMap<(usize, usize), u64>,
    epoch: u64,
    /// When the last packet from one node to another arrives: a stream keeps its order.
    last: BTreeMap<(usize, usize), Tick>,
    /// Nodes that cannot reach the others, and cannot be reached by them.
    pub(crate) apart: BTreeSet<usize>,
}

impl Links {
    /// The epoch of the connection between two nodes.
    pub(crate) fn epoch(&self, one: usize, two: usize) -> Option<u64> {
        self.open.get(&pair(one, two)).copied()
    }

    fn is_divided(&self, one: usize, two: usize) -> bool {
        self.apart.contains(&one) != self.apart.contains(&two)
    }
}

impl World {
    pub(crate) fn connect(&mut self, from: usize, device: DeviceId) {
        let to = self.beings.iter().position(|being| being.device() == device);
        let to = to.filter(|to| {
            self.beings[*to].life.is_some() && !self.links.is_divided(from, *to) && *to != from
        });
        match to {
            Some(to) => {
                let lives = (self.beings[from].lives, self.beings[to].lives);
                self.later(Event::Connected { one: from, two: to, lives });
            }
            None => self.input_later(from, Input::Unreachable { device }),
        }
    }

    /// Looks for a sign of life of anybody.
    pub(crate) fn probe(&mut self, me: usize) {
        let mut others = (0..self.beings.len()).filter(|other| *other != me);
        let heard = others
            .any(|other| self.beings[other].life.is_some() && !self.links.is_divided(me, other));
        self.input_later(me, Input::Probed { heard });
    }

    /// Lets a packet arrive after a delay, but not before the one sent before it.
    pub(crate) fn in_order(&mut self, from: usize, to: usize, event: Event) {
        let delay = self.delay();
        let last = self.links.last.get(&(from, to)).copied().unwrap_or_default();
        let tick = (self.now.tick + delay).max(last);
        self.links.last.insert((from, to), tick);
        self.at(tick, event);
    }

    pub(crate) fn connected(&mut self, one: usize, two: usize, lives: (u32, u32)) {
        let are_alive = self.beings[one].life.is_some() && self.beings[two].life.is_some();
        let are_same = (self.beings[one].lives, self.beings[two].lives) == lives;
        if !are_alive || !are_same || self.links.is_divided(one, two) {
            if self.beings[one].lives == lives.0 {
                let device = self.beings[two].device();
                self.soon(one, Input::Unreachable { device });
            }
            return;
        }
        if self.links.epoch(one, two).is_some() {
            return;
        }
        self.links.epoch += 1;
        self.links.open.insert(pair(one, two), self.links.epoch);
        let hellos = [one, two].map(|number| {
            let challenge = self.chance.bytes();
            self.beings[number].hello(challenge)
        });
        let proving = proving(self.setting.is_full_crypto);
        for (me, other, mine, theirs) in
            [(one, two, &hellos[0], &hellos[1]), (two, one, &hellos[1], &hellos[0])]
        {
            let device = self.beings[other].device();
            let opened =
                Session::open(mine, &encode(theirs), device, proving.clone(), self.now.date);
            let session = opened.expect("honest greetings open a session");
            if let Some(life) = self.beings[me].life.as_mut() {
                life.sessions.insert(other, session);
            }
            let peer = self.beings[other].asker();
            self.soon(me, Input::Online { peer, network: None });
        }
    }

    /// All connections of a node break; those who were connected learn it.
    pub(crate) fn break_all_links(&mut self, number: usize) {
        let pairs = self.links.open.keys().filter(|(one, two)| *one == number || *two == number);
        for (one, two) in pairs.copied().collect::<Vec<_>>() {
            self.break_link(one, two);
        }
    }

    pub(crate) fn break_link(&mut self, one: usize, two: usize) {
        if self.links.open.remove(&pair(one, two)).is_none() {
            return;
        }
        self.bulk_broken(one, two);
        for (me, other) in [(one, two), (two, one)] {
            if let Some(life) = self.beings[me].life.as_mut() {
                life.sessions.remove(&other);
                let device = self.beings[other].device();
                self.soon(me, Input::Offline { device });
            }
        }
    }

    /// Seals a payload for a connected peer; nothing if there is no connection.
    pub(crate) fn seal(
        &mut self,
        from: usize,
        to: usize,
        outgoing: Outgoing,
    ) -> Option<(u64, Vec<u8>)> {
        let epoch = self.links.epoch(from, to)?;
        let being = &mut self.beings[from];
        let session = being.life.as_mut()?.sessions.get_mut(&to)?;
        let bytes = session.seal(&being.keys.device, outgoing, self.now.date);
        Some((epoch, bytes.expect("the limits of messages are those of envelopes")))
    }

    /// Whether chance breaks the connection now.
    pub(crate) fn breaks(&mut self, one: usize, two: usize) -> bool {
        let breaks = self.chance.happens(self.setting.break_ppm);
        if breaks {
            self.break_link(one, two);
        }
        breaks
    }

    pub(crate) fn send(
        &mut self,
        from: usize,
        to: usize,
        ids: (base::RequestId, Option<base::RequestId>),
        message: &Message,
    ) {
        let outgoing = Outgoing {
            kind: CONTROL,
            id: ids.0,
            answer_to: ids.1,
            payload: encode(message),
            life_ms: LIFE_MS,
        };
        if let Some((epoch, bytes)) = self.seal(from, to, outgoing)
            && !self.breaks(from, to)
        {
            // A stream keeps its order, whatever the delays of single packets.
            self.in_order(from, to, Event::Envelope { from, to, epoch, bytes });
        }
    }

    pub(crate) fn envelope(&mut self, from: usize, to: usize, epoch: u64, bytes: &[u8]) {
        if self.links.epoch(from, to) != Some(epoch) {
            return;
        }
        let now = self.now.date;
        let Some(life) = self.beings[to].life.as_mut() else { return };
        let Some(session) = life.sessions.get_mut(&from) else { return };
        let received = session.receive(bytes, now).expect("honest envelopes are received");
        let peer = session.peer();
        let from =
            Asker { identity: peer.identity, device: peer.device, generation: peer.generation };
        let envelope = received.into_inner();
        let message: Message = decode(&envelope.payload).expect("honest messages decode");
        let (id, answer_to) = (envelope.id, envelope.answer_to);
        self.give(to, Input::Received { from, id, answer_to, message });
    }
}

pub(crate) const LIFE_MS: u64 = 60_000;
pub(crate) const CONTROL: Kind = Kind(1);
pub(crate) const BULK: Kind = Kind(2);

fn pair(one: usize, two: usize) -> (usize, usize) {
    (one.min(two), one.max(two))
}
