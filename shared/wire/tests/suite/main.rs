//! What callers send, from the first byte to the text that is stored: by generated requests, and by the fuzzer's corpus.

mod corpus;
mod properties;
mod requests;
mod spellings;
mod tables;
