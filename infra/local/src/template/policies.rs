//! `Policies` of a function: what its role allows. Known are statements that allow named actions on named resources, for
//! nothing else is a policy of least privilege made of.

use super::error::Fault;
use super::model::Grant;
use super::value::{Content, Value};

/// The services that the stack answers for, and so can hold to a policy.
const SERVICES: [&str; 4] = ["dynamodb", "execute-api", "sqs", "ssm"];

/// What these policies allow together, in the order of the file.
pub(super) fn read(policies: &[Value]) -> Result<Vec<Grant>, Fault> {
    let mut grants = Vec::new();
    for policy in policies {
        let policy = policy.as_map("a policy", &["Statement", "Version"])?;
        if let Some(version) = policy.get("Version") {
            version.as_one_of("Version", &["2012-10-17"])?;
        }
        for statement in policy.required("Statement")?.as_list("Statement")? {
            let statement = statement.as_map("a statement of a policy", &["Action", "Effect", "Resource"])?;
            statement.required("Effect")?.as_one_of("Effect", &["Allow"])?;
            let resources = each(statement.required("Resource")?);
            let resources = resources.iter().map(resource).collect::<Result<Vec<_>, _>>()?;
            for value in each(statement.required("Action")?) {
                let name = action(value)?;
                let grant = |resource: &&str| Grant {
                    action: name.to_owned(),
                    resource: (*resource).to_owned(),
                    line: value.line,
                };
                grants.extend(resources.iter().map(grant));
            }
        }
    }
    Ok(grants)
}

/// The values of a list; of anything else itself.
fn each(value: &Value) -> &[Value] {
    match &value.content {
        Content::List(values) => values,
        _ => std::slice::from_ref(value),
    }
}

fn action(value: &Value) -> Result<&str, Fault> {
    let action = value.as_text("Action")?;
    let is_named = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match action.split_once(':') {
        Some((service, name)) if SERVICES.contains(&service) && is_named(name) => Ok(action),
        _ => {
            let services = SERVICES.join(", ");
            let what = format!("Action: expected one action of {services}, by its name, found `{action}`");
            Err(Fault::unknown(value.line, what))
        }
    }
}

/// An asterisk may stand at the end of a name.
fn resource(value: &Value) -> Result<&str, Fault> {
    let resource = value.as_text("Resource")?;
    let named = resource.strip_suffix('*').unwrap_or(resource);
    if named.starts_with("arn:") && !named.ends_with(':') && !named.contains(['*', '?']) {
        return Ok(resource);
    }
    let what = format!(
        "Resource: expected an ARN, in which an asterisk stands at most at the end of a name, found `{resource}`"
    );
    Err(Fault::unknown(value.line, what))
}
