//! `Idempotency-Key`: the first answer is kept for a day and given again.

use models::{Refusal, RoomKey, SessionToken, Timestamp, TokenId, UserId};
use store::{Claim, Halt, Keep, StoredAnswer};

use crate::run::explain;
use crate::{Answer, App, Caller, Request};

/// Shortest key of somebody whom nothing but the key tells from others.
const SHORTEST_GUEST_KEY: usize = 22;

/// Whose key it is: the same key of somebody else is another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    name: String,
    guest: bool,
}

impl Scope {
    /// An API key's.
    pub fn caller(caller: &Caller) -> Self {
        Self { name: format!("api-key {}", caller.api_key), guest: false }
    }

    /// A signed-in user's.
    pub fn user(user: &UserId) -> Self {
        Self { name: format!("user {user}"), guest: false }
    }

    /// A session token's holder's, whichever of his sittings it is.
    pub fn session(token: &SessionToken) -> Self {
        Self { name: format!("session {} {}", token.sid, token.participant), guest: false }
    }

    /// A join token's.
    pub fn join_token(id: TokenId) -> Self {
        Self { name: format!("join-token {id}"), guest: false }
    }

    /// The claim of a request under this key, which came in `field`; `request` is all that makes a request the same.
    pub fn claim(&self, field: &str, key: &str, request: &[&[u8]], now: Timestamp) -> Result<Claim, Refusal> {
        if !(1..=255).contains(&key.len()) || key.chars().any(|c| !c.is_ascii() || c.is_ascii_control()) {
            return Err(Refusal::invalid(field, "must be 1 to 255 printable ASCII characters"));
        }
        if self.guest && key.len() < SHORTEST_GUEST_KEY {
            let expected =
                format!("must have {SHORTEST_GUEST_KEY} characters or more for a guest; make it random");
            return Err(Refusal::invalid(field, expected));
        }
        Ok(Claim::new(&self.name, key, request, now))
    }

    /// Of all guests of a room together; their keys must be long, for nothing else tells them apart.
    pub fn guests(room: &RoomKey) -> Self {
        Self { name: format!("guests {room}"), guest: true }
    }
}

/// Does `work` once for each key. Without the header it is just done.
///
/// `work` hands the claim to the store, which keeps a success in the transaction that makes it true; refusals, and
/// successes that changed nothing, are kept here.
pub async fn idempotent<C, F>(app: &App<C>, request: &Request, scope: &Scope, work: F) -> Result<Answer, Halt>
where
    F: AsyncFnOnce(Option<&Claim>) -> Result<Answer, Halt>,
{
    const NAME: &str = "Idempotency-Key";
    let Some(key) = request.headers.get(NAME) else { return work(None).await };
    let parts = [
        request.method.as_str().as_bytes(),
        request.path.as_bytes(),
        request.query.as_bytes(),
        &request.body,
    ];
    let claim = scope.claim(NAME, key.to_str().map_or("", str::trim), &parts, app.clock.now())?;
    if let Some(kept) = app.store.kept_answer(&claim).await? {
        return Ok(kept.into());
    }
    let answer = match work(Some(&claim)).await {
        Ok(answer) => answer,
        Err(Halt::Kept(kept)) => return Ok(kept.into()),
        Err(halt) => explain(app.dialect, halt),
    };
    if answer.is_final() && !claim.is_spent() {
        app.store.keep_answer(&claim, &answer.stored()).await?;
    }
    Ok(answer)
}

/// The claim with the way to render the answer, for the store.
pub fn keep<'a, T>(
    claim: Option<&'a Claim>,
    render: &'a (dyn Fn(&T) -> StoredAnswer + Send + Sync),
) -> Option<Keep<'a, T>> {
    claim.map(|claim| Keep { claim, render })
}
