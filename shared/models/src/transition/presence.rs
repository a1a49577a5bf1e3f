//! Somebody is connected to his place, or no longer, and shows himself: what others see of who is in.

use super::{Becomes, Held, PersonNeed, PersonTransition, RoomTransition};
use crate::{
    ConnectionId, Event, MediaChange, Participant, ParticipantId, SessionId, SessionToken, Sid, Standing,
    Timestamp, UserId,
};

/// A session token begins a new sitting of the place that it is of: over a connection, or by a call that leaves none.
#[derive(Clone, Debug)]
pub struct Resumption<'a> {
    /// The token.
    pub token: &'a SessionToken,
    /// Whose place it is, as he was seen.
    pub seen: &'a Participant,
    /// The new sitting.
    pub session: SessionId,
    /// By what he keeps his place from now on.
    pub held: Held,
}

impl Resumption<'_> {
    /// The room's part. Others are told, but where it says nothing to them: of who waits, and of who was away and stays so.
    pub fn state(&self, now: Timestamp) -> Option<RoomTransition> {
        let seated = self.seen.standing == Standing::Active;
        let told = seated && !self.stays_away();
        told.then(|| changed(self.token.sid, &self.token.user, now))
    }

    fn stays_away(&self) -> bool {
        matches!(self.held, Held::Until(_)) && self.seen.connection.is_none()
    }

    /// The person's part.
    pub fn person(&self, now: Timestamp) -> PersonTransition {
        let Self { token, seen, session, held } = self;
        let mut needs = vec![PersonNeed::Of(token.sid), PersonNeed::Stands(seen.standing)];
        needs.push(PersonNeed::SitsOrSat(token.session));
        // Of a connection that has come meanwhile others know: it does not go untold.
        needs.extend(self.stays_away().then_some(PersonNeed::Unconnected));
        let becomes = Becomes::Sits { previous: token.session, session: *session, held: held.clone() };
        PersonTransition { now, needs, becomes }
    }
}

/// A connection is gone that somebody may have had: if it is no longer his, nothing changes.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The session.
    pub sid: Sid,
    /// Who.
    pub user: UserId,
    /// Where he is believed to stand: he has a seat, or he waits.
    pub seen: Standing,
    /// The connection.
    pub connection: ConnectionId,
}

impl Loss {
    /// The room's part: who has a seat is away now.
    pub fn state(&self, now: Timestamp) -> Option<RoomTransition> {
        (self.seen == Standing::Active).then(|| changed(self.sid, &self.user, now))
    }

    /// The person's part: his place is kept until `lease`.
    pub fn person(&self, lease: Timestamp, now: Timestamp) -> PersonTransition {
        let connected = PersonNeed::Connected(self.connection.clone());
        let needs = vec![PersonNeed::Of(self.sid), PersonNeed::Stands(self.seen), connected];
        PersonTransition { now, needs, becomes: Becomes::Lost(lease) }
    }
}

/// Somebody who has a seat shows himself otherwise.
#[derive(Clone, Debug)]
pub struct Showing {
    /// The session.
    pub sid: Sid,
    /// Who.
    pub user: UserId,
    /// The connection that he says it by.
    pub by: ConnectionId,
    /// What changes.
    pub change: MediaChange,
}

impl Showing {
    /// The room's part.
    pub fn state(&self, now: Timestamp) -> RoomTransition {
        changed(self.sid, &self.user, now)
    }

    /// The person's part.
    pub fn person(&self, now: Timestamp) -> PersonTransition {
        let connected = PersonNeed::Connected(self.by.clone());
        let needs = vec![PersonNeed::Of(self.sid), PersonNeed::Stands(Standing::Active), connected];
        PersonTransition { now, needs, becomes: Becomes::Shows(self.change) }
    }
}

/// A moderator mutes people who have a seat, all of them in one step.
#[derive(Clone, Copy, Debug)]
pub struct Muting<'a> {
    /// The session.
    pub sid: Sid,
    /// Whom.
    pub users: &'a [UserId],
    /// The moderator.
    pub by: ParticipantId,
}

impl Muting<'_> {
    /// The room's part. One change tells of several people only where that is its own kind of event: an event has 200
    /// bytes.
    pub fn state(&self, now: Timestamp) -> RoomTransition {
        match self.users {
            [user] => changed(self.sid, user, now),
            _ => RoomTransition::tell(Some(self.sid), Event::Muted, now),
        }
    }

    /// Each person's part. Who has turned his microphone off meanwhile is told all the same.
    pub fn person(&self, now: Timestamp) -> PersonTransition {
        let needs = vec![PersonNeed::Of(self.sid), PersonNeed::Stands(Standing::Active)];
        PersonTransition { now, needs, becomes: Becomes::Muted(self.by) }
    }
}

