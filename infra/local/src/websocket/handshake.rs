//! The request that becomes a connection.

use axum::body::Body;
use axum::response::Response;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The one version of the protocol there is.
const VERSION: &str = "13";

/// Whether a client asks for a WebSocket, well or badly.
pub(super) fn is_wanted(head: &Parts) -> bool {
    names(&head.headers, &UPGRADE, "websocket")
}

/// What is wrong with the request, if something is.
pub(super) fn check(head: &Parts) -> Result<(), &'static str> {
    let headers = &head.headers;
    let is_version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION);
    match () {
        () if head.method != Method::GET => Err("not a GET"),
        () if !names(headers, &CONNECTION, "upgrade") => Err("Connection is not Upgrade"),
        () if !is_version => Err("Sec-WebSocket-Version is not 13"),
        () if !headers.contains_key(SEC_WEBSOCKET_KEY) => Err("no Sec-WebSocket-Key"),
        () => Ok(()),
    }
}

/// The answer that makes the connection. `protocol` is what the function chose: that a client asked for it is between
/// the two.
pub(super) fn accept(head: &Parts, protocol: Option<HeaderValue>) -> Response {
    let key = head.headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(derive_accept_key(key)) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// Whether one of the words in a header is this one.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|given| given.trim().eq_ignore_ascii_case(word))
}
