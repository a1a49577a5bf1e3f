//! A message's table as JSON Schema, for the document that describes the API.

use serde_json::{Map, Value, json};

use super::{Field, Kind, Presence};

/// The message in protobuf's canonical JSON: the names in `snake_case`, integers of 64 bits as texts. What the server says
/// is `readOnly`; a default is what a field is that was left out.
pub fn json_schema(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(field: &Field) -> Value {
    let mut schema = kind(&field.kind);
    if field.required {
        // What must be given has no default.
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("default");
        }
        if matches!(field.kind, Kind::Text(_)) {
            schema["minLength"] = json!(1);
        }
    }
    if field.owned {
        schema["readOnly"] = json!(true);
    }
    if field.uri {
        schema["format"] = json!("uri");
        schema["description"] = json!("An http or https address.");
    }
    if let Some(most) = field.most {
        schema["maxLength"] = json!(most);
    }
    schema
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Bool(absent) => with_default(json!({ "type": "boolean" }), absent.map(Value::from)),
        Kind::Text(absent) => with_default(json!({ "type": "string" }), absent.map(Value::from)),
        Kind::Uint32(absent) => with_default(
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            absent.map(Value::from),
        ),
        Kind::Uint64(absent) => with_default(
            json!({ "type": "string", "pattern": "^[0-9]{1,20}$" }),
            absent.map(|number| number.to_string().into()),
        ),
        // A number that has no name is kept as it is.
        Kind::Enum(names) => with_default(
            json!({ "anyOf": [{ "type": "string", "enum": names }, { "type": "integer", "format": "int32" }] }),
            names.first().map(|name| json!(name)),
        ),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" }, "default": [] }),
        Kind::Json => with_default(any(), Some(json!({}))),
        Kind::Part(fields, Presence::Always) => with_default(json_schema(fields), Some(json!({}))),
        Kind::Part(fields, Presence::WhenGiven) => json_schema(fields),
    }
}

/// Any JSON, with no `null` directly in it.
fn any() -> Value {
    let value = json!({ "type": ["boolean", "number", "string", "array", "object"] });
    json!({ "anyOf": [
        { "type": "object", "additionalProperties": value },
        { "type": "array", "items": value },
        { "type": ["boolean", "number", "string"] },
    ] })
}

fn with_default(mut schema: Value, absent: Option<Value>) -> Value {
    if let Some(absent) = absent {
        schema["default"] = absent;
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_names_types_defaults_and_whose_they_are() {
        const PART: &[Field] = &[Field::flag("is_active").owned()];
        let fields = [
            Field::text("title").required().at_most(255),
            Field::on("is_allow"),
            Field::optional_text("link").uri(),
            Field::long("size").owned(),
            Field::one_of("kind", &["A", "B"]),
            Field::part("part", PART),
            Field::optional_part("other", PART),
        ];
        let part = json!({ "type": "object", "properties": { "is_active": { "type": "boolean", "readOnly": true } } });
        let mut always = part.clone();
        always["default"] = json!({});
        assert_eq!(
            json_schema(&fields),
            json!({
                "type": "object",
                "required": ["title"],
                "properties": {
                    "title": { "type": "string", "minLength": 1, "maxLength": 255 },
                    "is_allow": { "type": "boolean", "default": true },
                    "link": { "type": "string", "format": "uri", "description": "An http or https address." },
                    "size": { "type": "string", "pattern": "^[0-9]{1,20}$", "default": "0", "readOnly": true },
                    "kind": {
                        "anyOf": [{ "type": "string", "enum": ["A", "B"] }, { "type": "integer", "format": "int32" }],
                        "default": "A",
                    },
                    "part": always,
                    "other": part,
                },
            })
        );
    }
}