fn changed(sid: Sid, user: &UserId, now: Timestamp) -> RoomTransition {
    RoomTransition::tell(Some(sid), Event::Changed { user: user.clone() }, now)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Client, Connection, Media, MutedBy, ParticipantId, RoomKey, Tenant};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const SID: Sid = Sid(Uuid::from_u128(1));
    const FIRST: SessionId = SessionId(Uuid::from_u128(2));
    const SECOND: SessionId = SessionId(Uuid::from_u128(3));

    fn connection(id: &str) -> Connection {
        Connection { id: id.try_into().expect("an id"), client: Client::Plain }
    }

    fn ann(standing: Standing, connected: Option<&str>) -> Participant {
        let lease = connected.is_none().then_some(NOW);
        Participant {
            session: Some(FIRST),
            connection: connected.map(connection),
            media: Media { audio: true, ..Media::default() },
            lease,
            ..Participant::new(SID, "ann".try_into().expect("an id"), standing)
        }
    }

    fn token() -> SessionToken {
        let user: UserId = "ann".try_into().expect("an id");
        SessionToken {
            room: RoomKey { tenant: Tenant::main(), room: "room".try_into().expect("an id") },
            sid: SID,
            participant: ParticipantId::of(SID, &user),
            user,
            session: FIRST,
            expires_at: Timestamp::NEVER,
        }
    }

    #[test]
    fn who_attaches_is_connected_without_a_lease_and_shows_what_he_showed() {
        let (token, away) = (token(), ann(Standing::Active, None));
        let held = Held::By(connection("new"));
        let attach = Resumption { token: &token, seen: &away, session: SECOND, held };
        assert!(attach.state(NOW).is_some());
        let transition = attach.person(NOW);
        assert!(transition.holds(Some(&away)));
        let back = transition.apply(Some(&away)).expect("there");
        assert_eq!((back.lease, back.connection, back.media), (None, Some(connection("new")), away.media));
    }

    #[test]
    fn others_are_told_of_a_new_sitting_but_where_it_says_nothing_to_them() {
        let token = token();
        for (standing, connected, held, told) in [
            (Standing::Active, None, Held::Until(NOW), false),
            (Standing::Active, Some("old"), Held::Until(NOW), true),
            (Standing::Active, None, Held::By(connection("new")), true),
            (Standing::Active, Some("old"), Held::By(connection("new")), true),
            (Standing::Waiting, Some("old"), Held::Until(NOW), false),
            (Standing::Waiting, None, Held::By(connection("new")), false),
        ] {
            let seen = ann(standing, connected);
            let sitting = Resumption { token: &token, seen: &seen, session: SECOND, held };
            assert_eq!(sitting.state(NOW).is_some(), told, "{standing:?} {connected:?} {:?}", sitting.held);
            assert!(sitting.person(NOW).holds(Some(&seen)));
        }
    }

    #[test]
    fn only_the_connection_that_he_has_can_be_lost() {
        let seen = ann(Standing::Active, Some("new"));
        let loss = |id: &str| Loss {
            sid: SID,
            user: seen.user.clone(),
            seen: Standing::Active,
            connection: id.try_into().expect("an id"),
        };
        assert!(!loss("old").person(NOW, NOW).holds(Some(&seen)));
        let transition = loss("new").person(NOW, NOW);
        assert!(transition.holds(Some(&seen)));
        let away = transition.apply(Some(&seen)).expect("there");
        assert!(away.is_away());
        assert_eq!((away.lease, away.media), (Some(NOW), seen.media));
    }

    #[test]
    fn he_shows_himself_by_his_own_connection_and_a_moderator_mutes_him_without() {
        let seen = ann(Standing::Active, Some("new"));
        let change = MediaChange { audio: Some(false), video: Some(true), ..MediaChange::default() };
        let show = |by: &str| Showing {
            sid: SID,
            user: seen.user.clone(),
            by: by.try_into().expect("an id"),
            change,
        };
        assert!(!show("old").person(NOW).holds(Some(&seen)));
        let muting = Muting { sid: SID, users: std::slice::from_ref(&seen.user), by: seen.id };
        let transition = muting.person(NOW);
        assert!(transition.holds(Some(&seen)));
        let muted = transition.apply(Some(&seen)).expect("there");
        let by = Some(MutedBy { id: seen.id, at: NOW });
        assert_eq!((muted.media, muted.muted_by), (Media::default(), by));
        let transition = show("new").person(NOW);
        assert!(transition.holds(Some(&muted)));
        let shown = transition.apply(Some(&muted)).expect("there");
        assert_eq!((shown.media, shown.muted_by), (Media { video: true, ..Media::default() }, None));
    }

    #[test]
    fn one_who_is_muted_is_told_of_by_name_and_several_at_once() {
        let ann: UserId = "ann".try_into().expect("an id");
        let event = |users: &[UserId]| {
            Muting { sid: SID, users, by: ParticipantId::of(SID, &ann) }.state(NOW).happened.event
        };
        assert_eq!(event(std::slice::from_ref(&ann)), Event::Changed { user: ann.clone() });
        assert_eq!(event(&[ann.clone(), ann.clone()]), Event::Muted);
    }
}
