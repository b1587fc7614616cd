//! Measures how fast a tree is scanned, with and without the details that only changed entries need,
//! and how fast its files are written again: `cargo run --release -p disk --example scan_speed --
//! PATH [TARGET]`. Run it twice: the second time, the kernel knows the tree, as at the backup of an
//! unchanged tree soon after the last one.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use disk::tree::model::Kind;
use disk::tree::read::Piece;
use disk::tree::scan::{Entry, Item, Options, Scan};
use disk::tree::write::{FileStart, FileWanted, Writer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let root = arguments.next().ok_or("which tree?")?;
    let mut out = std::io::stdout().lock();
    for with_details in [false, true] {
        let begin = Instant::now();
        let count = scan(root.as_ref(), with_details)?;
        let seconds = begin.elapsed().as_secs_f64();
        let what = if with_details { "with details" } else { "by stat alone" };
        let rate = count as f64 / seconds;
        writeln!(out, "{count} entries {what}: {seconds:.2} s, {rate:.0} entries/s")?;
    }
    writeln!(out, "peak memory {}", peak_memory().unwrap_or_default())?;
    if let Some(target) = arguments.next() {
        let begin = Instant::now();
        let (files, bytes) = copy(root.as_ref(), target.as_ref())?;
        let seconds = begin.elapsed().as_secs_f64();
        let (rate, speed) = (files as f64 / seconds, bytes as f64 / seconds / 1e6);
        writeln!(out, "{files} files written: {seconds:.2} s, {rate:.0} files/s, {speed:.0} MB/s")?;
    }
    Ok(())
}

fn scan(root: &Path, with_details: bool) -> Result<u64, Box<dyn Error>> {
    let mut count = 0;
    for item in Scan::new(root, Options::default())? {
        if let Item::Enter(entry) | Item::Entry(entry) = item {
            count += 1;
            if with_details {
                entry.read_details()?;
            }
        }
    }
    Ok(count)
}

fn copy(root: &Path, target: &Path) -> Result<(u64, u64), Box<dyn Error>> {
    let writer = Writer::open(target, disk::tree::write::Options::default())?;
    let mut buffer = vec![0; 1 << 20];
    for item in Scan::new(root, Options::default())? {
        let (Item::Enter(entry) | Item::Entry(entry)) = item else { continue };
        match entry.meta().kind {
            Kind::Directory => {
                writer.directory(entry.path(), &entry.meta().attributes, &[])?;
            }
            Kind::File => copy_file(&writer, &entry, &mut buffer)?,
            Kind::Symlink { .. } | Kind::Special(_) => {}
        }
    }
    let report = writer.finish()?;
    Ok((report.files, report.bytes))
}

fn copy_file(writer: &Writer, entry: &Entry, buffer: &mut [u8]) -> Result<(), Box<dyn Error>> {
    let wanted = FileWanted {
        attributes: entry.meta().attributes.clone(),
        xattrs: Vec::new(),
        size: entry.meta().size,
        is_sparse: entry.meta().may_be_sparse(),
        link_group: None,
    };
    let FileStart::Write(mut file) = writer.file(entry.path(), wanted)? else { return Ok(()) };
    let mut reading = entry.open()?;
    loop {
        match reading.read_piece(buffer)? {
            Piece::Content { offset, length } => file.write_at(offset, &buffer[..length])?,
            Piece::Hole { offset, length } => file.hole_at(offset, length)?,
            Piece::End => break,
        }
    }
    reading.finish()?;
    file.finish()?;
    Ok(())
}

fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
