//! What is in flight on which item, and what each item has left of its throughput.
//!
//! The rules are those of
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>:
//!
//! | arrives | meets a write transaction | meets a plain write |
//! |---|---|---|
//! | `TransactWriteItems` | cancelled | cancelled |
//! | `TransactGetItems` | cancelled | cancelled |
//! | `PutItem`, `UpdateItem`, `DeleteItem`, an entry of `BatchWriteItem` | refused | goes on |
//! | `GetItem`, `BatchGetItem`, an entry of either | goes on | goes on |
//!
//! The one in flight wins. A transaction of reads never stops a write; the write spoils it instead.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::call::{Effect, ItemKey, Operation, Touch};
use super::capacity::{Bucket, Rate};

/// A write unit writes this many bytes.
const WRITE_BLOCK: usize = 1_024;
/// A read unit reads this many of those.
const READ_BLOCKS: usize = 4;
/// Items at rest are forgotten when there are more than this, to bound the memory of a long run.
const REMEMBERED: usize = 50_000;

/// What is decided about one action on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Admitted,
    /// Another call is in flight on the item.
    Conflict,
    /// The item has had its units of this moment.
    Throttled,
}

/// A transaction with the same `ClientRequestToken` is in flight.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InProgress;

/// Write units consumed, by table.
pub(super) type Consumed = HashMap<String, f64>;

struct Item {
    plain_writes: usize,
    in_transaction: bool,
    /// Writes that were ever admitted, by which a transaction of reads learns of one beside it.
    changes: u64,
    /// The item's size in blocks of a write unit; `None` if no call has told it yet.
    blocks: Option<usize>,
    writes: Bucket,
    reads: Bucket,
}

impl Item {
    fn unseen(now: Instant) -> Self {
        Self {
            plain_writes: 0,
            in_transaction: false,
            changes: 0,
            blocks: None,
            writes: Bucket::full(Rate::WRITE, now),
            reads: Bucket::full(Rate::READ, now),
        }
    }

    fn refuses(&self, operation: Operation, effect: Effect) -> bool {
        match effect {
            _ if operation.is_transaction() => self.in_transaction || self.plain_writes > 0,
            Effect::Read { .. } => false,
            Effect::Put(_) | Effect::Change | Effect::Delete => self.in_transaction,
        }
    }

    /// Takes what the action costs; the size is that of the request or, unless it is larger, the last known.
    /// An item of which nothing is known is taken for one block. A transaction costs double.
    fn charge(&mut self, now: Instant, operation: Operation, effect: Effect) -> Option<f64> {
        let known = self.blocks.unwrap_or(1).max(1);
        let factor = if operation.is_transaction() { 2.0 } else { 1.0 };
        let (bucket, units) = match effect {
            Effect::Put(bytes) => (&mut self.writes, units(known.max(bytes.div_ceil(WRITE_BLOCK)))),
            Effect::Change | Effect::Delete => (&mut self.writes, units(known)),
            Effect::Read { consistent: true } => (&mut self.reads, units(known.div_ceil(READ_BLOCKS))),
            Effect::Read { consistent: false } => (&mut self.reads, units(known.div_ceil(READ_BLOCKS)) / 2.0),
        };
        bucket.take(now, units * factor).then_some(units * factor)
    }

    fn is_at_rest(&mut self, now: Instant) -> bool {
        self.plain_writes == 0 && !self.in_transaction && self.writes.is_full(now) && self.reads.is_full(now)
    }
}

/// An item has at most 400 blocks, which every number type holds exactly.
#[expect(clippy::cast_precision_loss, reason = "at most 400, the largest item in kilobytes")]
fn units(blocks: usize) -> f64 {
    blocks as f64
}

/// All items that calls have touched of late.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    items: HashMap<ItemKey, Item>,
    tokens: HashSet<String>,
}

