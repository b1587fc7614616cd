//! What befalls the world.

use std::collections::BTreeSet;

use node::output::Safety;
use storage::ladder::Rung;
use storage::policy::Policy;
use store::faulty::Rates;

use crate::being::Honesty;

use super::{DAY, HOUR, MINUTE, Outcome, Play, subsets, wrong};

impl Play<'_> {
    pub(super) fn losses(&mut self) -> Outcome<()> {
        self.back_up()?;
        let (customer, request) = self.customers[0];
        let places = self.places(customer)?;
        let may_lose = usize::from(self.spread.may_lose());
        for lost in self.sets(places.len(), may_lose) {
            self.kill(&lost, &places);
            self.must_restore(customer, request)?;
            self.revive(&lost, &places, customer)?;
        }
        if may_lose < places.len() {
            for lost in self.sets(places.len(), may_lose + 1) {
                self.kill(&lost, &places);
                self.must_be_refused(customer, request, lost.len())?;
                self.revive(&lost, &places, customer)?;
            }
        }
        Ok(())
    }

    pub(super) fn fire(&mut self) -> Outcome<()> {
        self.back_up()?;
        let (customer, request) = self.customers[0];
        let places = self.places(customer)?;
        let count = usize::from(self.spread.may_lose() + self.scenario.extra_losses);
        let lost: BTreeSet<usize> = self.world.choose(count, places.len()).into_iter().collect();
        self.kill(&lost, &places);
        self.world.lose_home(customer);
        self.must_restore(customer, request)?;
        if lost.len() < places.len() {
            let next = (0..places.len()).find(|place| !lost.contains(place));
            let more: BTreeSet<usize> = next.into_iter().collect();
            self.kill(&more, &places);
            self.must_be_refused(customer, request, lost.len() + 1)?;
        }
        Ok(())
    }

    pub(super) fn liars(&mut self) -> Outcome<()> {
        self.back_up()?;
        let (customer, request) = self.customers[0];
        let places = self.places(customer)?;
        let count = usize::from(self.spread.may_lose());
        let liars = self.world.choose(count, places.len());
        let liars: BTreeSet<usize> = liars.into_iter().map(|place| places[place]).collect();
        for (order, liar) in liars.iter().enumerate() {
            self.world.corrupt(*liar, order % 2 == 1);
        }
        self.must_restore(customer, request)?;
        // With `double` every supplier keeps wanted Data, so that each liar has had to show itself.
        let named = self.world.named();
        let is_right = match self.scenario.policy {
            Policy::Double => named == liars,
            Policy::Standard | Policy::Vault | Policy::Bunker => named.is_subset(&liars),
        };
        if is_right { Ok(()) } else { Err(wrong(format!("liars {liars:?}, but named {named:?}"))) }
    }

    pub(super) fn weather(&mut self) -> Outcome<()> {
        let mut jobs = vec![];
        for (customer, request) in self.customers.clone() {
            jobs.push((customer, request, self.begin_backup(customer, request)?));
        }
        self.world.set_break_ppm(self.scenario.break_ppm);
        for _ in 0..8 {
            let wait = self.world.pick(3 * MINUTE);
            self.world.run_for(wait);
            let some = self.world.choose(self.suppliers.len() / 4 + 1, self.suppliers.len());
            let some: BTreeSet<usize> = some.into_iter().map(|n| self.suppliers[n]).collect();
            if self.world.pick(2) == 0 {
                self.world.divide(some.clone());
                self.world.run_for(2 * MINUTE);
                self.world.divide(BTreeSet::new());
            } else {
                some.iter().for_each(|number| self.world.crash(*number));
                self.world.run_for(2 * MINUTE);
                some.iter().for_each(|number| self.world.wake(*number));
            }
        }
        self.world.set_break_ppm(self.scenario.break_ppm / 100);
        for (customer, _, job) in &jobs {
            let state = self.world.finish(*customer, *job, DAY);
            if state.as_ref().map(|state| state.state) != Some("done") {
                return Err(wrong(format!("the backup did not end well: {state:?}")));
            }
        }
        self.world.set_break_ppm(0);
        for (customer, request, _) in jobs {
            self.until_all_online(customer)?;
            self.must_restore(customer, request)?;
        }
        Ok(())
    }

    pub(super) fn disks(&mut self) -> Outcome<()> {
        let (customer, request) = self.customers[0];
        let job = self.begin_backup(customer, request)?;
        let faults = Rates { read_error_ppm: 0, write_error_ppm: 3_000, sync_error_ppm: 3_000 };
        for round in 0..12 {
            let victim = self.suppliers[self.world.pick(self.suppliers.len() as u64) as usize];
            if round % 3 == 0 {
                self.world.set_disk_rates(victim, faults);
            }
            let wait = self.world.pick(20_000);
            self.world.run_for(wait);
            self.world.crash(victim);
            self.world.set_disk_rates(victim, Rates::default());
            self.world.wake(victim);
        }
        let state = self.world.finish(customer, job, DAY);
        if state.as_ref().map(|state| state.state) != Some("done") {
            return Err(wrong(format!("the backup did not end well: {state:?}")));
        }
        self.until_all_online(customer)?;
        self.must_restore(customer, request)
    }

    /// Each round a supplier dies for good, is sent away, and another one takes its place: after all
    /// of them more have died than the policy allows at once.
    pub(super) fn healing(&mut self) -> Outcome<()> {
        self.back_up()?;
        let (customer, request) = self.customers[0];
        let may_lose = usize::from(self.spread.may_lose());
        let whole = Some(Safety::Safe { may_lose: self.spread.may_lose() });
        for _ in 0..may_lose + 1 {
            let places = self.places(customer)?;
            let victim = places[self.world.pick(places.len() as u64) as usize];
            self.world.crash(victim);
            let step = if self.scenario.by_absence {
                self.world.run_for(72 * HOUR);
                HOUR
            } else {
                self.world.end_supplier(customer, victim);
                MINUTE
            };
            let mut safety = None;
            for _ in 0..60 {
                self.world.run_for(step);
                safety = self.world.overview(customer).and_then(|overview| overview.safety);
                if safety == whole {
                    break;
                }
            }
            if safety != whole && !self.scenario.unhealed {
                return Err(wrong(format!("what was lost is not made anew: {safety:?}")));
            }
        }
        let places = self.places(customer)?;
        let lost: BTreeSet<usize> = self.world.choose(may_lose, places.len()).into_iter().collect();
        self.kill(&lost, &places);
        self.world.lose_home(customer);
        self.must_restore(customer, request)
    }

    /// Some suppliers betray; each is found and replaced, and no other one is judged.
    pub(super) fn audits(&mut self) -> Outcome<()> {
        self.back_up()?;
        let (customer, request) = self.customers[0];
        let places = self.places(customer)?;
        let betrayals = [
            Honesty::Drops { percent: 100 },
            Honesty::Drops { percent: 50 },
            Honesty::Drops { percent: 30 },
            Honesty::Garbage,
            Honesty::Evades,
        ];
        let traitors: Vec<usize> = places.iter().copied().take(betrayals.len()).collect();
        for (traitor, honesty) in traitors.iter().zip(betrayals) {
            // One after the other: there must be enough left to rebuild from.
            self.world.set_honesty(*traitor, honesty);
            self.until_replaced(customer, *traitor)?;
        }
        let found: Vec<Rung> =
            traitors.iter().map(|traitor| self.world.rung(customer, *traitor)).collect();
        let is_right = |(rung, honesty): (&Rung, Honesty)| match honesty {
            Honesty::Drops { .. } => matches!(rung, Rung::Drain { .. } | Rung::Fired { .. }),
            Honesty::Garbage => matches!(rung, Rung::Fired { evidence: Some(_) }),
            Honesty::Evades => matches!(rung, Rung::Contain { is_absent: false, .. }),
            Honesty::Honest | Honesty::Swapped => false,
        };
        if !found.iter().zip(betrayals).all(is_right) {
            return Err(wrong(format!("the traitors are taken for {found:?}")));
        }
        for other in self.suppliers.iter().filter(|other| !traitors.contains(other)) {
            let rung = self.world.rung(customer, *other);
            if rung != Rung::Trusted {
                return Err(wrong(format!("an honest supplier is taken for {rung:?}")));
            }
        }
        let places = self.places(customer)?;
        let may_lose = usize::from(self.spread.may_lose());
        let lost: BTreeSet<usize> = self.world.choose(may_lose, places.len()).into_iter().collect();
        self.kill(&lost, &places);
        self.world.lose_home(customer);
        self.must_restore(customer, request)
    }

    fn until_replaced(&mut self, customer: usize, supplier: usize) -> Outcome<()> {
        let whole = Some(Safety::Safe { may_lose: self.spread.may_lose() });
        for _ in 0..72 {
            self.world.run_for(HOUR);
            let places = self.places(customer)?;
            let safety = self.world.overview(customer).and_then(|overview| overview.safety);
            if !places.contains(&supplier) && safety == whole {
                return Ok(());
            }
        }
        let rung = self.world.rung(customer, supplier);
        let is_placed = self.places(customer)?.contains(&supplier);
        let safety = self.world.overview(customer).and_then(|overview| overview.safety);
        Err(wrong(format!(
            "after three days a traitor is {rung:?}, still in place: {is_placed}, {safety:?}"
        )))
    }

    fn sets(&mut self, places: usize, size: usize) -> Vec<BTreeSet<usize>> {
        match self.scenario.draws {
            None => subsets(places, size),
            Some(draws) => {
                (0..draws).map(|_| self.world.choose(size, places).into_iter().collect()).collect()
            }
        }
    }

    fn kill(&mut self, lost: &BTreeSet<usize>, places: &[usize]) {
        lost.iter().for_each(|place| self.world.crash(places[*place]));
    }

    fn revive(&mut self, lost: &BTreeSet<usize>, places: &[usize], customer: usize) -> Outcome<()> {
        lost.iter().for_each(|place| self.world.wake(places[*place]));
        self.until_all_online(customer)
    }
}
