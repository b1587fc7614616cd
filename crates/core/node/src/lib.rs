//! All subjects wired into one value: `Node::handle(Input, now) -> Vec<Output>`.

pub mod book;
pub mod input;
pub mod output;
pub mod wish;
