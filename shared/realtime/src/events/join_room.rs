//! `join-room`: takes a seat, or a place in the waiting room, by the same rules and the same transaction as over HTTP; the
//! connection keeps it.

use std::time::Duration;

use api::rooms::{ParticipantOut, room_of_code};
use api::server::waiting_message;
use api::{Bearer, ConfigError, Env, Fields, Halt, Scope, Sessions, keep, log};
use models::{GuestName, Profile, Refusal, RoomKey, SessionToken};
use serde::Deserialize;
use serde_json::Value;

use socket::Request;
use store::{Admission, Caller, Claim, Connected, Credential, Door, Resumed, StoreError, StoredAnswer};

use super::leave_room::leave;
use crate::people::{JoinOut, Whole};
use crate::{Answer, Given, Realtime};

/// What is needed for it beside [`Realtime`].
pub struct Joining {
    sessions: Sessions,
    past_rooms: Duration,
}

impl Joining {
    /// Reads the environment.
    pub async fn load(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { sessions: Sessions::load(env).await?, past_rooms: env.days("PAST_ROOMS_RETENTION_DAYS")? })
    }
}

/// What is asked for.
struct JoinRoomIn {
    code: Option<String>,
    guest_name: Option<String>,
    key: Option<String>,
}

impl JoinRoomIn {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let mut fields = Fields::of(request.data.clone());
        let read =
            Self { code: fields.text("code"), guest_name: fields.text("guestName"), key: fields.text("key") };
        fields.finish()?;
        Ok(read)
    }

    /// The name that a guest gave himself; what others send is not looked at.
    fn profile(&self, caller: &Caller) -> Result<Profile, Refusal> {
        let mut name = String::new();
        if matches!(caller, Caller::Guest) {
            let given = GuestName::try_from(self.guest_name.as_deref().unwrap_or_default());
            let given = given.map_err(|error| Refusal::invalid("guestName", error.to_string()))?;
            given.as_str().clone_into(&mut name);
        }
        Ok(Profile { name, avatar_url: None })
    }

    /// The room that is meant: that of the code, or of the token.
    fn room(&self, connected: &Connected) -> Result<RoomKey, Refusal> {
        let own = match &connected.caller {
            Caller::Seated(token) => Some(&token.room),
            Caller::Invited { token, .. } => Some(&token.room),
            Caller::User { .. } | Caller::Guest => None,
        };
        match (&self.code, own) {
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => match &connected.bound {
                Some(bound) => Ok(bound.room.clone()),
                None => Err(Refusal::invalid("code", "is required without a token of the room")),
            },
            (Some(code), None) => room_of_code(code),
            (Some(code), Some(own)) => {
                room_of_code(code).ok().filter(|room| room == own).ok_or(Refusal::InvalidToken)
            }
        }
    }
}

/// How often it is begun anew where another join by the same connection comes first.
const MOST_TRIES: u32 = 5;

/// Does it. Of several at once by the same connection one is first, and the others find it where that has joined.
pub async fn handle(
    realtime: &Realtime,
    joining: &Joining,
    connected: &Connected,
    request: &Request,
) -> Result<Answer, Halt> {
    let mut joined = join(realtime, joining, connected, request).await;
    for _ in 1..MOST_TRIES {
        let Err(Halt::Failed(StoreError::Rebound)) = joined else { break };
        let Some(connected) = realtime.store.connection(&connected.connection.id).await? else { break };
        joined = join(realtime, joining, &connected, request).await;
    }
    joined
}

async fn join(
    realtime: &Realtime,
    joining: &Joining,
    connected: &Connected,
    request: &Request,
) -> Result<Answer, Halt> {
    let input = JoinRoomIn::read(request)?;
    let profile = input.profile(&connected.caller);
    let room = match input.room(connected) {
        // A malformed request is told before an unknown room.
        Err(Refusal::RoomNotFound) => return Err(profile.err().unwrap_or(Refusal::RoomNotFound).into()),
        room => room?,
    };
    log::room(&room);
    let visit = Visit { realtime, joining, connected, room: &room };
    let participant = match visit.again().await? {
        Some(participant) => participant,
        None => visit.enter(&input, profile, request).await?,
    };
    if let Some(before) = connected.bound.as_ref().filter(|before| before.room != room)
        && let Err(halt) = leave(realtime, before).await
    {
        // He is in. The connection knows of both places, and gives up this one, too, when it ends.
        log::failure("leaving the room before", &halt.into_failure());
    }
    answer(realtime, connected, &room, participant).await
}

/// Somebody at the door of a room.
struct Visit<'a> {
    realtime: &'a Realtime,
    joining: &'a Joining,
    connected: &'a Connected,
    room: &'a RoomKey,
}

