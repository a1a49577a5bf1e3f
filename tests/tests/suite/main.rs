//! The tests of the whole: one binary, for each takes its time to link.

mod bans;
mod conformance;
mod deliveries;
mod ends;
mod events;
mod expiry;
mod gateway;
mod jwks;
mod key_ring;
mod metadata;
mod model;
mod moderators;
mod openapi;
mod panel;
mod permissions;
mod processes;
mod races;
mod realtime;
mod rooms_by_code;
mod server_api;
mod sessions;
mod stored;
mod tenants;
mod webhooks;
