//! The small worlds that are checked, each of a few calls that meet. Together they have every kind of call and of need.

use models::Settings;

use crate::call::Call::{self, *};
use crate::protocol::{Dropped, Protocol};
use crate::reached::*;
use crate::setting::{self, Setting};

fn server(seats: u32, tokens: &[u8]) -> Setting {
    Setting { by_code: None, exists: true, seats, duration: None, tokens: tokens.to_vec() }
}

fn by_code(seats: u32, people: usize, waiting_room: bool) -> Setting {
    let settings = Settings { waiting_room, ..Settings::default() };
    Setting { by_code: Some(settings), exists: true, seats, duration: None, tokens: vec![0; people] }
}

fn protocol(setting: Setting, ticks: u8, calls: &[Call], reached: Vec<Reached>) -> Protocol {
    Protocol {
        setting,
        calls: calls.to_vec(),
        ticks,
        relay_lags: false,
        torn: false,
        dropped: Dropped::Nothing,
        reached,
    }
}

/// Two tokens of one person and one of another for one seat, which is given up, and the end.
pub(crate) fn tokens() -> Protocol {
    let calls = [Redeem(0, 0), Redeem(0, 1), Redeem(1, 0), Leave(0, 0), End];
    protocol(server(1, &[2, 1]), 1, &calls, vec![full(), replaced(), ended()])
}

/// The room empties and fills again while it is due, closed, ended, and removed by TTL.
pub(crate) fn clock() -> Protocol {
    let calls = [Redeem(0, 0), Redeem(1, 0), Leave(0, 0), Close, End];
    protocol(server(2, &[1, 1]), 3, &calls, vec![expiry_meets_join(), ended(), removed_by_ttl()])
}

/// A session runs out and another is created, to which a token of the old one and one of the new one come.
pub(crate) fn created_over() -> Protocol {
    let calls = [Redeem(0, 0), Close, Create, Mint(0), RedeemMinted(0, 3)];
    let setting = Setting { duration: Some(setting::DURATION), ..server(1, &[1]) };
    protocol(setting, 3, &calls, vec![recreated(), kept_from_before()])
}

/// A session is ended and another is created.
pub(crate) fn created_again() -> Protocol {
    let calls = [Redeem(0, 0), End, Create, Mint(0), RedeemMinted(0, 3)];
    protocol(server(1, &[1]), 2, &calls, vec![recreated(), kept_from_before()])
}

/// Nobody comes; TTL removes the room, and it is created again.
pub(crate) fn removed() -> Protocol {
    let calls = [Create, Close, Mint(0), RedeemMinted(0, 2)];
    protocol(Setting { exists: false, ..server(1, &[0]) }, 5, &calls, vec![removed_by_ttl()])
}

/// Three people and two seats by code, and the lock.
pub(crate) fn locked() -> Protocol {
    let calls = [Lock(true), Enter(0), Enter(1), Enter(2), Seats(1)];
    protocol(by_code(2, 3, false), 0, &calls, vec![full(), lock_meets_join()])
}

/// The same person by code twice, another one, a departure, and the lock.
pub(crate) fn replaced_by_code() -> Protocol {
    let calls = [Lock(true), Enter(0), Enter(0), Enter(1), Leave(0, 1)];
    protocol(by_code(1, 2, false), 1, &calls, vec![full(), replaced(), lock_meets_join()])
}

/// A session by code runs out by its duration, and the next one begins in its place.
pub(crate) fn begun_over() -> Protocol {
    let setting = Setting { duration: Some(setting::DURATION), ..by_code(2, 2, false) };
    let calls = [Enter(0), Enter(1), Enter(0), Leave(0, 0), Close];
    protocol(setting, 3, &calls, vec![expiry_meets_join(), recreated(), kept_from_before()])
}

/// A room by code ends for good.
pub(crate) fn ended_for_good() -> Protocol {
    let calls = [Enter(0), Enter(1), EndRoom, Leave(0, 0)];
    protocol(by_code(2, 2, false), 2, &calls, vec![ended()])
}

/// It does while its host still changes it.
pub(crate) fn changed_at_its_end() -> Protocol {
    protocol(by_code(1, 1, false), 0, &[Enter(0), EndRoom, Lock(true), Seats(2)], vec![ended()])
}

/// The host decides about guests and the waiting room while people come.
pub(crate) fn settings() -> Protocol {
    let calls = [NoGuests, WaitingRoom(true), EnterAsGuest(0), Enter(1), Leave(1, 3)];
    protocol(by_code(1, 2, false), 1, &calls, vec![waits()])
}

/// The host turns the waiting room off while people come and go.
pub(crate) fn waiting_room() -> Protocol {
    let calls = [Enter(0), WaitingRoom(false), Admit(0), Enter(1), Leave(0, 0)];
    protocol(by_code(1, 2, true), 1, &calls, vec![waits(), full()])
}