impl Visit<'_> {
    /// The place that the connection has in this room already, in a new sitting; none if it has none any more.
    async fn again(&self) -> Result<Option<ParticipantOut>, Halt> {
        let Some(bound) = self.connected.bound.as_ref().filter(|bound| bound.room == *self.room) else {
            return Ok(None);
        };
        match self.attach(&bound.sitting(self.realtime.now())).await {
            Err(Halt::Refused(Refusal::InvalidToken | Refusal::RoomNotActive | Refusal::RoomNotFound)) => {
                Ok(None)
            }
            attached => attached.map(Some),
        }
    }

    /// Lets him in, by what he is known by.
    async fn enter(
        &self,
        input: &JoinRoomIn,
        profile: Result<Profile, Refusal>,
        request: &Request,
    ) -> Result<ParticipantOut, Halt> {
        let (scope, credential, own);
        // It was looked at as he connected, which may be two hours ago.
        if self.connected.caller.is_late(self.realtime.now()) {
            return Err(Refusal::ExpiredToken.into());
        }
        match &self.connected.caller {
            Caller::Seated(token) => return self.attach(token).await,
            Caller::Invited { token, .. } => {
                scope = Scope::join_token(token.id);
                credential = Credential::Token(token);
            }
            Caller::User { id, profile, .. } => {
                scope = Scope::user(id);
                credential = Credential::User { id, profile };
            }
            Caller::Guest => {
                own = profile?;
                scope = Scope::guests(self.room);
                credential = Credential::Guest(&own);
            }
        }
        let claim = self.claim(&scope, input, request)?;
        if let Some(claim) = &claim
            && let Some(kept) = self.realtime.store.kept_answer(claim).await?
        {
            return self.kept(kept).await;
        }
        let admitted = self.admit(credential, claim.as_ref()).await;
        match (admitted, claim) {
            (Err(Halt::Kept(kept)), _) => self.kept(kept).await,
            (Err(Halt::Refused(refusal)), Some(claim)) if !claim.is_spent() => {
                let answer = api::Dialect::Rooms.refuse(&refusal);
                if answer.is_final() {
                    self.realtime.store.keep_answer(&claim, &answer.stored()).await?;
                }
                Err(refusal.into())
            }
            (admitted, _) => admitted,
        }
    }

    async fn admit(&self, credential: Credential<'_>, claim: Option<&Claim>) -> Result<ParticipantOut, Halt> {
        let door = Door {
            room: self.room,
            credential,
            unattached: self.realtime.sockets.grace().waiting,
            past_rooms: self.joining.past_rooms,
        };
        let render = |admission: &Admission| api::Answer::json(201, &self.admitted(admission)).stored();
        let admission = self.realtime.store.admit_on(&door, self.connected, keep(claim, &render)).await?;
        Ok(self.admitted(&admission))
    }

    fn admitted(&self, admission: &Admission) -> ParticipantOut {
        let session = self.joining.sessions.of_admission(admission, self.realtime.now());
        ParticipantOut::admitted(admission, session)
    }

    /// The place of a session token, in a new sitting that this connection keeps.
    async fn attach(&self, token: &SessionToken) -> Result<ParticipantOut, Halt> {
        let resumed = self.realtime.store.attach(token, self.connected, None).await?;
        let Resumed { room, participant, session, expires_at } = resumed;
        let token = SessionToken { session, expires_at, ..token.clone() };
        let session = self.joining.sessions.issue(&token, self.realtime.now());
        Ok(ParticipantOut::present(&room, &participant, session))
    }

    /// The claim of a request with a `key`. All that the client says makes it the same.
    fn claim(&self, scope: &Scope, input: &JoinRoomIn, request: &Request) -> Result<Option<Claim>, Refusal> {
        let Some(key) = &input.key else { return Ok(None) };
        let data = Value::Object(request.data.clone()).to_string();
        let parts = [request.event.as_str().as_bytes(), data.as_bytes()];
        scope.claim("key", key, &parts, self.realtime.now()).map(Some)
    }

    /// What was answered before: the same place, which this connection keeps from now on, or the same refusal. Of a place that
    /// is not his any more there is nothing that he could be answered.
    async fn kept(&self, kept: StoredAnswer) -> Result<ParticipantOut, Halt> {
        #[derive(Deserialize)]
        struct Participant {
            session: Session,
        }
        #[derive(Deserialize)]
        struct Session {
            token: String,
        }
        match serde_json::from_slice::<Participant>(&kept.body) {
            Ok(Participant { session: Session { token } }) => {
                let attached = match self.joining.sessions.verify(Bearer::new(&token), self.realtime.now()) {
                    Ok(token) => self.attach(&token).await,
                    Err(refusal) => Err(refusal.into()),
                };
                attached.map_err(|halt| match halt {
                    Halt::Refused(Refusal::InvalidToken | Refusal::ExpiredToken) => Refusal::NotInRoom.into(),
                    halt => halt,
                })
            }
            Err(_) => Err(Halt::Kept(kept)),
        }
    }
}

/// The participant with all that he finds in the room.
async fn answer(
    realtime: &Realtime,
    connected: &Connected,
    room: &RoomKey,
    participant: ParticipantOut,
) -> Result<Answer, Halt> {
    if !participant.is_active {
        let document = realtime.store.room_with_document(room).await?.document;
        return Ok(super::data(&JoinOut::waiting(participant, document.as_ref().and_then(waiting_message))));
    }
    let now = realtime.now();
    let whole = Whole::read(&realtime.store, room, &*realtime.clock).await?.ok_or(Refusal::RoomNotActive)?;
    let person = whole.present.iter().find(|person| person.id.to_string() == participant.id);
    // He was put out, or came again, in between.
    let person = person.ok_or(Refusal::NotInRoom)?;
    let (joined, after) = JoinOut::seated(participant, &whole, person, now);
    let given = Given { to: connected.connection.clone(), whole, after };
    Ok(Answer { given: Some(given), ..super::data(&joined) })
}
