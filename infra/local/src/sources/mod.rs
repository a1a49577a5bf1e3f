//! What calls functions beside HTTP.

pub mod filter;
