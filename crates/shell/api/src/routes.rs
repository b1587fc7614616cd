//! The routes, one file for each part of the API. Reading is GET, everything with an effect is POST.

pub(crate) mod jobs;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod versions;
