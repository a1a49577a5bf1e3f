//! Rounds of presence: who came, went and changed since those in the room were last told (`docs/decisions/0027`).
//!
//! A round compares who is in with who was told to be. So many changes are one message, a round that is done twice tells
//! nothing new, and what a lost one would have told the next one tells.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use models::{Participant, ParticipantId, RoomKey, Sid, Standing, Timestamp};
use serde::{Deserialize, Serialize};
use store::LastRound;
use uuid::Uuid;

use crate::people::{PresentOut, Whole, json_bytes};

/// Most bytes of people in a message, of which the gateway sends 128 KB.
pub(crate) const MOST_BYTES: usize = 96 * 1024;

/// Posts a second of one room, over time.
const MOST_POSTS: u32 = 30;

/// How much later than it says somebody may have come in: a request goes on for 16 seconds, and clocks differ.
const LATEST: Duration = Duration::from_secs(20);

/// A message of the queue: there is something to tell in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundDue {
    /// The room.
    pub room: RoomKey,
    /// The session of the room.
    pub sid: Sid,
    /// The change that is to be told.
    pub seq: u64,
}

impl RoundDue {
    /// What it is known by: a round is due once for each change.
    pub fn deduplication_id(&self) -> String {
        format!("{}:{}", self.sid, self.seq)
    }
}

/// How long after a round of so many posts the next one comes at the earliest. A queue's delay of a second makes one a
/// second; in rooms of more than thirty people who come and go all the time there is a round less often, for each person
/// more makes both a message more and every round larger.
pub fn pause_after(posts: u32) -> Duration {
    Duration::from_secs(1).max(Duration::from_secs(posts.into()) / MOST_POSTS)
}

/// Somebody who is not in any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    id: ParticipantId,
    display_name: String,
    reason: &'static str,
}

/// What one receiver is told, in one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PresenceOut {
    seq: u64,
    /// What was told before: whoever has not got as far has missed something. Not where each is told something of his own,
    /// and now and then nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    joined: Vec<PresentOut>,
    left: Vec<LeftOut>,
    changed: Vec<PresentOut>,
    count: usize,
}

/// Somebody of whom a receiver is told.
enum Entry {
    Joined(PresentOut),
    Left(LeftOut),
    Changed(PresentOut),
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Joined(person) | Self::Changed(person) => json_bytes(person),
            Self::Left(person) => json_bytes(person),
        }
    }
}

/// The messages that tell all of this, to somebody who knows of `known` people: mostly one, and as many as it takes where
/// that would be larger than the gateway sends. In the first one `bytes` are taken already. The last one has `seq`, those
/// before it the numbers before: each entry is at least one change, so there are enough. The first comes after `since`.
fn messages(
    entries: Vec<Entry>,
    (since, seq): (Option<u64>, u64),
    known: usize,
    mut bytes: usize,
) -> Vec<PresenceOut> {
    let mut parts = vec![PresenceOut { count: known, ..PresenceOut::default() }];
    for entry in entries {
        bytes += entry.bytes();
        let mut count = parts.last().map_or(known, |part| part.count);
        if bytes > MOST_BYTES {
            bytes = entry.bytes();
            parts.push(PresenceOut { count, ..PresenceOut::default() });
        }
        let Some(part) = parts.last_mut() else { continue };
        match entry {
            Entry::Joined(person) => {
                count += 1;
                part.joined.push(person);
            }
            Entry::Left(person) => {
                count = count.saturating_sub(1);
                part.left.push(person);
            }
            Entry::Changed(person) => part.changed.push(person),
        }
        part.count = count;
    }
    for (part, before) in parts.iter_mut().rev().zip(0..) {
        part.seq = seq.saturating_sub(before);
        part.since = since.map(|_| part.seq.saturating_sub(1));
    }
    parts[0].since = since;
    parts
}

