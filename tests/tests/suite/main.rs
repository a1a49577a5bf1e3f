//! The tests of the whole: one binary, for each takes its time to link.

mod races;
