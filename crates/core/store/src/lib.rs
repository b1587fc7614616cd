//! Fragment store, database and their recovery over the trait Disk.
