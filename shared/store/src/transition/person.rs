//! Writes of somebody in a room.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;
use models::transition::{Becomes, Brings, Held, PersonNeed, PersonTransition};
use models::{Entry, MutedBy, ParticipantId, RoomKey, Standing, Timestamp, UserId, Word, waiter_expires_at};
use uuid::Uuid;

use super::Expression;
use crate::items::{Key, ParticipantItem, due_shard, encode, token_attribute};
use crate::step::{Action, Step, b, m, n, s};

/// What somebody shows: an attribute for each switch that is on, and who muted him.
const SHOWN: [&str; 5] = ["#audio", "#video", "#screen", "#hand", "#muted_by"];

impl Step {
    /// The write of the record of `user` in `room`. Of a join token that it adds, [`Step::bringing`] says what it brings.
    pub(crate) fn of_person(room: &RoomKey, user: &UserId, transition: &PersonTransition) -> Self {
        let mut expression = Expression {
            values: vec![
                ("invited", s(Standing::Invited.word())),
                ("waiting", s(Standing::Waiting.word())),
                ("active", s(Standing::Active.word())),
                ("left", s(Standing::Left.word())),
                ("banned", s(Standing::Banned.word())),
                ("yes", b(true)),
                ("no", b(false)),
                ("zero", n(0)),
                ("one", n(1)),
                ("now", n(transition.now.millis())),
                ("due_shard", s(due_shard(room))),
            ],
            ..Expression::default()
        };
        for need in &transition.needs {
            expression.needs_of(need);
        }
        let key = Key::participant(room, user);
        match &transition.becomes {
            Becomes::New(person) => {
                let item = ParticipantItem::encode(room, person);
                Self::put(key, item, &expression.condition(), expression.values)
            }
            Becomes::Gone => Self::delete(key, &expression.condition(), expression.values),
            changed => {
                expression.becomes(transition, changed);
                expression.update(key)
            }
        }
    }

    /// With the record of the join token that the step adds.
    pub(crate) fn bringing(mut self, token: Uuid, record: AttributeValue) -> Self {
        match &mut self.action {
            Action::Put(item) => {
                item.insert(token_attribute(token), record);
            }
            Action::Update(_) | Action::Delete => self.values.push(("token", record)),
        }
        self
    }
}

/// The attributes of join tokens.
fn attributes(tokens: &[Uuid]) -> impl Iterator<Item = Cow<'static, str>> {
    tokens.iter().map(|token| format!("#{}", token_attribute(*token)).into())
}

impl Expression {
    fn needs_of(&mut self, need: &PersonNeed) {
        let condition = match need {
            PersonNeed::Unknown => "attribute_not_exists(#pk)".into(),
            PersonNeed::Of(sid) => {
                self.bind("sid", s(sid));
                "#sid = :sid".into()
            }
            PersonNeed::Stands(standing) => format!("#status = :{}", standing.word()).into(),
            PersonNeed::StandsNot(standing) => format!("#status <> :{}", standing.word()).into(),
            PersonNeed::Token(token) => format!("attribute_exists(#{})", token_attribute(*token)).into(),
            PersonNeed::CameBefore(true) => "attribute_exists(#joined_at)".into(),
            PersonNeed::CameBefore(false) => "attribute_not_exists(#joined_at)".into(),
            PersonNeed::Sits(session) => {
                self.bind("sits", s(session));
                "#session = :sits".into()
            }
            PersonNeed::SitsOrSat(session) => {
                self.bind("sat", s(session));
                "(#session = :sat OR #previous_session = :sat)".into()
            }
            PersonNeed::Connected(id) => {
                self.bind("connected", s(id));
                "#connection = :connected".into()
            }
            PersonNeed::Unconnected => "attribute_not_exists(#connection)".into(),
            PersonNeed::Lease(at) => {
                self.bind("lapses", n(at.millis()));
                "#due_at = :lapses".into()
            }
            PersonNeed::ExpiresBy(at) => {
                self.bind("latest", n(at.seconds()));
                "#expires_at <= :latest".into()
            }
        };
        self.conditions.push(condition);
    }

