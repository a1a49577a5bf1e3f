//! The list of rooms, as full as the answer may be (`docs/decisions/0012`).

use std::fmt;

use api::server::ActiveRoom;
use models::{Room, Timestamp};
use store::{RoomDocument, Store, StoreError, Whole};

/// How many rooms' people are read between two looks at the size.
const AT_A_TIME: usize = 16;

/// What of the rooms did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// `participants_info` of all.
    People,
    /// The metadata of all, too.
    Metadata,
    /// So many rooms, the youngest, too.
    Rooms(usize),
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::People => f.write_str("participants_info"),
            Self::Metadata => f.write_str("participants_info and metadata"),
            Self::Rooms(number) => write!(f, "participants_info, metadata and {number} of the rooms"),
        }
    }
}

/// The open rooms in no more than `most` bytes. All have their people, or none has; and so with the metadata: of a list
/// that is full here and empty there nobody could tell who is not in and who did not fit.
pub(crate) async fn list(
    store: &Store,
    open: Vec<(Room, RoomDocument)>,
    most: usize,
) -> Result<(Vec<ActiveRoom>, Option<LeftOut>), StoreError> {
    let now = store.now();
    let mut rooms: Vec<_> =
        open.iter().map(|(room, document)| ActiveRoom::of(room, document, &[], now)).collect();
    if size(&rooms) <= most {
        return match with_people(store, &open, &rooms, most).await? {
            Some(rooms) => Ok((rooms, None)),
            None => Ok((rooms, Some(LeftOut::People))),
        };
    }
    rooms = rooms.into_iter().map(ActiveRoom::without_metadata).collect();
    let fit = rooms.iter().scan(0, |size, room| {
        *size += room.size();
        (*size <= most).then_some(())
    });
    let (fit, all) = (fit.count(), rooms.len());
    rooms.truncate(fit);
    Ok((rooms, Some(if fit == all { LeftOut::Metadata } else { LeftOut::Rooms(all - fit) })))
}

/// The same rooms with their people, unless that is too much. Rooms in which nobody is are not read again.
async fn with_people(
    store: &Store,
    open: &[(Room, RoomDocument)],
    rooms: &[ActiveRoom],
    most: usize,
) -> Result<Option<Vec<ActiveRoom>>, StoreError> {
    let mut full = Vec::with_capacity(rooms.len());
    let mut size = 0;
    for (open, rooms) in open.chunks(AT_A_TIME).zip(rooms.chunks(AT_A_TIME)) {
        let inhabited: Vec<_> =
            open.iter().filter(|(room, _)| room.seats > 0).map(|(room, _)| room.key.clone()).collect();
        let mut read = store.whole_rooms(&inhabited).await?.into_iter();
        let now = store.now();
        for ((room, _), empty) in open.iter().zip(rooms) {
            let active = match room.seats {
                0 => Some(empty.clone()),
                _ => read.next().and_then(|whole| still_open(&whole, now)),
            };
            size += active.as_ref().map_or(0, ActiveRoom::size);
            full.extend(active);
        }
        if size > most {
            return Ok(None);
        }
    }
    Ok(Some(full))
}

/// The room with its people, unless its session ended in the meantime.
fn still_open(whole: &Whole, now: Timestamp) -> Option<ActiveRoom> {
    let (room, document) = (whole.room.as_ref()?, whole.document.as_ref()?);
    room.is_open(now).then(|| ActiveRoom::of(room, document, &whole.participants, now))
}

fn size(rooms: &[ActiveRoom]) -> usize {
    rooms.iter().map(ActiveRoom::size).sum()
}
