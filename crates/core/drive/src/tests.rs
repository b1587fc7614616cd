//! Whole ways: trees go in, blocks come out, blocks are lost, trees come back.

pub(crate) mod model;
pub(crate) mod world;

mod bounds;
mod loss;
mod resume;
mod roundtrip;
