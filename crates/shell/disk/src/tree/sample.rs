//! Makes a tree to try a backup on: many small files and a few large ones of several sorts, and
//! everything in names, links, modes and times that a backup must bring back. The same seed makes
//! the same tree.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, XattrFlags, setxattr, utimensat};
use thiserror::Error;

mod content;
#[cfg(test)]
mod tests;

use self::content::{Random, Sort, write_content};

/// One small file for this much content.
const BYTES_PER_SMALL_FILE: u64 = 64 << 10;
const SMALL_FILES_MIN: u64 = 64;
const SMALL_FILES_MAX: u64 = 20_000;
const SMALL_FILE_BYTES_MAX: u64 = 12 << 10;
const SMALL_FILES_PER_DIRECTORY: u64 = 48;
const DEEP_DIRECTORIES: usize = 32;

/// A sparse file is this much longer than its content.
const SPARSE_FACTOR: u64 = 64;

/// 2001-09-09, the earliest time of an entry; up to 20 years later.
const TIME_FIRST_S: u64 = 1_000_000_000;
const TIME_SPAN_S: u64 = 630_720_000;

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Directories, the root included.
    pub directories: u64,
    /// Files, counting each hard-linked one once.
    pub files: u64,
    /// Further names of files.
    pub hard_links: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Bytes of content, without the holes of sparse files.
    pub bytes: u64,
}

/// Why the sample could not be made.
#[derive(Debug, Error)]
pub enum SampleError {
    /// The directory has something in it.
    #[error("{path} is not empty")]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// Something in it could not be made.
    #[error("cannot make {path}")]
    Make {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Makes a tree in an empty or missing directory, with at least `total_bytes` of content.
pub fn make_sample(path: &Path, total_bytes: u64, seed: u64) -> Result<Sample, SampleError> {
    if std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(SampleError::NotEmpty { path: path.into() });
    }
    let mut maker = Maker {
        random: Random::new(seed),
        made: Sample::default(),
        directories: Vec::new(),
        large: Vec::new(),
        last: path.into(),
    };
    match maker.make(path, total_bytes) {
        Ok(()) => Ok(maker.made),
        Err(source) => Err(SampleError::Make { path: maker.last, source }),
    }
}

struct Maker {
    random: Random,
    made: Sample,
    directories: Vec<PathBuf>,
    large: Vec<Large>,
    /// What is being made, for an error.
    last: PathBuf,
}

/// A file whose content is written by several threads at the end.
struct Large {
    path: PathBuf,
    sort: Sort,
    bytes: u64,
    seed: u64,
    mode: u32,
}

impl Maker {
    fn make(&mut self, root: &Path, total_bytes: u64) -> io::Result<()> {
        std::fs::create_dir_all(root)?;
        self.made.directories += 1;
        self.directories.push(root.into());
        self.odd_names(root)?;
        self.links(root)?;
        self.deep(root)?;
        self.sparse_and_empty(root)?;
        self.small_files(root, total_bytes)?;
        self.large_files(root, total_bytes.saturating_sub(self.made.bytes))?;
        self.directory_attributes()
    }

    fn small_files(&mut self, root: &Path, total_bytes: u64) -> io::Result<()> {
        let count = (total_bytes / BYTES_PER_SMALL_FILE).clamp(SMALL_FILES_MIN, SMALL_FILES_MAX);
        let top = self.directory(&root.join("documents"))?;
        let mut directory = top.clone();
        for number in 0..count {
            if number % SMALL_FILES_PER_DIRECTORY == 0 {
                directory = self.directory(&top.join(format!("{:03}", self.directories.len())))?;
            }
            let sort = if number % 4 == 0 { Sort::Random } else { Sort::Text };
            // Short ones are more frequent than long ones.
            let limit = 1 + self.random.below(SMALL_FILE_BYTES_MAX);
            let bytes = self.random.below(limit);
            let mode = [0o644, 0o600, 0o664, 0o444, 0o640, 0o755][(number % 6) as usize];
            self.file(&directory.join(format!("note-{number:05}.txt")), sort, bytes, mode)?;
        }
        Ok(())
    }

