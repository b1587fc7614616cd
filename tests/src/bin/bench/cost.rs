//! What something cost: time on the wall, CPU seconds of this thread, of this process, and of others.

use std::time::Instant;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// What Linux calls USER_HZ, the same on all machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds on the wall and of CPU.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// From begin to end.
    pub(crate) wall_s: f64,
    /// User and system.
    pub(crate) cpu_s: f64,
}

/// CPU seconds of the calling thread so far, to the nanosecond.
pub(crate) fn thread_cpu_s() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

/// CPU seconds of this process so far, to the nanosecond.
pub(crate) fn own_cpu_s() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

/// CPU seconds of all children of this process that have ended.
pub(crate) fn ended_children_cpu_s() -> anyhow::Result<f64> {
    ticks(std::process::id(), [13, 14])
}

/// CPU seconds of a process so far, in steps of 10 ms.
pub(crate) fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    ticks(pid, [11, 12])
}

/// The sum of two fields of `proc_pid_stat(5)`, counted from behind the name.
fn ticks(pid: u32, fields: [usize; 2]) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("no such process")?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let all: Vec<&str> = behind_name.split_whitespace().collect();
    let field = |number: usize| -> anyhow::Result<f64> {
        Ok(all.get(number).context("a short line of the kernel")?.parse()?)
    };
    Ok((field(fields[0])? + field(fields[1])?) / TICKS_PER_SECOND)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The most memory that a process ever held, MiB.
pub(crate) fn peak_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmHWM:")
}

/// The memory that a process holds now, MiB.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmRSS:")
}

fn status_mib(pid: u32, name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no such line")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

/// Bytes that a process has read from files; what it receives from sockets is not among them.
pub(crate) fn file_bytes_read(pid: u32) -> anyhow::Result<u64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io"))?;
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    Ok(line.context("no such line")?.trim().parse()?)
}

/// A measurement of this process that has begun.
pub(crate) struct Begun {
    at: Instant,
    cpu_s: f64,
}

impl Begun {
    /// Begins now.
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), cpu_s: own_cpu_s() }
    }

    /// What it cost until now.
    pub(crate) fn cost(&self) -> Cost {
        Cost { wall_s: self.at.elapsed().as_secs_f64(), cpu_s: own_cpu_s() - self.cpu_s }
    }
}
