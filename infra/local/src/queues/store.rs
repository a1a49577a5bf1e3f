//! Messages in a file, so that they outlive the stack.

use std::path::Path;

use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;

use super::fifo::Known;
use super::message::Message;
use super::queue::Changes;

/// The file in the data directory.
const FILE: &str = "queues.sqlite";

/// Why messages are not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What `SQLite` says.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// What is stored is not what this version stores.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The file.
pub(super) struct Store(Connection);

impl Store {
    /// Opens it, or makes it.
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(directory.join(FILE))?;
        // A write is safe when this process dies, and soon safe when the machine does.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS messages (
                 queue TEXT NOT NULL, sequence INTEGER NOT NULL, message TEXT NOT NULL,
                 PRIMARY KEY (queue, sequence)
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS known (
                 queue TEXT NOT NULL, key TEXT NOT NULL, known TEXT NOT NULL,
                 PRIMARY KEY (queue, key)
             ) WITHOUT ROWID;",
        )?;
        Ok(Self(connection))
    }

    /// The messages of a queue.
    pub(super) fn messages(&self, queue: &str) -> Result<Vec<Message>, StoreError> {
        let rows = self.rows("SELECT '', message FROM messages WHERE queue = ?1 ORDER BY sequence", queue)?;
        Ok(rows.into_iter().map(|(_, message)| message).collect())
    }

    /// What a FIFO queue knows as sent, by its key.
    pub(super) fn known(&self, queue: &str) -> Result<Vec<(String, Known)>, StoreError> {
        self.rows("SELECT key, known FROM known WHERE queue = ?1", queue)
    }

    /// Stores what has changed in some queues: all of it, or nothing.
    pub(super) fn save<'a>(
        &mut self,
        changes: impl IntoIterator<Item = (&'a str, &'a Changes)>,
    ) -> Result<(), StoreError> {
        let transaction = self.0.transaction()?;
        for (queue, Changes { messages, known }) in changes {
            for (sequence, message) in messages {
                let sequence = i64::try_from(*sequence).unwrap_or(i64::MAX);
                match message {
                    Some(message) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO messages VALUES (?1, ?2, ?3)")?
                        .execute(params![queue, sequence, serde_json::to_string(message)?])?,
                    None => transaction
                        .prepare_cached("DELETE FROM messages WHERE queue = ?1 AND sequence = ?2")?
                        .execute(params![queue, sequence])?,
                };
            }
            for (key, known) in known {
                match known {
                    Some(known) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO known VALUES (?1, ?2, ?3)")?
                        .execute(params![queue, key, serde_json::to_string(known)?])?,
                    None => transaction
                        .prepare_cached("DELETE FROM known WHERE queue = ?1 AND key = ?2")?
                        .execute(params![queue, key])?,
                };
            }
        }
        Ok(transaction.commit()?)
    }

    fn rows<T: DeserializeOwned>(&self, select: &str, queue: &str) -> Result<Vec<(String, T)>, StoreError> {
        let mut statement = self.0.prepare(select)?;
        let rows = statement.query_map([queue], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (key, text) = row?;
            Ok((key, serde_json::from_str(&text)?))
        })
        .collect()
    }
}