    fn becomes(&mut self, transition: &PersonTransition, becomes: &Becomes) {
        self.set(becomes.counts().then_some("#version = if_not_exists(#version, :zero) + :one"));
        match becomes {
            Becomes::In { entry, id, session, held, came_before, waits, brings } => {
                self.bind("session", s(session));
                self.set(["#session = :session"]);
                self.holds(held);
                self.enters(transition, (*entry, *came_before), *id);
                self.brings(brings);
                self.sat(*entry, *waits, brings);
            }
            Becomes::Out { standing, tokens, message } => {
                self.goes(*standing);
                self.remove(["#denied"]);
                // Of who is gone his record says whether he went of his own.
                match message {
                    Some(_) => self.set(["#removed = :yes"]),
                    None => self.remove(["#removed"]),
                }
                match message.as_deref() {
                    None => {}
                    // What he was told when he was put out before is told no more.
                    Some("") => self.remove(["#told"]),
                    Some(message) => {
                        self.bind("told", s(message));
                        self.set(["#told = :told"]);
                    }
                }
                self.remove.extend(attributes(tokens));
            }
            Becomes::Released => {
                self.vacates(Standing::Left);
                self.remove(["#denied", "#removed"]);
            }
            Becomes::Denied(why) => {
                self.goes(Standing::Left);
                self.bind("denied", s(why.word()));
                self.set(["#denied = :denied"]);
                self.remove(["#removed", "#told"]);
            }
            Becomes::Admitted { lease, came_before } => {
                self.set(came_before.then_some("#joined_before = #joined_at"));
                self.set(["#status = :active", "#joined_at = :now", "#admitted = :yes"]);
                self.remove(["#waiting_since", "#expires_at"]);
                self.leased(*lease);
            }
            Becomes::Waits { lease } => {
                self.set(["#status = :waiting", "#waiting_since = :now"]);
                self.remove(["#admitted", "#expires_at"]);
                self.remove(SHOWN);
                self.leased(*lease);
            }
            Becomes::Stands { standing, tokens } => {
                self.set.push(format!("#status = :{}", standing.word()).into());
                self.remove(["#session", "#previous_session", "#expires_at"]);
                self.remove.extend(attributes(tokens));
            }
            Becomes::Sits { previous, session, held } => {
                self.bind("previous", s(previous));
                self.bind("session", s(session));
                self.set(["#previous_session = :previous", "#session = :session"]);
                self.holds(held);
            }
            Becomes::Lost(lease) => self.holds(&Held::Until(*lease)),
            Becomes::Shows(change) => {
                let (on, off): (Vec<_>, Vec<_>) = change.switches().partition(|(_, on)| *on);
                self.set.extend(on.into_iter().map(|(name, _)| format!("#{name} = :yes").into()));
                self.remove.extend(off.into_iter().map(|(name, _)| format!("#{name}").into()));
                self.remove(["#muted_by"]);
            }
            Becomes::Muted(by) => {
                self.bind("muted_by", m(encode(&MutedBy { id: *by, at: transition.now })));
                self.set(["#muted_by = :muted_by"]);
                self.remove(["#audio"]);
            }
            Becomes::Settled => self.remove(["#previous_session"]),
            Becomes::Invited { token, expires_at, dropped, .. } => {
                self.set.push(format!("#{} = :token", token_attribute(*token)).into());
                if let Some(at) = expires_at {
                    self.bind("expires_at", n(at.seconds()));
                    self.set(["#expires_at = :expires_at"]);
                }
                self.remove.extend(attributes(dropped));
            }
            Becomes::Told { change, number } => {
                for (lock, locked) in change {
                    let placeholder = if *locked { "locks" } else { "lifts" };
                    self.bind(placeholder, n(i64::from(Word { locked: *locked, number: *number })));
                    self.set.push(format!("#said.#{} = :{placeholder}", lock.service()).into());
                }
            }
            Becomes::Loses(tokens) => self.remove.extend(attributes(tokens)),
            Becomes::New(_) | Becomes::Gone => {}
        }
    }

