//! Each need is needed: without it, the checker finds how an invariant breaks.

use std::collections::BTreeSet;

use models::Standing;
use models::transition::{Need, PersonNeed};
use stateright::{Checker, HasDiscoveries, Model};

use crate::invariants::{
    CLOCK, INVITATION, NOBODY_ENTERS, NOT_REVIVED, NUMBERS, ONE_CONNECTION, ONE_SITTING, PRESENCE,
    REMEMBERED, SEATS_AND_CAPACITY, SEATS_AND_PEOPLE, SETTINGS, TOKEN_ONCE, WAITING_ROOM,
};
use crate::protocol::{Dropped, Protocol};
use crate::worlds;

/// A need that is left out of every write, a world in which that is noticed, and what breaks there.
type Mutation = ((&'static str, Dropped), fn() -> Protocol, &'static str);

macro_rules! without {
    ($of:ident: $need:pat) => {
        (stringify!($need), Dropped::$of(|need| matches!(need, $need)))
    };
}

fn of_the_room() -> Vec<Mutation> {
    vec![
        (without!(Room: Need::Vacant), worlds::created_over, REMEMBERED),
        (without!(Room: Need::NotEnded), worlds::changed_at_its_end, NOT_REVIVED),
        (without!(Room: Need::Session(_)), worlds::created_again, TOKEN_ONCE),
        (without!(Room: Need::Session(_)), worlds::begun_over, REMEMBERED),
        (without!(Room: Need::Status(_)), worlds::tokens, NUMBERS),
        (without!(Room: Need::Status(_)), worlds::tokens, NOT_REVIVED),
        (without!(Room: Need::Status(_)), worlds::ended_for_good, NOBODY_ENTERS),
        (without!(Room: Need::NotDue), worlds::clock, NOBODY_ENTERS),
        (without!(Room: Need::DueAt(_)), worlds::tokens, REMEMBERED),
        (without!(Room: Need::DueAt(_)), worlds::ended_for_good, REMEMBERED),
        (without!(Room: Need::Version(_)), worlds::created_over, REMEMBERED),
        (without!(Room: Need::Version(_)), worlds::begun_over, REMEMBERED),
        (without!(Room: Need::Unlocked), worlds::locked, NOBODY_ENTERS),
        (without!(Room: Need::Unlocked), worlds::admissions, NOBODY_ENTERS),
        (without!(Room: Need::FreeSeat), worlds::locked, SEATS_AND_CAPACITY),
        (without!(Room: Need::FreeSeat), worlds::admissions, SEATS_AND_CAPACITY),
        (without!(Room: Need::FreeSeat), worlds::returns, SEATS_AND_CAPACITY),
        (without!(Room: Need::Unlocked), worlds::returns_over, NOBODY_ENTERS),
        (without!(Room: Need::WaitingRoom(false)), worlds::returns_to_wait, WAITING_ROOM),
        (without!(Room: Need::NotDue), worlds::returns_late, NOBODY_ENTERS),
        (without!(Room: Need::OthersSeated), worlds::bans, CLOCK),
        (without!(Room: Need::OneSeated), worlds::clock, CLOCK),
        (without!(Room: Need::WaitingRoom(true)), worlds::waiting_room, WAITING_ROOM),
        (without!(Room: Need::WaitingRoom(false)), worlds::settings, WAITING_ROOM),
        (without!(Room: Need::GuestsAllowed), worlds::settings, WAITING_ROOM),
        (without!(Room: Need::NotRevoked(_)), worlds::revocation, TOKEN_ONCE),
        (without!(Room: Need::Settings(_)), worlds::settings, SETTINGS),
    ]
}

fn of_the_person() -> Vec<Mutation> {
    vec![
        (without!(Person: PersonNeed::Unknown), worlds::invitations, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Of(_)), worlds::bans_by_code, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Stands(_)), worlds::bans, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Stands(_)), worlds::torn, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Stands(Standing::Waiting)), worlds::sent_back, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::StandsNot(Standing::Banned)), worlds::invitations, NOBODY_ENTERS),
        (without!(Person: PersonNeed::StandsNot(Standing::Active)), worlds::one_person, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Token(_)), worlds::one_person, TOKEN_ONCE),
        (without!(Person: PersonNeed::CameBefore(_)), worlds::tokens, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::CameBefore(_)), worlds::waits_again, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Sits(_)), worlds::tokens, ONE_SITTING),
        (without!(Person: PersonNeed::SitsOrSat(_)), worlds::leases, ONE_SITTING),
        (without!(Person: PersonNeed::SitsOrSat(_)), worlds::returns_over, ONE_SITTING),
        (without!(Person: PersonNeed::Stands(Standing::Left)), worlds::returns_barred, SEATS_AND_PEOPLE),
        (without!(Person: PersonNeed::Connected(_)), worlds::connections, ONE_CONNECTION),
        (without!(Person: PersonNeed::Connected(_)), worlds::shown, ONE_CONNECTION),
        (without!(Person: PersonNeed::Unconnected), worlds::attached, PRESENCE),
        (without!(Person: PersonNeed::Lease(_)), worlds::admitted_over, ONE_SITTING),
        (without!(Person: PersonNeed::Lease(_)), worlds::admitted_over, ONE_CONNECTION),
        (without!(Person: PersonNeed::ExpiresBy(_)), worlds::more_invitations, INVITATION),
    ]
}

/// Explores the world until the invariant breaks; `-- --nocapture` shows how.
fn breaks(((need, dropped), world, invariant): Mutation) {
    let broken = HasDiscoveries::AnyOf(BTreeSet::from([invariant]));
    let checker = Protocol { dropped, ..world() }.checker().finish_when(broken).spawn_bfs().join();
    let path = checker.discovery(invariant).unwrap_or_else(|| panic!("without {need} holds: {invariant}"));
    println!("without {need} breaks: {invariant}");
    path.into_actions().into_iter().for_each(|action| println!("    {action:?}"));
}

#[test]
fn without_a_need_of_the_room_an_invariant_breaks() {
    of_the_room().into_iter().for_each(breaks);
}

#[test]
fn without_a_need_of_the_person_an_invariant_breaks() {
    of_the_person().into_iter().for_each(breaks);
}
