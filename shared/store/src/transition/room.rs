//! Writes of a room's state.

use models::transition::{Change, Effect, Need, RoomTransition};
use models::{Presenter, RoomKey, Status, Timestamp, UserId};

use super::Expression;
use crate::items::{Item, Key, RoomItem, due_shard, encode, happened_text, tenant_shard};
use crate::step::{Step, b, m, n, s};

impl Step {
    /// The write of the state of the room `key`.
    pub(crate) fn of_room(key: &RoomKey, transition: &RoomTransition) -> Self {
        let mut expression = Expression {
            values: vec![
                ("open", s(Status::Open.word())),
                ("idle", s(Status::Idle.word())),
                ("ended", s(Status::Ended.word())),
                ("yes", b(true)),
                ("no", b(false)),
                ("now", n(transition.now.millis())),
                ("zero", n(0)),
                ("one", n(1)),
                ("event", s(happened_text(&transition.happened))),
            ],
            ..Expression::default()
        };
        for need in &transition.needs {
            expression.needs(need);
        }
        let key_of_state = Key::state(key);
        let effects = match &transition.change {
            Change::Create(room) => {
                let item = RoomItem::encode(room, &transition.happened);
                return Self::put(key_of_state, item, &expression.condition(), expression.values);
            }
            Change::Update(effects) => effects,
        };
        // Each change has the next number of its session; the first one of a session begins to count.
        let begins = effects.iter().any(|effect| matches!(effect, Effect::Begin { .. }));
        expression.set([if begins { "#seq = :one" } else { "#seq = #seq + :one" }, "#event = :event"]);
        for effect in effects {
            expression.changes(key, effect, transition.now);
        }
        expression.update(key_of_state)
    }
}

impl Expression {
    fn needs(&mut self, need: &Need) {
        let condition = match need {
            Need::Absent => "attribute_not_exists(#pk)",
            Need::Vacant => {
                "(attribute_not_exists(#pk) OR (attribute_not_exists(#code) AND #status = :ended))"
            }
            // Of an item that is not there every attribute is another.
            Need::NotEnded => "attribute_exists(#pk) AND #status <> :ended",
            Need::Session(sid) => {
                self.bind("sid", s(sid));
                "#sid = :sid"
            }
            Need::Status(Status::Open) => "#status = :open",
            Need::Status(Status::Idle) => "#status = :idle",
            Need::Status(Status::Ended) => "#status = :ended",
            Need::NotDue => "#due_at > :now",
            // Without an end it is stored as later than that, by when the session started.
            Need::DueAt(Timestamp::NEVER) => {
                self.bind("never", n(Timestamp::NEVER.millis()));
                "#due_at >= :never"
            }
            Need::DueAt(at) => {
                self.bind("due", n(at.millis()));
                "#due_at = :due"
            }
            Need::Version(seq) => {
                self.bind("version", n(seq));
                "#seq = :version"
            }
            Need::Unlocked => "#locked = :no",
            Need::FreeSeat => "#seats < #max_participants",
            Need::OthersSeated => "#seats > :one",
            Need::OneSeated => "#seats = :one",
            Need::WaitingRoom(true) => "#waiting_room = :yes",
            Need::WaitingRoom(false) => "#waiting_room = :no",
            Need::GuestsAllowed => "#settings.#allowGuestAccess = :yes",
            Need::NotRevoked(minted_at) => {
                self.bind("minted", n(minted_at.millis()));
                "#revoked_before < :minted"
            }
            Need::Settings(settings) => {
                self.bind("before", m(encode(settings)));
                "#settings = :before"
            }
        };
        self.conditions.push(condition.into());
    }

    fn changes(&mut self, key: &RoomKey, effect: &Effect, now: Timestamp) {
        match effect {
            Effect::TakeSeat { counted } => {
                self.set([
                    "#seats = #seats + :one",
                    "#hooks = #hooks + :one",
                    "#started_at = if_not_exists(#started_at, :now)",
                    "#due_at = if_not_exists(#started_at, :now) + #duration",
                ]);
                self.set(counted.then_some("#joined = if_not_exists(#joined, :zero) + :one"));
            }
            Effect::Present(user) => {
                self.present(Some(user), now);
                self.set(["#presenter = if_not_exists(#presenter, :presenter)"]);
            }
            Effect::Switch(user) => {
                self.present(user.as_ref(), now);
                self.set(["#presenter = :presenter"]);
            }
            Effect::FreeSeat => self.set(["#seats = #seats - :one", "#hooks = #hooks + :one"]),
            Effect::DueAt(at) => {
                self.bind("due_at", n(at.millis()));
                self.set(["#due_at = :due_at"]);
            }
            Effect::ExpiresAt(Timestamp::NEVER) => self.remove(["#expires_at"]),
            Effect::ExpiresAt(at) => {
                self.bind("expires_at", n(at.seconds()));
                self.set(["#expires_at = :expires_at"]);
            }
            Effect::Begin { sid, seated, presenter } => {
                self.bind("next", s(sid));
                self.begin(key, *seated);
                match presenter {
                    Some(user) => {
                        self.present(Some(user), now);
                        self.set(["#presenter = :presenter"]);
                    }
                    None => self.remove(["#presenter"]),
                }
            }
            Effect::End { becomes, at } => {
                self.bind("becomes", s(becomes.word()));
                self.bind("ended_at", n(at.millis()));
                self.set(["#status = :becomes", "#ended_at = :ended_at"]);
                self.remove(["#due_shard", "#tenant_shard", "#tenant_time"]);
            }
            Effect::Lock(locked) => {
                self.bind("locked", b(*locked));
                self.set(["#locked = :locked"]);
            }
            Effect::Seats(most) => {
                self.bind("most", n(most));
                self.set(["#max_participants = :most"]);
            }
            Effect::Decide(settings) => {
                self.bind("settings", m(encode(settings)));
                self.bind("waiting_room", b(settings.waiting_room));
                self.set(["#settings = :settings", "#waiting_room = :waiting_room"]);
            }
            Effect::Say { lock, locked: true } => {
                self.set.push(format!("#said.#{} = #seq + :one", lock.service()).into());
            }
            Effect::Say { lock, locked: false } => {
                self.bind("minus_one", n(-1));
                self.set.push(format!("#said.#{} = :minus_one - #seq", lock.service()).into());
            }
            Effect::Revoke => self.set(["#revoked_before = :now"]),
        }
    }

    fn present(&mut self, user: Option<&UserId>, since: Timestamp) {
        let presenter = Presenter { user: user.cloned(), since };
        self.bind("presenter", m(encode(&presenter)));
    }

    fn begin(&mut self, key: &RoomKey, seated: bool) {
        // Webhook numbers given out by a new session: room_created, room_started, and the first join's.
        self.bind("two", n(2));
        self.bind("three", n(3));
        self.bind("nothing", m(Item::new()));
        self.bind("due_shard", s(due_shard(key)));
        self.bind("tenant_shard", s(tenant_shard(&key.tenant, key, true)));
        self.set([
            "#sid = :next",
            "#status = :open",
            "#created_at = :now",
            "#due_shard = :due_shard",
            "#tenant_shard = :tenant_shard",
            "#tenant_time = :now",
            "#said = :nothing",
        ]);
        if seated {
            self.set(["#seats = :one", "#joined = :one", "#hooks = :three", "#started_at = :now"]);
            self.set(["#due_at = :now + #duration"]);
        } else {
            self.set(["#seats = :zero", "#joined = :zero", "#hooks = :two"]);
            self.set(["#due_at = :now + #empty_timeout"]);
            self.remove(["#started_at"]);
        }
    }
}
