//! `Parameters`: what the template asks for, and what it gets.

use std::collections::BTreeMap;

use super::document::{Entry, Node};
use super::error::Fault;
use super::value::{Map, Value};

const TYPES: &[&str] = &["String", "Number", "CommaDelimitedList", "List<Number>"];

/// `AllowedPattern` is known and left to the deployment: what it guards against there (a secret itself, where
/// the name of one belongs) is what the local stack is given on purpose.
const PROPERTIES: &[&str] = &[
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// The parameters by name.
pub(super) type Parameters = BTreeMap<String, Parameter>;

/// A parameter's value.
#[derive(Clone)]
pub(super) struct Parameter {
    pub(super) text: String,
    /// Whether a reference gives the parts between the commas.
    pub(super) is_list: bool,
}

impl Parameter {
    /// The parts of a list.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.text.split(',').map(str::trim)
    }
}

/// Gives each parameter the value that was passed for it or its default, and checks either.
pub(super) fn resolve(section: Option<&Node>, given: &BTreeMap<String, String>) -> Result<Parameters, Fault> {
    let entries = section.map_or(Ok(&[][..]), |section| section.entries("Parameters"))?;
    if let Some(name) = given.keys().find(|name| !entries.iter().any(|entry| entry.name == **name)) {
        return Err(Fault::unknown_parameter(name));
    }
    entries
        .iter()
        .map(|entry| Ok((entry.name.clone(), parameter(entry, given.get(&entry.name).map(String::as_str))?)))
        .collect()
}

fn parameter(entry: &Entry, given: Option<&str>) -> Result<Parameter, Fault> {
    let declaration = Value::literal(&entry.node)?;
    let declaration = declaration.as_map(&format!("the parameter {}", entry.name), PROPERTIES)?;
    let kind = declaration.required("Type")?.as_one_of("Type", TYPES)?;
    let is_list = !matches!(kind, "String" | "Number");
    // The default is held to the rules even where it is not used, as it is at a deployment.
    for value in declaration.optional_text("Default")?.into_iter().chain(given) {
        let parts: Vec<&str> = if is_list { value.split(',').map(str::trim).collect() } else { vec![value] };
        for part in parts {
            check(&declaration, kind, part)?
                .map_or(Ok(()), |expected| Err(Fault::bad_parameter(entry.line, &entry.name, expected)))?;
        }
    }
    given
        .or(declaration.optional_text("Default")?)
        .map(|text| Parameter { text: text.to_owned(), is_list })
        .ok_or_else(|| Fault::missing_parameter(entry.line, &entry.name))
}

/// What was expected, if the value is not that.
fn check(declaration: &Map<'_>, kind: &str, value: &str) -> Result<Option<String>, Fault> {
    // CloudFormation takes fractions, but none of what a template counts here has halves.
    #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^53")]
    let number = value.parse::<i64>().ok().map(|number| number as f64);
    let is_number = kind == "Number" || kind == "List<Number>";
    if is_number && number.is_none() {
        return Ok(Some("a whole number".to_owned()));
    }
    if let Some(allowed) = declaration.get("AllowedValues") {
        let allowed = allowed.as_texts("AllowedValues")?;
        if !allowed.iter().any(|allowed| allowed == value) {
            return Ok(Some(format!("one of {}", allowed.join(", "))));
        }
    }
    let length = f64::from(u32::try_from(value.chars().count()).unwrap_or(u32::MAX));
    for (bound, applies, measured, words) in [
        ("MinValue", is_number, number, "a number of at least"),
        ("MaxValue", is_number, number, "a number of at most"),
        ("MinLength", kind == "String", Some(length), "a text whose length is at least"),
        ("MaxLength", kind == "String", Some(length), "a text whose length is at most"),
    ] {
        let Some(limit) = declaration.get(bound) else { continue };
        let limit_text = limit.as_text(bound)?;
        let (true, Ok(limit_number)) = (applies, limit_text.parse::<f64>()) else {
            return Err(Fault::invalid(
                limit.line,
                format!("{bound}: `{limit_text}` says nothing about a {kind}"),
            ));
        };
        let within = measured.is_some_and(|measured| {
            if bound.starts_with("Min") { measured >= limit_number } else { measured <= limit_number }
        });
        if !within {
            return Ok(Some(format!("{words} {limit_text}")));
        }
    }
    Ok(None)
}
