//! Rooms and the people in them, made by the store alone: what the tests of a function begin with.

use std::sync::Arc;
use std::time::Duration;

use api::{JoinTokenText, sign_join_token, sign_session_token};
use models::{
    ApiKeyId, Client, Connection, EndReason, Features, JoinToken, Locks, MediaChange, Participant, Profile,
    Random, Refusal, Role, Room, RoomKey, SessionToken, Settings, Sid, Tenant, Timestamp, UserId,
};
use store::{
    Admission, Caller, Connected, Credential, Delivery, DeliveryStatus, Door, Ending, Halt, Lease,
    NewCodeRoom, NewRoom, NewToken, Released, Removal, Retention, SettingsChange, Shown, Store,
};

use crate::{API_KEY, API_SECRET};

/// How long a seat without a connection is kept.
const UNATTACHED: Duration = Duration::from_mins(1);
/// How long a session lasts after its last participant has left, by the template's default.
pub const DEPARTURE: Duration = Duration::from_secs(20);
/// How long a session waits for its first participant, by the template's default.
pub const EMPTY_TIMEOUT: Duration = Duration::from_mins(30);
/// How long a join token is good, by the template's default.
pub const TOKEN_VALIDITY: Duration = Duration::from_mins(10);
/// How long a session token is good.
pub const SESSION_VALIDITY: Duration = Duration::from_hours(24);
/// How long an ended room is remembered, by the template's default.
pub const PAST_ROOMS: Duration = Duration::from_hours(90 * 24);
/// How long a room by code is kept after its last use, by the template's default.
pub const CODE_RETENTION: Duration = Duration::from_hours(365 * 24);
/// The user who owns the rooms by code.
pub const HOST: &str = "hanna";

/// A millisecond less: when a time is not up yet.
pub const fn just_before(time: Duration) -> Duration {
    time.saturating_sub(Duration::from_millis(1))
}

/// Makes rooms, and lets people in. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    store: Store,
    random: Arc<dyn Random>,
    signing_secret: Vec<u8>,
}

/// A room of the server API, in tenant `main`, with the template's defaults.
pub fn new_room(room_id: &str) -> NewRoom {
    NewRoom {
        key: RoomKey { tenant: Tenant::main(), room: room_id.try_into().expect("an id") },
        api_key: ApiKeyId::try_from(API_KEY).expect("an id"),
        empty_timeout: EMPTY_TIMEOUT,
        duration: None,
        max_participants: None,
        waiting_room: false,
        auto_gen_user_id: false,
        features: Features::default(),
        default_locks: Locks::new(),
        title: format!("Title of {room_id}"),
        webhook_url: None,
        metadata: "{}".to_owned(),
    }
}

/// A room by code of [`HOST`], with 50 seats and the template's defaults.
pub fn new_code_room() -> NewCodeRoom {
    NewCodeRoom {
        host: user_id(HOST),
        host_name: "Hanna".to_owned(),
        host_avatar_url: Some("https://example.org/hanna.png".to_owned()),
        title: "Weekly".to_owned(),
        settings: Settings::default(),
        max_participants: 50,
        duration: None,
        empty_timeout: EMPTY_TIMEOUT,
        retention: CODE_RETENTION,
    }
}

/// A token for this user, who has no rights, good for the template's default from `now` on.
pub fn new_token(user: &str, now: Timestamp) -> NewToken {
    NewToken {
        user: user_id(user),
        name: format!("Name of {user}"),
        role: Role::Participant,
        hidden: false,
        locks: Locks::new(),
        metadata: "{}".to_owned(),
        expires_at: now.plus(TOKEN_VALIDITY),
    }
}

