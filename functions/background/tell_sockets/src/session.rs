//! Who hears what.

use std::slice;

use api::rooms::{ParticipantOut, WaiterOut};
use api::server::waiting_message;
use api::{Halt, Worker};
use models::{
    Broadcast, Connection, Participant, ParticipantId, Room, RoomKey, SessionToken, Sid, Speech, Timestamp,
    Tone, UserId,
};
use realtime::people::{JoinOut, Whole};
use realtime::{
    ChatMessageOut, DeniedOut, ForceDisconnectOut, Given, MuteOut, NotificationOut, ParticipantWaitingOut,
    RoomEndedOut, RoomUpdatedOut,
};
use serde::Serialize;
use socket::ServerEvent;
use store::{Binding, Why};
use uuid::Uuid;

use crate::Config;

/// A session whose people are told something.
pub(crate) struct Session<'a> {
    pub(crate) worker: &'a Worker<Config>,
    pub(crate) room: &'a RoomKey,
    pub(crate) sid: Sid,
}

impl Session<'_> {
    async fn present(&self) -> Result<Vec<Participant>, Halt> {
        Ok(self.worker.store.present(self.room, self.sid).await?)
    }

    /// Tells those of these people who are connected.
    async fn tell(
        &self,
        people: Vec<Participant>,
        event: ServerEvent,
        data: &impl Serialize,
    ) -> Result<(), Halt> {
        let connections: Vec<_> = people.into_iter().filter_map(|person| person.connection).collect();
        self.worker.config.sockets.tell(&self.worker.store, &connections, event, data).await;
        Ok(())
    }

    /// Tells everybody who has a seat, and is connected.
    pub(crate) async fn everybody(&self, event: ServerEvent, data: &impl Serialize) -> Result<(), Halt> {
        self.tell(self.present().await?, event, data).await
    }

    /// Tells everybody the settings, as they are by now.
    pub(crate) async fn updated(&self, seq: u64) -> Result<(), Halt> {
        let seen = self.worker.store.room_with_document(self.room).await?;
        let (Some(room), Some(document)) = (self.running(seen.room), seen.document) else { return Ok(()) };
        let data = RoomUpdatedOut::of(&room, &document, seq, self.worker.clock.now());
        self.everybody(ServerEvent::RoomUpdated, &data).await
    }

    /// What the server API said, to those whom it was said to; also to people whom nobody sees.
    pub(crate) async fn broadcast(&self, id: Uuid, at: Timestamp) -> Result<(), Halt> {
        let Some(broadcast) = self.worker.store.words_of(self.room, id).await? else { return Ok(()) };
        let mut people = self.present().await?;
        let to = addressee(&broadcast, &people).map(|person| person.id);
        people.retain(|person| broadcast.is_for(person));
        match broadcast.speech {
            Speech::Chat { message: content } => {
                let (id, sent_at) = (id.to_string(), at.to_string());
                let data = ChatMessageOut { id, sender_id: None, sender_name: None, content, to, sent_at };
                self.tell(people, ServerEvent::ChatMessage, &data).await
            }
            Speech::Notification { text, tone, with_sound } => {
                let data = NotificationOut { tone, text, with_sound };
                self.tell(people, ServerEvent::Notification, &data).await
            }
        }
    }

    /// Tells those who may let somebody in that he waits, and himself, where he was sent back; if he waits still.
    pub(crate) async fn waiting(&self, user: &UserId, sent_back: bool) -> Result<(), Halt> {
        let Some(whole) = self.whole().await? else { return Ok(()) };
        let seen = |person: &&Participant| person.user == *user && !person.hidden;
        let Some(waiter) = whole.waiting.iter().find(seen) else { return Ok(()) };
        let participant = WaiterOut::of(waiter);
        let data = ParticipantWaitingOut { participant, count: WaiterOut::list(&whole.waiting).len() };
        let himself = sent_back.then(|| waiter.clone());
        let told = whole.present.into_iter().filter(Participant::may_moderate).chain(himself).collect();
        self.tell(told, ServerEvent::ParticipantWaiting, &data).await
    }

    /// Tells those who wait what they are told by now.
    pub(crate) async fn waiting_message(&self) -> Result<(), Halt> {
        let Some(whole) = self.whole().await? else { return Ok(()) };
        let Some(text) = waiting_message(&whole.document) else { return Ok(()) };
        let data = NotificationOut { tone: Tone::Info, text, with_sound: false };
        self.tell(whole.waiting, ServerEvent::Notification, &data).await
    }

    /// Tells somebody that he was admitted, as if he had joined now; if he is there still.
    pub(crate) async fn admitted(&self, user: &UserId) -> Result<(), Halt> {
        let Some(whole) = self.whole().await? else { return Ok(()) };
        let Some(person) = whole.present.iter().find(|person| person.user == *user) else { return Ok(()) };
        let (Some(to), Some(session)) = (person.connection.clone(), person.session) else { return Ok(()) };
        let now = self.worker.clock.now();
        let token = SessionToken {
            room: self.room.clone(),
            sid: self.sid,
            user: user.clone(),
            participant: person.id,
            session,
            expires_at: whole.room.sitting_expires_at(now),
        };
        let session = self.worker.config.sessions.issue(&token, now);
        let own = ParticipantOut::present(&whole.room, person, session);
        let (data, after) = JoinOut::seated(own, &whole, person, now);
        let (store, sockets) = (&self.worker.store, &self.worker.config.sockets);
        sockets.tell(store, [&to], ServerEvent::Admitted, &data).await;
        Given { to, whole, after }.follow(store, sockets, &*self.worker.clock).await;
        Ok(())
    }

    /// Tells somebody that a moderator has muted him, if he is in still by this connection: he may have moved on to another
    /// room by it.
    pub(crate) async fn muted(
        &self,
        user: &UserId,
        connection: &Connection,
        by: ParticipantId,
    ) -> Result<(), Halt> {
        let (store, sockets) = (&self.worker.store, &self.worker.config.sockets);
        let seen = store.look(self.room, false, Some(user)).await?;
        let (Some(room), Some(person)) = (self.running(seen.room), seen.participant) else { return Ok(()) };
        if !person.is_in(&room) || person.connection.as_ref() != Some(connection) {
            return Ok(());
        }
        sockets.tell(store, [connection], ServerEvent::Mute, &MuteOut { sender_id: by }).await;
        Ok(())
    }

    /// The room, if the session still runs in it.
    fn running(&self, room: Option<Room>) -> Option<Room> {
        let now = self.worker.clock.now();
        room.filter(|room| room.sid == self.sid && room.is_open(now))
    }

    /// The session with its people, if it still runs.
    async fn whole(&self) -> Result<Option<Whole>, Halt> {
        Ok(Whole::read_of(&self.worker.store, (self.room, self.sid), &*self.worker.clock).await?)
    }

    /// Closes a connection that was this person's, unless somebody has taken another place by it meanwhile, or he this one
    /// again.
    pub(crate) async fn dismiss(
        &self,
        user: &UserId,
        connection: &Connection,
        (why, message): (Why, Option<&str>),
    ) -> Result<(), Halt> {
        let Self { worker, room, sid } = self;
        let (store, sockets) = (&worker.store, &worker.config.sockets);
        let people = store.people_of(room, *sid, slice::from_ref(user)).await?;
        if people.get(user).and_then(|person| person.connection.as_ref()) == Some(connection) {
            return Ok(());
        }
        if let Why::Denied(why) = why {
            // He may ask again.
            sockets.tell(store, [connection], ServerEvent::Denied, &DeniedOut::of(why)).await;
            return Ok(());
        }
        let is_left = |bound: &Binding| (&bound.room, bound.sid, &bound.user) == (*room, *sid, user);
        if let Some(forced) = ForceDisconnectOut::of(why, message) {
            let last = (ServerEvent::ForceDisconnect, &forced);
            return sockets.dismiss_from(store, is_left, [connection], last).await;
        }
        // He is in the next session already, so the job that follows the end of this one does not find his connection.
        let Some(reason) = store.session(room, *sid).await?.and_then(|session| session.reason) else {
            return Ok(());
        };
        let last = (ServerEvent::RoomEnded, &RoomEndedOut::of(reason));
        sockets.dismiss_from(store, is_left, [connection], last).await
    }
}

/// To whom alone it is said, as the others may know him.
fn addressee<'a>(broadcast: &Broadcast, people: &'a [Participant]) -> Option<&'a Participant> {
    let to = broadcast.to_user.as_ref()?;
    people.iter().find(|person| person.user == *to && !person.hidden)
}
