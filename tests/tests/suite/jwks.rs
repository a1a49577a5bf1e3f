//! Users whose tokens an issuer signs with keys that it publishes, against the whole stack.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testing::issuer::{ISSUER, Issuer, IssuerKey};
use testing::{Answered, Server};

/// A key that is new is found half a minute after the last fetch; the rest is for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// Asks again and again until the answer has this status.
async fn until(status: u16, ask: impl AsyncFn() -> Answered) -> Answered {
    let begun = Instant::now();
    loop {
        let answered = ask().await;
        if answered.status == status {
            return answered;
        }
        assert!(begun.elapsed() < PATIENCE, "{status} does not come: {answered:?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test]
async fn users_join_by_their_issuers_keys_through_its_rotation_and_its_absence() {
    let (rsa, ec, new) = (IssuerKey::rsa("first"), IssuerKey::ec("second"), IssuerKey::rsa("third"));
    let issuer = Issuer::start().await;
    issuer.publish(&[&rsa, &ec]);
    let url = issuer.url();
    let server = Server::start(|options| {
        options.overrides.push(("UserJwtJwksUrl".to_owned(), url));
        options.overrides.push(("UserJwtIssuer".to_owned(), ISSUER.to_owned()));
    })
    .await;

    // The secret goes on beside the keys, and neither it nor a guest asks the issuer.
    let host = server.user_token("host", "Host");
    let made = server.call("POST", "/rooms", Some(&host), None).await;
    assert_eq!(made.status, 201, "{made:?}");
    let room = format!("/rooms/{}", made.body["id"].as_str().expect("an id"));
    let path = format!("/rooms/{}/join", made.body["code"].as_str().expect("a code"));
    let join = async |token: &str| server.call("POST", &path, Some(token), None).await;
    let guest = async || server.call("POST", &path, None, Some(&json!({"guestName": "Bo"}))).await;
    assert_eq!((join(&host).await.status, guest().await.status), (201, 201));
    assert_eq!(issuer.asked(), 0);

    for (key, sub) in [(&rsa, "auth0|rita"), (&ec, "auth0|eve")] {
        let joined = join(&key.token(sub)).await;
        assert_eq!((joined.status, &joined.body["userId"]), (201, &json!(sub)), "{joined:?}");
    }
    assert_eq!(issuer.asked(), 1);
    let refused = join(&new.token("auth0|nora")).await;
    assert_eq!((refused.status, &refused.body["message"]), (401, &json!("Invalid token")));

    // A process that has the keys goes on, one that never had them says so.
    issuer.leave();
    assert_eq!(join(&ec.token("auth0|eve")).await.status, 201);
    let look = async |token: &str| server.call("GET", &room, Some(token), None).await;
    let refused = look(&ec.token("auth0|eve")).await;
    let message = "The keys of the token's issuer cannot be fetched, try again";
    let expected = json!({"statusCode": 503, "message": message, "error": "Service Unavailable"});
    assert_eq!((refused.status, &refused.body), (503, &expected));
    assert_eq!(refused.headers["retry-after"], "5");
    assert_eq!((look(&host).await.status, guest().await.status), (200, 201));

    issuer.publish(&[&ec, &new]);
    let seen = until(200, async || look(&ec.token("auth0|eve")).await).await;
    assert_ne!(seen.body["id"], Value::Null);
    until(201, async || join(&new.token("auth0|nora")).await).await;
    assert_eq!(join(&ec.token("auth0|eve")).await.status, 201);
    let gone = join(&rsa.token("auth0|rita")).await;
    assert_eq!((gone.status, &gone.body["message"]), (401, &json!("Invalid token")));
    server.stop().await;
}
