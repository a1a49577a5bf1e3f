//! What clients send and get, of both kinds: as captured, as generated, and from the fuzzer's corpus.

mod corpus;
mod generated;
mod plain;
mod properties;
mod shown;
mod socket_io;
