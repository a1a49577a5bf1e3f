//! Requests for handlers.

use std::collections::HashMap;

use api::Request;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::{API_KEY, API_SECRET};

/// A request in the making.
#[derive(Clone, Debug)]
pub struct Call(Request);

impl Call {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self(Request {
            route: format!("{method} {path}"),
            method: Method::try_from(method).expect("a method"),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            path_parameters: HashMap::new(),
            body: "".into(),
        })
    }

    /// A `POST` with this body.
    pub fn post(target: &str, body: &Value) -> Self {
        Self::new("POST", target).raw(body.to_string())
    }

    /// With this body, whatever it is.
    #[must_use]
    pub fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into().into();
        self
    }

    /// With a part of the path that the route names.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl ToString) -> Self {
        self.0.path_parameters.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a name");
        self.0.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        self
    }

    /// With a token in `Authorization`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Signed by the API key of tenant `main`. The body must be there already.
    #[must_use]
    pub fn signed(self) -> Self {
        self.signed_by(API_KEY, API_SECRET)
    }

    /// Signed by this API key.
    #[must_use]
    pub fn signed_by(self, key: &str, secret: &str) -> Self {
        let signature = local::secrets::sign(secret.as_bytes(), &self.0.body);
        self.header("api-key", key).header("hash-signature", &signature)
    }

    /// The request.
    pub fn request(self) -> Request {
        self.0
    }
}
