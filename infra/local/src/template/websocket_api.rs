//! `AWS::Serverless::WebSocketApi`.

use std::time::Duration;

use super::error::Fault;
use super::function;
use super::model::Template;
use super::resolve::{Scope, URL_SUFFIX};
use super::resources::{Declared, Identity, Resource, ResourceType};
use super::value::{Content, Field, Map, Value};

/// The one WebSocket API. Authorizers, API keys, stage variables and answers to messages would each change what a
/// client gets, so they are unknown until somebody needs them; throttles are for the real one.
pub(super) static TYPE: ResourceType = ResourceType {
    name: "AWS::Serverless::WebSocketApi",
    globals: Some(("WebSocketApi", &["Description", "Name", "Routes", "StageName"])),
    effective: &["RouteSelectionExpression", "Routes", "StageName"],
    without_effect: Some(&[
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "DisableSchemaValidation",
        "Domain",
        "FailOnWarnings",
        "IpAddressType",
        "Name",
        "PropagateTags",
        "RouteSettings",
        "Tags",
    ]),
    name_property: None,
    reference: |identity| Content::text(api_id(identity.declared)),
    attribute,
    read,
};

/// The WebSocket API of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketApi {
    /// Its key in the template.
    pub logical_id: String,
    /// What `Ref` gives.
    pub api_id: String,
    /// `StageName`, or `default`.
    pub stage: String,
    /// The field of a message that says its route: `event` for `$request.body.event`.
    pub route_field: String,
}

/// A route of the WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketRoute {
    /// `$connect`, `$disconnect`, `$default`, or what the field of a message says.
    pub key: String,
    /// The logical id of its function.
    pub function: String,
    /// How long the gateway waits for the function; 29 seconds by default, which is the most.
    pub timeout: Duration,
    /// Where it is in the template, from 1.
    pub line: usize,
}

/// Those that are not what a message says.
pub(super) const SPECIAL_ROUTES: [&str; 3] = ["$connect", "$default", "$disconnect"];

/// SAM's own default.
const DEFAULT_STAGE: &str = "default";
/// As long as the name of a stage may be.
const LONGEST_STAGE: usize = 128;
/// What an expression begins with that selects a route.
const SELECTOR: &str = "$request.body.";
/// In milliseconds; the default, too
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
const LONGEST_TIMEOUT: u32 = 29_000;
const SHORTEST_TIMEOUT: u32 = 50;

/// What `Ref` gives: at AWS ten letters and digits, here one can tell which it is.
fn api_id(declared: &Declared) -> String {
    declared.logical_id.to_ascii_lowercase()
}

fn attribute(identity: &Identity<'_>, attribute: &str) -> Option<Content> {
    match attribute {
        "ApiEndpoint" => Some(Content::text(&identity.surroundings.ws_url)),
        "ApiId" => Some(Content::text(api_id(identity.declared))),
        _ => None,
    }
}

/// The WebSocket API that has this id.
pub(super) fn find<'a>(id: &Value, scope: &Scope<'a>) -> Result<&'a Declared, Fault> {
    let text = id.as_text("ApiId")?;
    apis(scope).find(|declared| api_id(declared) == text).ok_or_else(|| {
        Fault::unknown(id.line, "ApiId: this is no AWS::Serverless::WebSocketApi of the template")
    })
}

/// A text in which the addresses that a WebSocket API would have at AWS, for clients and for functions, are those that
/// it has here.
pub(super) fn address_here(text: String, scope: &Scope<'_>) -> String {
    let ws_url = &scope.surroundings.ws_url;
    let http_url = ws_url.replacen("ws://", "http://", 1);
    apis(scope).fold(text, |text, declared| {
        let host = format!("{}.execute-api.{}.{URL_SUFFIX}", api_id(declared), scope.surroundings.region);
        text.replace(&format!("wss://{host}"), ws_url).replace(&format!("https://{host}"), &http_url)
    })
}

/// What API Gateway calls a route when it asks Lambda whether it may call the function.
pub(super) fn route_arn(api: &Declared, key: &str, scope: &Scope<'_>) -> Result<Option<String>, Fault> {
    let Some(properties) = scope.resolve(&api.properties)? else { return Ok(None) };
    let stage = stage(&Map::new(api.line, TYPE.name.to_owned(), properties.as_fields("Properties")?))?;
    let of_api = Identity { declared: api, name: String::new(), surroundings: scope.surroundings }
        .arn("execute-api", &format!("{}/{stage}/{key}", api_id(api)));
    Ok(Some(Value { line: api.line, content: of_api }.as_text(TYPE.name)?.to_owned()))
}

