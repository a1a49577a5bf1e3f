//! However a request is spelled, what is stored is the same, and reads as it was written.

use proptest::prelude::*;
use serde_json::{Value, json};
use wire::{Message, ROOM_METADATA, RoomMetadata, USER_METADATA, json_schema, read};

use super::properties::{self, deployments, settled};
use super::requests::{Choices, choices, message, respelled};
use super::tables::{Fields, reading};

/// What is stored of a room's metadata, in the most modest deployment and in the most generous one.
fn stored(metadata: Fields) -> [String; 2] {
    let (metadata, violations) = RoomMetadata::read(&Message::root(metadata)).expect("readable");
    assert_eq!(violations, []);
    deployments().map(|allowed| settled(metadata.clone(), &allowed))
}

/// What is stored of a person's metadata, before the server has its say.
fn person(metadata: Fields) -> Fields {
    let reading = read(USER_METADATA, &Message::root(metadata)).expect("readable");
    assert_eq!(reading.violations, []);
    reading.values
}

/// A generated message, and the same otherwise spelled.
fn two(schema: &Value, given: Vec<u8>, spelling: Vec<u8>) -> [Fields; 2] {
    let request = message(schema, &mut Choices::new(given));
    let other = respelled(schema, &request, &mut Choices::new(spelling));
    [request, other]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_spellings_of_a_room_store_the_same(given in choices(), spelling in choices()) {
        let [request, other] = two(&json_schema(ROOM_METADATA), given, spelling);
        prop_assert_eq!(stored(request), stored(other));
    }

    #[test]
    fn two_spellings_of_a_person_store_the_same(given in choices(), spelling in choices()) {
        let schema = json_schema(USER_METADATA);
        let [request, other] = two(&schema, given, spelling);
        prop_assert_eq!(&person(request.clone()), &reading(&schema, &request));
        prop_assert_eq!(person(request), person(other));
    }
}

proptest! {
    // Each is read a dozen times.
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_spelling_has_the_properties_that_the_fuzzer_asks_for(given in choices(), spelling in choices()) {
        let room = two(&json_schema(ROOM_METADATA), given.clone(), spelling.clone());
        let person = two(&json_schema(USER_METADATA), given, spelling);
        for (room, person) in room.into_iter().zip(person) {
            let body = json!({
                "room_id": "room-1",
                "maxParticipants": "3e2",
                "metadata": room,
                "user_info": {"name": "Ann", "userMetadata": person},
            });
            properties::check(body.to_string().as_bytes());
        }
    }
}
