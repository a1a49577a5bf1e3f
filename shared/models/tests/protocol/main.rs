//! The session protocol, checked exhaustively for small sizes: every order in which a few calls look and write, with the
//! clock, TTL, the relay and the end job between them. Why, and what it does not cover: `docs/decisions/0018`.

mod call;
mod decide;
mod invariants;
mod mutations;
mod protocol;
mod reached;
mod setting;
mod watch;
mod world;
mod worlds;

use stateright::{Checker, Model};

use crate::protocol::Protocol;

/// Explores all of a world; `-- --nocapture` shows how much that was.
fn check(name: &str, protocol: Protocol) {
    let checker = protocol.checker().spawn_bfs().join();
    println!("{name}: {} states, {} steps deep", checker.unique_state_count(), checker.max_depth());
    checker.assert_properties();
}

/// One test for each world, named after it.
macro_rules! worlds {
    ($($world:ident),* $(,)?) => {
        $(
            #[test]
            fn $world() {
                check(stringify!($world), worlds::$world());
            }
        )*
    };
}

worlds! {
    tokens,
    clock,
    created_over,
    created_again,
    removed,
    locked,
    replaced_by_code,
    begun_over,
    ended_for_good,
    changed_at_its_end,
    settings,
    waiting_room,
    admissions,
    sent_back,
    denied,
    admitted_over,
    waits_again,
    bans,
    bans_by_code,
    one_person,
    revocation,
    revocation_of_one,
    invitations,
    more_invitations,
    leases,
    connections,
    replaced_connections,
    attached,
    come_back,
    connected_again,
    shown,
    waiting_connections,
    returns,
    returns_over,
    returns_to_wait,
    returns_barred,
    returns_late,
    torn,
    relay,
}
