//! What a node keeps on its disk: the supplier's fragments with their receipts, and the node's own
//! database; both over the trait [`Disk`], so that the simulator runs the recovery that users run.
//!
//! Bytes are described in `docs/protocols/fragment-store.md`.

mod accounts;
mod contract;
pub mod database;
pub mod disk;
pub mod drive;
pub mod faulty;
pub mod fragments;
mod index;
pub mod receipt;
mod record;
mod rows;
mod segments;

pub use contract::{ChainEnd, ContractView, Terms, Totals};
pub use database::{Database, DatabaseError, OpenError, Table, Write};
pub use disk::{Disk, DiskError, DiskFile};
pub use drive::Drive;
pub use faulty::FaultyDisk;
pub use fragments::{FragmentStore, Outcome, Put, Reader, Refusal, Settings};
pub use receipt::{Change, Receipt, ReceiptBody, ReceiptEntry, Sign};
pub use segments::{BATCH_BYTES_MAX, DamagedPlace, SEGMENT_BYTES};
