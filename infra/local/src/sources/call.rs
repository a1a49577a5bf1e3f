//! Calls of functions, each told of in one line.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::console::Console;
use crate::runtime::{Functions, InvokeError, Invoked};

/// A call that runs.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<Invoked, InvokeError>> + Send + 'a>>;

/// Whatever runs functions: the processes of a stack, or a test.
pub trait Invoke: Send + Sync {
    /// Calls the function of this logical id.
    fn invoke<'a>(&'a self, logical_id: &'a str, event: Bytes) -> Calling<'a>;
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, logical_id: &'a str, event: Bytes) -> Calling<'a> {
        Box::pin(Self::invoke(self, logical_id, event))
    }
}

/// One function, for an event source to call.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) functions: Arc<dyn Invoke>,
    pub(super) logical_id: String,
    /// As it is called at AWS.
    pub(super) name: String,
    /// As it is shown.
    pub(super) binary: String,
    pub(super) console: Console,
}

impl Caller {
    /// Calls it; `what` says with what.
    pub(super) async fn call(&self, what: &str, event: Bytes) -> Result<Invoked, InvokeError> {
        let started = Instant::now();
        let called = self.functions.invoke(&self.logical_id, event).await;
        match &called {
            Ok(invoked) => {
                let note = invoked.init.map(|init| format!("cold start {} ms", init.as_millis()));
                self.console.call(&self.binary, what, started.elapsed(), &note.unwrap_or_default());
            }
            Err(error) => self.notice(&format!("{what}: {error}")),
        }
        called
    }

    pub(super) fn notice(&self, text: &str) {
        self.console.notice(&self.binary, text);
    }

    pub(super) fn arn(&self) -> String {
        let (region, account) = (crate::stack::REGION, crate::stack::ACCOUNT_ID);
        format!("arn:aws:lambda:{region}:{account}:function:{}", self.name)
    }
}
