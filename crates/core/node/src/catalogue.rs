//! All services: what each is for and what it needs.

/// One service as it is described to the user.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it is for, one sentence.
    pub purpose: &'static str,
    /// What must run so that it can.
    pub needs: &'static [&'static str],
    /// Whether the shell runs it; otherwise the node does.
    pub in_shell: bool,
}

/// Each after what it needs.
pub const SERVICES: [Entry; 10] = [
    shell("network", "Connects to other nodes.", &[]),
    shell("tcp", "Speaks with peers over TCP.", &["network"]),
    shell("quic", "Speaks with peers over UDP (QUIC).", &["network"]),
    shell("mdns", "Finds nodes on the local network.", &["network"]),
    shell("dht", "Finds and keeps public records with all other nodes.", &["network"]),
    own("supplier", "Keeps fragments for other users.", &["dht"]),
    own("customer", "Has suppliers and keeps contracts with them.", &["dht"]),
    own("backup", "Brings files to the suppliers.", &["customer"]),
    own("restore", "Brings files back and checks what is stored.", &["customer"]),
    shell("schedule", "Begins backups by itself at the set times.", &["backup"]),
];

/// The service of this name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    SERVICES.iter().find(|entry| entry.name == name)
}

/// The services that need `name`, directly or through others, the last to start first.
pub fn dependants(name: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = vec![];
    for entry in &SERVICES {
        if entry.needs.iter().any(|need| *need == name || found.contains(need)) {
            found.push(entry.name);
        }
    }
    found.reverse();
    found
}

const fn shell(name: &'static str, purpose: &'static str, needs: &'static [&'static str]) -> Entry {
    Entry { name, purpose, needs, in_shell: true }
}

const fn own(name: &'static str, purpose: &'static str, needs: &'static [&'static str]) -> Entry {
    Entry { name, purpose, needs, in_shell: false }
}