/// A webhook that was taken at once.
pub fn delivery(number: u32, url: &str, at: Timestamp) -> Delivery {
    Delivery {
        number,
        url: url.to_owned(),
        body: format!(r#"{{"event":"participant_joined","number":{number}}}"#),
        occurred_at: at,
        status: DeliveryStatus::Delivered,
        attempts: 1,
        outcome: r#"{"outcome":"delivered","http_status":204}"#.to_owned(),
        attempted_at: at,
        next_attempt_at: None,
    }
}

/// The id of a user.
pub fn user_id(text: &str) -> UserId {
    text.try_into().expect("an id")
}

/// The session token of somebody who was let in.
pub fn session_of(admission: &Admission) -> SessionToken {
    SessionToken {
        room: admission.room.clone(),
        sid: admission.sid,
        user: admission.user.clone(),
        participant: admission.id,
        session: admission.session,
        expires_at: admission.expires_at,
    }
}

/// A connection that has joined nothing.
async fn connect(store: &Store, id: &str, client: Client) -> Connected {
    let connection = Connection { id: id.try_into().expect("an id"), client };
    store.note_connection(connection, Caller::Guest).await.expect("noted")
}

fn profile_of(user: &str) -> Profile {
    Profile { name: format!("Name of {user}"), avatar_url: None }
}

const fn door<'a>(room: &'a RoomKey, credential: Credential<'a>) -> Door<'a> {
    Door { room, credential, unattached: UNATTACHED, past_rooms: PAST_ROOMS }
}

/// Connects to somebody's place, in a new sitting, and turns his microphone on.
pub async fn speak(store: &Store, room: &RoomKey, user: &UserId) {
    let seen = store.look(room, false, Some(user)).await.expect("readable");
    let Participant { sid, id: participant, session, .. } = seen.participant.expect("somebody");
    let (room, user, session) = (room.clone(), user.clone(), session.expect("a sitting"));
    let token = SessionToken { room, sid, user, participant, session, expires_at: Timestamp::NEVER };
    let connected = connect(store, token.user.as_str(), Client::Plain).await;
    store.attach(&token, &connected, None).await.expect("attached");
    let change = MediaChange { audio: Some(true), ..MediaChange::default() };
    let (room, user, by) = (&token.room, &token.user, &connected.connection.id);
    assert!(store.show(Shown { room, sid, user, by, change }).await.expect("shown"));
}

impl Rooms {
    pub(crate) fn new(store: Store, random: Arc<dyn Random>, signing_secret: &str) -> Self {
        Self { store, random, signing_secret: signing_secret.as_bytes().to_vec() }
    }

    /// The store that all is made by.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Opens a room of the server API; unlimited when `seats` is none.
    pub async fn open(&self, room_id: &str, seats: Option<u32>) -> Room {
        self.create(&NewRoom { max_participants: seats, ..new_room(room_id) }).await
    }

    /// Opens this room.
    pub async fn create(&self, new: &NewRoom) -> Room {
        let sid = Sid(self.random.uuid());
        let now = self.store.now();
        self.store.create_room(new, sid, now, PAST_ROOMS, None).await.expect("created").room
    }

    /// Makes a room by code of [`HOST`].
    pub async fn by_code(&self, seats: u32) -> Room {
        self.create_by_code(&NewCodeRoom { max_participants: seats, ..new_code_room() }).await
    }

    /// Makes this room by code.
    pub async fn create_by_code(&self, new: &NewCodeRoom) -> Room {
        self.store.create_code_room(new, self.store.now(), None).await.expect("created").room
    }

    /// The room as it stands now.
    pub async fn state(&self, room: &RoomKey) -> Room {
        self.store.room(room).await.expect("readable").expect("a room")
    }

    /// Changes a room by code.
    pub async fn change(&self, room: &RoomKey, change: SettingsChange) {
        self.store.change_settings(room, |_| Ok(change.clone()), None).await.expect("changed");
    }

    /// Locks a room by code, or lifts its lock.
    pub async fn lock(&self, room: &RoomKey, locked: bool) {
        self.change(room, SettingsChange { locked: Some(locked), ..SettingsChange::default() }).await;
    }

    /// Changes one of the settings of a room by code.
    pub async fn set(&self, room: &RoomKey, set: impl FnOnce(&mut Settings)) {
        let mut settings = self.state(room).await.by_code.expect("by code").settings;
        set(&mut settings);
        self.change(room, SettingsChange { settings: Some(settings), ..SettingsChange::default() }).await;
    }

    /// Ends the running session, as the server API does.
    pub async fn end_session(&self, room: &RoomKey) {
        let ending = Ending::Session(Retention { past_rooms: PAST_ROOMS, code: CODE_RETENTION });
        self.end(room, ending, EndReason::Api).await;
    }

    /// Ends a room by code for good, as its host does.
    pub async fn end_room(&self, room: &RoomKey) {
        self.end(room, Ending::Room { past_rooms: PAST_ROOMS }, EndReason::Host).await;
    }

    async fn end(&self, room: &RoomKey, ending: Ending, reason: EndReason) {
        self.store.end(room, ending, reason, |_| Ok(()), None).await.expect("ended");
    }

    /// Mints a token for a user without rights.
    pub async fn mint(&self, room: &RoomKey, user: &str) -> JoinToken {
        self.mint_as(room, new_token(user, self.store.now())).await
    }

    /// Mints this token.
    pub async fn mint_as(&self, room: &RoomKey, new: NewToken) -> JoinToken {
        self.try_mint(room, new, || ()).await.expect("minted")
    }

    /// Mints this token if the room lets it; `between` is what happens after the room was read.
    pub async fn try_mint(
        &self,
        room: &RoomKey,
        new: NewToken,
        between: impl Fn() + Sync,
    ) -> Result<JoinToken, Halt> {
        let now = self.store.now();
        let describe = |_: &Room| {
            between();
            Ok(new.clone())
        };
        let minted = self.store.mint(room, Some(&new.user), now, describe, None).await?;
        Ok(JoinToken {
            api_key: ApiKeyId::try_from(API_KEY).expect("an id"),
            room: room.clone(),
            id: minted.id,
            user: new.user,
            name: new.name,
            role: new.role,
            lasts: minted.lasts,
        })
    }

    /// Trades a join token.
    pub async fn redeem(&self, token: &JoinToken) -> Result<Admission, Refusal> {
        self.admit(&token.room, Credential::Token(token)).await
    }

    /// Lets a signed-in user into a room by code.
    pub async fn join(&self, room: &RoomKey, user: &str) -> Result<Admission, Refusal> {
        self.admit(room, Credential::User { id: &user_id(user), profile: &profile_of(user) }).await
    }

    /// Lets a guest into a room by code.
    pub async fn join_as_guest(&self, room: &RoomKey, name: &str) -> Result<Admission, Refusal> {
        let profile = Profile { name: name.to_owned(), avatar_url: None };
        self.admit(room, Credential::Guest(&profile)).await
    }

    /// A connection that has joined nothing.
    pub async fn connect(&self, id: &str, client: Client) -> Connected {
        connect(&self.store, id, client).await
    }

    /// A signed-in user who is in a room by code, or waits there, by this connection as it was seen.
    pub async fn join_on(&self, room: &RoomKey, user: &str, connected: &Connected) -> Admission {
        let (user, profile) = (user_id(user), profile_of(user));
        let door = door(room, Credential::User { id: &user, profile: &profile });
        self.store.admit_on(&door, connected, None).await.expect("a place")
    }

    async fn admit(&self, room: &RoomKey, credential: Credential<'_>) -> Result<Admission, Refusal> {
        match self.store.admit(&door(room, credential), None).await {
            Ok(admission) => Ok(admission),
            Err(Halt::Refused(refusal)) => Err(refusal),
            Err(halt) => panic!("lost: {halt:?}"),
        }
    }

    /// A user without rights who has taken a seat by a token of the server API.
    pub async fn seat(&self, room: &RoomKey, user: &str) -> Admission {
        let token = self.mint(room, user).await;
        self.redeem(&token).await.expect("a seat")
    }

    /// Somebody with rights who has a seat.
    pub async fn moderator(&self, room: &RoomKey, user: &str) -> Admission {
        let new = NewToken { role: Role::Moderator, ..new_token(user, self.store.now()) };
        self.redeem(&self.mint_as(room, new).await).await.expect("a seat")
    }

    /// Connects to somebody's place and turns his microphone on ([`speak`]).
    pub async fn speak(&self, admission: &Admission) {
        speak(&self.store, &admission.room, &admission.user).await;
    }

    /// Somebody gives up his seat. Says whether it was his.
    pub async fn leave(&self, admission: &Admission) -> bool {
        self.store.leave(&session_of(admission), DEPARTURE, None).await.expect("answered")
    }

    /// Frees somebody's place whose lease has lapsed.
    pub async fn release(&self, admission: &Admission) {
        let Admission { room, sid, user, .. } = admission.clone();
        let seen = self.store.look(&room, false, Some(&user)).await.expect("readable");
        let Participant { session, lease, .. } = seen.participant.expect("known");
        let (session, due_at) = (session.expect("a sitting"), lease.expect("a lease"));
        let lease = Lease { room, sid, user, session, due_at };
        let released = self.store.release(&lease, DEPARTURE).await.expect("decided");
        assert_eq!(released, Released::Freed);
    }

    /// Puts somebody out, as the server API does, and bars him if so wanted.
    pub async fn remove(&self, room: &RoomKey, user: &str, ban: bool) -> Result<(), Halt> {
        let user = user_id(user);
        let removal = Removal { room, user: &user, ban, message: "", pause: DEPARTURE };
        self.store.remove(removal, |_, _| Ok(()), None).await
    }

    /// Puts somebody out who has a seat, and bars him.
    pub async fn ban(&self, person: &Admission) {
        self.remove(&person.room, person.user.as_str(), true).await.expect("barred");
    }

    /// Notes what came of a webhook of the room's present session.
    pub async fn note(&self, room: &Room, delivery: &Delivery) {
        self.store.note_delivery(&room.key, room.sid, delivery).await.expect("noted");
    }

    /// A new sitting of the same seat: its session token.
    pub async fn resume(&self, token: &SessionToken) -> SessionToken {
        let resumed = self.store.resume(token, UNATTACHED, None).await.expect("resumed");
        SessionToken { session: resumed.session, expires_at: resumed.expires_at, ..token.clone() }
    }

    /// The text of a join token, signed by [`API_KEY`] as if it was minted now.
    pub fn join_text(&self, token: &JoinToken) -> String {
        let now = self.store.now();
        let text = JoinTokenText {
            hidden: false,
            client_type: 0,
            minted_at: now,
            expires_at: now.plus(TOKEN_VALIDITY),
        };
        sign_join_token(token, text, API_SECRET.as_bytes())
    }

    /// The text of the session token of somebody who was let in.
    pub fn session_text(&self, admission: &Admission) -> String {
        self.text_of(&session_of(admission))
    }

    /// The text of a session token.
    pub fn text_of(&self, token: &SessionToken) -> String {
        sign_session_token(token, self.store.now(), &self.signing_secret)
    }
}
