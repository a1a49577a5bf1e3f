//! From what a function returned to an HTTP answer
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use serde::Deserialize;
use serde_json::Value;

use super::event_id;

/// An answer of payload format 2.0; format 1.0 differs in `multiValueHeaders`, which `lambda_http` sends in both.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returned {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer, or why the payload is none.
pub(super) fn build(payload: &Bytes) -> Result<Response, String> {
    let value: Value = serde_json::from_slice(payload).map_err(|error| format!("no JSON: {error}"))?;
    if value.get("statusCode").is_none() {
        // Without a status, all of it is the body.
        let mut response = event_id(StatusCode::OK, payload.clone());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let returned: Returned = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let status = StatusCode::from_u16(returned.status_code).map_err(|error| error.to_string())?;
    let body = match (returned.body, returned.is_base64_encoded) {
        (None, _) => Vec::new(),
        (Some(text), false) => text.into_bytes(),
        (Some(text), true) => BASE64_STANDARD.decode(text).map_err(|error| error.to_string())?,
    };
    let mut response = event_id(status, Bytes::new());
    if !body.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    *response.body_mut() = Body::from(body);
    for (name, value) in returned.headers.unwrap_or_default() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = HeaderName::try_from(&name).map_err(|error| format!("header {name}: {error}"))?;
        let value = HeaderValue::try_from(value).map_err(|error| format!("header {name}: {error}"))?;
        response.headers_mut().insert(name, value);
    }
    for cookie in returned.cookies.unwrap_or_default() {
        let cookie = HeaderValue::try_from(cookie).map_err(|error| error.to_string())?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn built(value: &Value) -> Result<Response, String> {
        build(&value.to_string().into())
    }

    #[test]
    fn status_headers_and_cookies_are_taken_over() {
        let response = built(&json!({
            "statusCode": 201,
            "headers": {"Content-Type": "application/json", "retry-after": 1},
            "cookies": ["a=1", "b=2"],
            "body": "{}",
        }))
        .expect("an answer");
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn without_a_status_all_of_it_is_the_body() {
        assert_eq!(built(&json!({"hello": "there"})).expect("an answer").status(), 200);
        assert_eq!(built(&json!("text")).expect("an answer").status(), 200);
    }

    #[test]
    fn what_is_no_answer_says_why() {
        assert!(build(&Bytes::from_static(b"no json")).is_err());
        for wrong in [
            json!({"statusCode": 9}),
            json!({"statusCode": "ok"}),
            json!({"statusCode": 200, "body": 7}),
            json!({"statusCode": 200, "body": "!", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"bad name": "x"}}),
        ] {
            assert!(built(&wrong).is_err(), "{wrong}");
        }
    }
}
