//! What the tests of all crates share.
//!
//! [`TestTable`] is the template's table on an embedded DynamoDB, for tests of handlers and of the store; [`rooms`] fills
//! it. [`Call`] makes requests for handlers, [`Reply`] is what they said, [`checks`] are what all of a kind must refuse.
//! [`Between`] lets a function's calls of AWS fail, and [`Connections`] hear what it says to them. [`Server`] is a whole local stack, for tests over HTTP, and [`Socket`] a client of its WebSocket API; [`receiver`] gets
//! the webhooks that it sends, [`issuer`] signs tokens of users.

pub mod asyncapi;
mod between;
mod call;
pub mod checks;
mod client;
mod connections;
pub mod history;
pub mod issuer;
pub mod receiver;
mod reply;
pub mod rooms;
mod server;
mod socket;
mod socket_io;
mod table;

pub use between::{Asked, Between, Verdict};
pub use call::Call;
pub use client::Client;
pub use connections::Connections;
pub use local::queues::Draft;
pub use reply::{Reply, opened};
pub use server::{Answered, Server};
pub use socket::Socket;
pub use socket_io::SocketIo;
pub use table::TestTable;

/// The API key of tenant `main`.
pub const API_KEY: &str = "local";
/// Its secret.
pub const API_SECRET: &str = "local-secret-0123456789abcdef";
/// The API key of another tenant, in a [`TestTable`].
pub const OTHER_API_KEY: &str = "other";
/// Its secret.
pub const OTHER_API_SECRET: &str = "other-secret-0123456789abcdef";

/// Where the repository begins.
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
