//! The event of payload format 2.0
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, USER_AGENT};
use hyper::http::request::Parts;
use models::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::request::{added_headers, header_text, log_time, passed_headers, query_pairs, request_id};
use super::routes::{Found, decode};
use crate::stack::{ACCOUNT_ID, HTTP_API_ID};

/// The event that a request to the API `domain` becomes, as JSON.
pub(super) fn build(head: &Parts, body: &Bytes, found: &Found<'_>, domain: &str, peer: SocketAddr) -> String {
    let source = peer.ip().to_string();
    let mut headers = headers(&head.headers);
    // A request reaches API Gateway by its own name only; whatever a client says here is not passed on.
    headers.insert(HOST.to_string(), domain.to_owned());
    headers.insert("content-length".to_owned(), body.len().to_string());
    headers.extend(added_headers(domain, &source).map(|(name, value)| (name.to_owned(), value)));
    // API Gateway decodes the path, but not the query.
    let path = decode(head.uri.path());
    let query = head.uri.query().unwrap_or_default();
    let now = SystemClock.now();
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": HTTP_API_ID,
            "domainName": domain,
            "domainPrefix": domain.split(['.', ':']).next(),
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": header_text(&head.headers, &USER_AGENT).unwrap_or_default(),
            },
            "requestId": request_id(),
            "routeKey": found.key,
            "stage": "$default",
            "time": log_time(now),
            "timeEpoch": now.millis(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&head.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    let parameters = joined(query_pairs(query));
    if !parameters.is_empty() {
        event["queryStringParameters"] = json!(parameters);
    }
    if !found.parameters.is_empty() {
        event["pathParameters"] = json!(found.parameters);
    }
    if !body.is_empty() {
        let (body, encoded) = carried(body, header_text(&head.headers, &CONTENT_TYPE).as_deref());
        event["body"] = body;
        event["isBase64Encoded"] = encoded.into();
    }
    event.to_string()
}

/// Cookies have a field of their own.
fn headers(all: &HeaderMap) -> BTreeMap<String, String> {
    let passed = passed_headers(all).filter(|(name, _)| *name != COOKIE);
    joined(passed.map(|(name, value)| (name.to_string(), value.into_owned())))
}

/// Several values of one name are joined by commas.
fn joined(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|first| {
                first.push(',');
                first.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let pieces =
        values.flat_map(|value| value.split(';').map(|piece| piece.trim().to_owned()).collect::<Vec<_>>());
    pieces.filter(|piece| !piece.is_empty()).collect()
}

/// The body as the event carries it: as it is when its type says that it is text, else in base64.
fn carried(body: &Bytes, content_type: Option<&str>) -> (Value, bool) {
    let kind =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let textual = kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str());
    match std::str::from_utf8(body) {
        Ok(text) if textual => (text.into(), false),
        _ => (BASE64_STANDARD.encode(body).into(), true),
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn event(request: Request<&'static [u8]>) -> Value {
        let (head, body) = request.into_parts();
        let parameters = BTreeMap::from([("id".to_owned(), "7".to_owned())]);
        let found = Found { key: "GET /rooms/{id}", function: "F", binary: "f", parameters };
        let peer = ([127, 0, 0, 1], 40000).into();
        serde_json::from_str(&build(&head, &Bytes::from_static(body), &found, "127.0.0.1:3000", peer))
            .expect("JSON")
    }

    fn request(uri: &str) -> hyper::http::request::Builder {
        Request::builder().uri(uri).header("host", "[no host")
    }

    #[test]
    fn headers_of_one_name_are_joined_and_cookies_are_apart() {
        let request = request("/rooms/7?a=1&a=2&b=%20x")
            .header("X-Two", "1")
            .header("X-Two", "2")
            .header("Cookie", "a=1; b=2")
            .header("x-forwarded-for", "6.6.6.6")
            .body(b"".as_slice())
            .expect("a request");
        let event = event(request);
        assert_eq!(event["headers"]["x-two"], "1,2");
        assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
        assert_eq!(event["headers"]["host"], "127.0.0.1:3000");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["queryStringParameters"], json!({"a": "1,2", "b": " x"}));
        assert_eq!(event["rawQueryString"], "a=1&a=2&b=%20x");
        assert_eq!(event["pathParameters"], json!({"id": "7"}));
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(event.get("body"), None);
    }

    #[test]
    fn the_path_is_decoded_as_api_gateway_does() {
        let request = request("/rooms/a%20b").body(b"".as_slice()).expect("a request");
        assert_eq!(event(request)["rawPath"], "/rooms/a b");
    }

    #[test]
    fn what_is_not_text_comes_in_base64() {
        let carried = |kind: &str, body: &'static [u8]| {
            let request = request("/").header("content-type", kind).body(body).expect("a request");
            let event = event(request);
            (event["body"].clone(), event["isBase64Encoded"].clone())
        };
        assert_eq!(carried("application/json; charset=utf-8", b"{}"), (json!("{}"), json!(false)));
        assert_eq!(carried("application/x-www-form-urlencoded", b"{}"), (json!("e30="), json!(true)));
        assert_eq!(carried("application/json", b"\xff"), (json!("/w=="), json!(true)));
    }
}
