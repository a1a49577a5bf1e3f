//! `AWS::Serverless::Function`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Fault;
use super::events::{self, Events};
use super::model::{Function, Surroundings, Template};
use super::policies;
use super::resolve::{PARTITION, Scope};
use super::resources::{Identity, Resource, ResourceType, by_name};
use super::value::{Content, Map};

/// A function that is a binary of the workspace.
pub(super) static TYPE: ResourceType = ResourceType {
    name: "AWS::Serverless::Function",
    globals: Some(("Function", &["Events", "FunctionName", "Policies", "Role"])),
    effective: &[
        "Environment",
        "EventInvokeConfig",
        "Events",
        "FunctionName",
        "MemorySize",
        "PackageType",
        "Policies",
        "ReservedConcurrentExecutions",
        "Runtime",
        "Timeout",
    ],
    without_effect: Some(&[
        "Architectures",
        "AssumeRolePolicyDocument",
        "AutoPublishAlias",
        "CodeSigningConfigArn",
        "CodeUri",
        "DeploymentPreference",
        "Description",
        "EphemeralStorage",
        "Handler",
        "KmsKeyArn",
        "LoggingConfig",
        "PropagateTags",
        "ProvisionedConcurrencyConfig",
        "RecursiveLoop",
        "RolePath",
        "RuntimeManagementConfig",
        "SourceKMSKeyArn",
        "Tags",
        "Tracing",
        "VersionDescription",
        "VpcConfig",
    ]),
    name_property: Some("FunctionName"),
    reference: by_name,
    attribute,
    read,
};

/// Lambda's own default, in seconds.
const DEFAULT_TIMEOUT: u32 = 3;
/// Lambda's own default, in MB.
const DEFAULT_MEMORY: u32 = 128;
/// Lambda's own default, and the most there is.
const MOST_ASYNC_RETRIES: u32 = 2;

fn attribute(identity: &Identity<'_>, attribute: &str) -> Option<Content> {
    (attribute == "Arn").then(|| identity.arn("lambda", &format!("function:{}", identity.name)))
}

fn read(resource: &Resource<'_>, scope: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    let properties = resource.properties()?;
    if let Some(runtime) = properties.get("Runtime") {
        runtime.as_one_of("Runtime", &["provided.al2", "provided.al2023"])?;
    }
    if let Some(package) = properties.get("PackageType") {
        package.as_one_of("PackageType", &["Zip"])?;
    }
    if let Some(other) = template.functions.iter().find(|other| other.name == resource.name) {
        let what = format!("`{}` has the name of `{}` too", resource.logical_id, other.logical_id);
        return Err(Fault::invalid(resource.line, what));
    }
    let Events { routes, streams, queues, schedules } =
        events::read(properties.fields("Events")?, &template.functions, scope)?;
    let timeout = properties.whole("Timeout", &(1..=900))?.unwrap_or(DEFAULT_TIMEOUT);
    let function = Function {
        logical_id: resource.logical_id.to_owned(),
        name: resource.name.clone(),
        binary: binary(resource)?,
        memory_mb: properties.whole("MemorySize", &(128..=10_240))?.unwrap_or(DEFAULT_MEMORY),
        timeout: Duration::from_secs(timeout.into()),
        reserved_concurrency: properties.whole("ReservedConcurrentExecutions", &(0..=u32::MAX))?,
        environment: environment(&properties)?,
        grants: policies::read(properties.list("Policies")?)?,
        routes,
        streams,
        queues,
        schedules,
        async_retries: async_retries(&properties)?,
    };
    check_secrets(&function, resource, scope)?;
    template.functions.push(function);
    Ok(())
}

/// A function may read the secrets that its variables name; on this machine it is given them, so it would not show.
fn check_secrets(function: &Function, resource: &Resource<'_>, scope: &Scope<'_>) -> Result<(), Fault> {
    let Surroundings { region, account_id, .. } = scope.surroundings;
    for (variable, value) in &function.environment {
        let Some(name) = value.strip_prefix("ssm:") else { continue };
        let arn = format!("arn:{PARTITION}:ssm:{region}:{account_id}:parameter{name}");
        if !function.grants.iter().any(|grant| grant.allows("ssm:GetParameter", &arn)) {
            let what =
                format!("{}: {variable}: no policy allows ssm:GetParameter on {arn}", resource.title());
            return Err(Fault::invalid(resource.line, what));
        }
    }
    Ok(())
}

/// The binary that `cargo lambda` is told to build.
fn binary(resource: &Resource<'_>) -> Result<String, Fault> {
    let missing = || {
        let what = format!("{}: `Metadata.BuildProperties.Binary` is missing", resource.title());
        Fault::invalid(resource.line, what)
    };
    let metadata = resource.metadata.as_ref().ok_or_else(missing)?.as_fields("Metadata")?;
    let field = |name| metadata.iter().find(|field| field.name == name).map(|field| &field.value);
    if let Some(method) = field("BuildMethod") {
        method.as_one_of("BuildMethod", &["rust-cargolambda"])?;
    }
    let build = field("BuildProperties").ok_or_else(missing)?.as_map("BuildProperties", &["Binary"])?;
    build.get("Binary").ok_or_else(missing)?.as_text("Binary").map(ToOwned::to_owned)
}

/// Where what failed for good goes is unknown until somebody needs it.
fn async_retries(properties: &Map<'_>) -> Result<u32, Fault> {
    const KNOWN: &[&str] = &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    let config = properties.map("EventInvokeConfig", KNOWN)?;
    let retries =
        config.map(|map| map.whole("MaximumRetryAttempts", &(0..=MOST_ASYNC_RETRIES))).transpose()?;
    Ok(retries.flatten().unwrap_or(MOST_ASYNC_RETRIES))
}

fn environment(properties: &Map<'_>) -> Result<BTreeMap<String, String>, Fault> {
    let Some(environment) = properties.map("Environment", &["Variables"])? else {
        return Ok(BTreeMap::new());
    };
    environment
        .fields("Variables")?
        .iter()
        .map(|field| Ok((field.name.clone(), field.value.as_text(&field.name)?.to_owned())))
        .collect()
}
