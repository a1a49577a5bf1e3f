//! Changes, rounds and answers in any order: whoever follows the documented rule (`docs/realtime.md`) knows in the end who is
//! in, and how they are shown.

use std::collections::BTreeMap;
use std::mem::take;

use models::{Participant, Standing, Timestamp};
use proptest::prelude::*;
use store::LastRound;

use super::tests::{NOW, person, whole};
use super::{PresenceOut, Round};
use crate::people::{PresentOut, Whole};

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Somebody comes, or goes.
    ComesOrGoes(usize),
    /// He raises his hand, or takes it down.
    Shows(usize),
    /// The next step of a round, if there is anything to tell.
    Round,
    /// The round ends where it is, and its message comes again.
    Crash,
    /// The next step of an answer; the first asks.
    Answer,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..3_usize).prop_map(Act::ComesOrGoes),
        4 => (1..3_usize).prop_map(Act::Shows),
        10 => Just(Act::Round),
        1 => Just(Act::Crash),
        6 => Just(Act::Answer),
    ]
}

/// How far a round is: one at a time.
#[derive(Default)]
enum Telling {
    #[default]
    Idle,
    /// The room is read, as of this change, and the people are not.
    Started(u64),
    Read(Whole),
    Begun(Whole),
    Posted(Whole),
}

/// How far an answer is.
#[derive(Default)]
enum Answering {
    #[default]
    Idle,
    Started(u64),
    Read(Whole),
    /// He has it, and has been told up to this change.
    Given(Whole, u64),
    /// A round has begun since: so it was read again.
    Again(Box<(Whole, Whole)>),
}

/// A client that follows the rule.
#[derive(Default)]
struct Client {
    seq: u64,
    people: BTreeMap<String, PresentOut>,
    /// It has missed something, and is to ask.
    asks: bool,
}

impl Client {
    fn is_given(&mut self, whole: &Whole) {
        *self = Self { seq: whole.room.seq, people: shown(whole), asks: false };
    }

    fn hears(&mut self, messages: Vec<PresenceOut>) {
        for message in messages {
            if message.seq <= self.seq {
                continue;
            }
            if message.since.is_some_and(|since| since > self.seq) {
                self.asks = true;
                return;
            }
            self.seq = message.seq;
            for person in message.left {
                self.people.remove(&person.id.to_string());
            }
            for person in message.joined.into_iter().chain(message.changed) {
                self.people.insert(person.id().to_owned(), person);
            }
        }
    }
}

fn shown(whole: &Whole) -> BTreeMap<String, PresentOut> {
    whole.seen().map(|person| (person.id.to_string(), PresentOut::from(person))).collect()
}

struct World {
    now: Timestamp,
    seq: u64,
    people: Vec<Participant>,
    last: Option<LastRound>,
    begun: u64,
    telling: Telling,
    answering: Answering,
    client: Client,
}

impl World {
    fn new() -> Self {
        let people =
            ["ann", "bo", "cy"].map(|name| Participant { joined_at: Some(NOW), ..person(name) }).into();
        let mut world = Self {
            now: NOW,
            seq: 3,
            people,
            last: None,
            begun: 0,
            telling: Telling::Idle,
            answering: Answering::Idle,
            client: Client::default(),
        };
        world.client.is_given(&world.read(world.seq));
        world
    }

    /// The session, of which the room was read as of change `seq`.
    fn read(&self, seq: u64) -> Whole {
        Whole { at: self.now, is_settled: seq == self.seq, ..whole(seq, self.people.clone()) }
    }

    fn does(&mut self, act: Act) {
        self.now = self.now.plus(super::LATEST / 4);
        match act {
            Act::ComesOrGoes(who) => {
                self.seq += 1;
                let person = &mut self.people[who];
                person.media.hand = false;
                if person.standing == Standing::Active {
                    person.standing = Standing::Left;
                } else {
                    (person.standing, person.joined_at) = (Standing::Active, Some(self.now));
                    person.version += 1;
                }
            }
            Act::Shows(who) => {
                let person = &mut self.people[who];
                if person.standing == Standing::Active {
                    self.seq += 1;
                    person.media.hand = !person.media.hand;
                    person.version += 1;
                }
            }
            Act::Round => self.tells(),
            Act::Crash => self.telling = Telling::Idle,
            Act::Answer => self.answers(),
        }
    }

    fn is_all_told(&self) -> bool {
        matches!(self.telling, Telling::Idle) && self.last.as_ref().is_some_and(|last| last.seq >= self.seq)
    }

    fn tells(&mut self) {
        self.telling = match take(&mut self.telling) {
            Telling::Idle if self.is_all_told() => Telling::Idle,
            Telling::Idle => Telling::Started(self.seq),
            Telling::Started(seq) => Telling::Read(self.read(seq)),
            Telling::Read(whole) if Round::of(&whole, self.last.as_ref()).is_empty() => {
                Telling::Posted(whole)
            }
            Telling::Read(whole) => {
                self.begun = whole.room.seq;
                Telling::Begun(whole)
            }
            Telling::Begun(whole) => {
                self.client.hears(Round::of(&whole, self.last.as_ref()).shown_to(&self.people[0]));
                Telling::Posted(whole)
            }
            Telling::Posted(whole) => {
                self.last = Some(Round::of(&whole, self.last.as_ref()).into_last(1));
                Telling::Idle
            }
        };
    }

    fn answers(&mut self) {
        self.answering = match take(&mut self.answering) {
            Answering::Idle => Answering::Started(self.seq),
            // Until it is settled.
            Answering::Started(seq) if seq < self.seq => Answering::Started(self.seq),
            Answering::Started(seq) => Answering::Read(self.read(seq)),
            Answering::Read(whole) => {
                self.client.is_given(&whole);
                let seq = whole.room.seq;
                Answering::Given(whole, seq)
            }
            Answering::Given(_, seq) if self.begun <= seq => Answering::Idle,
            Answering::Given(whole, _) => Answering::Again(Box::new((whole, self.read(self.seq)))),
            Answering::Again(read) => {
                let (given, whole) = *read;
                let told = Round::of(&whole, Some(&given.as_told())).shown_to(&self.people[0]);
                self.client.hears(told);
                Answering::Given(given, whole.room.seq)
            }
        };
    }

    /// Nothing more happens, and all that is under way ends.
    fn ends(&mut self) {
        loop {
            if !matches!(self.answering, Answering::Idle) || self.client.asks {
                self.answers();
            } else if !self.is_all_told() {
                self.tells();
            } else {
                return;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn whoever_follows_the_rule_knows_in_the_end_who_is_in(acts in prop::collection::vec(act(), 0..60)) {
        let mut world = World::new();
        for act in acts {
            world.does(act);
        }
        world.ends();
        prop_assert_eq!(&world.client.people, &shown(&world.read(world.seq)));
    }
}
