//! The local stack: runs `template.yaml` on this machine, with the very binaries that are deployed.
//!
//! A [`Stack`] is an embedded DynamoDB ([`database`]) with or without the behaviour of the real one under load
//! ([`simulate`]), an SQS ([`queues`]), the policies of the functions' roles in front of both ([`permissions`]), a Lambda
//! Runtime API with a pool of processes for each function ([`runtime`]), an HTTP API and a WebSocket API in front of them
//! ([`gateway`], [`websocket`]), and what else calls them ([`sources`]): streams, queues, schedules. What there is of all
//! that comes from the template ([`template`]).

pub mod binaries;
pub mod console;
pub mod database;
mod endpoint;
pub mod gateway;
pub mod group;
mod observe;
pub mod options;
pub mod panel;
pub mod permissions;
pub mod queues;
pub mod runtime;
pub mod secrets;
pub mod simulate;
pub mod sources;
pub mod stack;
pub mod template;
pub mod websocket;

pub use options::Options;
pub use stack::{Addresses, Stack, StartError};
