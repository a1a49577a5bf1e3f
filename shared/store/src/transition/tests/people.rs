//! Random people, and writes of them.

use models::transition::{Becomes, Brings, Held, PersonNeed, PersonTransition};
use models::{
    Client, Connection, Denial, Entry, Media, MediaChange, Metadata, MutedBy, Participant, ParticipantId,
    Profile, Role, Sid, Standing,
};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::{NOW, lock_change, moment, once_each, session, sid, token, user, words};
use crate::items::{Item, TokenRecord, encode};

fn socket() -> impl Strategy<Value = Connection> {
    (select(vec!["one", "two"]), select(vec![Client::Plain, Client::SocketIo]))
        .prop_map(|(id, client)| Connection { id: id.try_into().expect("an id"), client })
}

fn held() -> impl Strategy<Value = Held> {
    prop_oneof![socket().prop_map(Held::By), moment().prop_map(Held::Until)]
}

fn media() -> impl Strategy<Value = Media> {
    any::<[bool; 4]>().prop_map(|[audio, video, screen, hand]| Media { audio, video, screen, hand })
}

fn media_change() -> impl Strategy<Value = MediaChange> {
    any::<[Option<bool>; 4]>().prop_map(|[audio, video, screen, hand]| MediaChange {
        audio,
        video,
        screen,
        hand,
    })
}

pub(super) fn person() -> impl Strategy<Value = Participant> {
    let sits = (session(), prop::option::of(session()), any::<bool>());
    let times = (prop::option::of(moment()), prop::option::of(moment()), prop::option::of(moment()));
    let muted_by =
        prop::option::of(moment().prop_map(|at| MutedBy { id: ParticipantId(Uuid::from_u128(7)), at }));
    let shows = (prop::option::of(socket()), media(), muted_by);
    (
        sid(),
        standing(),
        sits,
        (times, shows),
        prop::option::of(moment()),
        (any::<(bool, bool, bool)>(), words()),
    )
        .prop_map(
            |(
                sid,
                standing,
                (session, previous, admitted),
                (times, (connection, media, muted_by)),
                expires,
                has,
            )| {
                let ((joined, waiting, lease), ((first, second, removed), said)) = (times, has);
                // A sitting that outlasts its place is one that may come back to it.
                let released = standing == Standing::Left && admitted;
                let present = released || matches!(standing, Standing::Active | Standing::Waiting);
                let has = [first.then_some(1), second.then_some(2)].into_iter().flatten();
                Participant {
                    session: present.then_some(session),
                    previous_session: previous.filter(|_| present),
                    metadata: Some(Metadata::Text("{}".to_owned())),
                    said,
                    joined_at: joined,
                    waiting_since: waiting,
                    admitted,
                    tokens: has.map(|id| (Uuid::from_u128(id), NOW)).collect(),
                    connection,
                    media,
                    muted_by,
                    removed,
                    lease,
                    expires_at: expires,
                    ..Participant::new(sid, user(), standing)
                }
            },
        )
}

fn standing() -> impl Strategy<Value = Standing> {
    select(vec![Standing::Invited, Standing::Waiting, Standing::Active, Standing::Left, Standing::Banned])
}

fn person_need() -> impl Strategy<Value = PersonNeed> {
    prop_oneof![
        Just(PersonNeed::Unknown),
        sid().prop_map(PersonNeed::Of),
        standing().prop_map(PersonNeed::Stands),
        standing().prop_map(PersonNeed::StandsNot),
        token().prop_map(PersonNeed::Token),
        any::<bool>().prop_map(PersonNeed::CameBefore),
        session().prop_map(PersonNeed::Sits),
        session().prop_map(PersonNeed::SitsOrSat),
        socket().prop_map(|socket| PersonNeed::Connected(socket.id)),
        Just(PersonNeed::Unconnected),
        moment().prop_map(PersonNeed::Lease),
        moment().prop_map(PersonNeed::ExpiresBy),
    ]
}

