use std::time::Duration;

use api::{Env, KeyRing};
use models::Refusal;
use store::Halt;
use testing::{Call, TestTable};

use super::*;

fn id() -> ApiKeyId {
    ApiKeyId::try_from("acme-1").expect("an id")
}

fn keys(table: &TestTable) -> Keys {
    Keys::in_table(table.store(), table.parts().clone())
}

fn create(tenant: &str, permissions: &[Permission]) -> Command {
    let tenant = Tenant::try_from(tenant).expect("a tenant");
    Command::Create { id: id(), tenant, permissions: permissions.to_vec() }
}

async fn secret(keys: &Keys, command: Command) -> Secret {
    match keys.carry_out(&command).await {
        Ok(Done::Made(secret)) => secret,
        other => panic!("{other:?}"),
    }
}

/// Whether a call that is signed with this secret is taken, and of whom.
async fn taken(
    table: &TestTable,
    ring: &KeyRing,
    secret: &Secret,
    permission: Permission,
) -> Result<Tenant, Refusal> {
    let call = Call::new("POST", "/").signed_by(id().as_str(), secret.text());
    let caller = ring.authenticate(&table.store(), &*table.clock, &call.request(), permission).await;
    caller.map(|caller| caller.tenant).map_err(|halt| match halt {
        Halt::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn a_key_is_rotated_without_a_moment_in_which_nothing_works() {
    let table = TestTable::new().await;
    let (keys, ring) = (keys(&table), KeyRing::new(&Env::new([])));
    let first = secret(&keys, create("acme", &[])).await;
    assert_eq!(taken(&table, &ring, &first, Permission::Create).await.expect("good").as_str(), "acme");

    let second = secret(&keys, Command::Rotate { id: id() }).await;
    table.clock.advance(Duration::from_secs(2));
    for secret in [&first, &second] {
        assert!(taken(&table, &ring, secret, Permission::Create).await.is_ok(), "a warm process knows both");
    }
    let third = keys.carry_out(&Command::Rotate { id: id() }).await;
    assert!(matches!(third, Err(Failure::InRotation(_))), "{third:?}");

    let done = keys.carry_out(&Command::Retire { id: id() }).await.expect("retired");
    assert_eq!(done.to_string(), "tenant acme, active, allows create,tokens,read, secrets 1");
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(taken(&table, &ring, &first, Permission::Create).await, Err(Refusal::InvalidSignature));
    assert!(taken(&table, &ring, &second, Permission::Create).await.is_ok());
    let last = keys.carry_out(&Command::Retire { id: id() }).await;
    assert!(matches!(last, Err(Failure::LastSecret(_))), "{last:?}");
}

#[tokio::test]
async fn a_disabled_key_stops_within_a_minute() {
    let table = TestTable::new().await;
    let (keys, ring) = (keys(&table), KeyRing::new(&Env::new([])));
    let secret = secret(&keys, create("acme", &[])).await;
    assert!(taken(&table, &ring, &secret, Permission::Read).await.is_ok());
    keys.carry_out(&Command::Disable { id: id() }).await.expect("switched off");
    table.clock.advance(Duration::from_mins(1));
    assert_eq!(taken(&table, &ring, &secret, Permission::Read).await, Err(Refusal::InvalidApiKey));
    keys.carry_out(&Command::Enable { id: id() }).await.expect("switched on");
    assert!(taken(&table, &ring, &secret, Permission::Read).await.is_ok());
}

#[tokio::test]
async fn a_key_does_what_it_is_allowed_and_nothing_else() {
    let table = TestTable::new().await;
    let (keys, ring) = (keys(&table), KeyRing::new(&Env::new([])));
    let secret = secret(&keys, create("acme", &[Permission::Tokens])).await;
    assert!(taken(&table, &ring, &secret, Permission::Tokens).await.is_ok());
    for other in [Permission::Create, Permission::Read] {
        assert_eq!(taken(&table, &ring, &secret, other).await, Err(Refusal::NotPermitted(other)));
    }
}

#[test]
fn a_keys_name_has_letters_digits_dashes_and_underscores_only() {
    assert!(api_key_id("Acme_1-a").is_ok());
    for bad in ["", "a/b", "a.b", "a b", "ä", "a\n", &"a".repeat(65)] {
        assert!(api_key_id(bad).is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn a_key_is_made_once_and_what_is_unknown_is_said() {
    let table = TestTable::new().await;
    let keys = keys(&table);
    let unknown = keys.carry_out(&Command::Show { id: id() }).await;
    assert!(matches!(unknown, Err(Failure::Unknown(_))), "{unknown:?}");
    secret(&keys, create("acme", &[])).await;
    let again = keys.carry_out(&create("other", &[])).await;
    assert!(matches!(again, Err(Failure::Taken(_))), "{again:?}");
}
