//! The connections that stand, and what waits to be sent to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use bytes::Bytes;
use models::{Clock as _, Random as _, SystemClock, SystemRandom, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::limits::Limits;

/// How many random bytes are in an id.
const ID_BYTES: usize = 11;

/// An id as those of API Gateway look, which nobody can guess: `L0SM9cOFvHcCIhw=`.
pub(super) fn new_id() -> String {
    let mut bytes = [0; ID_BYTES];
    SystemRandom.fill(&mut bytes);
    BASE64_URL_SAFE.encode(bytes)
}

/// Whether a connection could have this id.
pub(super) fn is_id(text: &str) -> bool {
    BASE64_URL_SAFE.decode(text).is_ok_and(|bytes| bytes.len() == ID_BYTES)
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// The id of the connection.
    pub(super) id: String,
    pub(super) connected_at: Timestamp,
    pub(super) source_ip: String,
    pub(super) user_agent: Option<String>,
}

/// How a connection ends: the code and the reason of a close frame, or what stands for them where there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parting {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Parting {
    pub(super) fn new(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned() }
    }
}

/// What is on its way to a client.
pub(super) enum Outgoing {
    /// A text, which takes its room until it is sent.
    Text(Bytes, OwnedSemaphorePermit),
    /// The last thing.
    Close(Parting),
}

/// Too much waits for this client already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// A connection that stands.
pub(super) struct Connection {
    pub(super) client: Client,
    activity: Mutex<(Timestamp, Instant)>,
    outbox: mpsc::UnboundedSender<Outgoing>,
    room: Arc<Semaphore>,
    /// Set when the end was asked for.
    dismissal: watch::Sender<Option<Parting>>,
}

impl Connection {
    /// One for this client, and what is to be sent to him.
    pub(super) fn new(client: Client, limits: &Limits) -> (Self, mpsc::UnboundedReceiver<Outgoing>) {
        let (outbox, outgoing) = mpsc::unbounded_channel();
        let connection = Self {
            client,
            activity: Mutex::new((SystemClock.now(), Instant::now())),
            outbox,
            room: Arc::new(Semaphore::new(limits.waiting)),
            dismissal: watch::Sender::new(None),
        };
        (connection, outgoing)
    }

    /// Puts a text behind those that wait already.
    pub(super) fn post(&self, text: Bytes) -> Result<(), Full> {
        // An empty one takes its place, too.
        let size = u32::try_from(text.len().max(1)).map_err(|_| Full)?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(size).map_err(|_| Full)?;
        // Where nobody takes it any more the connection is ending, which a client may not hear of either.
        let _ = self.outbox.send(Outgoing::Text(text, room));
        Ok(())
    }

    /// Asks for its end, behind what waits already.
    pub(super) fn dismiss(&self, parting: Parting) {
        let _ = self.outbox.send(Outgoing::Close(parting.clone()));
        self.dismissal.send_replace(Some(parting));
    }

    /// Waits until its end was asked for so long ago: what waits is not read.
    pub(super) async fn is_overdue(&self, long: Duration) -> Parting {
        let mut dismissal = self.dismissal.subscribe();
        loop {
            let asked = dismissal.borrow_and_update().clone();
            if let Some(parting) = asked {
                tokio::time::sleep(long).await;
                return parting;
            }
            // The connection holds the sender itself, so the wait ends only with a dismissal.
            let _ = dismissal.changed().await;
        }
    }

    /// Notes that something was sent or received.
    pub(super) fn touch(&self) {
        *lock(&self.activity) = (SystemClock.now(), Instant::now());
    }

    /// When something was sent or received last.
    pub(super) fn last_active_at(&self) -> Timestamp {
        lock(&self.activity).0
    }

    /// Waits until nothing has been sent or received for this long.
    pub(super) async fn is_idle_for(&self, long: Duration) {
        loop {
            let last = lock(&self.activity).1;
            if last.elapsed() >= long {
                return;
            }
            tokio::time::sleep_until(last + long).await;
        }
    }
}

/// All that stand, by their ids.
#[derive(Default)]
pub(super) struct Connections(Mutex<HashMap<String, Arc<Connection>>>);

impl Connections {
    pub(super) fn add(&self, connection: &Arc<Connection>) {
        lock(&self.0).insert(connection.client.id.clone(), Arc::clone(connection));
    }

    pub(super) fn remove(&self, connection: &Connection) {
        lock(&self.0).remove(&connection.client.id);
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Connection>> {
        lock(&self.0).get(id).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_looks_as_api_gateways() {
        let (one, other) = (new_id(), new_id());
        assert_ne!(one, other);
        assert!(one.len() == 16 && one.ends_with('=') && is_id(&one), "{one}");
        for wrong in ["", "abc", "L0SM9cOFvHcCIhw", "L0SM9cOFvHcC", "../../../../../.."] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_waits_takes_room_until_it_is_sent() {
        let client = Client {
            id: new_id(),
            connected_at: SystemClock.now(),
            source_ip: String::new(),
            user_agent: None,
        };
        let limits = Limits { waiting: 10, ..Limits::default() };
        let (connection, mut outgoing) = Connection::new(client, &limits);
        assert_eq!(connection.post(Bytes::from_static(b"12345")), Ok(()));
        assert_eq!(connection.post(Bytes::from_static(b"123456")), Err(Full));
        assert_eq!(connection.post(Bytes::from_static(b"12345")), Ok(()));
        assert_eq!(connection.post(Bytes::new()), Err(Full));
        drop(outgoing.recv().await);
        assert_eq!(connection.post(Bytes::from_static(b"12345")), Ok(()));
    }
}
