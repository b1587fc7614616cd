//! All subjects wired into one value.
