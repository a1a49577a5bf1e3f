//! Which records a function gets: the patterns of `FilterCriteria`
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).

use serde_json::{Map, Value};

/// The filters of an event source: a record passes if one of them lets it, or if there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters(pub Vec<Filter>);

/// A pattern has no numbers that are unequal to themselves: JSON has no such.
impl Eq for Filters {}

impl Filters {
    /// Whether the function gets this record.
    pub fn pass(&self, record: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|filter| filter.0.matches(Some(record)))
    }
}

/// One pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Pattern);

/// What an object has to be like.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pattern {
    /// All of these.
    fields: Vec<(String, Wanted)>,
    /// And of each of these lists, one.
    alternatives: Vec<Vec<Pattern>>,
}

/// What a field has to be like.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// An object.
    Nested(Pattern),
    /// One of these.
    OneOf(Vec<Matcher>),
}

/// What a value has to be like.
#[derive(Clone, Debug, PartialEq)]
enum Matcher {
    Equals(Value),
    Prefix(String),
    Exists(bool),
    AnythingBut(Vec<Matcher>),
}

impl Filter {
    /// Reads a pattern. The error says what is wrong or unknown in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))?;
        match value {
            Value::Object(fields) => pattern(&fields).map(Self),
            _ => Err("expected an object".to_owned()),
        }
    }
}

fn pattern(fields: &Map<String, Value>) -> Result<Pattern, String> {
    let mut read = Pattern::default();
    for (name, value) in fields {
        match value {
            Value::Array(items) if name == "$or" => {
                let parts = items.iter().map(|item| match item {
                    Value::Object(fields) => pattern(fields),
                    _ => Err("`$or`: expected a list of objects".to_owned()),
                });
                read.alternatives.push(some(name, parts.collect::<Result<_, _>>()?)?);
            }
            Value::Array(items) => {
                let matchers = items.iter().map(|item| matcher(name, item)).collect::<Result<_, _>>()?;
                read.fields.push((name.clone(), Wanted::OneOf(some(name, matchers)?)));
            }
            Value::Object(fields) => read.fields.push((name.clone(), Wanted::Nested(pattern(fields)?))),
            _ => return Err(format!("`{name}`: expected a list or an object")),
        }
    }
    Ok(read)
}

fn some<T>(name: &str, list: Vec<T>) -> Result<Vec<T>, String> {
    if list.is_empty() { Err(format!("`{name}`: the list is empty")) } else { Ok(list) }
}

fn matcher(name: &str, value: &Value) -> Result<Matcher, String> {
    let Value::Object(fields) = value else {
        return match value {
            Value::Array(_) => Err(format!("`{name}`: a list in a list")),
            _ => Ok(Matcher::Equals(value.clone())),
        };
    };
    match fields.iter().collect::<Vec<_>>().as_slice() {
        [(kind, Value::Bool(exists))] if *kind == "exists" => Ok(Matcher::Exists(*exists)),
        [(kind, Value::String(prefix))] if *kind == "prefix" => Ok(Matcher::Prefix(prefix.clone())),
        [(kind, value)] if *kind == "anything-but" => {
            let values = match *value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            let matchers = values.iter().map(|value| matcher(name, value)).collect::<Result<Vec<_>, _>>()?;
            if matchers.iter().any(|matcher| matches!(matcher, Matcher::Exists(_) | Matcher::AnythingBut(_)))
            {
                return Err(format!("`{name}`: `anything-but` of something that is no value"));
            }
            Ok(Matcher::AnythingBut(some(name, matchers)?))
        }
        [(kind, _)] => Err(format!("`{name}`: the local stack does not know this use of `{kind}`")),
        _ => Err(format!("`{name}`: expected one operator")),
    }
}

impl Pattern {
    fn matches(&self, value: Option<&Value>) -> bool {
        // A field of something that is no object is not there, which may be what is wanted.
        let field = |name: &str| value.and_then(Value::as_object).and_then(|object| object.get(name));
        self.fields.iter().all(|(name, wanted)| wanted.matches(field(name)))
            && self.alternatives.iter().all(|parts| parts.iter().any(|part| part.matches(value)))
    }
}

impl Wanted {
    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Nested(pattern) => pattern.matches(value),
            Self::OneOf(matchers) => matchers.iter().any(|matcher| matcher.matches(value)),
        }
    }
}

