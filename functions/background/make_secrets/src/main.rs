//! The Lambda of the custom resource `Secrets`.

use api::{Env, Parts, log};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use make_secrets::{Event, Stores, handle, send};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    run(service_fn(async |event: LambdaEvent<Event>| {
        let (env, parts, event) = (Env::of_process(), Parts::default(), event.payload);
        // Connected here and not at the start: whatever is wrong has to be told to CloudFormation, which waits.
        let vault = Stores::connect(&env, &parts);
        let reply = Box::pin(handle(vault, &*parts.clock, &*parts.random, &event)).await;
        // An error here makes Lambda call again.
        Ok::<_, Error>(send(event.response_url(), &reply).await?)
    }))
    .await
}
