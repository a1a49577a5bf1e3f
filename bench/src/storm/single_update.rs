//! The other candidate: the seat by one conditional update of the state, the token by a follow-up write.
//!
//! 1. **Seat.** One `UpdateItem` on the state checks what the transaction checks there, takes a seat, and notes the token
//!    among the claims. A repetition after a lost answer finds its own claim, so nothing is counted twice.
//! 2. **Person.** One `UpdateItem` on the participant spends the token and makes him active, as the transaction does.
//! 3. **Event.** A second `UpdateItem` on the state drops the claim and writes what the outbox needs. Not before: a join
//!    that the second step refuses must not be told to anyone. The refused one's seat is given back here.
//!
//! A crash between the steps leaves a claim, which the sweep would have to settle by looking at the participant. Claims
//! are a set of the tokens' 16 bytes, since every write pays for the whole item and the crowd's claims are in it at once.
//!
//! Plain writes never conflict, which is the point. What this design cannot do, and the transaction can: a spent token that
//! is sent again holds a seat until the second step refuses it, in which time somebody else is told "full"; and an attempt
//! that AWS carries out after its claim was dropped (a client's timeout is no cancellation) takes a seat for nobody.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use models::{Entry, Event, JoinToken, ParticipantId, Random as _, Refusal, SystemRandom, Timestamp};
use store::{Door, Halt, Store, Usage};
use testing::TestTable;

use super::raw::{Item, RawTable, Update, Written};

type Values = Vec<(&'static str, AttributeValue)>;

const STILL_CLAIMED: &str = "contains(#claims, :claim)";

/// Admission by single updates. What is not the plain case (a refusal to name, somebody who is in already) is the
/// store's.
pub(super) struct SingleUpdate {
    table: RawTable,
    store: Store,
}

impl SingleUpdate {
    pub(super) fn new(table: &TestTable, store: &Store) -> Self {
        Self { table: RawTable::new(table), store: store.clone() }
    }

    /// What was asked of DynamoDB, by this and by the store.
    pub(super) fn usage(&self) -> Usage {
        let (own, stores) = (self.table.usage(), self.store.usage());
        Usage {
            calls: own.calls + stores.calls,
            waited: own.waited + stores.waited,
            read_units: own.read_units + stores.read_units,
            write_units: own.write_units + stores.write_units,
            index_units: own.index_units + stores.index_units,
        }
    }

    /// Lets the holder of `token` in, or says why not.
    pub(super) async fn admit(&self, door: &Door<'_>, token: &JoinToken) -> Result<(), Halt> {
        let session = SystemRandom.uuid().to_string();
        while !self.take_seat(token).await? {
            match self.store.would_admit(door).await? {
                // There was a seat again by the time of the look.
                Entry::Seat => {}
                _ => return self.store.admit(door, None).await.map(|_| ()),
            }
        }
        let now = self.store.now();
        if let Err(refusal) = self.spend_token(token, &session, now.plus(door.unattached), now).await? {
            self.state(token, "SET #seats = #seats - :one DELETE #claims :claims", STILL_CLAIMED, now)
                .await?;
            return Err(refusal.into());
        }
        let announce = "SET #seq = #seq + :one, #hooks = #hooks + :one, #event = :event, \
                        #started_at = if_not_exists(#started_at, :now), \
                        #due_at = if_not_exists(#started_at, :now) + #duration \
                        REMOVE #expires_at DELETE #claims :claims";
        self.state(token, announce, STILL_CLAIMED, now).await?;
        Ok(())
    }

    /// The first step; false when the state refuses.
    async fn take_seat(&self, token: &JoinToken) -> Result<bool, Halt> {
        let take = "SET #seats = #seats + :one ADD #claims :claims";
        let condition = "#status = :open AND #sid = :sid AND #due_at > :now AND #revoked_before < :minted \
                         AND #locked = :no AND #waiting_room = :no AND #seats < #max_participants \
                         AND NOT contains(#claims, :claim)";
        match self.state(token, take, condition, self.store.now()).await? {
            Written::Done => Ok(true),
            Written::Refused(item) => Ok(holds(&item, token)),
        }
    }

    /// The second step.
    async fn spend_token(
        &self,
        token: &JoinToken,
        session: &str,
        lease: Timestamp,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Halt> {
        let record = format!("#t_{}", token.id.id.simple());
        let copies = ["name", "role", "hidden", "locks", "metadata"]
            .map(|field| format!("#{field} = {record}.#{field}"))
            .join(", ");
        let update = format!(
            "SET #session = :session, #due_at = :lease, #due_shard = :due_shard, #status = :active, \
             #joined_at = :now, #id = :id, {copies} \
             REMOVE #expires_at, #previous_session, #waiting_since, #left_at, {record}"
        );
        let condition = format!(
            "#sid = :sid AND #status <> :banned AND #status <> :active AND attribute_exists({record})"
        );
        let values: Values = vec![
            ("sid", s(token.id.sid)),
            ("active", s("active")),
            ("banned", s("banned")),
            ("now", n(now.millis())),
            ("session", s(session)),
            ("lease", n(lease.millis())),
            // Which of the index's shards it is makes no difference here.
            ("due_shard", s("DUE#0")),
            ("id", s(ParticipantId::of(token.id.sid, &token.user))),
        ];
        let sk = format!("PARTICIPANT#{}", token.user);
        let update = Update {
            pk: format!("ROOM#{}", token.room),
            sk,
            change: &update,
            condition: &condition,
            values: &values,
        };
        Ok(match self.table.write(&update).await? {
            Written::Done => Ok(()),
            // An earlier attempt of ours whose answer was lost.
            Written::Refused(item) if item.get("session") == Some(&s(session)) => Ok(()),
            Written::Refused(item) if item.get("status") == Some(&s("banned")) => Err(Refusal::Banned),
            Written::Refused(_) => Err(Refusal::UsedToken),
        })
    }

    async fn state(
        &self,
        token: &JoinToken,
        change: &str,
        condition: &str,
        now: Timestamp,
    ) -> Result<Written, Halt> {
        let event = Event::Joined { user: token.user.clone() };
        let claim = Blob::new(token.id.id.into_bytes());
        let values: Values = vec![
            ("open", s("open")),
            ("sid", s(token.id.sid)),
            ("now", n(now.millis())),
            ("minted", n(token.id.minted_at().millis())),
            ("no", AttributeValue::Bool(false)),
            ("one", n(1)),
            ("event", s(serde_json::to_string(&event).expect("events have text keys"))),
            ("claim", AttributeValue::B(claim.clone())),
            ("claims", AttributeValue::Bs(vec![claim])),
        ];
        let pk = format!("ROOM#{}", token.room);
        self.table.write(&Update { pk, sk: "STATE".to_owned(), change, condition, values: &values }).await
    }
}

fn holds(state: &Item, token: &JoinToken) -> bool {
    let claims = state.get("claims").and_then(|claims| claims.as_bs().ok());
    claims.is_some_and(|claims| claims.iter().any(|claim| claim.as_ref() == token.id.id.as_bytes()))
}

fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
