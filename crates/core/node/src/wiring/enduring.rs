//! What the data survives, from arrangements, contracts and the presence of suppliers.

use std::collections::BTreeSet;

use base::DeviceId;
use storage::durability::{Assumptions, Scheme};
use storage::margin::{Fate, Holding, Standing, fate};
use storage::terms::Arrangement;

use crate::durability::{Attending, Durability, Placed};
use crate::node::Node;

impl Node {
    pub(crate) fn durability(&self) -> Durability {
        let assumed = Assumptions::default();
        let is_empty = self.book.head.is_empty();
        let used = self.book.used.iter().filter(|_| !is_empty);
        let used = used.filter_map(|number| self.book.arrangements.get(number));
        let mut placements: Vec<Placed> =
            used.filter_map(|each| self.placed(each, &assumed)).collect();
        placements
            .sort_by(|a, b| a.fate.cmp(&b.fate).then(a.days_to_live.total_cmp(&b.days_to_live)));
        Durability {
            placements,
            suppliers: self.attending(),
            is_confirmed: self.book.is_confirmed,
            brake: self.watching.brake(),
            assumed,
        }
    }

    fn placed(&self, arrangement: &Arrangement, assumed: &Assumptions) -> Option<Placed> {
        let spread = arrangement.spread()?;
        let full = Holding::full(spread)?;
        let standings: Vec<Standing> =
            arrangement.places.iter().map(|place| self.standing_at(place)).collect();
        let counted = standings.iter().filter(|standing| standing.counts()).count();
        let counted = u8::try_from(counted).unwrap_or(u8::MAX);
        let uncounted = standings.iter().enumerate().filter(|(_, standing)| !standing.counts());
        let lost = uncounted.fold(0, |bits, (place, _)| bits | 1_u64 << place);
        let networks: Vec<Option<u64>> =
            arrangement.places.iter().map(|place| self.watching.network(&place.device)).collect();
        let scheme = Scheme::new(arrangement.policy, spread);
        let fate = fate(full, &standings);
        Some(Placed {
            arrangement: arrangement.number,
            is_in_force: self.arrangement().map(|now| now.number) == Some(arrangement.number),
            policy: arrangement.policy.name(),
            suppliers: spread.suppliers,
            needed: spread.needed(),
            counted,
            fate,
            may_lose_networks: full.without_places(lost).may_lose_networks(&networks),
            wants_repair: fate != Fate::Lost && scheme.wants_repair(counted),
            yearly_loss: scheme.yearly_loss(counted, assumed),
            days_to_live: scheme.days_to_live(counted, assumed),
            repair_traffic_yearly: scheme.repair_traffic_yearly(assumed, true),
        })
    }

    fn attending(&self) -> Vec<Attending> {
        let used = self.book.used.iter().filter_map(|number| self.book.arrangements.get(number));
        let placed = used.flat_map(|arrangement| &arrangement.places).map(|place| place.device);
        let active = self.customer.contracts.keys();
        let active = active.filter(|device| self.customer.is_active(device)).copied();
        let devices: BTreeSet<DeviceId> = placed.chain(active).collect();
        let now = self.arrangement().map(|now| now.places.as_slice()).unwrap_or_default();
        let mut all: Vec<Attending> = devices
            .into_iter()
            .map(|device| {
                let place = now.iter().position(|place| place.device == device);
                let attendance = self.watching.attendance(&device, self.now.tick);
                let (away_ms, uptime) = attendance.unwrap_or_default();
                Attending {
                    device,
                    place: place.and_then(|place| u8::try_from(place).ok()),
                    is_online: self.is_online(&device),
                    standing: self.standing(&device),
                    rung: self.rung(&device),
                    away_ms,
                    uptime,
                }
            })
            .collect();
        all.sort_by_key(|supplier| (supplier.place.is_none(), supplier.place, supplier.device));
        all
    }
}
