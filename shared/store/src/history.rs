//! The history of a tenant or of some of its rooms: past sessions, and those that run.

use std::collections::{HashMap, HashSet};

use models::{RoomKey, Sid, Status, Tenant, Timestamp};

use crate::items::{Item, Key, PastItem, Session};
use crate::read::together;
use crate::{Store, StoreError};

/// Which part of a history is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many sessions are passed over.
    pub from: usize,
    /// Most sessions, up to 100.
    pub limit: usize,
    /// Whether the oldest come first.
    pub ascending: bool,
}

/// A part of a history, in the order in which the sessions were created.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How many sessions there are in all.
    pub total: usize,
    /// Those of the page.
    pub sessions: Vec<Session>,
}

impl Page {
    /// How many there are, and those of the page.
    fn of<T, K: Ord>(self, mut all: Vec<T>, order: impl Fn(&T) -> K) -> (usize, Vec<T>) {
        all.sort_by_cached_key(order);
        if !self.ascending {
            all.reverse();
        }
        (all.len(), all.into_iter().skip(self.from).take(self.limit).collect())
    }
}

/// A session as the index lists it.
#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    room: RoomKey,
    created_at: Timestamp,
}

impl Entry {
    fn of(item: &Item) -> Option<Self> {
        let key = Key::of(item)?;
        let created_at = item.get("tenant_time")?.as_n().ok()?.parse().ok()?;
        Some(Self { room: key.room()?, key, created_at: Timestamp::from_millis(created_at) })
    }

    fn names(&self) -> (RoomKey, Timestamp) {
        (self.room.clone(), self.created_at)
    }
}

impl Store {
    /// The sessions of a tenant. The index that counts and orders them may be a moment late; what they were is read
    /// from themselves.
    pub async fn history(&self, tenant: &Tenant, page: Page) -> Result<History, StoreError> {
        let (running, past) = futures_util::try_join!(self.listed(tenant, true), self.listed(tenant, false))?;
        let mut all: Vec<_> = past.iter().filter_map(Entry::of).collect();
        // A session that ends may be seen in both.
        let over: HashSet<_> = all.iter().map(Entry::names).collect();
        all.extend(running.iter().filter_map(Entry::of).filter(|entry| !over.contains(&entry.names())));
        let (total, entries) =
            page.of(all, |entry| (entry.created_at, entry.room.to_string(), entry.key.clone()));
        Ok(History { total, sessions: self.sessions(&entries).await? })
    }

    /// The sessions of these rooms.
    pub async fn history_of(&self, rooms: &HashSet<RoomKey>, page: Page) -> Result<History, StoreError> {
        let rooms: Vec<_> = rooms.iter().cloned().collect();
        let now = self.clock.now();
        // Those that run come first: one that ends meanwhile is found among the past.
        let running = self.rooms_with_documents(&rooms).await?.into_iter().filter_map(|(room, document)| {
            (room.status == Status::Open).then(|| Session::of(&room, document.as_ref(), now))
        });
        let past = together(rooms.iter().map(|room| self.past_of(room)).collect()).await?;
        let mut all = past.concat();
        let over: HashSet<_> = all.iter().map(|session| session.sid).collect();
        all.extend(running.filter(|session| !over.contains(&session.sid)));
        let order = |session: &Session| (session.created_at, session.room.to_string(), session.sid);
        let (total, sessions) = page.of(all, order);
        Ok(History { total, sessions })
    }

    /// A session of a room: the one that runs, or a past one.
    pub async fn session(&self, room: &RoomKey, sid: Sid) -> Result<Option<Session>, StoreError> {
        // The one that runs comes first: if it ends meanwhile, it is found among the past.
        let seen = self.room_with_document(room).await?;
        let running = seen.room.filter(|room| room.status == Status::Open && room.sid == sid);
        if let Some(running) = running {
            return Ok(Some(Session::of(&running, seen.document.as_ref(), self.clock.now())));
        }
        Ok(self.past_of(room).await?.into_iter().find(|session| session.sid == sid))
    }

    /// What these entries of the index, a hundred at most, are about.
    async fn sessions(&self, entries: &[Entry]) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let (past, running): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key.is_past());
        let rooms: Vec<_> = running.iter().map(|entry| entry.room.clone()).collect();
        let (past, running) = futures_util::try_join!(
            self.batch_get(past.iter().map(|entry| &entry.key)),
            self.rooms_with_documents(&rooms)
        )?;
        let past = past.into_iter().map(PastItem::decode).collect::<Result<Vec<_>, _>>()?;
        let running = running.into_iter().filter_map(|(room, document)| {
            (room.status == Status::Open).then(|| Session::of(&room, document.as_ref(), now))
        });
        let past = past.into_iter().map(|past| (Key::past(&past.room, past.created_at, past.sid), past));
        let running = running.map(|running| (Key::state(&running.room), running));
        let mut found: HashMap<_, _> = past.chain(running).collect();
        let mut sessions = Vec::with_capacity(entries.len());
        for entry in entries {
            let same = |session: &Session| session.created_at == entry.created_at;
            let session = match found.remove(&entry.key).filter(same) {
                // It ran when the index was read, and is past now.
                None if !entry.key.is_past() => self.past_of(&entry.room).await?.into_iter().find(same),
                session => session,
            };
            sessions.extend(session);
        }
        Ok(sessions)
    }

    /// The past sessions of a room, in order.
    async fn past_of(&self, room: &RoomKey) -> Result<Vec<Session>, StoreError> {
        self.query(&Key::past_partition(room), "").await?.into_iter().map(PastItem::decode).collect()
    }
}
