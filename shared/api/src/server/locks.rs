//! plugNmeet's lock settings as a request names them.

use models::{Locks, Refusal};

use super::Message;

const NAMES: [&str; 10] = [
    "lock_microphone",
    "lock_webcam",
    "lock_screen_sharing",
    "lock_whiteboard",
    "lock_shared_notepad",
    "lock_chat",
    "lock_chat_send_message",
    "lock_chat_file_share",
    "lock_private_chat",
    "lock_reactions",
];

/// The locks that a message sets or lifts, by plugNmeet's names; those that it does not mention are left out.
pub fn locks(message: &Message) -> Result<Locks, Refusal> {
    let mut locks = Locks::new();
    for name in NAMES {
        if let Some(locked) = message.boolean(name)? {
            locks.insert(name.to_owned(), locked);
        }
    }
    Ok(locks)
}
