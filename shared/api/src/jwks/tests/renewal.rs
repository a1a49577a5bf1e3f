//! When the keys are fetched, and what is good while they cannot be.

use std::iter::repeat_n;

use serde_json::json;

use super::issuer::{Reply, Signer};
use super::*;

/// A rotation at an issuer: the key of before, the one of after, and what it publishes at first.
struct Rotation {
    old: Signer,
    new: Signer,
    issuer: Issuer,
    users: Users,
}

impl Rotation {
    async fn start() -> Self {
        Self::with("").await
    }

    /// The same, where these headers go with the set.
    async fn with(headers: &'static str) -> Self {
        let (old, new) = (Signer::ec("old"), Signer::ec("new"));
        let issuer = Issuer::start(Reply::set_with(headers, &[old.jwk(json!({}))])).await;
        let users = users(&issuer);
        Self { old, new, issuer, users }
    }

    /// Whose the old key's token is after as many seconds.
    async fn by_old(&self, seconds: u64) -> Result<String, Refusal> {
        user_at(&self.users, &self.old.token(json!({})), after(seconds)).await
    }

    async fn by_new(&self, seconds: u64) -> Result<String, Refusal> {
        user_at(&self.users, &self.new.token(json!({})), after(seconds)).await
    }

    /// The new key stands beside the old one.
    fn begin(&self) {
        self.issuer.reply(Reply::set(&[self.old.jwk(json!({})), self.new.jwk(json!({}))]));
    }

    /// The old key is gone.
    fn end(&self) {
        self.issuer.reply(Reply::set(&[self.new.jwk(json!({}))]));
    }

    fn down(&self) {
        self.issuer.reply(Reply::Cut);
    }

    fn asked(&self) -> usize {
        self.issuer.asked()
    }
}

#[tokio::test]
async fn the_keys_are_fetched_at_the_first_token_and_every_ten_minutes() {
    let keys = Rotation::start().await;
    assert_eq!(keys.asked(), 0);
    for (seconds, asked) in [(0, 1), (1, 1), (599, 1), (600, 2), (1199, 2), (1200, 3)] {
        assert_eq!(keys.by_old(seconds).await, ann());
        assert_eq!(keys.asked(), asked, "after {seconds} s");
    }
}

#[tokio::test]
async fn an_issuer_says_how_long_its_keys_are_good_within_limits() {
    for (headers, good_for) in [
        ("Cache-Control: max-age=120\r\n", 120),
        ("Cache-Control: public, MAX-AGE=1800, must-revalidate\r\n", 1800),
        ("Cache-Control: public\r\nCache-Control: max-age=120\r\n", 120),
        ("Cache-Control: max-age=5\r\n", 60),
        ("Cache-Control: max-age=0\r\n", 60),
        ("Cache-Control: no-store\r\n", 60),
        ("Cache-Control: no-cache, max-age=600\r\n", 60),
        ("Cache-Control: max-age=86400\r\n", 3600),
        ("Cache-Control: max-age=soon\r\n", 600),
        ("Cache-Control: s-maxage=7\r\n", 600),
    ] {
        let keys = Rotation::with(headers).await;
        for (seconds, asked) in [(0, 1), (good_for - 1, 1), (good_for, 2)] {
            assert_eq!(keys.by_old(seconds).await, ann());
            assert_eq!(keys.asked(), asked, "{headers:?} after {seconds} s");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_new_is_found_and_one_that_is_gone_stops() {
    let keys = Rotation::start().await;
    assert_eq!(keys.by_old(0).await, ann());
    keys.begin();
    assert_eq!(keys.by_new(29).await, Err(Refusal::InvalidToken), "asked a moment ago");
    assert_eq!(keys.asked(), 1);
    assert_eq!(keys.by_new(30).await, ann());
    assert_eq!(keys.by_old(30).await, ann());
    assert_eq!(keys.asked(), 2);
    keys.end();
    assert_eq!(keys.by_old(629).await, ann(), "until the set is due");
    assert_eq!(keys.by_old(630).await, Err(Refusal::InvalidToken));
    assert_eq!(keys.by_new(630).await, ann());
    assert_eq!(keys.asked(), 3);
}

#[tokio::test]
async fn names_that_nobody_knows_are_no_flood_of_fetches() {
    let keys = Rotation::start().await;
    assert_eq!(keys.by_old(0).await, ann());
    for seconds in 0..120 {
        let kid = Some(format!("forged {seconds}"));
        let header =
            jsonwebtoken::Header { kid, ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256) };
        let forged = keys.new.token_under(&header, json!({}));
        assert_eq!(user_at(&keys.users, &forged, after(seconds)).await, Err(Refusal::InvalidToken));
    }
    assert_eq!(keys.asked(), 1 + 3, "at most one in half a minute");
    let forged = Signer::ec("old").token(json!({}));
    assert_eq!(user_at(&keys.users, &forged, after(200)).await, Err(Refusal::InvalidToken));
    assert_eq!(keys.asked(), 4, "a wrong signature by a key that is known asks nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_are_one_fetch() {
    let keys = Arc::new(Rotation::start().await);
    for (wave, seconds) in [(1, 0), (2, 600)] {
        let all = repeat_n((), 50).map(|()| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.by_old(seconds).await })
        });
        for one in all.collect::<Vec<_>>() {
            assert_eq!(one.await.expect("no panic"), ann());
        }
        assert_eq!(keys.asked(), wave);
    }
}

