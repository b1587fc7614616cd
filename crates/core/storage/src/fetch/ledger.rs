//! Which fragments of a block are here, asked for, or beyond hope; and which to ask for next.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::Spread;

/// What is wanted of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// These Data fragments.
    Data(BTreeSet<u8>),
    /// One fragment of every supplier: to see what each of them really has.
    Everything,
    /// These fragments, each of its own supplier and of nobody else: to see whether it has them.
    These(BTreeSet<u8>),
}

/// What can be hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlook {
    /// What is here is enough.
    Enough,
    /// What is here, asked for, and can be asked for is enough.
    Possible,
    /// It is not.
    Short,
}

/// How a supplier is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It is not connected.
    Away,
    /// It is connected, but was asked and says nothing.
    Silent,
    /// It is connected.
    Heard,
}

/// How it stands with one fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fragment {
    Unasked,
    Asked,
    /// Asked for, but its supplier says nothing: not counted on, and welcome if it comes after all.
    Overdue,
    Here,
    /// Asked for in vain; asked again when its supplier comes back.
    Lost,
    /// Its supplier answered that it has not got it, or gave wrong bytes: not asked again.
    Gone,
}

/// The fragments of one block.
#[derive(Clone, Debug)]
pub struct Fragments {
    spread: Spread,
    need: Need,
    fragments: BTreeMap<u8, Fragment>,
}

impl Fragments {
    /// Nothing is asked for yet.
    pub fn new(spread: Spread, need: Need) -> Self {
        let fragments = (0..spread.fragments()).map(|index| (index, Fragment::Unasked)).collect();
        Self { spread, need, fragments }
    }

    /// What is wanted.
    pub fn need(&self) -> &Need {
        &self.need
    }

    /// A verified fragment came.
    pub fn arrived(&mut self, index: u8) {
        self.fragments.insert(index, Fragment::Here);
    }

    /// The transfer broke off; it may be tried again.
    pub fn lost(&mut self, index: u8) {
        self.set_unless_here(index, Fragment::Lost);
    }

    /// The supplier has not got it, or what it gave is wrong.
    pub fn gone(&mut self, index: u8) {
        self.set_unless_here(index, Fragment::Gone);
    }

    /// The supplier at `place` was asked and says nothing.
    pub fn place_silent(&mut self, place: u8) {
        self.turn(place, Fragment::Asked, Fragment::Overdue);
    }

    /// The supplier at `place` is heard again: what it was asked for is still to come.
    pub fn place_heard(&mut self, place: u8) {
        self.turn(place, Fragment::Overdue, Fragment::Asked);
    }

    /// The supplier at `place` is connected again.
    pub fn place_returned(&mut self, place: u8) {
        self.turn(place, Fragment::Lost, Fragment::Unasked);
    }

    /// The places whose fragments are beyond hope although their supplier is there.
    pub fn gone_places(&self) -> BTreeSet<u8> {
        let gone = self.fragments.iter().filter(|(_, state)| **state == Fragment::Gone);
        gone.map(|(index, _)| self.spread.place_of(*index)).collect()
    }

    /// The fragments that could not be asked for, or not to the end: nothing is known of them.
    pub fn unreached(&self) -> impl Iterator<Item = u8> {
        let lost = self.count(Fragment::Lost);
        self.count(Fragment::Unasked).chain(lost).chain(self.count(Fragment::Overdue))
    }

    /// The indices that are here.
    pub fn here(&self) -> impl Iterator<Item = u8> {
        self.count(Fragment::Here)
    }

    /// Whether what is here is enough without decoding: all wanted Data fragments.
    pub fn is_direct(&self) -> bool {
        match &self.need {
            Need::Data(wanted) => {
                wanted.iter().all(|index| self.fragments.get(index) == Some(&Fragment::Here))
            }
            Need::Everything | Need::These(_) => false,
        }
    }

