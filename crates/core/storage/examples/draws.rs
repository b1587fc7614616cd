//! Checks the formula of mass loss against random placements at full size: `draws [MILLIONS] [SEED]`.
//!
//! Each draw loses every supplier by chance, with the share of the policy's own promise (30, 45 and
//! 60 % of all nodes at one moment), and asks the same `Holding` that the node reports from whether
//! the data survives. 100 million draws tell chances down to 1e-7.

use std::io::Write;

use storage::durability::mass_loss;
use storage::margin::Holding;
use storage::policy::{Policy, Spread};

/// Shares in 1/65536, so that a draw is sixteen bits for each supplier at most.
const CASES: [(Policy, u8, u32); 5] = [
    (Policy::Standard, 44, 19_661),
    (Policy::Vault, 56, 29_491),
    (Policy::Bunker, 64, 39_322),
    (Policy::Double, 7, 19_661),
    (Policy::Double, 64, 19_661),
];

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut number =
        |default: u64| args.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (draws, seed) = (number(100) * 1_000_000, number(1));
    let mut out = std::io::stdout().lock();
    writeln!(out, "policy    suppliers  lost    draws        ended lost  expected   sigmas")?;
    let mut worst = 0.0_f64;
    for (policy, suppliers, share) in CASES {
        let spread = Spread::new(policy, suppliers).map_err(std::io::Error::other)?;
        let holding = Holding::full(spread).ok_or_else(|| std::io::Error::other("no policy"))?;
        let mut random = Random(seed);
        let ended = (0..draws).filter(|_| !holding.survives(random.losses(share))).count();
        let chance = mass_loss(suppliers, spread.needed(), f64::from(share) / 65_536.0);
        let expected = chance * draws as f64;
        let sigmas = (ended as f64 - expected) / expected.max(1.0).sqrt();
        worst = worst.max(sigmas.abs());
        let percent = f64::from(share) / 655.36;
        writeln!(
            out,
            "{:<9} {suppliers:>9}  {percent:.0} %  {draws:>11}  {ended:>12}  {expected:>9.1}  {sigmas:>6.2}",
            policy.name(),
        )?;
    }
    if worst > 5.0 {
        return Err(std::io::Error::other("the draws do not end as the formula says"));
    }
    Ok(())
}

/// splitmix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 64 places at once: each bit is set with the chance `share` of 65536, compared bit by bit with
    /// the share from the lowest binary digit up.
    fn losses(&mut self, share: u32) -> u64 {
        (0..16).fold(0, |lost, digit| {
            let random = self.next();
            if share & (1 << digit) == 0 { lost & random } else { lost | !random }
        })
    }
}
