//! What moderators keep people from, one by one or all at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Locks, Participant, Room};

/// What somebody may be kept from by a moderator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Lock {
    /// Turning the microphone on.
    Microphone,
    /// Turning the camera on.
    Webcam,
    /// Sharing the screen.
    ScreenSharing,
    /// The chat as a whole.
    Chat,
    /// Writing in the chat.
    ChatSendMessage,
    /// Sending files in the chat.
    ChatFileShare,
    /// Writing to one person.
    PrivateChat,
    /// Drawing on the whiteboard.
    Whiteboard,
    /// Writing in the shared notepad.
    SharedNotepad,
}

impl Lock {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Microphone,
        Self::Webcam,
        Self::ScreenSharing,
        Self::Chat,
        Self::ChatSendMessage,
        Self::ChatFileShare,
        Self::PrivateChat,
        Self::Whiteboard,
        Self::SharedNotepad,
    ];

    /// What moderators call it, and the store: plugNmeet's name of the service.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Microphone => "mic",
            Self::Webcam => "webcam",
            Self::ScreenSharing => "screenShare",
            Self::Chat => "chat",
            Self::ChatSendMessage => "sendChatMsg",
            Self::ChatFileShare => "chatFile",
            Self::PrivateChat => "privateChat",
            Self::Whiteboard => "whiteboard",
            Self::SharedNotepad => "sharedNotepad",
        }
    }

    /// Its name among plugNmeet's lock settings ([`Locks`]).
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Microphone => "lock_microphone",
            Self::Webcam => "lock_webcam",
            Self::ScreenSharing => "lock_screen_sharing",
            Self::Chat => "lock_chat",
            Self::ChatSendMessage => "lock_chat_send_message",
            Self::ChatFileShare => "lock_chat_file_share",
            Self::PrivateChat => "lock_private_chat",
            Self::Whiteboard => "lock_whiteboard",
            Self::SharedNotepad => "lock_shared_notepad",
        }
    }
}

impl From<Lock> for &'static str {
    fn from(lock: Lock) -> Self {
        lock.service()
    }
}

impl TryFrom<String> for Lock {
    type Error = &'static str;

    fn try_from(service: String) -> Result<Self, Self::Error> {
        Self::ALL
            .into_iter()
            .find(|lock| lock.service() == service)
            .ok_or("must be a service that has a lock")
    }
}

/// A moderator's word on a lock. Stored as one number, which is negative where the lock is lifted, so that the room's write
/// can make it of the room's own counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "i64", from = "i64")]
pub struct Word {
    /// Whether it locks.
    pub locked: bool,
    /// Of a word to all, the number of its change (`Room::seq`). Of a word to one, the number that followed on what was seen
    /// of the room: a word to all with that number or a later one had not been heard.
    pub number: u64,
}

impl From<Word> for i64 {
    fn from(word: Word) -> Self {
        let number = Self::try_from(word.number).unwrap_or(Self::MAX);
        if word.locked { number } else { -number }
    }
}

impl From<i64> for Word {
    fn from(number: i64) -> Self {
        Self { locked: number > 0, number: number.unsigned_abs() }
    }
}

/// What a moderator says of locks: which he sets, and which he lifts.
pub type LockChange = BTreeMap<Lock, bool>;

/// The last word on each lock that moderators have spoken about in the session.
pub type Words = BTreeMap<Lock, Word>;

impl Room {
    /// What people without rights are kept from of whom nothing is said: what the room was made with, and what moderators
    /// said to all since.
    pub fn present_locks(&self) -> Locks {
        overlaid(self.default_locks.clone(), &self.said)
    }
}

impl Participant {
    /// What he is kept from in `room`, if he has no rights. The last word counts of what was said to all and to him, and
    /// before any word what he brought. So a word to all reaches everybody, whoever is coming in at the time, by one write.
    pub fn present_locks(&self, room: &Room) -> Locks {
        let mut words = self.said.clone();
        for (lock, to_all) in &room.said {
            if self.said.get(lock).is_none_or(|to_him| to_him.number <= to_all.number) {
                words.insert(*lock, *to_all);
            }
        }
        overlaid(self.locks.clone(), &words)
    }
}

fn overlaid(mut locks: Locks, words: &Words) -> Locks {
    locks.extend(words.iter().map(|(lock, word)| (lock.setting().to_owned(), word.locked)));
    locks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_number_that_says_both() {
        for (word, number) in [(Word { locked: true, number: 7 }, 7), (Word { locked: false, number: 7 }, -7)]
        {
            assert_eq!(i64::from(word), number);
            assert_eq!(Word::from(number), word);
        }
    }

    #[test]
    fn every_lock_is_stored_by_its_service() {
        for lock in Lock::ALL {
            let json = serde_json::to_value(lock).expect("serialises");
            assert_eq!(json, lock.service());
            assert_eq!(serde_json::from_value::<Lock>(json).expect("reads"), lock);
        }
        assert!(serde_json::from_str::<Lock>("\"nonsense\"").is_err());
    }
}