    fn holds(&mut self, held: &Held) {
        match held {
            Held::By(connection) => {
                self.bind("connection", s(&connection.id));
                self.bind("client", s(connection.client.word()));
                self.set(["#connection = :connection", "#client = :client"]);
                self.remove(["#due_at", "#due_shard"]);
            }
            Held::Until(lease) => {
                self.bind("lease", n(lease.millis()));
                self.set(["#due_at = :lease", "#due_shard = :due_shard"]);
                self.remove(["#connection", "#client"]);
            }
        }
    }

    fn goes(&mut self, standing: Standing) {
        self.vacates(standing);
        self.remove(["#session", "#previous_session"]);
    }

    fn vacates(&mut self, standing: Standing) {
        self.set.push(format!("#status = :{}", standing.word()).into());
        self.set(["#left_at = :now"]);
        self.remove(["#waiting_since", "#due_at", "#due_shard", "#expires_at", "#connection", "#client"]);
        self.remove(SHOWN);
    }

    /// A place to which somebody is connected has no lease, and stays so.
    fn leased(&mut self, lease: Option<Timestamp>) {
        if let Some(lease) = lease {
            self.holds(&Held::Until(lease));
        }
    }

    fn enters(
        &mut self,
        transition: &PersonTransition,
        (entry, came_before): (Entry, bool),
        id: ParticipantId,
    ) {
        match entry {
            Entry::Same => self.remove(["#expires_at"]),
            Entry::Seat | Entry::Session => {
                self.bind("id", s(id));
                self.set(came_before.then_some("#joined_before = #joined_at"));
                self.set(["#status = :active", "#joined_at = :now", "#id = :id"]);
                self.remove(["#waiting_since", "#left_at", "#expires_at"]);
                self.remove(SHOWN);
            }
            Entry::Wait => {
                self.bind("id", s(id));
                if came_before {
                    self.remove(["#expires_at"]);
                } else {
                    self.bind("expires_at", n(waiter_expires_at(transition.now).seconds()));
                    self.set(["#expires_at = :expires_at"]);
                }
                self.set(["#status = :waiting", "#id = :id"]);
                self.set(["#waiting_since = if_not_exists(#waiting_since, :now)"]);
                self.remove(["#left_at"]);
            }
        }
    }

    /// The sitting before, of somebody who begins another one.
    fn sat(&mut self, entry: Entry, waits: bool, brings: &Brings) {
        match (brings, entry) {
            (Brings::Sitting(session), _) => {
                self.bind("previous", s(session));
                self.set(["#previous_session = :previous"]);
            }
            (_, Entry::Same) => self.set(["#previous_session = #session"]),
            (_, Entry::Wait) if waits => self.set(["#previous_session = #session"]),
            (_, Entry::Seat | Entry::Session | Entry::Wait) => self.remove(["#previous_session"]),
        }
    }

    /// What a token brings is copied within the item; every field is there (`TokenRecord`).
    fn brings(&mut self, brings: &Brings) {
        match brings {
            Brings::Token(token) => {
                let token = format!("#{}", token_attribute(*token));
                let copied = ["name", "role", "hidden", "locks", "metadata"];
                self.set.extend(copied.map(|field| format!("#{field} = {token}.#{field}").into()));
                self.remove.push(token.into());
            }
            Brings::Sitting(_) => {}
            Brings::Account { profile, role } => {
                self.bind("name", s(&profile.name));
                self.bind("role", s(role.word()));
                self.set(["#name = :name", "#role = :role", "#hidden = :no"]);
                self.remove(["#locks", "#metadata"]);
                match &profile.avatar_url {
                    Some(url) => {
                        self.bind("avatar_url", s(url));
                        self.set(["#avatar_url = :avatar_url"]);
                    }
                    None => self.remove(["#avatar_url"]),
                }
            }
        }
    }
}
