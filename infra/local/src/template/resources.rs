//! `Resources`: which types the local stack knows, and what is declared of them.

use super::custom;
use super::document::{Entry, Node, NodeContent};
use super::error::Fault;
use super::function;
use super::globals::Globals;
use super::http_api;
use super::model::{Surroundings, Template};
use super::passive;
use super::queue;
use super::resolve::{PARTITION, Scope};
use super::table;
use super::value::{Content, Map, Value};
use super::{websocket_api, websocket_routes};

/// Every type, but those that a template invents (`Custom::…`).
pub(super) const TYPES: &[&ResourceType] = &[
    &function::TYPE,
    &http_api::TYPE,
    &websocket_api::TYPE,
    &websocket_routes::ROUTE,
    &websocket_routes::INTEGRATION,
    &websocket_routes::PERMISSION,
    &table::TYPE,
    &queue::TYPE,
    &passive::LOG_GROUP,
    &passive::ROLE,
    &passive::POLICY,
    &passive::ROLE_POLICY,
    &passive::MANAGED_POLICY,
    &passive::QUEUE_POLICY,
    &passive::ALARM,
    &passive::DASHBOARD,
    &passive::TOPIC,
    &passive::TOPIC_POLICY,
    &passive::SUBSCRIPTION,
    &custom::TYPE,
];

const ATTRIBUTES: &[&str] =
    &["Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy"];

/// A type of resource.
pub(super) struct ResourceType {
    /// As `Type` says it.
    pub(super) name: &'static str,
    /// The section of `Globals` that is for it, and the properties that may not be there.
    pub(super) globals: Option<(&'static str, &'static [&'static str])>,
    /// Properties that make a difference here.
    pub(super) effective: &'static [&'static str],
    /// Properties that make none on this machine; none: any may be there and makes none.
    pub(super) without_effect: Option<&'static [&'static str]>,
    /// The property that names the resource.
    pub(super) name_property: Option<&'static str>,
    /// What `Ref` gives.
    pub(super) reference: fn(&Identity<'_>) -> Content,
    /// What `Fn::GetAtt` gives; none where there is no such attribute.
    pub(super) attribute: fn(&Identity<'_>, &str) -> Option<Content>,
    /// Adds the resource to what there is to run.
    pub(super) read: fn(&Resource<'_>, &Scope<'_>, &mut Template) -> Result<(), Fault>,
}

impl ResourceType {
    /// Whether a property may be there.
    pub(super) fn knows(&self, property: &str) -> bool {
        self.effective.contains(&property)
            || self.without_effect.is_none_or(|known| known.contains(&property))
    }
}

/// A resource as it is written.
pub(super) struct Declared {
    pub(super) logical_id: String,
    pub(super) line: usize,
    pub(super) kind: &'static ResourceType,
    /// The condition on which it is there at all, and where that is written.
    pub(super) condition: Option<(String, usize)>,
    /// Merged with the globals.
    pub(super) properties: Node,
    metadata: Option<Node>,
    depends_on: Vec<(String, usize)>,
}

/// A resource and its physical name.
pub(super) struct Identity<'a> {
    pub(super) declared: &'a Declared,
    pub(super) name: String,
    pub(super) surroundings: &'a Surroundings,
}

/// The name, which is what `Ref` gives of most types.
pub(super) fn by_name(identity: &Identity<'_>) -> Content {
    Content::text(&identity.name)
}

impl Identity<'_> {
    /// An ARN of a regional service.
    pub(super) fn arn(&self, service: &str, resource: &str) -> Content {
        let Surroundings { region, account_id, .. } = self.surroundings;
        Content::text(format!("arn:{PARTITION}:{service}:{region}:{account_id}:{resource}"))
    }
}

/// A resource with everything resolved.
pub(super) struct Resource<'a> {
    pub(super) logical_id: &'a str,
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) metadata: Option<Value>,
    kind: &'static ResourceType,
    properties: Value,
}

