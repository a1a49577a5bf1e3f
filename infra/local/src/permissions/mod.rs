//! What functions may do: the policies of their roles, held against each call of DynamoDB, SQS, SSM and `@connections` as IAM does.
//!
//! A function's process has an access key id of its own, which every signed call shows. Whoever else calls owns the stack,
//! and may do everything. What no policy allows is refused, told of on the console, and remembered for tests; so is what
//! was used of what the policies allow.

mod gate;
mod needs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header::{AUTHORIZATION, HeaderMap};

pub use gate::{Parameters, serve};
pub(crate) use needs::Need;

use crate::console::Console;
use crate::stack::ACCOUNT_ID;
use crate::template::{Function, Grant, Template};

/// The access key id of a function's processes: the logical id that SAM gives its role.
pub fn access_key_id(function: &Function) -> String {
    format!("{}Role", function.logical_id)
}

/// A call that no policy of its caller allows; what AWS says of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role} is not authorized to perform: {need} because no identity-based policy allows the {} action",
    need.action
)]
pub struct Denied {
    role: String,
    need: Need,
}

/// Something that a policy allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// The binary of the function.
    pub function: String,
    /// `dynamodb:GetItem`.
    pub action: String,
    /// The ARN, as the policy has it.
    pub resource: String,
}

/// The roles of a stack's functions.
pub struct Permissions {
    /// By access key id.
    roles: BTreeMap<String, Role>,
    seen: Mutex<Seen>,
    console: Console,
}

struct Role {
    binary: String,
    grants: Vec<Grant>,
}

#[derive(Default)]
struct Seen {
    /// By access key id, with the place among its grants.
    used: BTreeSet<(String, usize)>,
    denied: Vec<String>,
}

impl fmt::Debug for Permissions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.roles.keys()).finish()
    }
}

impl Permissions {
    /// What the template's functions may do.
    pub fn of(template: &Template, console: Console) -> Self {
        let role = |function: &Function| {
            let role = Role { binary: function.binary.clone(), grants: function.grants.clone() };
            (access_key_id(function), role)
        };
        let permissions =
            Self { roles: template.functions.iter().map(role).collect(), seen: Mutex::default(), console };
        permissions.note_failures(template);
        permissions
    }

    /// Where the records of a stream go that are given up: Lambda sends them there as the function.
    fn note_failures(&self, template: &Template) {
        for function in &template.functions {
            let targets = function.streams.iter().filter_map(|stream| stream.on_failure.as_ref());
            for target in targets {
                let sends = |grant: &Grant| grant.allows("sqs:SendMessage", target);
                if let Some(place) = function.grants.iter().position(sends) {
                    self.seen().used.insert((access_key_id(function), place));
                }
            }
        }
    }

    /// Whether who sends these headers may do all of this.
    pub(crate) fn check(&self, headers: &HeaderMap, needs: Vec<Need>) -> Result<(), Denied> {
        let Some((id, role)) = access_key(headers).and_then(|id| self.roles.get_key_value(id)) else {
            return Ok(());
        };
        for need in needs {
            let allows = |grant: &Grant| grant.allows(&need.action, &need.resource);
            if let Some(place) = role.grants.iter().position(allows) {
                self.seen().used.insert((id.clone(), place));
                continue;
            }
            let text = format!("no policy of template.yaml allows {need}");
            self.console.notice(&role.binary, &text);
            self.seen().denied.push(format!("{}: {text}", role.binary));
            return Err(Denied { role: id.clone(), need });
        }
        Ok(())
    }

    /// What was refused so far, each in a line.
    pub fn denied(&self) -> Vec<String> {
        self.seen().denied.clone()
    }

    /// What the policies allow and nobody has done so far.
    pub fn unused(&self) -> BTreeSet<Allowed> {
        let seen = self.seen();
        let all = self.roles.iter().flat_map(|(id, role)| {
            role.grants.iter().enumerate().map(move |(place, grant)| (id, role, place, grant))
        });
        all.filter(|(id, _, place, _)| !seen.used.contains(&((*id).clone(), *place)))
            .map(|(_, role, _, grant)| Allowed {
                function: role.binary.clone(),
                action: grant.action.clone(),
                resource: grant.resource.clone(),
            })
            .collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The access key id in the credential of a signed request.
fn access_key(headers: &HeaderMap) -> Option<&str> {
    let (_, credential) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once("Credential=")?;
    credential.split_once('/').map(|(id, _)| id)
}
