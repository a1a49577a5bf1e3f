//! What moderators say of somebody who is in.

use models::transition::Switch;
use models::{Lock, LockChange, Refusal, UserId, Violation};

use crate::Message;

const TASKS: [(&str, Switch); 2] = [("PROMOTE", Switch::Promote), ("DEMOTE", Switch::Demote)];

/// The body of a switch of the presenter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenterIn {
    /// Whom it is about.
    pub user_id: UserId,
    /// What he becomes.
    pub task: Switch,
}

impl PresenterIn {
    /// Reads it.
    pub fn read(message: &Message) -> Result<Self, Refusal> {
        let mut violations = vec![];
        let user_id = message.needed_user_id("user_id", &mut violations)?;
        let task = needed_word(message, "task", &TASKS, &mut violations)?;
        match (user_id, task) {
            (Some(user_id), Some(task)) => Ok(Self { user_id, task }),
            _ => Err(Refusal::Invalid(violations)),
        }
    }
}

const DIRECTIONS: [(&str, bool); 2] = [("lock", true), ("unlock", false)];

/// Stands for everybody in the place of a user's id.
const ALL: &str = "all";

/// The body of a change of locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocksIn {
    /// Whose; everybody's where it is nobody.
    pub whom: Option<UserId>,
    /// The one that is set or lifted.
    pub change: LockChange,
}

impl LocksIn {
    /// Reads it.
    pub fn read(message: &Message) -> Result<Self, Refusal> {
        let mut violations = vec![];
        let user_id = message.needed_user_id("user_id", &mut violations)?;
        let services = Lock::ALL.map(|lock| (lock.service(), lock));
        let service = needed_word(message, "service", &services, &mut violations)?;
        let direction = needed_word(message, "direction", &DIRECTIONS, &mut violations)?;
        match (user_id, service, direction) {
            (Some(user_id), Some(lock), Some(locked)) => {
                let whom = Some(user_id).filter(|user| user.as_str() != ALL);
                Ok(Self { whom, change: LockChange::from([(lock, locked)]) })
            }
            _ => Err(Refusal::Invalid(violations)),
        }
    }
}

/// What one of these words means, which must be given; any other is one more of the violations.
fn needed_word<T: Copy>(
    message: &Message,
    name: &str,
    words: &[(&str, T)],
    violations: &mut Vec<Violation>,
) -> Result<Option<T>, Refusal> {
    let text = message.needed_string(name, violations)?;
    let meant = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
    if meant.is_none() && !text.is_empty() {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        violations.push(Violation::new(message.path(name), format!("must be one of {}", words.join(", "))));
    }
    Ok(meant)
}
