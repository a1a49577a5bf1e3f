//! The loader of the SAM template.
//!
//! [`load`] reads the very file that is deployed and says what there is to run: functions with their environment and
//! what calls them, the HTTP API, the WebSocket API, tables with their indexes and streams, and queues. It resolves
//! parameters, conditions, globals and intrinsic functions as `CloudFormation` and SAM do.
//!
//! **What it does not know is an error that names the line.** A section, a resource type, a property, an event or a
//! function that were skipped would make the local stack behave unlike the deployed one without a word. So each
//! resource type lists the properties that make a difference here and those that are known to make none; the values
//! of the latter are resolved all the same, so that a wrong reference in an alarm shows on the first run.
//!
//! # Adding a resource type
//! One file with its `ResourceType`, and its line in `TYPES` of `resources.rs`. An event type is an arm in `events.rs`.
//! What several resources have to agree on is checked in `links.rs`.
//!
//! # What differs from a deployment
//! * What only a deployment can tell (attributes of custom resources, dynamic references) may stand where nothing
//!   reads it, and is an error where something would.
//! * Names that `CloudFormation` would draw are `<stack>-<logical id>`.
//! * An `AllowedPattern` is not checked: see `parameters.rs`.

mod conditions;
mod custom;
mod document;
mod error;
mod events;
mod function;
mod globals;
mod http_api;
mod links;
mod model;
mod parameters;
mod passive;
mod policies;
mod queue;
mod resolve;
mod resources;
mod sources;
mod substitute;
mod table;
mod triggers;
mod value;
mod websocket_api;
mod websocket_routes;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

pub use error::TemplateError;
pub use model::{Cors, Function, Grant, HttpApi, Index, Projection, Route, Surroundings, Table, Template};
pub use sources::{Fifo, Queue, QueueSource, Redrive, Schedule, StreamSource};
pub use websocket_api::{WebSocketApi, WebSocketRoute};

use conditions::Conditions;
use document::{Entry, Node};
use error::Fault;
use globals::Globals;
use resolve::Scope;
use value::Value;

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Transform",
];

/// Loads a template. `parameters` are values instead of the defaults.
pub fn load(
    path: &Path,
    parameters: &BTreeMap<String, String>,
    surroundings: &Surroundings,
) -> Result<Template, TemplateError> {
    build(&read(path)?, parameters, surroundings).map_err(|fault| fault.in_file(path))
}

/// The names of the parameters of a template, for telling a value of a parameter from one of a variable.
pub fn declared_parameters(path: &Path) -> Result<BTreeSet<String>, TemplateError> {
    let names = |source: &str| {
        let document = document::parse(source)?;
        let section =
            document.get("Parameters").map_or(Ok(&[][..]), |section| section.entries("Parameters"))?;
        Ok(section.iter().map(|entry| entry.name.clone()).collect())
    };
    names(&read(path)?).map_err(|fault: Fault| fault.in_file(path))
}

fn read(path: &Path) -> Result<String, TemplateError> {
    fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => TemplateError::Missing(path.to_owned()),
        _ => TemplateError::Read { path: path.to_owned(), source },
    })
}

fn build(
    source: &str,
    given: &BTreeMap<String, String>,
    surroundings: &Surroundings,
) -> Result<Template, Fault> {
    let document = document::parse(source)?;
    check_head(&document)?;
    let parameters = parameters::resolve(document.get("Parameters"), given)?;
    let none = Conditions::new();
    let conditions =
        conditions::evaluate(document.get("Conditions"), &Scope::new(surroundings, &parameters, &none, &[]))?;
    let globals = Globals::read(document.get("Globals"))?;
    let section =
        document.get("Resources").ok_or_else(|| Fault::invalid(1, "the template has no `Resources`"))?;
    let resources = resources::declare(section, &globals)?;
    if let Some(twice) = resources.iter().find(|resource| parameters.contains_key(&resource.logical_id)) {
        let what = format!("`{}` is a parameter and a resource", twice.logical_id);
        return Err(Fault::invalid(twice.line, what));
    }

    let scope = Scope::new(surroundings, &parameters, &conditions, &resources);
    globals.check(&scope)?;
    let mut template = Template {
        parameters: parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.text.clone()))
            .collect(),
        ..Template::default()
    };
    resources::read(&scope, &mut template)?;
    links::check(&template)?;
    check_outputs(document.get("Outputs"), &scope)?;
    Ok(template)
}

/// The sections that are there, and those of them that only say what kind of template this is.
fn check_head(document: &Node) -> Result<(), Fault> {
    for Entry { name, line, node } in document.entries("the template")? {
        match name.as_str() {
            "AWSTemplateFormatVersion" => {
                Value::literal(node)?.as_one_of(name, &["2010-09-09"])?;
            }
            "Description" => {
                node.literal(name)?;
            }
            "Transform" => {
                let transform = node.literal(name)?;
                if transform != "AWS::Serverless-2016-10-31" {
                    let what = format!("the local stack does not know the transform `{transform}`");
                    return Err(Fault::unknown(*line, what));
                }
            }
            _ if SECTIONS.contains(&name.as_str()) => {}
            _ => {
                return Err(Fault::unknown(
                    *line,
                    format!("the local stack does not know the section `{name}`"),
                ));
            }
        }
    }
    Ok(())
}

/// Nothing here reads the outputs; what they refer to has to be there all the same.
fn check_outputs(section: Option<&Node>, scope: &Scope<'_>) -> Result<(), Fault> {
    for Entry { name, line, node } in section.map_or(Ok(&[][..]), |section| section.entries("Outputs"))? {
        let is_there = match node.get("Condition") {
            Some(condition) => scope.holds(condition.literal("Condition")?, condition.line)?,
            None => true,
        };
        let scope = if is_there { *scope } else { scope.untaken() };
        let Some(output) = scope.resolve(node)? else { continue };
        let mut map = output
            .as_map(&format!("the output `{name}`"), &["Condition", "Description", "Export", "Value"])?;
        map.line = *line;
        map.required("Value")?;
        map.map("Export", &["Name"])?;
    }
    Ok(())
}
