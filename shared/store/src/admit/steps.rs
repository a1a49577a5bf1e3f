//! The writes of an admission.

use models::{
    Entry, Event, Lasts, Participant, ParticipantId, Presenter, Profile, Role, Room, SessionId, Sid,
    Standing, Timestamp, UserId, waiter_expires_at,
};

use super::{Admission, Credential, Door, SESSION_TOKEN_LIFE};
use crate::items::{
    Key, ParticipantItem, due_shard, encode, event_text, kept_from_before, tenant_shard, token_attribute,
};
use crate::step::{RUNNING, Step, Values, all, b, m, n, s};

/// One attempt at an admission: all that its writes and its answer are made of.
pub(super) struct Plan<'a> {
    pub(super) door: &'a Door<'a>,
    pub(super) entry: Entry,
    /// Whether his entry begins a session.
    pub(super) starts: bool,
    /// What remembers the session before, where that one ran out unnoticed.
    pub(super) over: Option<Step>,
    /// The session that was seen, or that the token is of.
    pub(super) seen_sid: Sid,
    /// The session that he will be in: another one where his entry begins it.
    pub(super) sid: Sid,
    /// The sitting that begins.
    pub(super) session: SessionId,
    /// The id of a guest, if he is one.
    pub(super) guest: ParticipantId,
    pub(super) room: Option<Room>,
    pub(super) person: Option<Participant>,
}

