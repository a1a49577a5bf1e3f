//! A participant as stored: a state machine, with one attribute for each unused join token.

use std::collections::BTreeMap;
use std::time::Duration;

use models::{
    Client, Connection, ConnectionId, Locks, Media, Metadata, MutedBy, Participant, ParticipantId, Profile,
    Role, RoomKey, SessionId, Sid, Standing, Timestamp, UserId, Words,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{FORMER_PREFIX, Item, Key, PARTICIPANT_PREFIX, decode, due_shard, encode};
use crate::StoreError;
use crate::step::Step;

const KIND: &str = "PARTICIPANT";

/// What the attribute of an unused join token begins with.
const TOKEN_PREFIX: &str = "t_";

/// The attribute that holds an unused join token. Hexadecimal, so that it can stand in an expression.
pub(crate) fn token_attribute(id: Uuid) -> String {
    format!("{TOKEN_PREFIX}{}", id.simple())
}

/// What a join token brings: its use copies these into the participant, inside the item. Every field is always there,
/// for an expression that copies a missing one would fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenRecord {
    /// When it expires; the token itself says so too, this is for pruning.
    pub(crate) exp: Timestamp,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) hidden: bool,
    pub(crate) locks: Locks,
    pub(crate) metadata: Metadata,
}

/// Attributes of a participant; times in milliseconds since the epoch, but `expires_at`, which TTL reads in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "an attribute for each switch, so that one is set without the others"
)]
pub(crate) struct ParticipantItem {
    sid: Sid,
    status: Standing,
    id: ParticipantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_session: Option<SessionId>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
    role: Role,
    hidden: bool,
    guest: bool,
    #[serde(default, skip_serializing_if = "Locks::is_empty")]
    locks: Locks,
    /// Always there, for an expression that sets a part of it needs the whole.
    #[serde(default)]
    said: Words,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    admitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<ConnectionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Client>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    audio: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    video: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    screen: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hand: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_by: Option<MutedBy>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
    #[serde(default)]
    version: u32,
    /// The lease of a seat without a connection: from then on the sweep may release it.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

/// How long a record of a session before is kept, in which what is told of that session's end may still need it.
const KEPT_FROM_BEFORE: Duration = Duration::from_hours(24);

/// The write that keeps the record of somebody who has had a seat in an earlier session, where one of the session `sid` is
/// about to take its place: the earlier one's end has not been told yet, or it would be gone.
pub(crate) fn kept_from_before(
    room: &RoomKey,
    sid: Sid,
    person: Option<&Participant>,
    now: Timestamp,
) -> Option<Step> {
    let person = person.filter(|person| person.was_in_before(sid))?;
    // Of his connection the stream tells when his new record takes the place of this one.
    let kept = Participant {
        lease: None,
        connection: None,
        expires_at: Some(now.plus(KEPT_FROM_BEFORE)),
        ..person.clone()
    };
    let item = ParticipantItem::encode(room, &kept);
    Some(Step::put(Key::former(room, person.sid, &person.user), item, "", vec![]))
}

/// Whose record has this sort key.
fn of_whom(sk: &str) -> Option<&str> {
    sk.strip_prefix(PARTICIPANT_PREFIX)
        .or_else(|| sk.strip_prefix(FORMER_PREFIX)?.split_once('#').map(|(_, user)| user))
}

impl ParticipantItem {
    /// The item of a participant of `room`, without the join tokens that he has.
    pub(crate) fn encode(room: &RoomKey, person: &Participant) -> Item {
        encode(&Self {
            sid: person.sid,
            status: person.standing,
            id: person.id,
            session: person.session,
            previous_session: person.previous_session,
            name: person.profile.name.clone(),
            avatar_url: person.profile.avatar_url.clone(),
            role: person.role,
            hidden: person.hidden,
            guest: person.guest,
            locks: person.locks.clone(),
            said: person.said.clone(),
            metadata: person.metadata.clone(),
            joined_at: person.joined_at,
            joined_before: person.joined_before,
            waiting_since: person.waiting_since,
            admitted: person.admitted,
            connection: person.connection.as_ref().map(|connection| connection.id.clone()),
            client: person.connection.as_ref().map(|connection| connection.client),
            audio: person.media.audio,
            video: person.media.video,
            screen: person.media.screen,
            hand: person.media.hand,
            muted_by: person.muted_by,
            removed: person.removed,
            version: person.version,
            due_at: person.lease,
            due_shard: person.lease.map(|_| due_shard(room)),
            expires_at: person.expires_at.map(Timestamp::seconds),
        })
    }

    /// The participant that the item holds.
    pub(crate) fn decode(mut item: Item) -> Result<Participant, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(KIND, what.to_owned());
        let user: UserId = item
            .get("sk")
            .and_then(|sk| of_whom(sk.as_s().ok()?))
            .and_then(|user| user.try_into().ok())
            .ok_or_else(|| corrupt("sort key"))?;
        let tokens: BTreeMap<Uuid, Item> = item
            .extract_if(|name, _| name.starts_with(TOKEN_PREFIX))
            .filter_map(|(name, value)| {
                let id = Uuid::try_parse(&name[TOKEN_PREFIX.len()..]).ok()?;
                Some((id, value.as_m().ok()?.clone()))
            })
            .collect();
        let tokens = tokens
            .into_iter()
            .map(|(id, record)| Ok((id, decode::<TokenRecord>(KIND, record)?.exp)))
            .collect::<Result<_, StoreError>>()?;
        let item: Self = decode(KIND, item)?;
        let Self { audio, video, screen, hand, .. } = item;
        Ok(Participant {
            user,
            sid: item.sid,
            standing: item.status,
            id: item.id,
            session: item.session,
            previous_session: item.previous_session,
            profile: Profile { name: item.name, avatar_url: item.avatar_url },
            role: item.role,
            hidden: item.hidden,
            guest: item.guest,
            locks: item.locks,
            said: item.said,
            metadata: item.metadata,
            joined_at: item.joined_at,
            joined_before: item.joined_before,
            waiting_since: item.waiting_since,
            admitted: item.admitted,
            tokens,
            connection: item.connection.zip(item.client).map(|(id, client)| Connection { id, client }),
            media: Media { audio, video, screen, hand },
            muted_by: item.muted_by,
            removed: item.removed,
            version: item.version,
            lease: item.due_at,
            expires_at: item.expires_at.map(Timestamp::from_seconds),
        })
    }
}