/// Two who wait are admitted to one seat, while the room is locked.
pub(crate) fn admissions() -> Protocol {
    let calls = [Enter(0), Enter(1), Admit(0), Admit(1), Lock(true)];
    protocol(by_code(1, 2, true), 1, &calls, vec![waits(), full(), lock_meets_admission()])
}

/// Somebody is admitted by two at once, sent back, and leaves.
pub(crate) fn sent_back() -> Protocol {
    let calls = [Enter(0), Admit(0), Admit(0), SendBack(0), Leave(0, 0)];
    let reached = vec![waits(), admitted_again()];
    protocol(by_code(2, 1, true), 2, &calls, reached)
}

/// Somebody is denied while he is admitted, and asks again; the session ends meanwhile.
pub(crate) fn denied() -> Protocol {
    let calls = [Enter(0), Admit(0), Deny(0), Enter(0), End];
    protocol(by_code(1, 1, true), 1, &calls, vec![waits(), full(), recreated()])
}

/// Somebody who waits is admitted and sent back while he connects and loses his connection, and his leases lapse.
pub(crate) fn admitted_over() -> Protocol {
    let calls = [Enter(0), Attach(0, 0), Admit(0), SendBack(0), Disconnect(0, 1), Release(0)];
    protocol(by_code(1, 1, true), 2, &calls, vec![waits(), full(), away(), released()])
}

/// Somebody who was in, and is counted, waits when he comes again: TTL may not take him while the session runs.
pub(crate) fn waits_again() -> Protocol {
    let calls = [Enter(0), Leave(0, 0), WaitingRoom(true), Enter(0), Admit(0)];
    protocol(by_code(1, 1, false), 3, &calls, vec![waits(), admitted_again()])
}

/// People are put out, barred and let back while they come.
pub(crate) fn bans() -> Protocol {
    let calls = [Redeem(0, 0), Ban(0), Redeem(0, 1), Redeem(1, 0), Unblock(0), Remove(1)];
    protocol(server(2, &[2, 1]), 0, &calls, vec![banned(), replaced()])
}

/// By code, where a ban outlives the session, and people are known from the one before.
pub(crate) fn bans_by_code() -> Protocol {
    let calls = [Enter(0), End, Enter(1), Enter(0), Ban(0), Unblock(0)];
    protocol(by_code(2, 2, false), 0, &calls, vec![banned(), recreated(), kept_from_before()])
}

/// One person with three tokens, one of them tried twice, who leaves and comes back.
pub(crate) fn one_person() -> Protocol {
    let calls = [Redeem(0, 0), Redeem(0, 1), Redeem(0, 1), Redeem(0, 2), Leave(0, 0)];
    protocol(server(2, &[3]), 0, &calls, vec![replaced()])
}

/// All tokens are revoked while one is used and another is minted.
pub(crate) fn revocation() -> Protocol {
    let calls = [Redeem(0, 0), Revoke, Mint(0), RedeemMinted(0, 2), Redeem(1, 0)];
    protocol(server(2, &[1, 1]), 1, &calls, vec![full()])
}

/// Those of one person are.
pub(crate) fn revocation_of_one() -> Protocol {
    let calls = [Redeem(0, 0), RevokeOf(0), Mint(0), RedeemMinted(0, 2), Redeem(1, 0)];
    protocol(server(2, &[1, 1]), 0, &calls, vec![full()])
}

/// Two tokens of somebody new are minted at once, who is then barred.
pub(crate) fn invitations() -> Protocol {
    let calls = [Mint(0), Mint(0), RedeemMinted(0, 0), RedeemMinted(0, 1), Ban(0)];
    protocol(server(1, &[0]), 0, &calls, vec![full(), banned()])
}

/// Two more of somebody who has one.
pub(crate) fn more_invitations() -> Protocol {
    let calls = [Mint(0), Mint(0), RedeemMinted(0, 0), RedeemMinted(0, 1), Ban(0)];
    protocol(server(1, &[1]), 0, &calls, vec![full(), banned()])
}

/// A place that nobody is connected to is released while somebody comes back to it.
pub(crate) fn leases() -> Protocol {
    let calls = [Redeem(0, 0), Redeem(0, 1), Release(0), Resume(0, 0), Leave(0, 0)];
    protocol(server(2, &[2]), 2, &calls, vec![replaced()])
}

/// A connection is lost and replaced, and its seat is released while somebody comes back to it.
pub(crate) fn connections() -> Protocol {
    let calls = [RedeemOver(0, 0), RedeemOver(0, 1), Disconnect(0, 0), Disconnect(0, 1), Release(0)];
    protocol(server(2, &[2]), 2, &calls, vec![replaced(), away(), late()])
}