/// The logical id of the function that has this ARN.
pub(super) fn function_of(arn: &str, what: &str, line: usize, scope: &Scope<'_>) -> Result<String, Fault> {
    let functions = scope.resources.iter().filter(|declared| declared.kind.name == function::TYPE.name);
    for declared in functions {
        let own = (function::TYPE.attribute)(&scope.identify(declared)?, "Arn");
        if matches!(own, Some(Content::Text(own)) if own == arn) {
            return Ok(declared.logical_id.clone());
        }
    }
    Err(Fault::unknown(line, format!("{what}: this is no AWS::Serverless::Function of the template")))
}

/// Adds a route, unless there is one of this name.
pub(super) fn add_route(route: WebSocketRoute, template: &mut Template) -> Result<(), Fault> {
    if let Some(other) = template.websocket_routes.iter().find(|other| other.key == route.key) {
        let what = format!("the route `{}` is taken at line {}", route.key, other.line);
        return Err(Fault::invalid(route.line, what));
    }
    template.websocket_routes.push(route);
    Ok(())
}

/// How long the gateway waits for a function.
pub(super) fn timeout(properties: &Map<'_>, name: &str) -> Result<Duration, Fault> {
    let given = properties.whole(name, &(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT))?;
    Ok(Duration::from_millis(given.unwrap_or(LONGEST_TIMEOUT).into()))
}

fn apis<'a>(scope: &Scope<'a>) -> impl Iterator<Item = &'a Declared> {
    scope.resources.iter().filter(|declared| declared.kind.name == TYPE.name)
}

fn read(resource: &Resource<'_>, scope: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    if let Some(first) = &template.websocket_api {
        let what = format!("the local stack serves one WebSocket API, and `{}` is another", first.logical_id);
        return Err(Fault::invalid(resource.line, what));
    }
    let properties = resource.properties()?;
    properties.required("Routes")?;
    for field in properties.fields("Routes")? {
        add_route(route(field, scope)?, template)?;
    }
    template.websocket_api = Some(WebSocketApi {
        logical_id: resource.logical_id.to_owned(),
        api_id: resource.logical_id.to_ascii_lowercase(),
        stage: stage(&properties)?,
        route_field: route_field(&properties)?,
    });
    Ok(())
}

/// An entry of `Routes`, whose names are those that SAM makes logical ids of.
fn route(field: &Field, scope: &Scope<'_>) -> Result<WebSocketRoute, Fault> {
    let key = field.name.as_str();
    let is_plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_plain && !SPECIAL_ROUTES.contains(&key) {
        let what = format!(
            "Routes: SAM takes letters and digits only; `{key}` has to be an AWS::ApiGatewayV2::Route of its own"
        );
        return Err(Fault::invalid(field.line, what));
    }
    let title = format!("the route `{key}`");
    let mut map = field.value.as_map(&title, &["FunctionArn", "IntegrationTimeout", "OperationName"])?;
    map.line = field.line;
    let arn = map.required("FunctionArn")?;
    Ok(WebSocketRoute {
        key: key.to_owned(),
        function: function_of(arn.as_text("FunctionArn")?, "FunctionArn", arn.line, scope)?,
        timeout: timeout(&map, "IntegrationTimeout")?,
        line: field.line,
    })
}

fn stage(properties: &Map<'_>) -> Result<String, Fault> {
    let Some(value) = properties.get("StageName") else { return Ok(DEFAULT_STAGE.to_owned()) };
    let stage = value.as_text("StageName")?;
    let is_name = (1..=LONGEST_STAGE).contains(&stage.len())
        && stage.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_name {
        Ok(stage.to_owned())
    } else {
        let what = format!("StageName: `{stage}` is no name of a stage of a WebSocket API");
        Err(Fault::invalid(value.line, what))
    }
}

/// Paths into a message, and whatever else an expression may say, are unknown until somebody needs them.
fn route_field(properties: &Map<'_>) -> Result<String, Fault> {
    let value = properties.required("RouteSelectionExpression")?;
    let expression = value.as_text("RouteSelectionExpression")?;
    let plain = expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let plain = plain.map_or_else(|| expression.to_owned(), |inner| format!("${inner}"));
    let field = plain.strip_prefix(SELECTOR).filter(|field| {
        !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    });
    field.map(ToOwned::to_owned).ok_or_else(|| {
        let what = format!("RouteSelectionExpression: expected {SELECTOR} and a field, found `{expression}`");
        Fault::unknown(value.line, what)
    })
}