impl Plan<'_> {
    pub(super) fn user(&self) -> UserId {
        self.door.user().cloned().unwrap_or_else(|| UserId::guest(self.guest))
    }

    fn id(&self) -> ParticipantId {
        match self.door.credential {
            Credential::Guest(_) => self.guest,
            Credential::Token(_) | Credential::User { .. } => ParticipantId::of(self.sid, &self.user()),
        }
    }

    /// Whether an earlier attempt of ours did it already.
    pub(super) fn is_done(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.session == Some(self.session))
    }

    /// What the person is told, and what a success means.
    pub(super) fn admission(&self, now: Timestamp) -> Admission {
        let joined_before = self.person.as_ref().filter(|_| self.entry == Entry::Same);
        let active = match self.entry {
            Entry::Same => joined_before.is_some_and(|person| person.standing == Standing::Active),
            Entry::Seat | Entry::Session => true,
            Entry::Wait => false,
        };
        let session_end = match &self.room {
            Some(room) if self.starts => {
                room.duration.map_or(Timestamp::NEVER, |duration| now.plus(duration))
            }
            Some(room) => room.ends_at(now),
            None => match self.door.credential {
                Credential::Token(token) => token.lasts.end(now),
                Credential::User { .. } | Credential::Guest(_) => Timestamp::NEVER,
            },
        };
        let profile = match self.door.credential {
            Credential::Token(token) => Profile { name: token.name.clone(), avatar_url: None },
            Credential::User { profile, .. } | Credential::Guest(profile) => profile.clone(),
        };
        Admission {
            room: self.door.room.clone(),
            sid: self.sid,
            user: self.user(),
            guest: matches!(self.door.credential, Credential::Guest(_)),
            profile,
            id: self.id(),
            session: self.session,
            role: self.door.applicant(self.room.as_ref()).role,
            active,
            joined_at: match self.entry {
                Entry::Same => joined_before.and_then(|person| person.joined_at),
                Entry::Seat | Entry::Session => Some(now),
                Entry::Wait => None,
            },
            expires_at: now.plus(SESSION_TOKEN_LIFE).min(session_end),
        }
    }

    /// The writes, conditions and all, for the moment `now`.
    pub(super) fn steps(&self, now: Timestamp) -> Vec<Step> {
        let steps = [self.state_step(now), self.participant_step(now)].into_iter().chain(self.over.clone());
        let before = self.person.as_ref().filter(|person| person.sid != self.sid);
        steps.chain(before.and_then(|person| kept_from_before(self.door.room, person, now))).collect()
    }

    /// Whether he had a seat in this session before. What is known of that may be too little: the participant's
    /// condition is about it.
    fn came_before(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.sid == self.sid && person.joined_at.is_some())
    }

    /// The room's part. Its change of seats never depends on what was read: it adds to what is there.
    fn state_step(&self, now: Timestamp) -> Step {
        let room = self.door.room;
        let applicant = self.door.applicant(self.room.as_ref());
        let user = self.user();
        let event = match self.entry {
            Entry::Seat | Entry::Session => Event::Joined { user: user.clone() },
            Entry::Same => Event::Replaced { user: user.clone() },
            Entry::Wait => Event::Waiting { user: user.clone() },
        };
        let is_admin = applicant.role != Role::Participant;
        let values: Values = vec![
            ("open", s("open")),
            ("idle", s("idle")),
            ("seen", s(self.seen_sid)),
            ("sid", s(self.sid)),
            ("now", n(now.millis())),
            ("yes", b(true)),
            ("no", b(false)),
            ("presenter", m(encode(&Presenter { user: user.clone(), since: now }))),
            ("zero", n(0)),
            ("one", n(1)),
            ("event", s(event_text(event, now))),
            ("minted", n(applicant.token.map_or(0, |token| token.minted_at().millis()))),
            // Webhook numbers given out by a new session: room_created, room_started, and the first join's.
            ("two", n(2)),
            ("three", n(3)),
            ("due_shard", s(due_shard(room))),
            ("tenant_shard", s(tenant_shard(&room.tenant, room, true))),
        ];
        let over = "#sid = :seen AND #status = :open AND #due_at <= :now";
        let idle = "#sid = :seen AND #status = :idle";
        let condition = all([
            match (self.starts, &self.over) {
                (false, _) => RUNNING,
                (true, Some(_)) => over,
                (true, None) => idle,
            },
            if applicant.token.is_some() { "#revoked_before < :minted" } else { "" },
            if applicant.guest { "#settings.#allowGuestAccess = :yes" } else { "" },
            if self.entry == Entry::Same { "" } else { "#locked = :no" },
            match self.entry {
                Entry::Seat => "#seats < #max_participants",
                Entry::Wait => "#waiting_room = :yes",
                Entry::Same | Entry::Session => "",
            },
            if self.passes_waiting_room() { "" } else { "#waiting_room = :no" },
        ]);
        let counted =
            if self.came_before() { "" } else { ", #joined = if_not_exists(#joined, :zero) + :one" };
        let presents = if is_admin { ", #presenter = if_not_exists(#presenter, :presenter)" } else { "" };
        let take_seat = format!(
            "SET #seats = #seats + :one, #seq = #seq + :one, #hooks = #hooks + :one, #event = :event, \
             #started_at = if_not_exists(#started_at, :now), \
             #due_at = if_not_exists(#started_at, :now) + #duration{counted}{presents}"
        );
        let tell = "SET #seq = #seq + :one, #event = :event";
        let begin = "#sid = :sid, #status = :open, #seq = :one, #event = :event, #created_at = :now, \
                     #due_shard = :due_shard, #tenant_shard = :tenant_shard, #tenant_time = :now";
        let update = match (self.entry, self.starts) {
            (Entry::Seat, _) if self.may_expire() => take_seat,
            (Entry::Seat, _) => format!("{take_seat} REMOVE #expires_at"),
            (Entry::Session, _) => {
                let (presents, nobody) =
                    if is_admin { (", #presenter = :presenter", "") } else { ("", ", #presenter") };
                format!(
                    "SET {begin}, #seats = :one, #joined = :one, #hooks = :three, #started_at = :now, \
                     #due_at = :now + #duration{presents} REMOVE #expires_at{nobody}"
                )
            }
            (Entry::Wait, true) => format!(
                "SET {begin}, #seats = :zero, #joined = :zero, #hooks = :two, #due_at = :now + #empty_timeout \
                 REMOVE #expires_at, #started_at, #presenter"
            ),
            (Entry::Same, _) => format!("{tell}{presents}"),
            (Entry::Wait, _) => tell.to_owned(),
        };
        Step::update(Key::state(room), update, condition, values)
    }

    /// Whether TTL may still remove the room with somebody in, since its session ends at a time (`models::expiry`). One by
    /// code never expires while a session runs.
    fn may_expire(&self) -> bool {
        matches!(self.door.credential, Credential::Token(token) if token.lasts != Lasts::Unlimited)
    }

    fn passes_waiting_room(&self) -> bool {
        let admitted = self.person.as_ref().is_some_and(|person| person.admitted && person.sid == self.sid);
        self.entry != Entry::Seat && self.entry != Entry::Session
            || admitted
            || self.door.applicant(self.room.as_ref()).role != Role::Participant
    }

    /// The person's part: he becomes active (or waits, or stays) in a new sitting, and his token is gone.
    fn participant_step(&self, now: Timestamp) -> Step {
        let room = self.door.room;
        let key = Key::participant(room, &self.user());
        let lease = now.plus(self.door.unattached);
        let standing = if self.entry == Entry::Wait { Standing::Waiting } else { Standing::Active };
        let known = self.person.as_ref().is_some_and(|person| person.sid == self.sid);
        if !known && !matches!(self.door.credential, Credential::Token(_)) {
            let expires_at = (standing == Standing::Waiting).then(|| waiter_expires_at(now));
            let item = ParticipantItem::encode(room, &self.newcomer(standing, now), Some(lease), expires_at);
            let values = vec![("sid", s(self.sid)), ("banned", s("banned"))];
            let condition = "attribute_not_exists(#pk) OR (#sid <> :sid AND #status <> :banned)";
            return Step::put(key, item, condition, values);
        }
        let mut values: Values = vec![
            ("sid", s(self.sid)),
            ("active", s("active")),
            ("waiting", s("waiting")),
            ("banned", s("banned")),
            ("now", n(now.millis())),
            ("session", s(self.session)),
            ("lease", n(lease.millis())),
            ("due_shard", s(due_shard(room))),
            ("id", s(self.id())),
            ("no", b(false)),
        ];
        let mut set = vec!["#session = :session", "#due_at = :lease", "#due_shard = :due_shard"];
        let mut remove = vec![];
        if self.entry == Entry::Wait {
            values.push(("expires_at", n(waiter_expires_at(now).seconds())));
            set.push("#expires_at = :expires_at");
        } else {
            remove.push("#expires_at");
        }
        let mut conditions = vec!["#sid = :sid", "#status <> :banned"];
        match self.entry {
            Entry::Same => set.push("#previous_session = #session"),
            Entry::Seat | Entry::Session => {
                // The state counts him or not, by what is believed here.
                if self.came_before() {
                    conditions.push("attribute_exists(#joined_at)");
                    set.push("#joined_before = #joined_at");
                } else {
                    conditions.push("attribute_not_exists(#joined_at)");
                }
                set.extend(["#status = :active", "#joined_at = :now", "#id = :id"]);
                remove.extend(["#previous_session", "#waiting_since", "#left_at"]);
            }
            Entry::Wait => {
                set.extend([
                    "#status = :waiting",
                    "#waiting_since = if_not_exists(#waiting_since, :now)",
                    "#id = :id",
                ]);
                remove.push("#left_at");
                let waits =
                    |person: &Participant| person.sid == self.sid && person.standing == Standing::Waiting;
                if self.person.as_ref().is_some_and(waits) {
                    set.push("#previous_session = #session");
                } else {
                    remove.push("#previous_session");
                }
            }
        }
        let token_condition;
        let token_copy;
        let token_name;
        match self.door.credential {
            Credential::Token(token) => {
                token_name = format!("#{}", token_attribute(token.id.id));
                token_condition = format!("attribute_exists({token_name})");
                token_copy = ["name", "role", "hidden", "locks", "metadata"]
                    .map(|field| format!("#{field} = {token_name}.#{field}"))
                    .join(", ");
                conditions.push(&token_condition);
                set.push(&token_copy);
                remove.push(&token_name);
            }
            Credential::User { profile, .. } | Credential::Guest(profile) => {
                values.extend([
                    ("name", s(&profile.name)),
                    ("role", s(self.door.applicant(self.room.as_ref()).role.word())),
                ]);
                set.extend(["#name = :name", "#role = :role", "#hidden = :no"]);
                remove.extend(["#locks", "#metadata"]);
                match &profile.avatar_url {
                    Some(url) => {
                        values.push(("avatar_url", s(url)));
                        set.push("#avatar_url = :avatar_url");
                    }
                    None => remove.push("#avatar_url"),
                }
            }
        }
        conditions.push(if self.entry == Entry::Same { "#status = :active" } else { "#status <> :active" });
        let update = format!("SET {} REMOVE {}", set.join(", "), remove.join(", "));
        Step::update(key, update, conditions.join(" AND "), values)
    }

    fn newcomer(&self, standing: Standing, now: Timestamp) -> Participant {
        let admission = self.admission(now);
        Participant {
            user: admission.user,
            sid: self.sid,
            standing,
            id: admission.id,
            session: Some(self.session),
            previous_session: None,
            profile: admission.profile,
            role: admission.role,
            hidden: false,
            guest: admission.guest,
            locks: models::Locks::new(),
            metadata: None,
            joined_at: admission.joined_at,
            joined_before: None,
            waiting_since: (standing == Standing::Waiting).then_some(now),
            admitted: false,
            tokens: vec![],
        }
    }
}
