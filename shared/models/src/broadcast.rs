//! What the server API says to people of a session.

use serde::{Deserialize, Serialize};

use crate::{Participant, UserId};

/// Something to be said, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    /// What is said.
    pub speech: Speech,
    /// To admins only, and to `to_user` where that is given, too.
    pub only_to_admins: bool,
    /// To this user only; nobody may have this id.
    pub to_user: Option<UserId>,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Speech {
    /// A message in the chat.
    Chat {
        /// Its text.
        message: String,
    },
    /// A notification.
    Notification {
        /// Its text.
        text: String,
        /// How it is meant.
        tone: Tone,
        /// Whether it is heard, too.
        with_sound: bool,
    },
}

/// How a notification is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// To be known.
    Info,
    /// To be heeded.
    Warning,
    /// Something went wrong.
    Error,
}

impl Broadcast {
    /// Whether it is for this person.
    pub fn is_for(&self, person: &Participant) -> bool {
        let is_admin = person.has_rights();
        match &self.to_user {
            Some(user) => *user == person.user || self.only_to_admins && is_admin,
            None => !self.only_to_admins || is_admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Role, Sid, Standing};

    fn person(user: &str, role: Role) -> Participant {
        let user = UserId::try_from(user).expect("an id");
        let sid = Sid(Uuid::from_u128(1));
        Participant { role, ..Participant::new(sid, user, Standing::Active) }
    }

    #[test]
    fn it_is_for_everybody_for_admins_for_one_or_for_admins_and_one() {
        let people = [
            person("adm", Role::Moderator),
            person("ann", Role::Participant),
            person("bob", Role::Participant),
        ];
        for (only_to_admins, to_user, expected) in [
            (false, None, [true, true, true]),
            (true, None, [true, false, false]),
            (false, Some("ann"), [false, true, false]),
            (true, Some("ann"), [true, true, false]),
            (false, Some("nobody"), [false, false, false]),
        ] {
            let to_user = to_user.map(|user| UserId::try_from(user).expect("an id"));
            let speech = Speech::Chat { message: "hi".to_owned() };
            let broadcast = Broadcast { speech, only_to_admins, to_user };
            assert_eq!(people.each_ref().map(|person| broadcast.is_for(person)), expected, "{broadcast:?}");
        }
    }
}
