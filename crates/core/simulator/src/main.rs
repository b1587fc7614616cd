//! Plays scenarios: `simulator [--scenario NAME] [--seed N] [--short]`.

use std::io::Write;
use std::process::ExitCode;

use simulator::{SCENARIOS, Scenario};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let wanted = value("--scenario");
    let seed = value("--seed").and_then(|seed| seed.parse::<u64>().ok());
    let is_short = arguments.iter().any(|argument| argument == "--short");
    let mut failures = 0;
    let mut out = std::io::stdout();
    for (name, text) in SCENARIOS {
        if wanted.as_deref().is_some_and(|wanted| wanted != *name) {
            continue;
        }
        let scenario = match Scenario::parse(text) {
            Ok(scenario) => scenario,
            Err(error) => {
                let _ = writeln!(out, "{name}: {error}");
                failures += 1;
                continue;
            }
        };
        let mut seeds = seed.map_or_else(|| scenario.seeds.clone(), |seed| vec![seed]);
        seeds.truncate(if is_short { 1 } else { usize::MAX });
        for seed in seeds {
            let line = match scenario.play(seed) {
                Ok(verdict) => format!(
                    "{name} seed {seed}: kept; {} nodes, {} restores, {} refusals, {} lines, trace {}",
                    verdict.nodes, verdict.restores, verdict.refusals, verdict.lines, verdict.trace
                ),
                Err(error) => {
                    failures += 1;
                    format!("{name} seed {seed}: BROKEN: {error}\n  {}", again(name, seed))
                }
            };
            let _ = writeln!(out, "{line}");
        }
    }
    ExitCode::from(u8::from(failures > 0))
}

fn again(name: &str, seed: u64) -> String {
    format!("again: cargo xtask sim --scenario {name} --seed {seed}")
}
