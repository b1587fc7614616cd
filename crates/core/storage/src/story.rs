//! Stories of automata for tests: events in, journal and orders out.

use automata::{Automaton, Journal, Live, Outcome, Tick};

/// Feeds events, each at its tick, polls once before each, and tells each line of the journal:
/// `tick: from -event-> to (why) [effects]`.
pub(crate) fn tell<A: Automaton>(automaton: A, events: Vec<(u64, A::Event)>) -> String {
    let mut journal = Journal::default();
    let mut live = Live::start(automaton, "story");
    let mut story = String::new();
    for (tick, event) in events {
        while live.deadline().is_some_and(|due| due <= Tick(tick)) {
            let due = live.deadline().expect("just looked at");
            let effects = live.poll(due, &mut journal);
            story += &lines(&mut journal, &effects);
        }
        let effects = live.feed(event, Tick(tick), &mut journal);
        story += &lines(&mut journal, &effects);
    }
    story
}

fn lines<E: std::fmt::Debug>(journal: &mut Journal, effects: &[E]) -> String {
    let told = journal.drain().into_iter().map(|line| {
        let why = if line.why.is_empty() { String::new() } else { format!(" ({})", line.why) };
        let orders = if effects.is_empty() { String::new() } else { format!(" {effects:?}") };
        match line.outcome {
            Outcome::Moved => {
                format!("{}: {} -{}-> {}{why}{orders}\n", line.at.0, line.from, line.event, line.to)
            }
            Outcome::Ignored => format!("{}: {} ignores {}\n", line.at.0, line.from, line.event),
            Outcome::Refused => format!("{}: {} refuses {}\n", line.at.0, line.from, line.event),
        }
    });
    told.collect()
}
