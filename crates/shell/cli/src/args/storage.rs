//! Backup, restore and what lies between.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which version: a number, or the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionChoice(pub Option<u64>);

fn version(text: &str) -> Result<VersionChoice, String> {
    match text.parse() {
        Ok(0) | Err(_) if text != "latest" => {
            Err("a version is a number from 1, or `latest`".into())
        }
        number => Ok(VersionChoice(number.ok())),
    }
}

/// `bitdust backup`.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Back files and directories up as a new version
    Start(BackupStart),
    /// The backups that run or ran
    List,
    /// One backup
    Show {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// Pause a backup
    Pause {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// Go on with a paused backup
    Resume {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// End a backup; what is safe already is not sent again next time
    Cancel {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
}

/// `bitdust backup start`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bitdust backup start ~/Documents ~/Pictures
  bitdust backup start ~ --exclude '*.iso' --exclude /Downloads --skip-caches
  bitdust backup start /srv --detach

The backup belongs to the daemon: Ctrl-C leaves it running and says how to follow or cancel it.
Files that cannot be read are named in the end, and the exit code is 3.")]
pub(crate) struct BackupStart {
    /// Files and directories
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Leave out what matches, as in a .gitignore file; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Leave out what .gitignore files say (.bitdustignore always counts)
    #[arg(long)]
    pub gitignore: bool,
    /// Leave out directories with a CACHEDIR.TAG
    #[arg(long)]
    pub skip_caches: bool,
    /// Stay on the file system of each path
    #[arg(long)]
    pub one_file_system: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Read every file, also those that seem unchanged
    #[arg(long)]
    pub read_all: bool,
    /// Begin it and do not wait for its end
    #[arg(long)]
    pub detach: bool,
}

/// `bitdust job`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// All jobs, newest first
    List,
    /// One job
    Show {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// Follow a job to its end
    Follow {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// Pause a job
    Pause {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// Go on with a paused job
    Resume {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
    /// End a job
    Cancel {
        /// Id of the job, or how it begins; the only one that is not over if left out
        id: Option<String>,
    },
}

/// `bitdust version`.
#[derive(Debug, Subcommand)]
pub(crate) enum VersionCommand {
    /// All versions, newest first
    List,
    /// What is in a version
    Show {
        /// Number of the version, or latest
        #[arg(value_parser = version)]
        number: VersionChoice,
        /// Only what is below this path
        path: Option<OsString>,
        /// Also what is further below
        #[arg(long, short)]
        recursive: bool,
    },
    /// What differs between two versions
    Diff {
        /// Number of the older version
        older: u64,
        /// Number of the newer version
        newer: u64,
    },
}

/// `bitdust restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bitdust restore --target ~/restored                       everything of the latest version
  bitdust restore home/ann/thesis --target . --version 12   one path of an older version
  bitdust restore --target /srv --overwrite --dry-run       what would be done

Nothing that exists is overwritten unless told. Paths are written as `bitdust version show` prints
them: bytes that are no text as \\xNN.")]
pub(crate) struct RestoreArgs {
    /// Path inside the version; everything if left out
    pub path: Option<OsString>,
    /// Directory to restore into; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub target: PathBuf,
    /// Number of the version, or latest
    #[arg(long, value_name = "N", default_value = "latest", value_parser = version)]
    pub version: VersionChoice,
    /// Replace files that exist
    #[arg(long, conflicts_with = "keep_both")]
    pub overwrite: bool,
    /// Put what is restored beside files that exist, under another name
    #[arg(long)]
    pub keep_both: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Begin it and do not wait for its end
    #[arg(long)]
    pub detach: bool,
}

/// `bitdust cat`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bitdust cat latest home/ann/notes.txt
  bitdust cat 12 home/ann/film.mkv --offset 1GiB --bytes 4MiB > part

Only what is asked for is fetched.")]
pub(crate) struct CatArgs {
    /// Number of the version, or latest
    #[arg(value_parser = version)]
    pub version: VersionChoice,
    /// Path of the file inside the version
    pub path: OsString,
    /// The first byte
    #[arg(long, value_name = "BYTES", default_value = "0", value_parser = super::bytes)]
    pub offset: u64,
    /// How many bytes; to the end if left out
    #[arg(long, value_name = "BYTES", value_parser = super::bytes)]
    pub bytes: Option<u64>,
}

/// `bitdust check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bitdust check                 a sample of 5 %
  bitdust check --percent 100   everything, as a restore would read it")]
pub(crate) struct CheckArgs {
    /// How much of the blocks to fetch and verify
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub percent: u8,
    /// Begin it and do not wait for its end
    #[arg(long)]
    pub detach: bool,
}
