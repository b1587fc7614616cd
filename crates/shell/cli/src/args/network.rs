//! Suppliers, customers and peers.

use clap::Subcommand;

/// `bitdust supplier`.
#[derive(Debug, Subcommand)]
pub(crate) enum SupplierCommand {
    /// Who keeps my data
    List,
    /// Hire one more: the one that is named, or the best found
    Hire {
        /// Its device (bddev1…)
        device: Option<String>,
        /// Where it may be reached; may be repeated
        #[arg(long, value_name = "ADDRESS", requires = "device")]
        address: Vec<String>,
    },
    /// End the contract with a supplier; another one takes its place and gets what it kept
    #[command(visible_alias = "fire")]
    End {
        /// Its device (bddev1…)
        device: String,
    },
    /// How much room I give to others, as a supplier myself
    #[command(after_help = "Examples:\n  bitdust supplier offer 50GiB\n  bitdust supplier offer 0")]
    Offer {
        /// The room: 50GiB, 1TB, 0
        #[arg(value_parser = super::bytes)]
        size: u64,
    },
}

/// `bitdust customer`.
#[derive(Debug, Subcommand)]
pub(crate) enum CustomerCommand {
    /// Whose data I keep
    List,
    /// End the contract with a customer; the data stays for 60 days more
    End {
        /// Its identity (bd1…)
        identity: String,
    },
}

/// `bitdust peer`.
#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// The nodes connected now
    List,
    /// Connect to a node
    Connect {
        /// Its address with its peer id: /ip4/192.0.2.7/tcp/17437/p2p/12D3Koo…
        address: String,
    },
}
