//! The only crate that names the network library.
