//! How many suppliers, or whole networks, may still be lost before data is: exact, for the worst case.
//!
//! What is counted are receipted fragments at suppliers that are there. The node's report on
//! durability and the choice of what to repair stand on it; `durability` adds the estimate.

use std::collections::BTreeMap;

use crate::policy::{SUPPLIERS_MAX, Spread};

#[cfg(test)]
mod tests;

/// Fragments of one block that one supplier may keep: `double` gives each a Data and a Parity one.
const LAYERS: usize = 2;

/// How far a supplier is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is there, or has not been away for long.
    Present,
    /// Away for longer than is usual: counted, but nothing new is placed with it.
    Suspect,
    /// Away for so long that it is not counted until it returns.
    Missing,
    /// Its fragments are not coming back.
    Gone,
}

impl Standing {
    /// Whether its fragments are counted now.
    pub const fn counts(self) -> bool {
        match self {
            Self::Present | Self::Suspect => true,
            Self::Missing | Self::Gone => false,
        }
    }
}

/// Which fragments of a block, or of all blocks placed alike, are where: a bit for each place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    needed: u8,
    suppliers: u8,
    layers: [u64; LAYERS],
}

impl Holding {
    /// Every fragment at its place; none for a spread that no policy makes.
    pub fn full(spread: Spread) -> Option<Self> {
        let suppliers = spread.suppliers;
        if !(1..=SUPPLIERS_MAX).contains(&suppliers) || spread.data == 0 {
            return None;
        }
        let fragments = u16::from(spread.data) + u16::from(spread.parity);
        if fragments > u16::from(suppliers) * LAYERS as u16 {
            return None;
        }
        let mut layers = [0; LAYERS];
        for index in 0..fragments {
            let (layer, place) = (index / u16::from(suppliers), index % u16::from(suppliers));
            layers[usize::from(layer)] |= 1 << place;
        }
        Some(Self { needed: spread.data, suppliers, layers })
    }

    /// The same without one fragment: it has no receipt, or is known to be lost.
    #[must_use]
    pub fn without_fragment(mut self, index: u8) -> Self {
        let (layer, place) = (index / self.suppliers, index % self.suppliers);
        if let Some(bits) = self.layers.get_mut(usize::from(layer)) {
            *bits &= !(1 << place);
        }
        self
    }

    /// The same without the fragments at `lost` places, a bit for each.
    #[must_use]
    pub fn without_places(mut self, lost: u64) -> Self {
        for bits in &mut self.layers {
            *bits &= !lost;
        }
        self
    }

    /// How many fragments are left when these places are lost.
    pub fn left(self, lost: u64) -> u32 {
        self.layers.iter().map(|bits| (bits & !lost).count_ones()).sum()
    }

    /// Whether the data can be brought back when these places are lost.
    pub fn survives(self, lost: u64) -> bool {
        self.left(lost) >= u32::from(self.needed)
    }

    /// How many suppliers, whichever they are, may be lost; none if too few fragments are here.
    pub fn may_lose(self) -> Option<u8> {
        let places = (0..self.suppliers).map(|place| self.left(!(1 << place)));
        self.may_lose_of(places.collect())
    }

    /// How many networks, whichever they are, may be lost with all suppliers in them. `networks` is
    /// by place; a supplier whose network is not known is taken for a network of its own.
    pub fn may_lose_networks(self, networks: &[Option<u64>]) -> Option<u8> {
        let mut known: BTreeMap<u64, u32> = BTreeMap::new();
        let mut weights = vec![];
        for place in 0..self.suppliers {
            let fragments = self.left(!(1 << place));
            match networks.get(usize::from(place)).copied().flatten() {
                Some(network) => *known.entry(network).or_default() += fragments,
                None => weights.push(fragments),
            }
        }
        weights.extend(known.into_values());
        self.may_lose_of(weights)
    }

    /// Fragments needed to bring the data back.
    pub fn needed(self) -> u8 {
        self.needed
    }

    /// Takes the largest weights away as long as enough is left: no other choice does more harm.
    fn may_lose_of(self, mut weights: Vec<u32>) -> Option<u8> {
        let mut spare = self.left(0).checked_sub(u32::from(self.needed))?;
        weights.sort_unstable_by(|a, b| b.cmp(a));
        let mut lost = 0;
        for weight in weights {
            match spare.checked_sub(weight) {
                Some(rest) => spare = rest,
                None => break,
            }
            lost += 1;
        }
        Some(lost)
    }
}

/// How it stands with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Fewer fragments exist than are needed.
    Lost,
    /// Fewer are here than are needed, but enough would be if missing suppliers return.
    Waits,
    /// It can be brought back, also when so many more suppliers are lost.
    Kept {
        /// How many, whichever they are.
        may_lose: u8,
    },
}

/// What is true of blocks that are placed alike, given how their suppliers stand, by place. A place
/// that `standings` does not name is gone.
pub fn fate(full: Holding, standings: &[Standing]) -> Fate {
    let without = |is_lost: fn(Standing) -> bool| {
        let standing = |place: &u8| standings.get(usize::from(*place)).copied();
        let lost = (0..full.suppliers).filter(|place| standing(place).is_none_or(is_lost));
        full.without_places(lost.fold(0, |bits, place| bits | 1 << place))
    };
    match without(|standing| !standing.counts()).may_lose() {
        Some(may_lose) => Fate::Kept { may_lose },
        None if without(|standing| standing == Standing::Gone).may_lose().is_some() => Fate::Waits,
        None => Fate::Lost,
    }
}
