//! The local API: HTTP over a Unix socket, described by OpenAPI.
//!
//! Everything that the command line and the page do goes through it. [`router`] makes a route of each
//! method of [`daemon::handle::Handle`]; [`server`] lends it a socket and its limits; [`client`] is the
//! other end. What an error's code means for HTTP and for the exit code stands in [`catalogue`].

pub mod catalogue;
pub mod client;
pub mod server;

mod extract;
mod refusal;
mod router;
mod routes;
mod stream;

pub use daemon::view::path_text;
pub use router::{description, router};

#[cfg(test)]
mod tests;