/// People in parts that fit into a message each: those of the first, in which `bytes` are taken already, and messages that
/// tell of the others. With the number up to which somebody knows the session who knows of the first.
pub(crate) fn in_parts(
    people: Vec<PresentOut>,
    seq: u64,
    bytes: usize,
) -> (Vec<PresentOut>, u64, Vec<PresenceOut>) {
    let mut parts = messages(people.into_iter().map(Entry::Joined).collect(), (Some(0), seq), 0, bytes);
    let first = parts.remove(0);
    (first.joined, first.seq, parts)
}

/// What there is to tell in a session.
#[derive(Debug)]
pub struct Round<'a> {
    whole: &'a Whole,
    /// It as what is told.
    now: LastRound,
    /// Up to which change anybody has heard anything.
    since: u64,
    joined: Vec<&'a Participant>,
    /// With the digest that was told.
    changed: Vec<(&'a Participant, u32)>,
    /// With the digest that was told, and the record of whoever it is, as far as there is one.
    left: Vec<(ParticipantId, u32, Option<&'a Participant>)>,
}

impl<'a> Round<'a> {
    /// What is to be told of a session as it stands, after what was told `before`. That is also of those who stand as they
    /// stood, but did not all the time, and of those who came and went: who got the whole session in between has it
    /// otherwise.
    pub fn of(whole: &'a Whole, before: Option<&LastRound>) -> Self {
        let before = before.filter(|before| before.sid == whole.room.sid);
        let since = before.map_or(0, |before| before.heard);
        let nobody = BTreeMap::new();
        let (before, gone_before, earliest) = before
            .map_or((&nobody, &nobody, Timestamp::default()), |before| {
                (&before.people, &before.gone, before.at.minus(LATEST))
            });
        let now = whole.as_told();
        let (mut joined, mut changed) = (vec![], vec![]);
        for person in whole.seen() {
            match before.get(&person.id) {
                None => joined.push(person),
                Some(told) if now.people.get(&person.id) != Some(told) => changed.push((person, *told)),
                Some(_) => {}
            }
        }
        let gone: HashMap<_, _> = [&whole.gone, &whole.waiting, &whole.present]
            .into_iter()
            .flatten()
            .map(|person| (person.id, person))
            .collect();
        let left = before.iter().filter(|(id, _)| !now.people.contains_key(id));
        let left = left.map(|(id, told)| (*id, *told, gone.get(id).copied()));
        let passed = whole.seen_since(earliest).filter(|person| {
            !before.contains_key(&person.id) && gone_before.get(&person.id) != Some(&person.version)
        });
        let passed = passed.map(|person| (person.id, digest(person), Some(person)));
        let left = left.chain(passed).collect();
        Self { whole, now, since, joined, changed, left }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.changed.is_empty() && self.left.is_empty()
    }

    /// Those who are connected and are told the same, and each of those who are told something of their own.
    pub fn receivers(&self) -> (Vec<&'a Participant>, Vec<&'a Participant>) {
        let connected = self.whole.present.iter().filter(|person| person.connection.is_some());
        connected.partition(|person| person.sees_everybody(&self.whole.room))
    }

    /// What `viewer` is told, in as many messages as it takes; in none where nobody came, went or changed of those whom he
    /// may see. Whoever gains or loses rights comes or goes, for who sees only those who have some: so nobody's count
    /// changes without an entry.
    pub fn shown_to(&self, viewer: &Participant) -> Vec<PresenceOut> {
        let room = &self.whole.room;
        let knew =
            |id: ParticipantId, told| viewer.sees_everybody(room) || had_rights(told) || viewer.id == id;
        let mut entries = vec![];
        for person in self.joined.iter().filter(|person| viewer.may_see(person, room)) {
            entries.push(Entry::Joined(PresentOut::from(*person)));
        }
        for (id, told, person) in &self.left {
            if knew(*id, *told) {
                entries.push(Entry::Left(left_out(*id, *person)));
            }
        }
        for (person, told) in &self.changed {
            match (knew(person.id, *told), viewer.may_see(person, room)) {
                (true, true) => entries.push(Entry::Changed(PresentOut::from(*person))),
                (false, true) => entries.push(Entry::Joined(PresentOut::from(*person))),
                (true, false) => entries.push(Entry::Left(left_out(person.id, Some(person)))),
                (false, false) => {}
            }
        }
        if entries.is_empty() {
            return vec![];
        }
        let count = self.whole.present.iter().filter(|person| viewer.may_see(person, room)).count();
        let known = entries.iter().fold(count, |known, entry| match entry {
            Entry::Joined(_) => known.saturating_sub(1),
            Entry::Left(_) => known + 1,
            Entry::Changed(_) => known,
        });
        let since = viewer.sees_everybody(room).then_some(self.since);
        messages(entries, (since, room.seq), known, 0)
    }

    /// What those in the room have been told after this round, which took so many posts. Where people came and went while
    /// they were read it may tell something newer than its `seq` says: who knows that one already does not apply it, so it is
    /// told again.
    pub fn into_last(self, posts: u32) -> LastRound {
        let heard = if self.is_empty() { self.since } else { self.now.heard };
        let mut last = LastRound { posts, heard, ..self.now };
        if !self.whole.is_settled {
            let told = self.joined.iter().copied().chain(self.changed.iter().map(|(person, _)| *person));
            for person in told {
                last.people.entry(person.id).and_modify(|digest| *digest = otherwise(*digest));
            }
            last.people.extend(self.left.iter().map(|(id, told, _)| (*id, *told)));
        }
        last
    }
}

impl Whole {
    /// Those whom others may see.
    fn seen(&self) -> impl Iterator<Item = &Participant> {
        self.present.iter().filter(|person| !person.hidden)
    }

    /// Those whom others may have seen who came since then and have gone.
    fn seen_since(&self, since: Timestamp) -> impl Iterator<Item = &Participant> {
        let gone = self.gone.iter().chain(&self.waiting);
        gone.filter(move |person| !person.hidden && person.joined_at.is_some_and(|at| at >= since))
    }

    /// It as what was told, where that was all of it.
    pub(crate) fn as_told(&self) -> LastRound {
        LastRound {
            sid: self.room.sid,
            seq: self.room.seq,
            at: self.at,
            posts: 0,
            heard: self.room.seq,
            people: self.seen().map(|person| (person.id, digest(person))).collect(),
            gone: self.seen_since(self.at.minus(LATEST)).map(|person| (person.id, person.version)).collect(),
        }
    }
}

fn left_out(id: ParticipantId, person: Option<&Participant>) -> LeftOut {
    let reason = match person.map(|person| (person.standing, person.removed)) {
        Some((Standing::Banned, _)) => "banned",
        Some((Standing::Waiting, _)) => "waiting",
        Some((Standing::Left, true)) => "removed",
        _ => "left",
    };
    LeftOut { id, display_name: person.map(|person| person.profile.name.clone()).unwrap_or_default(), reason }
}

/// Four bytes that are others when somebody is shown otherwise, or was in between. The last bit says whether he has rights.
fn digest(person: &Participant) -> u32 {
    let shown = (PresentOut::from(person), person.version);
    let shown = serde_json::to_vec(&shown).expect("it has text keys");
    let (high, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, &shown).as_u64_pair();
    u32::try_from(high >> 32).unwrap_or_default() & !1 | u32::from(person.has_rights())
}

/// The digest of somebody of the same rights that is nobody's.
const fn otherwise(digest: u32) -> u32 {
    digest ^ 2
}

/// Whether somebody had rights as he was shown with this digest.
const fn had_rights(digest: u32) -> bool {
    digest & 1 == 1
}

#[cfg(test)]
mod interleaved;
#[cfg(test)]
mod tests;
