//! How far streams have been read, in a file, so that a restart goes on there.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};

/// The file in the data directory.
const FILE: &str = "streams.sqlite";

/// Where reading goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// With the first record that there is.
    Start,
    /// After the record of this sequence number.
    After(String),
    /// Nowhere: the shard is closed, and all of it was read.
    End,
}

/// What begins no sequence number.
const END: &str = "end";

/// The positions of all mappings; without a file they are kept by whoever reads.
pub(crate) struct Positions(Option<Mutex<Connection>>);

impl Positions {
    /// Opens the file in this directory, or makes it; without a directory nothing is kept.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, rusqlite::Error> {
        let Some(directory) = directory else { return Ok(Self(None)) };
        let connection = Connection::open(directory.join(FILE))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS positions (
                 mapping TEXT NOT NULL, stream TEXT NOT NULL, shard TEXT NOT NULL, position TEXT NOT NULL,
                 PRIMARY KEY (mapping, stream, shard)
             ) WITHOUT ROWID;",
        )?;
        Ok(Self(Some(Mutex::new(connection))))
    }

    /// The position of a mapping in a shard; none where it never was there.
    pub(super) fn get(
        &self,
        [mapping, stream, shard]: [&str; 3],
    ) -> Result<Option<Position>, rusqlite::Error> {
        let Some(connection) = &self.0 else { return Ok(None) };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let select = "SELECT position FROM positions WHERE mapping = ?1 AND stream = ?2 AND shard = ?3";
        let found: Option<String> =
            connection.query_row(select, [mapping, stream, shard], |row| row.get(0)).optional()?;
        Ok(found.map(|text| match text.as_str() {
            "" => Position::Start,
            END => Position::End,
            _ => Position::After(text),
        }))
    }

    /// Keeps a position.
    pub(super) fn set(
        &self,
        [mapping, stream, shard]: [&str; 3],
        position: &Position,
    ) -> Result<(), rusqlite::Error> {
        let Some(connection) = &self.0 else { return Ok(()) };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match position {
            Position::Start => "",
            Position::After(sequence) => sequence,
            Position::End => END,
        };
        let insert = "INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3, ?4)";
        connection.prepare_cached(insert)?.execute(params![mapping, stream, shard, text])?;
        Ok(())
    }
}
