//! Routes of the WebSocket API whose names SAM does not take, because there is a hyphen in them: `AWS::ApiGatewayV2::Route`,
//! with its `AWS::ApiGatewayV2::Integration` and the `AWS::Lambda::Permission` that SAM would otherwise make.

use super::error::Fault;
use super::function;
use super::model::Template;
use super::resolve::{PARTITION, Scope};
use super::resources::{Declared, Resource, ResourceType, by_name};
use super::value::{Content, Map, Value};
use super::websocket_api::{self, WebSocketRoute};

/// A route. An authorizer, an answer or an API key would change what a client gets.
pub(super) static ROUTE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Route",
    globals: None,
    effective: &["ApiId", "AuthorizationType", "RouteKey", "Target"],
    without_effect: Some(&["OperationName"]),
    name_property: None,
    reference: by_name,
    attribute: |identity, attribute| (attribute == "RouteId").then(|| by_name(identity)),
    read: read_route,
};

/// What a route calls.
pub(super) static INTEGRATION: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Integration",
    globals: None,
    effective: &["ApiId", "IntegrationMethod", "IntegrationType", "IntegrationUri", "TimeoutInMillis"],
    without_effect: Some(&["Description"]),
    name_property: None,
    reference: by_name,
    attribute: |identity, attribute| (attribute == "IntegrationId").then(|| by_name(identity)),
    read: |resource, scope, _| integration(&resource.properties()?, scope).map(|_| ()),
};

/// Who may call a function.
pub(super) static PERMISSION: ResourceType = ResourceType {
    name: "AWS::Lambda::Permission",
    globals: None,
    effective: &["Action", "FunctionName", "Principal", "SourceArn"],
    without_effect: Some(&["SourceAccount"]),
    name_property: None,
    reference: by_name,
    attribute: |identity, attribute| (attribute == "Id").then(|| by_name(identity)),
    read: |resource, scope, _| permission(&resource.properties()?, scope).map(|_| ()),
};

/// Who calls functions on behalf of clients.
const GATEWAY: &str = "apigateway.amazonaws.com";

/// What an `AWS::Lambda::Permission` allows.
struct Permission {
    /// The logical id of the function.
    function: String,
    principal: String,
    /// A pattern; without one, anything.
    source: Option<String>,
}

fn read_route(resource: &Resource<'_>, scope: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    let properties = resource.properties()?;
    let api = websocket_api::find(properties.required("ApiId")?, scope)?;
    if let Some(kind) = properties.get("AuthorizationType") {
        kind.as_one_of("AuthorizationType", &["NONE"])?;
    }
    let key = properties.text("RouteKey")?;
    let target = properties.required("Target")?;
    let route = WebSocketRoute { key: key.to_owned(), line: resource.line, ..target_of(target, scope)? };
    if let Some(source) = websocket_api::route_arn(api, key, scope)?
        && !may_call(&source, &route.function, scope)?
    {
        let what = format!("no AWS::Lambda::Permission lets {GATEWAY} call `{}` for `{key}`", route.function);
        return Err(Fault::invalid(resource.line, what));
    }
    websocket_api::add_route(route, template)
}

/// The route to an integration that a `Target` names, without its key.
fn target_of(target: &Value, scope: &Scope<'_>) -> Result<WebSocketRoute, Fault> {
    let name = target.as_text("Target")?.strip_prefix("integrations/").unwrap_or_default();
    for declared in present(&INTEGRATION, scope)? {
        if scope.identify(declared)?.name == name {
            return with_properties(declared, scope, |properties| integration(properties, scope));
        }
    }
    let what = format!("Target: this is no {} of the template", INTEGRATION.name);
    Err(Fault::unknown(target.line, what))
}

fn integration(properties: &Map<'_>, scope: &Scope<'_>) -> Result<WebSocketRoute, Fault> {
    websocket_api::find(properties.required("ApiId")?, scope)?;
    properties.required("IntegrationType")?.as_one_of("IntegrationType", &["AWS_PROXY"])?;
    if let Some(method) = properties.get("IntegrationMethod") {
        method.as_one_of("IntegrationMethod", &["POST"])?;
    }
    let uri = properties.required("IntegrationUri")?;
    let region = &scope.surroundings.region;
    let prefix = format!("arn:{PARTITION}:apigateway:{region}:lambda:path/2015-03-31/functions/");
    let text = uri.as_text("IntegrationUri")?;
    let arn = text.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix("/invocations"));
    Ok(WebSocketRoute {
        key: String::new(),
        function: websocket_api::function_of(arn.unwrap_or_default(), "IntegrationUri", uri.line, scope)?,
        timeout: websocket_api::timeout(properties, "TimeoutInMillis")?,
        line: uri.line,
    })
}

/// Whether the gateway may call a function for this route. At AWS it would be refused, and so would every message.
fn may_call(source: &str, function: &str, scope: &Scope<'_>) -> Result<bool, Fault> {
    for declared in present(&PERMISSION, scope)? {
        let permission = with_properties(declared, scope, |properties| permission(properties, scope))?;
        if permission.function == function
            && permission.principal == GATEWAY
            && permission.source.is_none_or(|pattern| covers(&pattern, source))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn permission(properties: &Map<'_>, scope: &Scope<'_>) -> Result<Permission, Fault> {
    properties.required("Action")?.as_one_of("Action", &["lambda:InvokeFunction"])?;
    let name = properties.required("FunctionName")?;
    let source = properties.optional_text("SourceArn")?.map(ToOwned::to_owned);
    Ok(Permission {
        function: named(name.as_text("FunctionName")?, name.line, scope)?,
        principal: properties.text("Principal")?.to_owned(),
        source,
    })
}

/// The logical id of a function, by its name or its ARN.
fn named(name: &str, line: usize, scope: &Scope<'_>) -> Result<String, Fault> {
    for declared in present(&function::TYPE, scope)? {
        if scope.identify(declared)?.name == name {
            return Ok(declared.logical_id.clone());
        }
    }
    websocket_api::function_of(name, "FunctionName", line, scope)
}

/// The resources of a type, without those whose condition does not hold.
fn present<'a>(kind: &ResourceType, scope: &Scope<'a>) -> Result<Vec<&'a Declared>, Fault> {
    let mut found = Vec::new();
    for declared in scope.resources.iter().filter(|declared| declared.kind.name == kind.name) {
        let is_there = match &declared.condition {
            Some((condition, line)) => scope.holds(condition, *line)?,
            None => true,
        };
        if is_there {
            found.push(declared);
        }
    }
    Ok(found)
}

fn with_properties<T>(
    declared: &Declared,
    scope: &Scope<'_>,
    read: impl FnOnce(&Map<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let nothing = || Value { line: declared.line, content: Content::Map(Vec::new()) };
    let properties = scope.resolve(&declared.properties)?.unwrap_or_else(nothing);
    let title = format!("`{}`, an {}", declared.logical_id, declared.kind.name);
    read(&Map::new(declared.line, title, properties.as_fields("Properties")?))
}

/// Whether a pattern of an ARN is of this one.
fn covers(pattern: &str, arn: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == arn };
    let Some(rest) = arn.strip_prefix(before) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| covers(after, &rest[at..]))
}
