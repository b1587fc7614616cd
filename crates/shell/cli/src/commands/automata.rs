//! `bitdust automata`: every process of the node, its diagram and its history.

use api::client::Step;
use base::format_duration;
use daemon::view::{AutomatonDetail, AutomatonView, JournalLine};
use serde_json::json;

use super::Context;
use crate::args::AutomataCommand;
use crate::errors::Outcome;
use crate::exit::ExitCode;
use crate::follow::BreakOff;
use crate::screen::Screen;
use crate::table::Table;

/// Lists, shows and follows automata.
pub(super) async fn run(context: &Context, command: AutomataCommand) -> Outcome<ExitCode> {
    let (client, screen) = (&context.client, context.screen);
    match command {
        AutomataCommand::List => screen.show(&client.automata().await?, |all| list(all))?,
        AutomataCommand::Show { name } => screen.show(&client.automaton(&name).await?, details)?,
        AutomataCommand::Follow { name, all } => {
            let mut break_off = BreakOff::listen()?;
            let mut steps = client.journal().await?;
            let following = async {
                loop {
                    show(screen, &steps.next().await?, name.as_deref(), all)?;
                }
            };
            // Following has no end of its own: breaking it off is how it is meant to end.
            tokio::select! {
                () = break_off.wait() => return Ok(ExitCode::Interrupted),
                failed = following => return failed,
            }
        }
    }
    Ok(ExitCode::Done)
}

fn show(screen: Screen, step: &Step, name: Option<&str>, all: bool) -> Outcome<()> {
    match step {
        Step::Line(line) => {
            let is_named = name.is_none_or(|name| line.automaton == name);
            if is_named && (all || line.outcome == "moved") {
                screen.line(line, transition)?;
            }
            Ok(())
        }
        Step::Lost(lost) => screen
            .line(&json!({ "lost": lost }), |_| format!("({lost} lines were too many to follow)")),
    }
}

fn list(automata: &[AutomatonView]) -> String {
    let heads = ["automaton", "instance", "state", "since", "why"];
    let mut table = Table::new(&heads, "No automata live now.");
    for automaton in automata {
        table.row([
            automaton.name.clone(),
            automaton.instance.clone(),
            automaton.state.clone(),
            clock(automaton.since_ms),
            automaton.why.clone(),
        ]);
    }
    table.text()
}

fn details(detail: &AutomatonDetail) -> String {
    let mut text = format!("{}\n\n{}\n", detail.purpose, list(&detail.instances));
    text.push_str(&format!("Diagram (Mermaid):\n\n{}\n", detail.mermaid));
    text.push_str("Last transitions:\n\n");
    for line in &detail.journal {
        text.push_str(&transition(line));
        text.push('\n');
    }
    text
}

/// One step: when, who, from where, by what, to where and why.
fn transition(line: &JournalLine) -> String {
    let JournalLine { automaton, instance, from, event, to, why, outcome, .. } = line;
    let at = clock(line.at_ms);
    let change = match outcome.as_str() {
        "moved" => format!("{from} --{event}--> {to}"),
        outcome => format!("{from} {outcome} {event}"),
    };
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    format!("{at:>8}  {automaton} {instance}: {change}{why}")
}

/// A moment of the node's clock, which counts from its start.
fn clock(ms: u64) -> String {
    format_duration(ms)
}
