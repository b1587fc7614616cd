//! Names of users and groups, from the local files only; a network directory (LDAP) is not asked,
//! and its users keep their numbers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use super::model::Owner;

#[cfg(test)]
mod tests;

/// Far above the largest real one.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Both directions of `/etc/passwd` and `/etc/group`.
#[derive(Debug, Default)]
pub(super) struct Owners {
    users: Names,
    groups: Names,
}

#[derive(Debug, Default)]
struct Names {
    by_number: BTreeMap<u32, Arc<[u8]>>,
    by_name: BTreeMap<Arc<[u8]>, u32>,
}

impl Owners {
    /// Reads the files once; what cannot be read has no names.
    pub(super) fn load() -> Owners {
        Owners::parse(&read("/etc/passwd"), &read("/etc/group"))
    }

    pub(super) fn parse(passwd: &[u8], group: &[u8]) -> Owners {
        Owners { users: Names::parse(passwd), groups: Names::parse(group) }
    }

    pub(super) fn owner(&self, uid: u32, gid: u32) -> Owner {
        Owner {
            uid,
            gid,
            user: self.users.by_number.get(&uid).cloned(),
            group: self.groups.by_number.get(&gid).cloned(),
        }
    }

    /// Numbers on this machine: by name where the name is known here, else the numbers as they
    /// are.
    pub(super) fn local_numbers(&self, owner: &Owner) -> (u32, u32) {
        let local = |names: &Names, name: &Option<Arc<[u8]>>, number: u32| {
            name.as_ref().and_then(|name| names.by_name.get(name).copied()).unwrap_or(number)
        };
        (local(&self.users, &owner.user, owner.uid), local(&self.groups, &owner.group, owner.gid))
    }
}

impl Names {
    /// Both files have `name:password:number:…` in each line; the first of a double one counts.
    fn parse(text: &[u8]) -> Names {
        let mut names = Names::default();
        for line in text.split(|byte| *byte == b'\n') {
            let mut fields = line.split(|byte| *byte == b':');
            let (Some(name), Some(_), Some(number)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let number = std::str::from_utf8(number).ok().and_then(|digits| digits.parse().ok());
            let Some(number) = number else { continue };
            if name.is_empty() || name.starts_with(b"#") {
                continue;
            }
            let name: Arc<[u8]> = name.into();
            names.by_number.entry(number).or_insert_with(|| name.clone());
            names.by_name.entry(name).or_insert(number);
        }
        names
    }
}

fn read(path: &str) -> Vec<u8> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut text));
    if read.is_err() {
        text.clear();
    }
    text
}
