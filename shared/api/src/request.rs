//! A request as a handler sees it, whatever event brought it.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt as _};
use models::{Refusal, RoomKey};
use serde_json::{Map, Value};
use wire::Message;

/// Largest body, in bytes.
const MOST_BODY: usize = 64 * 1024;

/// An HTTP request.
#[derive(Clone)]
pub struct Request {
    /// The route that it came by: `POST /rooms/{code}/join`, or `$default`.
    pub route: String,
    /// The method.
    pub method: Method,
    /// The path as the client sent it.
    pub path: String,
    /// The query as the client sent it, without the `?`.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The parts of the path that the route names, decoded.
    pub path_parameters: HashMap<String, String>,
    /// The raw body.
    pub body: Bytes,
}

/// Without path, query, values of headers, and body: codes, tokens and signatures are there.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.keys().collect();
        formatter
            .debug_struct("Request")
            .field("route", &self.route)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// The header's value; none when it is absent or blank (blanks around a value are HTTP's), or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// A part of the path; empty when the route has none of that name.
    pub fn path_parameter(&self, name: &str) -> &str {
        self.path_parameters.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query: the first of that name, undecoded.
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        })
    }

    /// Refuses a body over 64 KB.
    pub(crate) fn check_size(&self) -> Result<(), Refusal> {
        if self.body.len() > MOST_BODY { Err(Refusal::BodyTooLarge) } else { Ok(()) }
    }

    /// The body as a JSON object.
    pub fn object(&self) -> Result<Map<String, Value>, Refusal> {
        wire::object(&self.body)
    }

    /// The body as a JSON object; nothing at all counts as an empty one.
    pub fn object_or_empty(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() { Ok(Map::new()) } else { self.object() }
    }

    /// The body of a call by a token of `room`: an object or nothing, and no other room's `room_id` in it, in
    /// either spelling.
    pub fn object_of(&self, room: &RoomKey) -> Result<Map<String, Value>, Refusal> {
        let message = Message::root(self.object_or_empty()?);
        match message.optional_string("room_id")? {
            Some(id) if id != room.room.as_str() => Err(Refusal::InvalidToken),
            _ => Ok(message.fields().clone()),
        }
    }
}

/// From the event that API Gateway sends.
impl From<lambda_http::Request> for Request {
    fn from(event: lambda_http::Request) -> Self {
        let route = match event.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.route_key.clone(),
            _ => None,
        };
        let path = event.raw_http_path().to_owned();
        let path_parameters =
            event.path_parameters().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (head, body) = event.into_parts();
        Self {
            route: route.unwrap_or_else(|| "$default".to_owned()),
            method: head.method,
            path,
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            path_parameters,
            body: match body {
                Body::Text(text) => text.into(),
                Body::Binary(bytes) => bytes.into(),
                _ => Bytes::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(body: &Value) -> Request {
        http::Request::post("https://h/").body(Body::from(body.to_string())).expect("a request").into()
    }

    #[test]
    fn a_body_names_no_other_room_in_either_spelling() {
        let room = "main/own".parse().expect("a room");
        for body in [json!({}), json!({"room_id": "own"}), json!({"roomId": "own"}), json!({"roomId": null})]
        {
            let read = request(&body).object_of(&room).expect("good");
            assert_eq!(Value::Object(read), body);
        }
        for body in [json!({"room_id": "other"}), json!({"roomId": "other"})] {
            assert_eq!(request(&body).object_of(&room), Err(Refusal::InvalidToken), "{body}");
        }
        for body in [json!({"room_id": "own", "roomId": "other"}), json!({"roomId": 5})] {
            assert!(matches!(request(&body).object_of(&room), Err(Refusal::Malformed(_))), "{body}");
        }
    }
}
