//! What clients send and get, of both kinds, as captured.

mod plain;
mod shown;
mod socket_io;