    fn large_files(&mut self, root: &Path, bytes: u64) -> io::Result<()> {
        let directory = self.directory(&root.join("media"))?;
        let parts = [
            ("film.bin", Sort::Random, 5),
            ("log of a year.txt", Sort::Text, 3),
            ("archive.bin", Sort::Random, 3),
            ("disk image.raw", Sort::Repeated, 2),
            ("letters.mbox", Sort::Text, 3),
        ];
        let shares: u64 = parts.iter().map(|(_, _, share)| share).sum();
        for (name, sort, share) in parts {
            let seed = self.random.next();
            let bytes = (bytes * share).div_ceil(shares);
            let path = directory.join(name);
            self.large.push(Large { path, sort, bytes, seed, mode: 0o640 });
        }
        // Several threads: making random bytes and copying them to the system take turns.
        let results: Vec<io::Result<()>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                self.large.iter().map(|large| scope.spawn(|| large.write())).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, io::Result<()>>| {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended early")))
            };
            threads.into_iter().map(join).collect()
        });
        for (result, large) in results.into_iter().zip(std::mem::take(&mut self.large)) {
            self.last = large.path;
            result?;
            self.set_time(&self.last.clone())?;
            self.made.files += 1;
            self.made.bytes += large.bytes;
        }
        Ok(())
    }

    fn odd_names(&mut self, root: &Path) -> io::Result<()> {
        let directory = self.directory(&root.join("odd names"))?;
        let long = vec![b'x'; 255];
        let names: [&[u8]; 12] = [
            b"not utf-8 \xff\xfe\xe9t\xe9",
            b"line\nbreak",
            b" spaces at both ends ",
            b"-rf",
            b"*?[a]!#$%&'\"\\|;<>",
            "Übergröße – 日本語 – 🌍".as_bytes(),
            b"tab\tand bell\x07",
            b"...",
            b"CON",
            b"case",
            b"CASE",
            &long,
        ];
        for name in names {
            let path = directory.join(std::ffi::OsStr::from_bytes(name));
            let bytes = 10 + self.random.below(500);
            self.file(&path, Sort::Text, bytes, 0o644)?;
        }
        let raw = self.directory(&directory.join(std::ffi::OsStr::from_bytes(b"\xc3\x28 dir")))?;
        self.file(&raw.join("inside"), Sort::Text, 100, 0o400)?;
        let tagged = directory.join("with attributes");
        self.file(&tagged, Sort::Text, 64, 0o644)?;
        let value = b"\x00binary\xffvalue";
        match setxattr(&tagged, "user.bitdust.sample", value, XattrFlags::empty()) {
            // Not every file system has them.
            Ok(()) | Err(rustix::io::Errno::NOTSUP) => {}
            Err(errno) => return Err(errno.into()),
        }
        self.set_time(&tagged)
    }

    fn links(&mut self, root: &Path) -> io::Result<()> {
        let directory = self.directory(&root.join("links"))?;
        let first = directory.join("first name");
        self.file(&first, Sort::Random, 20_000, 0o640)?;
        let elsewhere = self.directory(&root.join("links elsewhere"))?;
        for name in [directory.join("second name"), elsewhere.join("third name")] {
            self.last = name;
            std::fs::hard_link(&first, &self.last)?;
            self.made.hard_links += 1;
        }
        let targets: [(&str, &[u8]); 6] = [
            ("to a file", b"first name"),
            ("to a directory", b"../links elsewhere"),
            ("to nowhere", b"missing/\xff"),
            ("absolute", b"/nonexistent/bitdust"),
            ("to itself", b"to itself"),
            ("upwards", b"../../../.."),
        ];
        for (name, target) in targets {
            self.last = directory.join(name);
            symlink(std::ffi::OsStr::from_bytes(target), &self.last)?;
            self.set_time(&self.last.clone())?;
            self.made.symlinks += 1;
        }
        Ok(())
    }

    fn deep(&mut self, root: &Path) -> io::Result<()> {
        let mut directory = root.join("deep");
        for level in 0..DEEP_DIRECTORIES {
            directory = self.directory(&directory.join(format!("level {level}")))?;
        }
        self.file(&directory.join("bottom"), Sort::Text, 1_000, 0o600)?;
        self.directory(&root.join("empty directory"))?;
        Ok(())
    }

    fn sparse_and_empty(&mut self, root: &Path) -> io::Result<()> {
        let directory = self.directory(&root.join("sparse and empty"))?;
        self.file(&directory.join("empty"), Sort::Text, 0, 0o644)?;
        self.file(&directory.join("closed and empty"), Sort::Text, 0, 0o400)?;
        let path = directory.join("sparse.img");
        self.last = path.clone();
        let mut island = vec![0; 64 << 10];
        let stride = island.len() as u64 * SPARSE_FACTOR;
        let file = File::create(&path)?;
        for number in 0..8 {
            self.random.fill(&mut island);
            file.write_all_at(&island, number * stride + 4_096 * number)?;
            self.made.bytes += island.len() as u64;
        }
        file.set_len(8 * stride)?;
        self.made.files += 1;
        self.set_time(&path)
    }

    fn file(&mut self, path: &Path, sort: Sort, bytes: u64, mode: u32) -> io::Result<()> {
        self.last = path.into();
        let seed = self.random.next();
        Large { path: path.into(), sort, bytes, seed, mode }.write()?;
        self.set_time(path)?;
        self.made.files += 1;
        self.made.bytes += bytes;
        Ok(())
    }

    fn directory(&mut self, path: &Path) -> io::Result<PathBuf> {
        self.last = path.into();
        let before = self.directories.len();
        for parent in path.ancestors() {
            if std::fs::symlink_metadata(parent).is_ok() {
                break;
            }
            self.directories.insert(before, parent.into());
        }
        std::fs::create_dir_all(path)?;
        self.made.directories += (self.directories.len() - before) as u64;
        Ok(path.into())
    }

    fn directory_attributes(&mut self) -> io::Result<()> {
        for (number, directory) in std::mem::take(&mut self.directories).iter().enumerate().rev() {
            self.last.clone_from(directory);
            // All of them can be emptied again by their owner.
            let mode = [0o755, 0o700, 0o750, 0o711, 0o775][number % 5];
            std::fs::set_permissions(directory, Permissions::from_mode(mode))?;
            self.set_time(directory)?;
        }
        Ok(())
    }

    fn set_time(&mut self, path: &Path) -> io::Result<()> {
        let seconds = TIME_FIRST_S + self.random.below(TIME_SPAN_S);
        let nanoseconds = self.random.below(1_000_000_000);
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec {
                tv_sec: i64::try_from(seconds).unwrap_or(0),
                tv_nsec: i64::try_from(nanoseconds).unwrap_or(0),
            },
        };
        Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }
}

impl Large {
    fn write(&self) -> io::Result<()> {
        let mut file = File::create_new(&self.path)?;
        write_content(&mut file, self.sort, self.bytes, self.seed)?;
        file.flush()?;
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}
