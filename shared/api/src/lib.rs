//! What every function shares: reading a request, knowing who asks, answering in the caller's dialect, and starting as
//! a Lambda.
//!
//! A handler is a plain function of an [`App`] and a [`Request`]; [`run`] makes a Lambda of it. One that is not behind HTTP
//! is a function of a [`Worker`] and an event, for [`run_event`].

mod answer;
mod app;
mod batch;
mod bearer;
mod dialect;
mod env;
mod event;
mod fields;
mod idempotency;
mod jwks;
mod key_ring;
pub mod log;
mod request;
pub mod rooms;
mod run;
mod secrets;
pub mod server;
mod signing;
mod ssm;
mod tokens;
mod visitor;

pub use answer::Answer;
pub use app::{App, Parts};
pub use batch::Batch;
pub use bearer::{Bearer, Sessions, User, Users};
pub use dialect::Dialect;
pub use env::{ConfigError, Env};
pub use event::{EventKind, Worker, Working, run_event};
pub use fields::Fields;
pub use idempotency::{Scope, idempotent, keep};
pub use key_ring::{Caller, KeyRing};
pub use lambda_http::Error;
pub use request::Request;
pub use run::{Handling, respond, run, run_without_table};
pub use secrets::Secret;
pub use ssm::{Ssm, SsmError};
pub use store::Halt;
pub use tokens::{JoinTokenText, sign_join_token, sign_session_token};
pub use visitor::Visitor;
