//! Keeping data with suppliers: contracts, placement, backup, restore, catalog.
