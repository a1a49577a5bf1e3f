//! What an operation may cost.

use store::Usage;

/// The most that an operation may ask of DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Budget {
    /// Round trips.
    pub(super) calls: u32,
    /// Write units on the table.
    pub(super) table: f64,
    /// Write units on its indexes.
    pub(super) index: f64,
}

impl Budget {
    /// An operation that only reads.
    pub(super) const fn reads(calls: u32) -> Self {
        Self { calls, table: 0.0, index: 0.0 }
    }

    /// An operation that writes these units on the table.
    pub(super) const fn writes(calls: u32, table: f64) -> Self {
        Self { calls, table, index: 0.0 }
    }

    /// A room enters both indexes, or leaves them.
    pub(super) const fn and_a_room_listed(self) -> Self {
        Self { index: self.index + 2.0, ..self }
    }

    /// A session ends, which is one more item, and in the tenant's history.
    pub(super) const fn and_a_past_session(self) -> Self {
        Self { table: self.table + 2.0, index: self.index + 1.0, ..self }
    }

    /// The room's clock starts or stops: its entry in `by_due` moves.
    pub(super) const fn and_the_clock(self) -> Self {
        Self { index: self.index + 2.0, ..self }
    }

    /// A lease begins or ends: an entry of `by_due`.
    pub(super) const fn and_a_lease(self) -> Self {
        Self { index: self.index + 1.0, ..self }
    }

    /// A lease is set anew: its entry moves, which is one out and one in.
    pub(super) const fn and_a_moved_lease(self) -> Self {
        Self { index: self.index + 2.0, ..self }
    }

    /// The same with an `Idempotency-Key`: the answer is one more item, and is looked for first.
    pub(super) const fn with_key(self) -> Self {
        Self { calls: self.calls + 1, table: self.table + 2.0, ..self }
    }

    /// Whether this stays within it.
    pub(super) fn holds(&self, usage: &Usage) -> bool {
        usage.calls <= self.calls && usage.write_units <= self.table && usage.index_units <= self.index
    }
}
