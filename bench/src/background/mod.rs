//! What happens without anybody waiting for it: the sweep, webhooks, and what a whole session costs.

mod receiver;
pub(crate) mod relay;
pub(crate) mod session;
pub(crate) mod sweep;
