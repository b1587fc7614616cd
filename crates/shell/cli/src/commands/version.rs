//! `bitdust version`: what has been backed up.

use base::{Date, format_bytes};
use daemon::view::{EntryView, VersionView};

use super::{Context, start};
use crate::args::VersionCommand;
use crate::errors::Outcome;
use crate::table::{Table, date};

/// Lists, shows and compares versions.
pub(super) async fn run(context: &Context, command: VersionCommand) -> Outcome<()> {
    let (client, screen) = (&context.client, context.screen);
    match command {
        VersionCommand::List => screen.show(&client.versions().await?, |versions| list(versions)),
        VersionCommand::Show { number, path, recursive } => {
            let path = path.as_deref().map(start::inside).unwrap_or_default();
            let mut entries = client.entries(number.0, &path, recursive).await?;
            while let Some(entry) = entries.next().await? {
                screen.line(&entry, line)?;
            }
            Ok(())
        }
        VersionCommand::Diff { older, newer } => {
            let mut differences = client.differences(older, newer).await?;
            let mut count = 0_u64;
            while let Some(difference) = differences.next().await? {
                count += 1;
                screen.line(&difference, |difference| {
                    format!("{:<9} {}", difference.change, difference.path)
                })?;
            }
            if count == 0 {
                screen.hint("No differences.");
            }
            Ok(())
        }
    }
}

fn list(versions: &[VersionView]) -> String {
    let heads = [">version", "finished", ">files", ">bytes", ">problems", "paths"];
    let mut table = Table::new(&heads, "No versions yet.");
    for version in versions {
        table.row([
            version.number.to_string(),
            date(version.finished),
            version.files.to_string(),
            format_bytes(version.bytes),
            version.problems.to_string(),
            version.paths.join(" "),
        ]);
    }
    table.text()
}

/// One entry as `ls -l` would show it. The list may be too long to wait for its widest row.
fn line(entry: &EntryView) -> String {
    let kind = match entry.kind.as_str() {
        "dir" => 'd',
        "symlink" => 'l',
        _ => '-',
    };
    let modified = u64::try_from(entry.mtime_ns / 1_000_000).map_or_else(
        |_| "before 1970".into(),
        |ms| Date(ms).to_string().replace('T', " ").replace('Z', ""),
    );
    let size = if entry.kind == "file" { format_bytes(entry.bytes) } else { String::new() };
    let target = entry.target.as_ref().map(|to| format!(" -> {to}")).unwrap_or_default();
    let mode = mode_text(entry.mode);
    format!("{kind}{mode} {size:>10} {modified:<19} {}{target}", entry.path)
}

fn mode_text(mode: u32) -> String {
    let bits = (0..9).map(|place| mode & (0o400 >> place) != 0);
    bits.zip("rwxrwxrwx".chars())
        .map(|(is_set, letter)| if is_set { letter } else { '-' })
        .collect()
}
