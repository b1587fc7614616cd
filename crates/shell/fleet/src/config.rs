//! The settings file of a node on loopback.

use std::fmt::Write;

/// What the nodes speak with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// TCP only.
    Tcp,
    /// QUIC only.
    Quic,
    /// Both.
    #[default]
    Both,
}

impl Media {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP only",
            Self::Quic => "QUIC only",
            Self::Both => "TCP and QUIC",
        }
    }
}

/// The settings of one node. The clocks count seconds instead of the worldwide network's minutes, so
/// that a loss is named while one watches; what is decided stays the same.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it speaks with.
    pub media: Media,
    /// The port for TCP and UDP; a free one at each start if none is named.
    pub port: Option<u16>,
    /// Addresses of running nodes.
    pub bootstrap: Vec<String>,
    /// Whether it has suppliers: policy and number.
    pub customer: Option<(&'static str, u8)>,
    /// Packed data that the suppliers together must have room for.
    pub needed: String,
    /// Memory for sealed blocks on their way to suppliers.
    pub memory: String,
    /// Room given to others; none for a node that is no supplier.
    pub donated: Option<String>,
    /// Where the fragments lie, relative to the home or absolute.
    pub supplier_path: String,
    /// Room that stays free on the disk of the fragments.
    pub disk_floor: String,
    /// How long a supplier may hold a backup up.
    pub blocked_wait: String,
    /// How long a backup waits for suppliers.
    pub hire_wait: String,
    /// Before a lost supplier is dialled again, at the longest.
    pub reconnect: String,
    /// Until a supplier that is away is suspect.
    pub suspect: String,
    /// Until a supplier that is away is not counted on, and replaced.
    pub missing: String,
    /// Between two questions to a supplier about what it keeps.
    pub audit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            media: Media::Both,
            port: None,
            bootstrap: vec![],
            customer: None,
            needed: "64 GiB".into(),
            memory: "128 MiB".into(),
            donated: None,
            supplier_path: "supplier".into(),
            disk_floor: "64 MiB".into(),
            blocked_wait: "5 min".into(),
            hire_wait: "1 min".into(),
            reconnect: "10 s".into(),
            suspect: "1 h".into(),
            missing: "72 h".into(),
            audit: "1 h".into(),
        }
    }
}

impl Config {
    /// A supplier that begins at `bootstrap`.
    pub fn supplier(media: Media, bootstrap: &[String]) -> Self {
        let donated = Some("1 TiB".into());
        Self { media, bootstrap: bootstrap.to_vec(), donated, ..Self::default() }
    }

    /// A customer that begins at `bootstrap`.
    pub fn customer(media: Media, bootstrap: &[String], policy: &'static str, number: u8) -> Self {
        let customer = Some((policy, number));
        Self { media, bootstrap: bootstrap.to_vec(), customer, ..Self::default() }
    }

    /// The file.
    pub fn toml(&self) -> String {
        let mut text = String::new();
        let (tcp, quic) = (self.media != Media::Quic, self.media != Media::Tcp);
        let (policy, number) = self.customer.unwrap_or(("double", 7));
        let donated = self.donated.as_deref().unwrap_or("0 B");
        let written = write!(
            text,
            r#"[network]
name = "loopback"
listen = ["/ip4/127.0.0.1/tcp/{port}", "/ip4/127.0.0.1/udp/{port}/quic-v1"]
bootstrap = {bootstrap:?}
[tcp]
enabled = {tcp}
[quic]
enabled = {quic}
[mdns]
enabled = false
[storage]
enabled = {is_customer}
policy = "{policy}"
suppliers = {number}
needed = "{needed}"
memory = "{memory}"
[supplier]
enabled = {is_supplier}
donated = "{donated}"
disk_floor = "{disk_floor}"
path = {path:?}
[clocks]
fetch_patience = "10 s"
collect = "20 s"
search = "2 s"
search_again = "2 s"
seek = "2 s"
refused_again = "2 s"
hire_wait = "{hire_wait}"
blocked_wait = "{blocked_wait}"
reconnect = "{reconnect}"
suspect = "{suspect}"
missing = "{missing}"
heal_again = "2 s"
audit = "{audit}"
audit_again = "2 s"
"#,
            port = self.port.unwrap_or(0),
            bootstrap = self.bootstrap,
            is_customer = self.customer.is_some(),
            is_supplier = self.donated.is_some(),
            needed = self.needed,
            memory = self.memory,
            disk_floor = self.disk_floor,
            path = self.supplier_path,
            blocked_wait = self.blocked_wait,
            hire_wait = self.hire_wait,
            reconnect = self.reconnect,
            suspect = self.suspect,
            missing = self.missing,
            audit = self.audit,
        );
        written.expect("writing into a String cannot fail");
        text
    }
}