impl Resource<'_> {
    /// Its properties, all of which are known.
    pub(super) fn properties(&self) -> Result<Map<'_>, Fault> {
        Ok(Map::new(self.line, self.title(), self.properties.as_fields("Properties")?))
    }

    /// What errors call it.
    pub(super) fn title(&self) -> String {
        format!("`{}`, an {}", self.logical_id, self.kind.name)
    }
}

/// Reads the section without resolving anything in it.
pub(super) fn declare(section: &Node, globals: &Globals) -> Result<Vec<Declared>, Fault> {
    section.entries("Resources")?.iter().map(|entry| declare_one(entry, globals)).collect()
}

fn declare_one(entry: &Entry, globals: &Globals) -> Result<Declared, Fault> {
    let Entry { name, line, node } = entry;
    let attributes = node.entries(name)?;
    if let Some(attribute) =
        attributes.iter().find(|attribute| !ATTRIBUTES.contains(&attribute.name.as_str()))
    {
        let what = format!("the local stack does not know the attribute `{}` of a resource", attribute.name);
        return Err(Fault::unknown(attribute.line, what));
    }
    let kind = node
        .get("Type")
        .ok_or_else(|| Fault::invalid(*line, format!("the resource `{name}` has no `Type`")))?;
    let kind = find(kind.literal("Type")?, kind.line)?;
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        node.get(policy).map(|value| value.literal(policy)).transpose()?;
    }
    let own = match node.get("Properties") {
        Some(properties) => {
            let unknown =
                properties.entries("Properties")?.iter().find(|property| !kind.knows(&property.name));
            if let Some(property) = unknown {
                let what = format!(
                    "the local stack does not know the property `{}` of {}",
                    property.name, kind.name
                );
                return Err(Fault::unknown(property.line, what));
            }
            properties.clone()
        }
        None => Node { line: *line, content: NodeContent::Map(Vec::new()) },
    };
    let depends_on = match node.get("DependsOn") {
        None => Vec::new(),
        Some(Node { content: NodeContent::List(items), .. }) => items
            .iter()
            .map(|item| Ok((item.literal("DependsOn")?.to_owned(), item.line)))
            .collect::<Result<_, Fault>>()?,
        Some(one) => vec![(one.literal("DependsOn")?.to_owned(), one.line)],
    };
    let condition = match node.get("Condition") {
        Some(condition) => Some((condition.literal("Condition")?.to_owned(), condition.line)),
        None => None,
    };
    Ok(Declared {
        logical_id: name.clone(),
        line: *line,
        kind,
        condition,
        properties: globals.merged(kind, own),
        metadata: node.get("Metadata").cloned(),
        depends_on,
    })
}

fn find(name: &str, line: usize) -> Result<&'static ResourceType, Fault> {
    if name.starts_with("Custom::") {
        return Ok(&custom::TYPE);
    }
    let kind = TYPES.iter().find(|kind| kind.name == name).copied();
    kind.ok_or_else(|| {
        Fault::unknown(line, format!("the local stack does not know the resource type `{name}`"))
    })
}

/// Resolves every resource, and adds those that are there to the template.
pub(super) fn read(scope: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    for declared in scope.resources {
        let is_there = match &declared.condition {
            Some((condition, line)) => scope.holds(condition, *line)?,
            None => true,
        };
        let scope = if is_there { *scope } else { scope.untaken() };
        if let Some((name, line)) = declared
            .depends_on
            .iter()
            .find(|(name, _)| !scope.resources.iter().any(|other| other.logical_id == *name))
        {
            return Err(Fault::unknown(*line, format!("there is no resource `{name}`")));
        }
        let nothing = || Value { line: declared.line, content: Content::Map(Vec::new()) };
        let resource = Resource {
            logical_id: &declared.logical_id,
            line: declared.line,
            name: scope.identify(declared)?.name,
            metadata: declared
                .metadata
                .as_ref()
                .map(|metadata| scope.resolve(metadata))
                .transpose()?
                .flatten(),
            kind: declared.kind,
            properties: scope.resolve(&declared.properties)?.unwrap_or_else(nothing),
        };
        if is_there {
            (declared.kind.read)(&resource, &scope, template)?;
        }
    }
    Ok(())
}
