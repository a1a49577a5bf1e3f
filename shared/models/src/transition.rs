//! The writes of a room, as data: what must hold when a write takes effect, and what it makes of what is there.
//!
//! The store makes one conditional write of each ([`RoomTransition`] of the state, [`PersonTransition`] of somebody in
//! it), the model checker takes the same ones as its steps. So a condition is stated once, and what the checker says of
//! it is said of the code that runs (`docs/decisions/0018`).

mod arrival;
mod departure;
mod effect;
mod ending;
mod locks;
mod need;
mod person;
mod presence;
mod presenter;
mod room;
mod waiting;

pub use arrival::{Arrival, Brings};
pub use departure::{Departure, Leaving};
pub use effect::Effect;
pub use ending::{Ending, Retention};
pub use need::Need;
pub use person::{Becomes, Held, PersonNeed, PersonTransition};
pub use presence::{Loss, Muting, Resumption, Showing};
pub use presenter::Switch;
pub use room::{Change, RoomTransition, SettingsChange};
