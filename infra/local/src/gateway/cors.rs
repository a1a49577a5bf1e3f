//! Cross-origin requests, as an HTTP API with a CORS configuration treats them: it answers preflights itself, and the
//! headers of the functions do not count
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>).

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;

use crate::template::Cors;

/// Whether the gateway answers this request itself.
pub(super) fn is_preflight(head: &Parts, cors: Option<&Cors>) -> bool {
    cors.is_some()
        && head.method == Method::OPTIONS
        && head.headers.contains_key("origin")
        && head.headers.contains_key("access-control-request-method")
}

/// Puts the configured headers on an answer to a request from `origin`.
pub(super) fn apply(cors: Option<&Cors>, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let Some(cors) = cors else { return };
    let foreign: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in foreign {
        headers.remove(name);
    }
    let Some(origin) = origin else { return };
    let any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    if !any && !cors.allow_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
        return;
    }
    let origin = if any { HeaderValue::from_static("*") } else { origin.clone() };
    headers.insert("access-control-allow-origin", origin);
    for (name, values) in [
        ("access-control-allow-methods", &cors.allow_methods),
        ("access-control-allow-headers", &cors.allow_headers),
        ("access-control-expose-headers", &cors.expose_headers),
    ] {
        if let (false, Ok(value)) = (values.is_empty(), HeaderValue::try_from(values.join(","))) {
            headers.insert(name, value);
        }
    }
    if let Some(seconds) = cors.max_age {
        headers.insert("access-control-max-age", seconds.into());
    }
    if cors.allow_credentials {
        headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        Cors {
            allow_origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
            max_age: Some(60),
            ..Cors::default()
        }
    }

    #[test]
    fn the_functions_own_headers_do_not_count() {
        let mut headers = HeaderMap::new();
        headers.insert("access-control-allow-origin", HeaderValue::from_static("https://evil.example"));
        apply(Some(&cors(&["*"])), Some(&HeaderValue::from_static("https://a.example")), &mut headers);
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["access-control-allow-methods"], "GET,POST");
        assert_eq!(headers["access-control-max-age"], "60");
    }

    #[test]
    fn an_origin_that_is_not_allowed_gets_no_headers() {
        let mut headers = HeaderMap::new();
        let cors = cors(&["https://a.example"]);
        apply(Some(&cors), Some(&HeaderValue::from_static("https://b.example")), &mut headers);
        assert!(headers.is_empty());
        apply(Some(&cors), Some(&HeaderValue::from_static("https://a.example")), &mut headers);
        assert_eq!(headers["access-control-allow-origin"], "https://a.example");
    }
}
