//! What the demo prints: a story for people, or one JSON document.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::healing::Healed;
use daemon::view::{JobView, Status};
use disk::tree::compare::Comparison;
use serde_json::{Map, Value, json};
use storage::policy::Spread;

/// Collects what is to be said.
pub(super) struct Report {
    /// The document, if JSON is wanted.
    document: Option<RefCell<Map<String, Value>>>,
    kept: Option<PathBuf>,
}

impl Report {
    pub(super) fn new(json: bool, kept: Option<PathBuf>) -> Self {
        Self { document: json.then(RefCell::default), kept }
    }

    pub(super) fn say(&self, text: &str) {
        let mut out = std::io::stdout();
        if self.document.is_none() {
            let _ = writeln!(out, "{text}");
        }
    }

    pub(super) fn progress(&self, verb: &str, job: &JobView) {
        let mut out = std::io::stderr();
        if self.document.is_some() || !out.is_terminal() {
            return;
        }
        let eta = job.eta_ms.map(|ms| format!(", {} left", base::format_duration(ms)));
        let _ = write!(
            out,
            "\r\x1b[K  {verb}: {} of {}{} {}",
            base::format_bytes(job.bytes_done),
            base::format_bytes(job.bytes_total),
            eta.unwrap_or_default(),
            job.doing,
        );
        let _ = out.flush();
    }

    pub(super) fn progress_end(&self) {
        let mut out = std::io::stderr();
        if self.document.is_none() && out.is_terminal() {
            let _ = write!(out, "\r\x1b[K");
        }
    }

    pub(super) fn stored(&self, status: &Status, job: &JobView, spread: Spread) {
        let expansion = ratio(status.drive.stored_bytes, status.drive.packed_bytes);
        self.put(
            "backup",
            json!({
                "files": job.files_done,
                "bytes": job.bytes_done,
                "packed_bytes": status.drive.packed_bytes,
            "stored_bytes": status.drive.stored_bytes,
                "expansion": expansion,
                "mb_per_s": speed(job),
                "safety": job.safety,
                "may_lose": spread.may_lose(),
            }),
        );
        self.say(&format!(
            "Backed up {} files, {}, at {:.1} MB/s: {}. Compressed and packed that is {}; the suppliers keep {}, {:.2} times as much.",
            job.files_done,
            base::format_bytes(job.bytes_done),
            speed(job),
            job.safety.as_deref().unwrap_or("?"),
            base::format_bytes(status.drive.packed_bytes),
            base::format_bytes(status.drive.stored_bytes),
            expansion,
        ));
    }

    pub(super) fn dies(&self, victim: &str) {
        self.say(&format!("One supplier dies: {victim} (SIGKILL). Nobody does anything …"));
    }

    pub(super) fn happens(&self, after: Duration, what: &str) {
        self.say(&format!("  {:.1} s: {what}", after.as_secs_f64()));
    }

    pub(super) fn healed(&self, healed: &Healed, spread: Spread) {
        let Healed { victim, successor, blocks, took, is_whole } = healed;
        self.put(
            "healed",
            json!({
                "victim": victim,
                "successor": successor,
                "blocks": blocks,
                "seconds": took.as_secs_f64(),
                "whole": is_whole,
            }),
        );
        if *is_whole {
            self.happens(
                *took,
                &format!(
                    "what it kept of {blocks} blocks is made anew at {}; any {} of {} may be lost \
                     again",
                    successor.as_deref().unwrap_or("another one"),
                    spread.may_lose(),
                    spread.suppliers,
                ),
            );
        } else {
            self.say("What it kept was NOT made anew.");
        }
    }

    pub(super) fn destroyed(&self, suppliers: &[String], home: &Path) {
        self.put("destroyed", json!({ "suppliers": suppliers, "customer": true }));
        self.say(&format!("Killed {} suppliers with SIGKILL:", suppliers.len()));
        for device in suppliers {
            self.say(&format!("  {device}"));
        }
        self.say(&format!("Killed the customer and erased its home {}.", home.display()));
        self.say("Now from an empty machine, with the words and the address of one running node …");
    }

    pub(super) fn restored(&self, job: &JobView) {
        self.put(
            "restore",
            json!({
                "files": job.files_done,
                "bytes": job.bytes_done,
                "mb_per_s": speed(job),
            }),
        );
        self.say(&format!(
            "Restored {} files, {}, at {:.1} MB/s.",
            job.files_done,
            base::format_bytes(job.bytes_done),
            speed(job),
        ));
    }

    pub(super) fn compared(&self, compared: &Comparison) {
        let differences: Vec<String> =
            compared.differences.iter().map(ToString::to_string).collect();
        self.put(
            "compared",
            json!({
                "entries": compared.entries,
                "bytes": compared.bytes,
                "identical": compared.is_equal(),
                "differences": differences,
            }),
        );
        if compared.is_equal() {
            self.say(&format!(
                "Compared {} entries and {}: every byte, name, mode and time came back.",
                compared.entries,
                base::format_bytes(compared.bytes),
            ));
        } else {
            self.say("NOT everything came back:");
            differences.iter().take(20).for_each(|difference| self.say(&format!("  {difference}")));
        }
    }

    pub(super) fn refused(&self, job: &JobView, took: Duration, is_clear: bool) {
        self.put(
            "one_more",
            json!({
                "state": job.state,
                "error": job.error,
                "seconds": took.as_secs_f64(),
                "clear": is_clear,
            }),
        );
        self.say(&format!("After {:.1} s: {}", took.as_secs_f64(), explain(job)));
        if !is_clear {
            self.say("That is NOT the clear error within 60 s that was promised.");
        }
    }

    /// The restore needed no supplier any more.
    pub(super) fn not_needed(&self, is_equal: bool) {
        self.put("one_more", json!({ "state": "done", "clear": is_equal }));
        self.say(if is_equal {
            "It is so little that the catalog holds it all: every byte came back without them."
        } else {
            "What came back is NOT what was backed up."
        });
    }

    pub(super) fn end(&self) {
        if let Some(kept) = &self.kept {
            self.put("kept", json!(kept));
            self.say(&format!("Everything is left in {}.", kept.display()));
        }
        if let Some(document) = &self.document {
            let _ = writeln!(std::io::stdout(), "{}", Value::Object(document.take()));
        }
    }

    fn put(&self, key: &str, value: Value) {
        if let Some(document) = &self.document {
            document.borrow_mut().insert(key.into(), value);
        }
    }
}

/// Why a job ended as it did.
pub(super) fn explain(job: &JobView) -> String {
    match (&job.error, job.problems.first()) {
        (Some(error), _) => {
            format!("{} {} {} [{}]", error.happened, error.meaning, error.advice, error.code)
        }
        (None, Some(problem)) => {
            format!("{} problems, the first: {}: {}", job.problems_total, problem.what, problem.why)
        }
        (None, None) => job.doing.clone(),
    }
}

fn speed(job: &JobView) -> f64 {
    let ms = job.ended.unwrap_or(job.started).saturating_sub(job.started).max(1);
    job.bytes_done as f64 / 1_000.0 / ms as f64
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
