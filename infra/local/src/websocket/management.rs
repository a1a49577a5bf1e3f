//! What functions call to reach clients: `@connections`
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::Gateway;
use super::answer::response;
use super::connections::{Connection, Parting, is_id};
use super::event::Place;
use crate::permissions::Need;

/// Most that is read of a body, so that one that is a little too large is refused in order.
const MOST_BODY: usize = 10 * 1024 * 1024;
/// How a signed request says who signed it.
const SIGNED: &str = "AWS4-HMAC-SHA256 ";
/// What a client is told whose connection a function closes.
const DELETED: (u16, &str) = (1000, "Connection Closed Normally");

/// The id of the connection that a path names, with the stage in front of it or without. Clients escape the `@`, too.
pub(super) fn target(path: &str, stage: &str) -> Option<String> {
    let decode = |part: &str| percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    let parts: Vec<String> = path.strip_prefix('/')?.split('/').map(decode).collect::<Option<_>>()?;
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["@connections", id] => Some((*id).to_owned()),
        [own, "@connections", id] if *own == stage => Some((*id).to_owned()),
        _ => None,
    }
}

/// Does what a function asks of a connection.
pub(super) async fn answer(gateway: &Gateway, head: &Parts, body: Body, id: &str) -> Response {
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = [Method::DELETE, Method::GET, Method::POST].contains(&head.method);
    if !is_known || !authorization.is_some_and(|text| text.starts_with(SIGNED)) {
        let text = "Missing Authentication Token";
        return refusal(StatusCode::FORBIDDEN, "MissingAuthenticationTokenException", text);
    }
    let Place { api_id, stage, .. } = &gateway.place;
    let need = Need::of_connection(api_id, stage, head.method.as_str(), id);
    if let Err(denied) = gateway.permissions.check(&head.headers, vec![need]) {
        return refusal(StatusCode::FORBIDDEN, "ForbiddenException", &denied.to_string());
    }
    if !is_id(id) {
        let text = format!("Invalid connectionId: {id}");
        return refusal(StatusCode::BAD_REQUEST, "BadRequestException", &text);
    }
    // Before it is looked for a connection, so that one that goes while the body comes is gone.
    let Ok(body) = Limited::new(body, MOST_BODY).collect().await else { return too_large() };
    let Some(connection) = gateway.connections.find(id) else {
        return refusal(StatusCode::GONE, "GoneException", "");
    };
    match head.method {
        Method::DELETE => {
            // Nobody posts to it from now on.
            gateway.connections.remove(&connection);
            connection.dismiss(Parting::new(DELETED.0, DELETED.1));
            response(StatusCode::NO_CONTENT, String::new())
        }
        Method::GET => response(StatusCode::OK, description(&connection)),
        _ => post(gateway, &connection, body.to_bytes()),
    }
}

fn post(gateway: &Gateway, connection: &Connection, text: Bytes) -> Response {
    if text.len() > gateway.limits.message {
        return too_large();
    }
    if std::str::from_utf8(&text).is_err() {
        return refusal(StatusCode::BAD_REQUEST, "BadRequestException", "A message is text");
    }
    match connection.post(text) {
        Ok(()) => response(StatusCode::OK, String::new()),
        Err(_) => refusal(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", "The client is too slow"),
    }
}

fn description(connection: &Connection) -> String {
    let client = &connection.client;
    let identity = json!({"sourceIp": client.source_ip, "userAgent": client.user_agent});
    let description = json!({
        "connectedAt": client.connected_at.to_string(),
        "identity": identity,
        "lastActiveAt": connection.last_active_at().to_string(),
    });
    description.to_string()
}

fn too_large() -> Response {
    refusal(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", "Message too long")
}

/// A refusal as the SDK reads it; the one that a connection is gone has no body.
fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let body = if message.is_empty() { String::new() } else { json!({ "message": message }).to_string() };
    let mut response = response(status, body);
    let name = HeaderName::from_static("x-amzn-errortype");
    response.headers_mut().insert(name, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_named_with_the_stage_and_without() {
        for path in
            ["/@connections/a%3D", "/%40connections/a=", "/live/@connections/a%3D", "/live/%40connections/a="]
        {
            assert_eq!(target(path, "live").as_deref(), Some("a="), "{path}");
        }
        for path in
            ["/", "/live", "/other/@connections/a", "/@connections", "/@connections/a/b", "/connections/a"]
        {
            assert_eq!(target(path, "live"), None, "{path}");
        }
    }
}