impl Ledger {
    /// Decides on a call that arrives `now`: a verdict for each of its actions, and what is held of the items
    /// until the call ends. A transaction holds all of its items or none, others each that is admitted.
    ///
    /// An attempt that conflicts has consumed its units, as one whose condition fails has.
    pub(super) fn admit(
        &self,
        now: Instant,
        operation: Operation,
        touches: Vec<Option<Touch>>,
        token: Option<&str>,
    ) -> Result<(Vec<Verdict>, Held), InProgress> {
        let mut entries = self.entries();
        if token.is_some_and(|token| entries.tokens.contains(token)) {
            return Err(InProgress);
        }
        entries.forget(now);
        let mut verdicts = Vec::with_capacity(touches.len());
        let mut marks = Vec::with_capacity(touches.len());
        for (position, touch) in touches.into_iter().enumerate() {
            // What names no item is for the database to refuse.
            let Some(touch) = touch else {
                verdicts.push(Verdict::Admitted);
                continue;
            };
            let item = entries.items.entry(touch.item.clone()).or_insert_with(|| Item::unseen(now));
            let charged = item.charge(now, operation, touch.effect);
            verdicts.push(match charged {
                None => Verdict::Throttled,
                Some(_) if item.refuses(operation, touch.effect) => Verdict::Conflict,
                Some(_) => Verdict::Admitted,
            });
            marks.push(Mark { position, touch, charged: charged.unwrap_or_default(), changes: item.changes });
        }
        if operation.is_transaction() && verdicts.iter().any(|verdict| *verdict != Verdict::Admitted) {
            marks.clear();
        }
        marks.retain(|mark| verdicts[mark.position] == Verdict::Admitted);
        let token = token.filter(|_| !marks.is_empty()).map(str::to_owned);
        entries.hold(operation, &marks, token.as_ref());
        Ok((verdicts, Held { ledger: self.clone(), operation, marks, token }))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every change below is complete when a panic could strike.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn hold(&mut self, operation: Operation, marks: &[Mark], token: Option<&String>) {
        for Mark { touch, .. } in marks {
            let Some(item) = self.items.get_mut(&touch.item) else { continue };
            if matches!(touch.effect, Effect::Read { .. }) {
                continue;
            }
            item.changes += 1;
            if operation.is_transaction() {
                item.in_transaction = true;
            } else {
                item.plain_writes += 1;
            }
        }
        self.tokens.extend(token.cloned());
    }

    fn release(&mut self, operation: Operation, marks: &[Mark], token: Option<&String>) {
        for Mark { touch, .. } in marks {
            let Some(item) = self.items.get_mut(&touch.item) else { continue };
            match touch.effect {
                Effect::Read { .. } => {}
                _ if operation.is_transaction() => item.in_transaction = false,
                _ => item.plain_writes -= 1,
            }
        }
        if let Some(token) = token {
            self.tokens.remove(token);
        }
    }

    fn forget(&mut self, now: Instant) {
        // The second condition makes it rare: a sweep that frees nothing must not follow every call.
        if self.items.len() > REMEMBERED && self.items.len() == self.items.capacity() {
            self.items.retain(|_, item| !item.is_at_rest(now));
        }
    }
}

/// One item that a call holds.
#[derive(Debug)]
struct Mark {
    position: usize,
    touch: Touch,
    charged: f64,
    changes: u64,
}

/// What a call in flight holds; dropping it lets go.
pub(super) struct Held {
    ledger: Ledger,
    operation: Operation,
    marks: Vec<Mark>,
    token: Option<String>,
}

impl Held {
    /// The verdict on each of `actions` actions of a transaction of reads after the reading: what was written
    /// to meanwhile conflicts.
    pub(super) fn review(&self, actions: usize) -> Vec<Verdict> {
        let entries = self.ledger.entries();
        let mut verdicts = vec![Verdict::Admitted; actions];
        for Mark { position, touch, changes, .. } in &self.marks {
            if entries.items.get(&touch.item).is_none_or(|item| item.changes != *changes) {
                verdicts[*position] = Verdict::Conflict;
            }
        }
        verdicts
    }

    /// Notes what a call that succeeded tells of its items' sizes, and corrects what they were charged.
    ///
    /// A put says its size in the request. For the rest there is only what the database reports as consumed
    /// per table. What of it the known sizes do not explain goes to one changed item: one that was never seen
    /// before, else the largest.
    pub(super) fn settle(&self, consumed: &Consumed) {
        let mut entries = self.ledger.entries();
        for (table, consumed) in consumed {
            entries.settle_changes(self.operation, &self.marks, table, *consumed);
        }
        for Mark { touch, .. } in &self.marks {
            let Some(item) = entries.items.get_mut(&touch.item) else { continue };
            match touch.effect {
                Effect::Put(bytes) => item.blocks = Some(bytes.div_ceil(WRITE_BLOCK)),
                Effect::Delete => item.blocks = Some(0),
                Effect::Change | Effect::Read { .. } => {}
            }
        }
    }
}

impl Entries {
    fn settle_changes(&mut self, operation: Operation, marks: &[Mark], table: &str, consumed: f64) {
        let factor = if operation.is_transaction() { 2.0 } else { 1.0 };
        let of_table = || marks.iter().filter(|mark| mark.touch.table == table);
        let unexplained = consumed - of_table().map(|mark| mark.charged).sum::<f64>();
        let changed = of_table().filter(|mark| mark.touch.effect == Effect::Change);
        let least_known = changed.max_by_key(|mark| {
            let blocks = self.items.get(&mark.touch.item).and_then(|item| item.blocks);
            (blocks.is_none(), blocks)
        });
        let Some(mark) = least_known else { return };
        let Some(item) = self.items.get_mut(&mark.touch.item) else { return };
        item.writes.settle(unexplained);
        item.blocks = Some(blocks((mark.charged + unexplained) / factor));
        for other in of_table().filter(|other| other.touch.effect == Effect::Change) {
            if let Some(item) = self.items.get_mut(&other.touch.item) {
                item.blocks.get_or_insert(1);
            }
        }
    }
}

/// The blocks that make up this many units; a fraction would be a whole block.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the largest item")]
fn blocks(units: f64) -> usize {
    units.ceil().clamp(1.0, 400.0) as usize
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ledger.entries().release(self.operation, &self.marks, self.token.as_ref());
    }
}