/// A seat is joined over one connection, joined again over none, and attached to over another, while both connections are
/// lost and its leases lapse.
pub(crate) fn replaced_connections() -> Protocol {
    let calls =
        [RedeemOver(0, 0), Redeem(0, 1), Attach(0, 1), Disconnect(0, 0), Disconnect(0, 2), Release(0)];
    protocol(server(1, &[2]), 2, &calls, vec![replaced(), away(), back(), late(), released()])
}

/// A seat is attached to and resumed, and the connection lost, while the session ends.
pub(crate) fn attached() -> Protocol {
    let calls = [Redeem(0, 0), Attach(0, 0), Resume(0, 0), Disconnect(0, 1), End];
    protocol(server(2, &[1]), 1, &calls, vec![replaced(), away(), ended()])
}

/// A lost connection's seat is attached to again, while its lease lapses and the session does.
pub(crate) fn come_back() -> Protocol {
    let calls = [RedeemOver(0, 0), Disconnect(0, 0), Attach(0, 0), Release(0), Close];
    let setting = Setting { duration: Some(setting::DURATION), ..server(1, &[1]) };
    protocol(setting, 3, &calls, vec![away(), back(), released()])
}

/// Somebody shows himself while his connection is replaced, he is put out, and a moderator mutes him.
pub(crate) fn shown() -> Protocol {
    let calls = [RedeemOver(0, 0), Unmute(0, 0), Mute(0), Attach(0, 0), Disconnect(0, 0), Remove(0)];
    protocol(server(2, &[1]), 0, &calls, vec![replaced(), heard()])
}

/// The next session begins while connections of the one before are lost.
pub(crate) fn connected_again() -> Protocol {
    let calls = [EnterOver(0), End, EnterOver(0), Disconnect(0, 0), Disconnect(0, 2)];
    protocol(by_code(2, 1, false), 1, &calls, vec![recreated(), kept_from_before(), away()])
}

/// Somebody who waits loses his connection, and attaches again.
pub(crate) fn waiting_connections() -> Protocol {
    let calls = [EnterOver(0), Disconnect(0, 0), Attach(0, 0), Release(0), WaitingRoom(false), Enter(0)];
    protocol(by_code(1, 1, true), 1, &calls, vec![waits(), away()])
}

/// A seat is released, and whose it was comes back to it while another takes it.
pub(crate) fn returns() -> Protocol {
    let calls = [Redeem(0, 0), Release(0), Resume(0, 0), Resume(0, 0), Redeem(1, 0)];
    protocol(server(1, &[1, 1]), 2, &calls, vec![full(), released(), returned()])
}

/// He comes back over a connection while the room is locked, or leaves after all.
pub(crate) fn returns_over() -> Protocol {
    let calls = [EnterOver(0), Disconnect(0, 0), Release(0), Attach(0, 0), Lock(true), Leave(0, 0)];
    protocol(by_code(2, 1, false), 1, &calls, vec![released(), returned(), lock_meets_return()])
}

/// He has to wait when he comes back, unless he was admitted before.
pub(crate) fn returns_to_wait() -> Protocol {
    let calls = [Enter(0), Release(0), WaitingRoom(true), Resume(0, 0), Admit(0), Release(0)];
    protocol(by_code(1, 1, false), 2, &calls, vec![released(), waits_to_return(), admitted_again()])
}

/// He comes back twice at once, while he is barred and let back.
pub(crate) fn returns_barred() -> Protocol {
    let calls = [Redeem(0, 0), Release(0), Resume(0, 0), Resume(0, 0), Ban(0), Unblock(0)];
    protocol(server(2, &[1]), 1, &calls, vec![released(), returned()])
}

/// His session is over when he comes back, or its time comes just then.
pub(crate) fn returns_late() -> Protocol {
    let calls = [Redeem(0, 0), Release(0), Resume(0, 0), Close, Create];
    let setting = Setting { duration: Some(setting::DURATION), ..server(1, &[1]) };
    protocol(setting, 3, &calls, vec![released(), returned(), recreated()])
}

/// What is seen of the room and of the person is of two moments.
pub(crate) fn torn() -> Protocol {
    let calls = [Enter(0), Enter(0), Leave(0, 0), End];
    Protocol { torn: true, ..protocol(by_code(1, 1, false), 1, &calls, vec![recreated(), replaced()]) }
}

/// The relay lags behind and sees changes twice, over two sessions.
pub(crate) fn relay() -> Protocol {
    let calls = [Redeem(0, 0), Redeem(1, 0), Leave(0, 0), Close, Create];
    Protocol { relay_lags: true, ..protocol(server(1, &[1, 1]), 2, &calls, vec![lags(), recreated()]) }
}
