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

/// How it stands with one fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fragment {
    Unasked,
    Asked,
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

    /// The supplier at `place` is connected again.
    pub fn place_returned(&mut self, place: u8) {
        for index in self.spread.fragments_at(place) {
            if self.fragments.get(&index) == Some(&Fragment::Lost) {
                self.fragments.insert(index, Fragment::Unasked);
            }
        }
    }

    /// The places whose fragments are beyond hope although their supplier is there.
    pub fn gone_places(&self) -> BTreeSet<u8> {
        let gone = self.fragments.iter().filter(|(_, state)| **state == Fragment::Gone);
        gone.map(|(index, _)| self.spread.place_of(*index)).collect()
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

    /// What can be hoped for if the suppliers at the places for which `is_online` holds can be asked.
    pub fn outlook(&self, is_online: impl Fn(u8) -> bool) -> Outlook {
        let here = self.here().count();
        let asked = self.count(Fragment::Asked).count();
        match &self.need {
            Need::Everything | Need::These(_) => {
                let open = self.askable(&is_online).filter(|index| self.is_of_these(*index));
                if asked + open.count() > 0 { Outlook::Possible } else { Outlook::Enough }
            }
            Need::Data(_) if self.is_direct() => Outlook::Enough,
            Need::Data(wanted) => {
                let k = usize::from(self.spread.data);
                if here >= k {
                    return Outlook::Enough;
                }
                let open: BTreeSet<u8> = self.askable(&is_online).collect();
                let reachable = |index: &u8| {
                    open.contains(index)
                        || matches!(
                            self.fragments.get(index),
                            Some(Fragment::Here | Fragment::Asked)
                        )
                };
                let is_possible = here + asked + open.len() >= k || wanted.iter().all(reachable);
                if is_possible { Outlook::Possible } else { Outlook::Short }
            }
        }
    }

    /// The fragments to ask for now; they count as asked from here on.
    ///
    /// First the wanted Data fragments alone; if one of them cannot be had, as many others as make
    /// k, Data before Parity, for Data needs no decoding.
    pub fn ask(&mut self, is_online: impl Fn(u8) -> bool) -> Vec<u8> {
        let open: Vec<u8> = self.askable(&is_online).collect();
        let chosen: Vec<u8> = match &self.need {
            Need::Everything | Need::These(_) => {
                open.into_iter().filter(|index| self.is_of_these(*index)).collect()
            }
            Need::Data(wanted) => {
                let hopeful = |index: &u8| {
                    open.contains(index)
                        || matches!(
                            self.fragments.get(index),
                            Some(Fragment::Here | Fragment::Asked)
                        )
                };
                if wanted.iter().all(hopeful) {
                    open.into_iter().filter(|index| wanted.contains(index)).collect()
                } else {
                    let under_way = self.here().count() + self.count(Fragment::Asked).count();
                    let missing = usize::from(self.spread.data).saturating_sub(under_way);
                    open.into_iter().take(missing).collect()
                }
            }
        };
        for index in &chosen {
            self.fragments.insert(*index, Fragment::Asked);
        }
        chosen
    }

    fn askable(&self, is_online: &impl Fn(u8) -> bool) -> impl Iterator<Item = u8> {
        self.count(Fragment::Unasked).filter(|index| is_online(self.spread.place_of(*index)))
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

    fn set_unless_here(&mut self, index: u8, state: Fragment) {
        if self.fragments.get(&index) != Some(&Fragment::Here) {
            self.fragments.insert(index, state);
        }
    }
}