#[tokio::test]
async fn an_issuer_that_is_away_at_first_is_no_pass_and_is_asked_again_soon() {
    let keys = Rotation::start().await;
    keys.down();
    assert_eq!(keys.by_old(0).await, Err(Refusal::IssuerUnavailable));
    assert_eq!(keys.by_old(4).await, Err(Refusal::IssuerUnavailable));
    assert_eq!(keys.asked(), 1);
    assert_eq!(keys.by_old(5).await, Err(Refusal::IssuerUnavailable));
    assert_eq!(keys.asked(), 2);
    keys.begin();
    assert_eq!(keys.by_old(9).await, Err(Refusal::IssuerUnavailable));
    assert_eq!(keys.by_old(10).await, ann());
    assert_eq!(keys.by_new(10).await, ann());
    assert_eq!(keys.asked(), 3);
}

#[tokio::test]
async fn an_issuer_that_is_away_later_leaves_its_keys_for_an_hour() {
    let keys = Rotation::start().await;
    assert_eq!(keys.by_old(0).await, ann());
    keys.down();
    for (seconds, asked) in [(599, 1), (600, 2), (601, 2), (629, 2), (630, 3), (3599, 4)] {
        assert_eq!(keys.by_old(seconds).await, ann(), "after {seconds} s");
        assert_eq!(keys.asked(), asked, "after {seconds} s");
    }
    assert_eq!(keys.by_new(3599).await, Err(Refusal::IssuerUnavailable), "it may be a new key");
    assert_eq!(keys.by_old(3600).await, Err(Refusal::IssuerUnavailable));
    keys.begin();
    assert_eq!(keys.by_old(3610).await, ann());
    assert_eq!(keys.by_new(3610).await, ann());
    assert_eq!(
        user_at(&keys.users, &Signer::ec("x").token(json!({})), after(3611)).await,
        Err(Refusal::InvalidToken)
    );
}

#[tokio::test]
async fn an_unknown_key_while_the_issuer_is_away_takes_nothing_from_those_that_are_known() {
    let keys = Rotation::start().await;
    assert_eq!(keys.by_old(0).await, ann());
    keys.down();
    for seconds in [30, 31] {
        assert_eq!(keys.by_new(seconds).await, Err(Refusal::IssuerUnavailable), "it may be a new key");
        assert_eq!(keys.by_old(seconds).await, ann());
    }
    assert_eq!(keys.asked(), 2);
    keys.end();
    assert_eq!(keys.by_new(60).await, ann());
    assert_eq!(keys.by_old(60).await, Err(Refusal::InvalidToken), "it is no key any more");
}

#[tokio::test]
async fn nobody_waits_long_for_an_issuer() {
    let issuer = Issuer::start(Reply::Silence).await;
    let token = Signer::ec("old").token(json!({}));
    let users = users_of(&issuer.url(), Duration::from_millis(200));
    assert_eq!(user(&users, &token).await, Err(Refusal::IssuerUnavailable));
    let nobody = "http://127.0.0.1:1/jwks.json";
    assert_eq!(
        user(&users_of(nobody, Duration::from_secs(20)), &token).await,
        Err(Refusal::IssuerUnavailable)
    );
    let plain = issuer.url().replace("http:", "https:");
    assert_eq!(
        user(&users_of(&plain, Duration::from_millis(500)), &token).await,
        Err(Refusal::IssuerUnavailable)
    );
}
