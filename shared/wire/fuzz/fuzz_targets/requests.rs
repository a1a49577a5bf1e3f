//! Any bytes as the body of a request to create a room, and for a join token.

#![no_main]

#[path = "../../tests/suite/properties.rs"]
mod properties;
#[path = "../../tests/suite/tables.rs"]
mod tables;

libfuzzer_sys::fuzz_target!(|body: &[u8]| properties::check(body));
