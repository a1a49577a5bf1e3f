//! The document as a test reads it: its operations with their references followed, and its schemas as validators.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use testing::Answered;

/// The document.
pub(crate) struct Document(pub(crate) Value);

/// A call that the document describes.
pub(crate) struct Operation {
    /// Its name.
    pub(crate) id: String,
    /// In capitals.
    pub(crate) method: String,
    /// With its parameters in braces.
    pub(crate) path: String,
    described: Value,
}

impl Document {
    pub(crate) fn read() -> Self {
        Self(serde_json::from_str(openapi::DOCUMENT).expect("JSON"))
    }

    /// All calls.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation> {
        let paths = self.0["paths"].as_object().expect("paths").iter();
        paths.flat_map(|(path, item)| {
            item.as_object().expect("operations").iter().map(|(method, operation)| Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                described: self.followed(operation),
            })
        })
    }

    /// The call of this name.
    pub(crate) fn operation(&self, id: &str) -> Operation {
        self.operations().find(|operation| operation.id == id).unwrap_or_else(|| panic!("no operation {id}"))
    }

    /// The description with references followed, but for those of schemas: they go round.
    fn followed(&self, value: &Value) -> Value {
        let value = match value["$ref"].as_str() {
            Some(reference) if !reference.starts_with("#/components/schemas/") => self.at(reference),
            _ => value,
        };
        match value {
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, value)| (key.clone(), self.followed(value))).collect())
            }
            Value::Array(items) => items.iter().map(|item| self.followed(item)).collect(),
            other => other.clone(),
        }
    }

    fn at(&self, reference: &str) -> &Value {
        self.0.pointer(reference.trim_start_matches('#')).expect("a reference within the document")
    }

    /// Every example with its schema and its place.
    pub(crate) fn examples(&self) -> Vec<(String, Value, Value)> {
        let mut found = Vec::new();
        collect(&self.0, "", &mut found);
        found
    }

    /// What of the value is not as the schema says.
    pub(crate) fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let schema = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator = jsonschema::options().should_validate_formats(true).build(&schema);
        let validator = validator.expect("a schema");
        let mut errors: Vec<_> =
            validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect();
        errors.extend(self.errors_of_metadata(value));
        errors
    }

    /// The same for the JSON that is within texts.
    fn errors_of_metadata(&self, value: &Value) -> Vec<String> {
        let schemas = &self.0["components"]["schemas"];
        let room = &schemas["RoomInfo"]["properties"]["metadata"]["contentSchema"];
        let person = &schemas["ParticipantInfo"]["properties"]["metadata"]["contentSchema"];
        let mut texts = Vec::new();
        for place in ["/room_info", "/roomInfo"] {
            texts.extend(value.pointer(place).map(|info| (room, &info["metadata"])));
        }
        let rooms = value["rooms"].as_array().into_iter().flatten();
        for active in rooms.chain(value.get("room")) {
            texts.extend(active.get("room_info").map(|info| (room, &info["metadata"])));
            let people = active["participants_info"].as_array().into_iter().flatten();
            texts.extend(people.map(|info| (person, &info["metadata"])));
        }
        let errors = texts.into_iter().flat_map(|(schema, text)| {
            let metadata = serde_json::from_str(text.as_str().expect("a text")).expect("JSON");
            self.errors(schema, &metadata)
        });
        errors.collect()
    }

    /// Fails when an answer is none that the document describes.
    pub(crate) fn check(&self, operation: &Operation, answered: &Answered) {
        let answers = operation.answers();
        let described = answers.get(&answered.status.to_string());
        let described = described.unwrap_or_else(|| panic!("{}: {answered:?}", operation.id));
        let kind = answered.headers.get("content-type").map(|kind| kind.to_str().expect("a text"));
        let Some(content) = described.get("content") else {
            assert_eq!((kind, &answered.body), (None, &Value::Null), "{}", operation.id);
            return;
        };
        let media = content.get(kind.unwrap_or_default());
        let media = media.unwrap_or_else(|| panic!("{}: {kind:?}", operation.id));
        let errors = self.errors(&media["schema"], &answered.body);
        assert!(errors.is_empty(), "{} {answered:?}: {errors:?}", operation.id);
        for (name, header) in described["headers"].as_object().into_iter().flatten() {
            if let Some(value) = answered.headers.get(name.to_lowercase()) {
                let value = value.to_str().expect("a text");
                let value = value.parse::<u64>().map_or_else(|_| json!(value), Value::from);
                assert_eq!(self.errors(&header["schema"], &value), [""; 0], "{} {name}", operation.id);
            } else {
                assert_ne!(header["required"], true, "{} {name}", operation.id);
            }
        }
    }
}

impl Operation {
    /// What may be answered, by status.
    pub(crate) fn answers(&self) -> BTreeMap<String, Value> {
        self.described["responses"].as_object().expect("responses").clone().into_iter().collect()
    }

    /// The groups that it belongs to.
    pub(crate) fn tags(&self) -> Value {
        self.described["tags"].clone()
    }

    /// What is sent.
    pub(crate) fn request_body(&self) -> Option<Value> {
        self.described.get("requestBody").cloned()
    }

    /// The examples of what is sent; none for a call without a body.
    pub(crate) fn request_examples(&self) -> Vec<Value> {
        let body = self.request_body().unwrap_or_default();
        let examples = body["content"]["application/json"]["examples"].as_object();
        examples.unwrap_or(&Map::new()).values().map(|example| example["value"].clone()).collect()
    }

    /// The path with its parameters in place, and what is left of them as the query.
    pub(crate) fn target(&self, parameters: &[(&str, &str)]) -> String {
        let (mut target, mut query) = (self.path.clone(), Vec::new());
        for parameter in self.described["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let Some((_, value)) = parameters.iter().find(|(given, _)| *given == name) else { continue };
            match parameter["in"].as_str() {
                Some("path") => target = target.replace(&format!("{{{name}}}"), value),
                _ => query.push(format!("{name}={value}")),
            }
        }
        if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
    }
}

/// The examples within a part of the document.
fn collect(value: &Value, place: &str, found: &mut Vec<(String, Value, Value)>) {
    match value {
        Value::Object(fields) => {
            if let Some(schema) = fields.get("schema") {
                let named = fields.get("examples").and_then(Value::as_object).into_iter().flatten();
                let all = named.map(|(_, example)| &example["value"]).chain(fields.get("example"));
                found.extend(all.map(|example| (place.to_owned(), schema.clone(), example.clone())));
            }
            fields.iter().for_each(|(key, value)| collect(value, &format!("{place}/{key}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, place, found)),
        _ => {}
    }
}
