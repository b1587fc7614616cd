//! Counts files and bytes ahead of the reading, for totals and estimates.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use disk::tree::scan::{Item, Options, Scan};

use crate::work::jobs::Job;

/// Entries between two looks at the job.
const STEP: u64 = 512;

/// Goes through all paths until `is_over`.
pub(super) fn count(job: &Job, paths: &[PathBuf], options: &Options, is_over: &AtomicBool) {
    let (mut files, mut bytes) = (0, 0);
    let tell = |files, bytes| {
        job.update(|view| {
            view.files_total = view.files_total.max(files);
            view.bytes_total = view.bytes_total.max(bytes);
        });
    };
    for path in paths {
        // What cannot be read is reported by the reading.
        let Ok(scan) = Scan::new(path, options.clone()) else { continue };
        for item in scan {
            let Item::Entry(entry) = item else { continue };
            files += 1;
            bytes += entry.meta().size;
            if files % STEP == 0 {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                tell(files, bytes);
            }
        }
    }
    tell(files, bytes);
    job.has_totals();
}
