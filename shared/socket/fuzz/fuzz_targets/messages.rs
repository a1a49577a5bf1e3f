//! Any bytes as a message of either kind of client.

#![no_main]

#[path = "../../tests/suite/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|text: &[u8]| properties::check(text));