fn entering() -> impl Strategy<Value = Becomes> {
    let entry = select(vec![Entry::Seat, Entry::Session, Entry::Same, Entry::Wait]);
    let account = prop::option::of(Just("https://example.com/a.png".to_owned())).prop_map(|avatar_url| {
        let profile = Profile { name: "Ann".to_owned(), avatar_url };
        Brings::Account { profile, role: Role::Host }
    });
    let brings = prop_oneof![token().prop_map(Brings::Token), session().prop_map(Brings::Sitting), account,];
    let known = any::<(bool, bool)>();
    (entry, session(), held(), known, brings).prop_map(
        |(entry, session, held, (came_before, waits), brings)| {
            let id = ParticipantId(Uuid::from_u128(9));
            Becomes::In { entry, id, session, held, came_before, waits, brings }
        },
    )
}

fn becomes() -> impl Strategy<Value = Becomes> {
    let tokens = || prop::collection::vec(token(), 1..2);
    let message = select(vec![None, Some(String::new()), Some("bye".to_owned())]);
    let invited = (prop::option::of(moment()), prop::collection::vec(Just(Uuid::from_u128(1)), 0..2));
    prop_oneof![
        1 => person().prop_map(|person| Becomes::New(Box::new(Participant { tokens: vec![], ..person }))),
        4 => entering(),
        2 => (standing(), tokens(), message)
            .prop_map(|(standing, tokens, message)| Becomes::Out { standing, tokens, message }),
        1 => Just(Becomes::Released),
        1 => select(vec![Denial::Moderator, Denial::Full, Denial::Locked]).prop_map(Becomes::Denied),
        2 => (prop::option::of(moment()), any::<bool>())
            .prop_map(|(lease, came_before)| Becomes::Admitted { lease, came_before }),
        2 => prop::option::of(moment()).prop_map(|lease| Becomes::Waits { lease }),
        1 => (standing(), tokens()).prop_map(|(standing, tokens)| Becomes::Stands { standing, tokens }),
        1 => (session(), session(), held())
            .prop_map(|(previous, session, held)| Becomes::Sits { previous, session, held }),
        1 => moment().prop_map(Becomes::Lost),
        1 => media_change().prop_map(Becomes::Shows),
        1 => Just(Becomes::Muted(ParticipantId(Uuid::from_u128(8)))),
        1 => Just(Becomes::Settled),
        1 => invited.prop_map(|(expires_at, dropped)| Becomes::Invited {
            token: Uuid::from_u128(3),
            token_expires_at: NOW,
            expires_at,
            dropped,
        }),
        1 => (lock_change(), 1..9_u64).prop_map(|(change, number)| Becomes::Told { change, number }),
        1 => tokens().prop_map(Becomes::Loses),
        1 => Just(Becomes::Gone),
    ]
}

pub(super) fn person_transition() -> impl Strategy<Value = PersonTransition> {
    (prop::collection::vec(person_need(), 0..3), becomes()).prop_map(|(needs, becomes)| {
        // Each with what it is never without: what it copies must be there.
        let mut all = match &becomes {
            Becomes::In { entry: Entry::Same, .. } => vec![PersonNeed::Stands(Standing::Active)],
            Becomes::In { entry: Entry::Wait, waits: true, .. } => {
                vec![PersonNeed::Stands(Standing::Waiting)]
            }
            Becomes::In { entry: Entry::Seat | Entry::Session, came_before: true, .. }
            | Becomes::Admitted { came_before: true, .. } => {
                vec![PersonNeed::CameBefore(true)]
            }
            Becomes::New(_) | Becomes::Gone => vec![],
            _ => vec![PersonNeed::Of(Sid(Uuid::from_u128(1)))],
        };
        if let Becomes::In { brings, .. } = &becomes {
            all.push(match brings {
                Brings::Token(token) => PersonNeed::Token(*token),
                Brings::Sitting(session) => PersonNeed::SitsOrSat(*session),
                Brings::Account { .. } => PersonNeed::Of(Sid(Uuid::from_u128(1))),
            });
        }
        all.extend(needs);
        once_each(&mut all);
        PersonTransition { now: NOW, needs: all, becomes }
    })
}

/// A join token that brings what is there already, so that what it brings makes no difference.
pub(super) fn token_record(person: &Participant) -> Item {
    encode(&TokenRecord {
        exp: NOW,
        name: person.profile.name.clone(),
        role: person.role,
        hidden: person.hidden,
        locks: person.locks.clone(),
        metadata: Metadata::Text("{}".to_owned()),
    })
}
