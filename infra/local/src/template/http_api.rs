//! `AWS::Serverless::HttpApi`.

use super::error::Fault;
use super::model::{Cors, HttpApi, Template};
use super::resolve::{Scope, URL_SUFFIX};
use super::resources::{Declared, Identity, Resource, ResourceType};
use super::value::{Content, Value};

/// The one HTTP API. Authorizers, stage variables and a definition of its own would each change what a request
/// gets, so they are unknown until somebody needs them.
pub(super) static TYPE: ResourceType = ResourceType {
    name: "AWS::Serverless::HttpApi",
    globals: Some(("HttpApi", &["Description", "DisableExecuteApiEndpoint", "Name", "StageName"])),
    effective: &["CorsConfiguration", "StageName"],
    without_effect: Some(&[
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "Domain",
        "FailOnWarnings",
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

const CORS: &[&str] =
    &["AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge"];

/// What `Ref` gives: at AWS ten letters and digits, here one can tell which it is.
fn api_id(declared: &Declared) -> String {
    declared.logical_id.to_ascii_lowercase()
}

fn attribute(identity: &Identity<'_>, attribute: &str) -> Option<Content> {
    match attribute {
        "ApiEndpoint" => Some(Content::text(&identity.surroundings.http_url)),
        "ApiId" => Some(Content::text(api_id(identity.declared))),
        _ => None,
    }
}

/// Whether an id is that of an HTTP API of the template.
pub(super) fn is_known(id: &str, scope: &Scope<'_>) -> bool {
    apis(scope).any(|declared| api_id(declared) == id)
}

/// A text in which the address that an HTTP API would have at AWS is the one that it has here.
pub(super) fn address_here(text: String, scope: &Scope<'_>) -> String {
    apis(scope).fold(text, |text, declared| {
        let at_aws =
            format!("https://{}.execute-api.{}.{URL_SUFFIX}", api_id(declared), scope.surroundings.region);
        text.replace(&at_aws, &scope.surroundings.http_url)
    })
}

fn apis<'a>(scope: &Scope<'a>) -> impl Iterator<Item = &'a Declared> {
    scope.resources.iter().filter(|declared| declared.kind.name == TYPE.name)
}

fn read(resource: &Resource<'_>, _: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    if let Some(first) = &template.http_api {
        let what = format!("the local stack serves one HTTP API, and `{}` is another", first.logical_id);
        return Err(Fault::invalid(resource.line, what));
    }
    let properties = resource.properties()?;
    if let Some(stage) = properties.get("StageName") {
        // The name of any other stage would be the beginning of each path.
        stage.as_one_of("StageName", &["$default"])?;
    }
    template.http_api = Some(HttpApi {
        logical_id: resource.logical_id.to_owned(),
        cors: properties.get("CorsConfiguration").map(cors).transpose()?.flatten(),
    });
    Ok(())
}

fn cors(value: &Value) -> Result<Option<Cors>, Fault> {
    if let Content::Text(_) = value.content {
        let open = Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() };
        return Ok(value.as_truth("CorsConfiguration")?.then_some(open));
    }
    let map = value.as_map("CorsConfiguration", CORS)?;
    let cors = Cors {
        allow_origins: map.texts("AllowOrigins")?,
        allow_methods: map.texts("AllowMethods")?,
        allow_headers: map.texts("AllowHeaders")?,
        expose_headers: map.texts("ExposeHeaders")?,
        // The most that the gateway takes.
        max_age: map.whole("MaxAge", &(0..=86_400))?,
        allow_credentials: map.truth("AllowCredentials")?.unwrap_or_default(),
    };
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err(Fault::invalid(map.line, "AllowCredentials cannot be true for the origin `*`"));
    }
    Ok(Some(cors))
}
