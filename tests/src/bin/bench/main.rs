//! The benchmarks: each stage and the whole path beside the raw speed of its parts in the same run.
//!
//! On a machine that does other things too, only ratios and CPU seconds mean something.
#![expect(clippy::print_stdout, reason = "tables for the reader are what it is for")]

mod beside;
mod codec;
mod cost;
mod input;
mod memory;
mod network;
mod path;
mod report;
mod scale;
mod small;
mod store;

use anyhow::{Context, bail};
use fleet::Media;

use report::Table;
use scale::Scale;

const USAGE: &str = "\
cargo xtask bench [SECTION ...] [--quick] [--json] [--media tcp|quic|both]

  codec     the stages of the data path in memory, and the whole encode, beside their parts
  store     a supplier's durable ingest beside raw writing of segments
  network   raw TCP, and bulk streams over TCP and QUIC
  path      1 GiB through 7 suppliers and back, as real processes; a range; 3 of 7 lost
  small     10,000 files of 4 KiB; a second backup of 100,000 unchanged files
  memory    an idle node, and the most that a large file takes on both sides

All of them if none is named. --quick takes smaller inputs.
";

const SECTIONS: [&str; 6] = ["codec", "store", "network", "path", "small", "memory"];

/// What was asked for.
struct Order {
    sections: Vec<String>,
    scale: Scale,
    is_json: bool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let Some(order) = order(std::env::args().skip(1))? else {
        print!("{USAGE}");
        return Ok(());
    };
    let mut tables = vec![];
    for section in &order.sections {
        eprintln!("{section} …");
        let made = run(section, &order.scale).await.with_context(|| format!("in {section}"))?;
        if !order.is_json {
            made.iter().for_each(|table| println!("{table}"));
        }
        tables.extend(made);
    }
    if order.is_json {
        let tables: Vec<_> = tables.iter().map(Table::to_json).collect();
        println!("{}", serde_json::Value::from(tables));
    }
    Ok(())
}

async fn run(section: &str, scale: &Scale) -> anyhow::Result<Vec<Table>> {
    match section {
        "codec" => Ok(codec::run(scale)),
        "store" => store::run(scale),
        "network" => network::run(scale).await,
        "path" => path::run(scale).await,
        "small" => small::run(scale).await,
        "memory" => memory::run(scale).await,
        _ => bail!("no section `{section}`\n\n{USAGE}"),
    }
}

/// None if only help is wanted.
fn order(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Order>> {
    let mut sections = vec![];
    let (mut is_quick, mut is_json, mut media) = (false, false, Media::Tcp);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => is_quick = true,
            "--json" => is_json = true,
            "--media" => {
                media = match arguments.next().as_deref() {
                    Some("tcp") => Media::Tcp,
                    Some("quic") => Media::Quic,
                    Some("both") => Media::Both,
                    _ => bail!("--media takes tcp, quic or both"),
                }
            }
            "--help" | "-h" => return Ok(None),
            section if SECTIONS.contains(&section) => sections.push(argument),
            _ => bail!("`{argument}` is neither a section nor an option\n\n{USAGE}"),
        }
    }
    if sections.is_empty() {
        sections = SECTIONS.map(String::from).to_vec();
    }
    Ok(Some(Order { sections, scale: Scale { is_quick, media }, is_json }))
}