    /// What can be hoped for if the suppliers are reached as `reach` says of each place.
    pub fn outlook(&self, reach: impl Fn(u8) -> Reach) -> Outlook {
        let here = self.here().count();
        let asked = self.count(Fragment::Asked).count() + self.count(Fragment::Overdue).count();
        let open: BTreeSet<u8> =
            self.open(&reach, Reach::Heard).chain(self.open(&reach, Reach::Silent)).collect();
        match &self.need {
            Need::Everything | Need::These(_) if asked + open.len() > 0 => Outlook::Possible,
            Need::Everything | Need::These(_) => Outlook::Enough,
            Need::Data(_) if self.is_direct() => Outlook::Enough,
            Need::Data(wanted) => {
                let k = usize::from(self.spread.data);
                if here >= k {
                    return Outlook::Enough;
                }
                let reachable = |index: &u8| {
                    let state = self.fragments.get(index);
                    open.contains(index)
                        || matches!(
                            state,
                            Some(Fragment::Here | Fragment::Asked | Fragment::Overdue)
                        )
                };
                let is_possible = here + asked + open.len() >= k || wanted.iter().all(reachable);
                if is_possible { Outlook::Possible } else { Outlook::Short }
            }
        }
    }

    /// The fragments to ask for now; they count as asked from here on.
    ///
    /// First the wanted Data fragments alone; if one of them cannot be had soon, as many others as
    /// make k, Data before Parity, for Data needs no decoding. Suppliers that say nothing are asked
    /// only when the others are not enough.
    pub fn ask(&mut self, reach: impl Fn(u8) -> Reach) -> Vec<u8> {
        let heard: Vec<u8> = self.open(&reach, Reach::Heard).collect();
        let silent: Vec<u8> = self.open(&reach, Reach::Silent).collect();
        let chosen: Vec<u8> = match &self.need {
            Need::Everything | Need::These(_) => heard.into_iter().chain(silent).collect(),
            Need::Data(wanted) => {
                let hopeful = |index: &u8| {
                    let state = self.fragments.get(index);
                    heard.contains(index) || matches!(state, Some(Fragment::Here | Fragment::Asked))
                };
                if wanted.iter().all(hopeful) {
                    heard.into_iter().filter(|index| wanted.contains(index)).collect()
                } else {
                    let under_way = self.here().count() + self.count(Fragment::Asked).count();
                    let missing = usize::from(self.spread.data).saturating_sub(under_way);
                    let overdue = self.count(Fragment::Overdue).count();
                    let beside = missing.saturating_sub(heard.len()).saturating_sub(overdue);
                    let beside = silent.into_iter().take(beside);
                    heard.into_iter().take(missing).chain(beside).collect()
                }
            }
        };
        for index in &chosen {
            self.fragments.insert(*index, Fragment::Asked);
        }
        chosen
    }

    /// Nobody was asked for these yet, and their suppliers are reached so.
    fn open(&self, reach: &impl Fn(u8) -> Reach, how: Reach) -> impl Iterator<Item = u8> {
        self.count(Fragment::Unasked)
            .filter(move |index| reach(self.spread.place_of(*index)) == how)
            .filter(|index| self.is_of_these(*index))
    }

    fn is_of_these(&self, index: u8) -> bool {
        match &self.need {
            Need::These(wanted) => wanted.contains(&index),
            Need::Data(_) | Need::Everything => true,
        }
    }

    fn count(&self, wanted: Fragment) -> impl Iterator<Item = u8> {
        self.fragments.iter().filter(move |(_, state)| **state == wanted).map(|(index, _)| *index)
    }

    fn turn(&mut self, place: u8, from: Fragment, to: Fragment) {
        for index in self.spread.fragments_at(place) {
            if self.fragments.get(&index) == Some(&from) {
                self.fragments.insert(index, to);
            }
        }
    }

    fn set_unless_here(&mut self, index: u8, state: Fragment) {
        if self.fragments.get(&index) != Some(&Fragment::Here) {
            self.fragments.insert(index, state);
        }
    }
}
