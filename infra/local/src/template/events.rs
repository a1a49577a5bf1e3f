//! `Events` of a function: what calls it.

use super::error::Fault;
use super::http_api;
use super::model::{Function, Route};
use super::resolve::Scope;
use super::sources::{QueueSource, Schedule, StreamSource};
use super::triggers;
use super::value::{Field, Map};

const METHODS: &[&str] = &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The catch-all route.
const DEFAULT_PATH: &str = "$default";

/// What calls one function.
#[derive(Default)]
pub(super) struct Events {
    pub(super) routes: Vec<Route>,
    pub(super) streams: Vec<StreamSource>,
    pub(super) queues: Vec<QueueSource>,
    pub(super) schedules: Vec<Schedule>,
}

/// The events of one function; `others` are those whose routes are taken.
pub(super) fn read(events: &[Field], others: &[Function], scope: &Scope<'_>) -> Result<Events, Fault> {
    let mut found = Events::default();
    for event in events {
        let title = format!("the event `{}`", event.name);
        let mut map = event.value.as_map(&title, &["Properties", "Type"])?;
        map.line = event.line;
        let kind = map.required("Type")?;
        match kind.as_text("Type")? {
            "HttpApi" => {
                let route = http_api_event(event, &map, scope)?;
                check_free(&route, &found.routes, others)?;
                found.routes.push(route);
            }
            "DynamoDB" => found.streams.extend(triggers::stream(event, &map)?),
            "SQS" => found.queues.extend(triggers::queue(event, &map)?),
            "Schedule" => found.schedules.extend(triggers::schedule(event, &map)?),
            "ScheduleV2" => found.schedules.extend(triggers::schedule_v2(event, &map)?),
            other => {
                let what = format!("the local stack does not know the event type `{other}`");
                return Err(Fault::unknown(kind.line, what));
            }
        }
    }
    Ok(found)
}

/// `RouteSettings` are throttles, which the local gateway does not have.
fn http_api_event(event: &Field, map: &Map<'_>, scope: &Scope<'_>) -> Result<Route, Fault> {
    const KNOWN: &[&str] = &["ApiId", "Method", "PayloadFormatVersion", "Path", "RouteSettings"];
    let properties = map.map("Properties", KNOWN)?;
    let properties = properties.as_ref();
    let text = |name| properties.map_or(Ok(None), |properties| properties.optional_text(name));

    match properties.and_then(|properties| properties.get("ApiId")) {
        None => {
            let what =
                format!("the event `{}` has no `ApiId`: SAM would make an API of its own for it", event.name);
            return Err(Fault::invalid(event.line, what));
        }
        Some(id) if !http_api::is_known(id.as_text("ApiId")?, scope) => {
            return Err(Fault::unknown(
                id.line,
                "ApiId: this is no AWS::Serverless::HttpApi of the template",
            ));
        }
        Some(_) => {}
    }
    if let Some(version) = properties.and_then(|properties| properties.get("PayloadFormatVersion")) {
        version.as_one_of("PayloadFormatVersion", &["2.0"])?;
    }
    let (method, path) = match (text("Method")?, text("Path")?) {
        (None, None) => (None, DEFAULT_PATH),
        (Some(method), Some(path)) => {
            (Some(method.to_ascii_uppercase()).filter(|method| method != "ANY"), path)
        }
        _ => return Err(Fault::invalid(event.line, "a route has both `Method` and `Path`, or neither")),
    };
    let at =
        |name| properties.and_then(|properties| properties.get(name)).map_or(event.line, |value| value.line);
    if let Some(method) = method.as_deref().filter(|method| !METHODS.contains(method)) {
        return Err(Fault::invalid(
            at("Method"),
            format!("Method: expected one of {}, found `{method}`", METHODS.join(", ")),
        ));
    }
    if path == DEFAULT_PATH && method.is_some() {
        return Err(Fault::invalid(at("Method"), "the route `$default` takes any method"));
    }
    if path != DEFAULT_PATH && shape(path).is_none() {
        return Err(Fault::invalid(at("Path"), format!("Path: `{path}` is no path of a route")));
    }
    Ok(Route { method, path: path.to_owned(), line: event.line })
}

/// The path without the names of its variables, which do not tell routes apart; none if it is not a path.
fn shape(path: &str) -> Option<String> {
    let mut shape = String::new();
    let mut segments = path.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = segments.next() {
        let variable = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let name = variable.map(|name| name.strip_suffix('+').unwrap_or(name));
        let is_greedy = variable.is_some_and(|name| name.ends_with('+'));
        shape.push('/');
        match name {
            Some(name)
                if name.is_empty()
                    || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) =>
            {
                return None;
            }
            Some(_) if is_greedy && segments.peek().is_some() => return None,
            Some(_) => shape.push_str(if is_greedy { "{+}" } else { "{}" }),
            None if segment.contains(['{', '}']) => return None,
            None => shape.push_str(segment),
        }
    }
    Some(shape)
}

fn check_free(route: &Route, own: &[Route], others: &[Function]) -> Result<(), Fault> {
    let taken = own.iter().chain(others.iter().flat_map(|function| &function.routes));
    let same = |other: &&Route| other.method == route.method && shape(&other.path) == shape(&route.path);
    match taken.into_iter().find(same) {
        Some(other) => {
            let method = route.method.as_deref().unwrap_or("ANY");
            let what =
                format!("the route `{method} {}` is taken by the event at line {}", route.path, other.line);
            Err(Fault::invalid(route.line, what))
        }
        None => Ok(()),
    }
}
