//! Which function a request goes to.
//!
//! The rules of <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>: a full match
//! of method and path wins, literal segments over `{parameters}`, those over a greedy `{proxy+}`; then `$default`.

use std::collections::BTreeMap;

use crate::template::Function;

/// The routes of an API.
pub(super) struct Routes(Vec<Entry>);

struct Entry {
    method: Option<String>,
    segments: Option<Vec<Segment>>,
    key: String,
    function: String,
    binary: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// The route of a request.
pub(super) struct Found<'a> {
    /// As in the template: `GET /rooms/{id}`, `$default`.
    pub(super) key: &'a str,
    /// The function's logical id.
    pub(super) function: &'a str,
    /// The function's name in the logs.
    pub(super) binary: &'a str,
    /// The parts of the path that the route names, decoded.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Routes {
    pub(super) fn new(functions: &[Function]) -> Self {
        let entries = functions.iter().flat_map(|function| {
            function.routes.iter().map(|route| {
                let default = route.path == "$default";
                Entry {
                    method: route.method.clone().filter(|_| !default),
                    segments: (!default).then(|| segments(&route.path)),
                    key: match (&route.method, default) {
                        (_, true) => route.path.clone(),
                        (method, false) => format!("{} {}", method.as_deref().unwrap_or("ANY"), route.path),
                    },
                    function: function.logical_id.clone(),
                    binary: function.binary.clone(),
                }
            })
        });
        Self(entries.collect())
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let matching = self.0.iter().filter(|entry| entry.method.as_deref().is_none_or(|own| own == method));
        let matching = matching.filter_map(|entry| Some((entry, entry.matches(path)?)));
        // The smaller, the better: the kinds of the segments from the left, then a method over ANY.
        let best = matching.min_by_key(|(entry, _)| {
            let kinds = entry.segments.as_ref().map(|segments| segments.iter().map(Segment::rank).collect());
            (kinds.unwrap_or_else(|| vec![u8::MAX]), entry.method.is_none())
        });
        best.map(|(entry, parameters)| Found {
            key: &entry.key,
            function: &entry.function,
            binary: &entry.binary,
            parameters,
        })
    }
}

impl Entry {
    /// The parameters in the path, if it is one of this route's.
    fn matches(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let Some(segments) = &self.segments else { return Some(parameters) };
        let mut rest = path.strip_prefix('/');
        for segment in segments {
            let given = rest?;
            let (first, after) = match given.split_once('/') {
                Some((first, after)) => (first, Some(after)),
                None => (given, None),
            };
            match segment {
                Segment::Literal(text) if decode(first) == *text => {}
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.insert(name.clone(), decode(first));
                }
                Segment::Greedy(name) if !given.is_empty() => {
                    parameters.insert(name.clone(), decode(given));
                    return Some(parameters);
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_none().then_some(parameters)
    }
}

impl Segment {
    const fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Parameter(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let parse = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Greedy(name.to_owned()),
            None => Segment::Parameter(name.to_owned()),
        },
        None => Segment::Literal(segment.to_owned()),
    };
    path.trim_start_matches('/').split('/').map(parse).collect()
}

/// The text behind percent escapes; what is no escape, or no UTF-8, is kept as well as can be.
pub(super) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::template::Route;

    fn routes(paths: &[(Option<&str>, &str)]) -> Routes {
        let function = |(method, path): &(Option<&str>, &str)| Function {
            logical_id: format!("{} {path}", method.unwrap_or("ANY")),
            name: String::new(),
            binary: String::new(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            reserved_concurrency: None,
            environment: BTreeMap::new(),
            grants: vec![],
            routes: vec![Route { method: method.map(str::to_owned), path: (*path).to_owned(), line: 1 }],
            streams: vec![],
            queues: vec![],
            schedules: vec![],
            async_retries: 2,
        };
        Routes::new(&paths.iter().map(function).collect::<Vec<_>>())
    }

    #[test]
    fn the_most_particular_route_wins() {
        let routes = routes(&[
            (None, "$default"),
            (Some("GET"), "/rooms/{id}"),
            (Some("GET"), "/rooms/code"),
            (None, "/rooms/{proxy+}"),
            (Some("GET"), "/rooms/{id}/participants"),
            (Some("GET"), "/rooms/code/{code}"),
        ]);
        for (method, path, route) in [
            ("GET", "/rooms/abc", "GET /rooms/{id}"),
            ("GET", "/rooms/code", "GET /rooms/code"),
            ("GET", "/rooms/code/x", "GET /rooms/code/{code}"),
            ("GET", "/rooms/x/participants", "GET /rooms/{id}/participants"),
            ("GET", "/rooms/x/y/z", "ANY /rooms/{proxy+}"),
            ("PUT", "/rooms/abc", "ANY /rooms/{proxy+}"),
            ("GET", "/other", "$default"),
            ("GET", "/rooms/", "$default"),
            ("GET", "/rooms/abc/", "ANY /rooms/{proxy+}"),
        ] {
            let found = routes.find(method, path).expect("a route");
            assert_eq!(found.key, route, "{method} {path}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let routes = routes(&[(Some("GET"), "/rooms/{id}")]);
        let found = routes.find("GET", "/rooms/a%20b%2Fc").expect("a route");
        assert_eq!(found.parameters["id"], "a b/c");
    }

    #[test]
    fn without_a_default_the_rest_has_no_route() {
        assert!(routes(&[(Some("GET"), "/health")]).find("POST", "/health").is_none());
    }
}
