//! Whom a call puts out: the same for the server API and for moderators.

use models::{Refusal, UserId, Violation};

use crate::Message;

/// Most characters of what somebody is told who is put out: it is stored with him, and every join after it reads it.
const MOST_MESSAGE: usize = 500;

/// The part of a request that says whom to put out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalIn {
    /// Who.
    pub user_id: UserId,
    /// What he is told.
    pub msg: String,
    /// Whether he is barred, too.
    pub block_user: bool,
}

impl RemovalIn {
    /// Reads it; what was wrong before it is told first.
    pub fn read(message: &Message, mut violations: Vec<Violation>) -> Result<Self, Refusal> {
        let user_id = message.needed_user_id("user_id", &mut violations)?;
        let msg = message.string("msg")?;
        let block_user = message.boolean("block_user")?.unwrap_or_default();
        if msg.chars().count() > MOST_MESSAGE {
            violations.push(Violation::new(
                message.path("msg"),
                format!("must be at most {MOST_MESSAGE} characters"),
            ));
        }
        match user_id {
            Some(user_id) if violations.is_empty() => Ok(Self { user_id, msg, block_user }),
            _ => Err(Refusal::Invalid(violations)),
        }
    }
}
