//! What happens without anybody waiting for it: the sweep, and webhooks.

pub(crate) mod relay;
pub(crate) mod sweep;