impl Matcher {
    fn matches(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            // What is looked for are leaves: an object is not one.
            (Self::Exists(wanted), value) => value.is_some_and(|value| !value.is_object()) == *wanted,
            (_, None | Some(Value::Object(_))) => false,
            (Self::AnythingBut(matchers), Some(Value::Array(items))) => {
                items.iter().any(|item| !matchers.iter().any(|matcher| matcher.matches(Some(item))))
            }
            (_, Some(Value::Array(items))) => items.iter().any(|item| self.matches(Some(item))),
            (Self::AnythingBut(matchers), value) => !matchers.iter().any(|matcher| matcher.matches(value)),
            (Self::Prefix(prefix), Some(value)) => {
                value.as_str().is_some_and(|text| text.starts_with(prefix))
            }
            (Self::Equals(wanted), Some(value)) => match (wanted.as_f64(), value.as_f64()) {
                (Some(wanted), Some(value)) => wanted.total_cmp(&value).is_eq(),
                _ => wanted == value,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(pattern: &Value, record: &Value) -> bool {
        Filters(vec![Filter::parse(&pattern.to_string()).unwrap()]).pass(record)
    }

    #[test]
    fn without_filters_everything_passes_and_of_several_one_is_enough() {
        assert!(Filters::default().pass(&json!({"a": 1})));
        let filters = [json!({"a": ["x"]}), json!({"b": ["y"]})]
            .map(|pattern| Filter::parse(&pattern.to_string()).unwrap());
        let filters = Filters(filters.to_vec());
        assert!(filters.pass(&json!({"b": "y"})) && filters.pass(&json!({"a": "x", "b": 0})));
        assert!(!filters.pass(&json!({"a": "y"})));
    }

    #[test]
    fn all_fields_and_one_of_the_values_of_each() {
        let pattern = json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"NewImage": {"sk": {"S": ["STATE"]}}},
        });
        let record =
            |name: &str, sk: &str| json!({"eventName": name, "dynamodb": {"NewImage": {"sk": {"S": sk}}}});
        assert!(passes(&pattern, &record("INSERT", "STATE")));
        assert!(!passes(&pattern, &record("REMOVE", "STATE")));
        assert!(!passes(&pattern, &record("INSERT", "META")));
        assert!(!passes(&pattern, &json!({"eventName": "INSERT", "dynamodb": {"NewImage": "none"}})));
    }

    #[test]
    fn operators() {
        for (wanted, value, expected) in [
            (json!([1]), json!(1.0), true),
            (json!([1]), json!("1"), false),
            (json!([null]), json!(null), true),
            (json!([true]), json!(true), true),
            (json!(["a"]), json!(["b", "a"]), true),
            (json!([{"prefix": "ROOM#"}]), json!("ROOM#1"), true),
            (json!([{"prefix": "ROOM#"}]), json!("room#1"), false),
            (json!([{"prefix": "ROOM#"}]), json!(7), false),
            (json!([{"exists": true}]), json!(""), true),
            (json!([{"exists": true}]), json!({"b": 1}), false),
            (json!([{"exists": false}]), json!(""), false),
            (json!([{"anything-but": "a"}]), json!("b"), true),
            (json!([{"anything-but": "a"}]), json!("a"), false),
            (json!([{"anything-but": ["a", 1]}]), json!(1), false),
            (json!([{"anything-but": {"prefix": "a"}}]), json!("ab"), false),
            (json!([{"anything-but": {"prefix": "a"}}]), json!("b"), true),
        ] {
            assert_eq!(passes(&json!({"a": wanted}), &json!({"a": value})), expected, "{wanted} {value}");
        }
    }

    #[test]
    fn what_is_not_there_matches_only_what_wants_it_so() {
        for (wanted, expected) in [
            (json!([{"exists": false}]), true),
            (json!([{"exists": true}]), false),
            (json!([{"anything-but": "a"}]), false),
            (json!(["a", {"exists": false}]), true),
            (json!({"b": [{"exists": false}]}), true),
            (json!({"b": ["x"]}), false),
        ] {
            assert_eq!(passes(&json!({"a": wanted}), &json!({"other": 1})), expected, "{wanted}");
        }
    }

    #[test]
    fn one_of_the_alternatives_is_enough() {
        let pattern = json!({"a": ["x"], "$or": [{"b": [1]}, {"c": {"d": [2]}}]});
        assert!(passes(&pattern, &json!({"a": "x", "b": 1})));
        assert!(passes(&pattern, &json!({"a": "x", "c": {"d": 2}})));
        assert!(!passes(&pattern, &json!({"a": "x", "b": 2})));
        assert!(!passes(&pattern, &json!({"a": "y", "b": 1})));
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for (text, what) in [
            ("{", "this is no JSON: EOF while parsing an object at line 1 column 1"),
            ("[]", "expected an object"),
            (r#"{"a": "b"}"#, "`a`: expected a list or an object"),
            (r#"{"a": []}"#, "`a`: the list is empty"),
            (r#"{"a": [["b"]]}"#, "`a`: a list in a list"),
            (r#"{"a": [{"numeric": [">", 1]}]}"#, "`a`: the local stack does not know this use of `numeric`"),
            (r#"{"a": [{"prefix": 1}]}"#, "`a`: the local stack does not know this use of `prefix`"),
            (r#"{"a": [{"prefix": "b", "exists": true}]}"#, "`a`: expected one operator"),
            (
                r#"{"a": [{"anything-but": {"exists": true}}]}"#,
                "`a`: `anything-but` of something that is no value",
            ),
            (r#"{"$or": [1]}"#, "`$or`: expected a list of objects"),
        ] {
            assert_eq!(Filter::parse(text).unwrap_err(), what, "{text}");
        }
    }
}
