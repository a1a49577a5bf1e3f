//! Which function a message goes to
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html>).

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::template::Template;

pub(super) const CONNECT: &str = "$connect";
pub(super) const DISCONNECT: &str = "$disconnect";
pub(super) const DEFAULT: &str = "$default";

/// The routes of an API.
pub(super) struct Routes {
    field: String,
    routes: HashMap<String, Route>,
}

/// A route and its function.
pub(super) struct Route {
    pub(super) key: String,
    /// The function's logical id.
    pub(super) function: String,
    /// The function's name in the logs.
    pub(super) binary: String,
    /// How long the gateway waits for it.
    pub(super) timeout: Duration,
}

impl Routes {
    /// Those of a template whose messages say their route in this field.
    pub(super) fn new(field: &str, template: &Template) -> Self {
        let routes = template.websocket_routes.iter().map(|route| {
            let named = template.functions.iter().find(|function| function.logical_id == route.function);
            let route = Route {
                key: route.key.clone(),
                function: route.function.clone(),
                binary: named.map_or_else(|| route.function.clone(), |function| function.binary.clone()),
                timeout: route.timeout,
            };
            (route.key.clone(), route)
        });
        Self { field: field.to_owned(), routes: routes.collect() }
    }

    /// One of the three that messages do not name.
    pub(super) fn special(&self, key: &str) -> Option<&Route> {
        self.routes.get(key)
    }

    /// The route of a message: what its field says if it is a JSON object that has it, else `$default`.
    pub(super) fn select(&self, message: &str) -> Option<&Route> {
        let message: Option<Value> = serde_json::from_str(message).ok();
        let key = message.as_ref().and_then(|message| message.get(&self.field)).and_then(Value::as_str);
        let named =
            key.filter(|key| ![CONNECT, DISCONNECT].contains(key)).and_then(|key| self.routes.get(key));
        named.or_else(|| self.routes.get(DEFAULT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::WebSocketRoute;

    fn routes(keys: &[&str]) -> Routes {
        let route = |key: &&str| WebSocketRoute {
            key: (*key).to_owned(),
            function: "F".to_owned(),
            timeout: Duration::from_secs(29),
            line: 1,
        };
        let websocket_routes = keys.iter().map(route).collect();
        Routes::new("event", &Template { websocket_routes, ..Template::default() })
    }

    #[test]
    fn a_message_says_its_route() {
        let routes = routes(&[CONNECT, DISCONNECT, DEFAULT, "join-room"]);
        for (message, key) in [
            (r#"{"event": "join-room", "data": {}}"#, "join-room"),
            (r#"{"event": "leave-room"}"#, DEFAULT),
            (r#"{"event": 7}"#, DEFAULT),
            (r#"{"event": "$connect"}"#, DEFAULT),
            (r#"["event", "join-room"]"#, DEFAULT),
            (r#""join-room""#, DEFAULT),
            (r#"42["join-room",{}]"#, DEFAULT),
            (r#"{"event": "join-room""#, DEFAULT),
            ("", DEFAULT),
        ] {
            assert_eq!(routes.select(message).expect("a route").key, key, "{message}");
        }
    }

    #[test]
    fn without_a_default_the_rest_has_no_route() {
        assert!(routes(&["ping"]).select("{}").is_none());
    }
}
