//! The data path as pure functions over buffers: chunk, seal, pack, code, mask, prove.
