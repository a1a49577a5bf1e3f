//! Receipt handles: what a receiver shows to delete a message.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::message::Message;
use super::refusal::Refusal;

/// One receiving of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The message's place.
    pub(super) sequence: u64,
    /// The how manieth receiving it was.
    pub(super) receives: u32,
}

impl Receipt {
    /// The handle of the message's last receiving from the queue of this name.
    pub(super) fn handle(queue: &str, message: &Message) -> String {
        BASE64_STANDARD.encode(format!("{queue} {} {}", message.sequence, message.receives))
    }

    /// Reads a handle of the queue of this name.
    pub(super) fn read(queue: &str, handle: &str) -> Result<Self, Refusal> {
        let read = || {
            let text = String::from_utf8(BASE64_STANDARD.decode(handle).ok()?).ok()?;
            let mut parts = text.split(' ');
            let (name, sequence, receives) = (parts.next()?, parts.next()?, parts.next()?);
            let receipt = Self { sequence: sequence.parse().ok()?, receives: receives.parse().ok()? };
            (name == queue && parts.next().is_none()).then_some(receipt)
        };
        read().ok_or(Refusal::InvalidReceipt)
    }
}
