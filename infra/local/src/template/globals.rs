//! `Globals`: properties of all resources of a type, merged as SAM merges them.

use super::document::{Entry, Node, NodeContent};
use super::error::Fault;
use super::resolve::Scope;
use super::resources::{ResourceType, TYPES};

/// The sections by name.
#[derive(Debug, Default)]
pub(super) struct Globals {
    sections: Vec<(String, Node)>,
}

impl Globals {
    /// Reads the sections and checks that their keys are properties of the type that may be global.
    pub(super) fn read(node: Option<&Node>) -> Result<Self, Fault> {
        let entries = node.map_or(Ok(&[][..]), |node| node.entries("Globals"))?;
        let mut sections = Vec::new();
        for Entry { name, line, node } in entries {
            let found = TYPES.iter().find_map(|kind| {
                kind.globals.filter(|(section, _)| section == name).map(|(_, excluded)| (kind, excluded))
            });
            let Some((kind, excluded)) = found else {
                let what = format!("the local stack does not know the section `{name}` of Globals");
                return Err(Fault::unknown(*line, what));
            };
            for property in node.entries(name)? {
                let property_name = property.name.as_str();
                if !kind.knows(property_name) || excluded.contains(&property_name) {
                    let what =
                        format!("`{property_name}` is no global property of {} that we know", kind.name);
                    return Err(Fault::unknown(property.line, what));
                }
            }
            sections.push((name.clone(), node.clone()));
        }
        Ok(Self { sections })
    }

    /// Resolves every section once, so that a mistake shows even where each resource overrides it.
    pub(super) fn check(&self, scope: &Scope<'_>) -> Result<(), Fault> {
        self.sections.iter().try_for_each(|(_, node)| scope.resolve(node).map(|_| ()))
    }

    /// A resource's own properties with the global ones of its type.
    pub(super) fn merged(&self, kind: &ResourceType, own: Node) -> Node {
        let section =
            kind.globals.and_then(|(name, _)| self.sections.iter().find(|(section, _)| section == name));
        match section {
            Some((_, global)) => merge(global, own),
            None => own,
        }
    }
}

/// Maps are merged key by key, lists are appended to the global one, and anything else (functions, and values
/// of different kinds) is overridden.
fn merge(global: &Node, own: Node) -> Node {
    let content = match (&global.content, own.content) {
        (NodeContent::Map(global), NodeContent::Map(own)) => {
            let mut merged = global.clone();
            for entry in own {
                match merged.iter_mut().find(|other| other.name == entry.name) {
                    Some(other) => {
                        let node = merge(&other.node, entry.node);
                        *other = Entry { node, ..entry };
                    }
                    None => merged.push(entry),
                }
            }
            NodeContent::Map(merged)
        }
        (NodeContent::List(global), NodeContent::List(own)) => {
            NodeContent::List(global.iter().cloned().chain(own).collect())
        }
        (_, own) => own,
    };
    Node { line: own.line, content }
}
