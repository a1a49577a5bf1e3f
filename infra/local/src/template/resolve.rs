//! Intrinsic functions: from what is written to what it says on this machine.

use super::conditions::{self, Conditions};
use super::document::{Node, NodeContent};
use super::error::Fault;
use super::http_api;
use super::model::Surroundings;
use super::parameters::Parameters;
use super::resources::{Declared, Identity};
use super::substitute::{self, Part};
use super::value::{Content, Field, Value};
use super::websocket_api;

/// `AWS::Partition`, as everywhere but in China and `GovCloud`.
pub(super) const PARTITION: &str = "aws";
/// `AWS::URLSuffix` there.
pub(super) const URL_SUFFIX: &str = "amazonaws.com";

/// All that a function may refer to.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) surroundings: &'a Surroundings,
    pub(super) parameters: &'a Parameters,
    pub(super) conditions: &'a Conditions,
    pub(super) resources: &'a [Declared],
    /// Whether what is resolved will be: false in the branch of an `Fn::If` that is not taken, which is only
    /// checked, and may name resources that are left out.
    taken: bool,
    trail: Option<&'a Trail<'a>>,
}

/// The resources whose names are being found, to notice when one is named after itself.
struct Trail<'a> {
    logical_id: &'a str,
    before: Option<&'a Trail<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        surroundings: &'a Surroundings,
        parameters: &'a Parameters,
        conditions: &'a Conditions,
        resources: &'a [Declared],
    ) -> Self {
        Self { surroundings, parameters, conditions, resources, taken: true, trail: None }
    }

    /// The same for what is only checked.
    pub(super) fn untaken(self) -> Self {
        Self { taken: false, ..self }
    }

    /// Resolves everything under `node`; none for `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Node) -> Result<Option<Value>, Fault> {
        let content = match &node.content {
            NodeContent::Text(text) => Content::text(text.as_str()),
            NodeContent::List(items) => Content::List(self.resolve_all(items)?),
            NodeContent::Map(entries) => {
                let mut fields = Vec::with_capacity(entries.len());
                for entry in entries {
                    if let Some(value) = self.resolve(&entry.node)? {
                        fields.push(Field { name: entry.name.clone(), line: entry.line, value });
                    }
                }
                Content::Map(fields)
            }
            NodeContent::Call { function, argument } => {
                if function == "Fn::If" {
                    return self.choose(argument);
                }
                match self.call(function, argument, node.line)? {
                    Some(content) => content,
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(Value { line: node.line, content }))
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, condition: &str, line: usize) -> Result<bool, Fault> {
        let holds = self.conditions.get(condition).copied();
        holds.ok_or_else(|| Fault::unknown(line, format!("there is no condition `{condition}`")))
    }

    /// What a resource is called here.
    pub(super) fn identify(&self, declared: &'a Declared) -> Result<Identity<'a>, Fault> {
        let logical_id = declared.logical_id.as_str();
        let mut before = self.trail;
        while let Some(trail) = before {
            if trail.logical_id == logical_id {
                let what = format!("the name of the resource `{logical_id}` depends on itself");
                return Err(Fault::invalid(declared.line, what));
            }
            before = trail.before;
        }
        let given = declared.kind.name_property.and_then(|property| declared.properties.get(property));
        let trail = Trail { logical_id, before: self.trail };
        let inner = Scope { trail: Some(&trail), ..*self };
        let name = match given.map(|node| inner.resolve(node)).transpose()?.flatten() {
            Some(value) => value.as_text("the name of a resource")?.to_owned(),
            None => format!("{}-{logical_id}", self.surroundings.stack_name),
        };
        Ok(Identity { declared, name, surroundings: self.surroundings })
    }

    fn resolve_all(&self, nodes: &[Node]) -> Result<Vec<Value>, Fault> {
        nodes.iter().filter_map(|node| self.resolve(node).transpose()).collect()
    }

    fn call(&self, function: &str, argument: &Node, line: usize) -> Result<Option<Content>, Fault> {
        match function {
            "Ref" => self.reference(argument.literal("Ref")?, line),
            "Fn::GetAtt" => self.get_attribute(argument, line).map(Some),
            "Fn::Sub" => self.substitute(argument, line).map(Some),
            "Fn::Join" => self.join(argument).map(Some),
            _ if conditions::FUNCTIONS.contains(&function) => {
                Err(Fault::invalid(line, format!("{function} belongs into Conditions")))
            }
            _ => Err(Fault::unknown(line, format!("the local stack does not know the function {function}"))),
        }
    }

    fn reference(&self, name: &str, line: usize) -> Result<Option<Content>, Fault> {
        let Surroundings { region, account_id, stack_name, .. } = self.surroundings;
        Ok(Some(match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => Content::text(region),
            "AWS::AccountId" => Content::text(account_id),
            "AWS::StackName" => Content::text(stack_name),
            "AWS::StackId" => Content::text(format!(
                "arn:{PARTITION}:cloudformation:{region}:{account_id}:stack/{stack_name}/local"
            )),
            "AWS::Partition" => Content::text(PARTITION),
            "AWS::URLSuffix" => Content::text(URL_SUFFIX),
            _ => match self.parameters.get(name) {
                Some(parameter) if parameter.is_list => Content::List(
                    parameter.parts().map(|part| Value { line, content: Content::text(part) }).collect(),
                ),
                Some(parameter) => Content::text(&parameter.text),
                None => match self.resource(name, line)? {
                    Ok(identity) => (identity.declared.kind.reference)(&identity),
                    Err(elsewhere) => elsewhere,
                },
            },
        }))
    }

    /// The resource that a reference means. The inner error is what stands for one that is left out.
    fn resource(&self, name: &str, line: usize) -> Result<Result<Identity<'a>, Content>, Fault> {
        let declared = self.resources.iter().find(|declared| declared.logical_id == name);
        let declared =
            declared.ok_or_else(|| Fault::unknown(line, format!("nothing here is called `{name}`")))?;
        if let Some((condition, at)) = &declared.condition
            && !self.holds(condition, *at)?
        {
            let why = format!("left out because the condition `{condition}` does not hold");
            return if self.taken {
                Err(Fault::unknown(line, format!("the resource `{name}` is {why}")))
            } else {
                Ok(Err(Content::Elsewhere(format!("the resource `{name}`, {why}"))))
            };
        }
        self.identify(declared).map(Ok)
    }

    fn attribute(&self, name: &str, attribute: &str, line: usize) -> Result<Content, Fault> {
        let identity = match self.resource(name, line)? {
            Ok(identity) => identity,
            Err(elsewhere) => return Ok(elsewhere),
        };
        let kind = identity.declared.kind;
        (kind.attribute)(&identity, attribute).ok_or_else(|| {
            Fault::unknown(line, format!("`{name}`, an {}, has no attribute `{attribute}`", kind.name))
        })
    }

    fn get_attribute(&self, argument: &Node, line: usize) -> Result<Content, Fault> {
        match &argument.content {
            NodeContent::Text(text) => match text.split_once('.') {
                Some((name, attribute)) => self.attribute(name, attribute, line),
                None => Err(Fault::invalid(
                    line,
                    format!("Fn::GetAtt: expected RESOURCE.ATTRIBUTE, found `{text}`"),
                )),
            },
            NodeContent::List(items) => match items.as_slice() {
                [name, attribute] => {
                    let attribute = self.required(attribute, "Fn::GetAtt")?;
                    self.attribute(name.literal("Fn::GetAtt")?, attribute.as_text("Fn::GetAtt")?, line)
                }
                _ => Err(Fault::invalid(line, "Fn::GetAtt takes a resource and an attribute")),
            },
            _ => Err(Fault::invalid(line, format!("Fn::GetAtt: expected a text, found {}", argument.kind()))),
        }
    }

    fn substitute(&self, argument: &Node, line: usize) -> Result<Content, Fault> {
        let (template, own) = match &argument.content {
            NodeContent::List(items) => match items.as_slice() {
                [template, own] => (template.literal("Fn::Sub")?, own.entries("Fn::Sub")?),
                _ => return Err(Fault::invalid(line, "Fn::Sub takes a text, or a text and a map")),
            },
            _ => (argument.literal("Fn::Sub")?, &[][..]),
        };
        let mut variables = Vec::with_capacity(own.len());
        for entry in own {
            variables.push((entry.name.as_str(), self.required(&entry.node, &entry.name)?));
        }
        let mut assembly = Assembly::default();
        for part in substitute::parts(template).map_err(|what| Fault::invalid(line, what))? {
            match part {
                Part::Text(text) => assembly.text.push_str(text),
                Part::Variable(name) => {
                    let content = match variables.iter().find(|(own, _)| *own == name) {
                        Some((_, value)) => value.content.clone(),
                        None => match name.split_once('.') {
                            Some((resource, attribute)) => self.attribute(resource, attribute, line)?,
                            None => self.reference(name, line)?.ok_or_else(|| {
                                Fault::invalid(
                                    line,
                                    "Fn::Sub: AWS::NoValue is nothing that a text can contain",
                                )
                            })?,
                        },
                    };
                    assembly.push(Value { line, content }, name)?;
                }
            }
        }
        Ok(assembly.finish(self))
    }

    fn join(&self, argument: &Node) -> Result<Content, Fault> {
        let NodeContent::List(items) = &argument.content else {
            return Err(Fault::invalid(argument.line, "Fn::Join takes a delimiter and a list"));
        };
        let [delimiter, list] = items.as_slice() else {
            return Err(Fault::invalid(argument.line, "Fn::Join takes a delimiter and a list"));
        };
        let delimiter = delimiter.literal("Fn::Join")?;
        let list = self.required(list, "Fn::Join")?;
        let mut assembly = Assembly::default();
        for (index, value) in list.as_list("Fn::Join")?.iter().enumerate() {
            if index > 0 {
                assembly.text.push_str(delimiter);
            }
            assembly.push(value.clone(), "Fn::Join")?;
        }
        Ok(assembly.finish(self))
    }

    fn choose(&self, argument: &Node) -> Result<Option<Value>, Fault> {
        let branches = match &argument.content {
            NodeContent::List(items) => items.as_slice(),
            _ => &[],
        };
        let [condition, then, otherwise] = branches else {
            return Err(Fault::invalid(argument.line, "Fn::If takes a condition and two values"));
        };
        let holds = self.holds(condition.literal("Fn::If")?, condition.line)?;
        let (taken, other) = if holds { (then, otherwise) } else { (otherwise, then) };
        self.untaken().resolve(other)?;
        self.resolve(taken)
    }

    fn required(&self, node: &Node, what: &str) -> Result<Value, Fault> {
        self.resolve(node)?
            .ok_or_else(|| Fault::invalid(node.line, format!("{what}: AWS::NoValue is not a value")))
    }
}

/// A text put together of several, some of which a deployment alone can tell.
#[derive(Default)]
struct Assembly {
    text: String,
    elsewhere: Option<String>,
}

impl Assembly {
    fn push(&mut self, value: Value, what: &str) -> Result<(), Fault> {
        match value.content {
            Content::Elsewhere(reason) => self.elsewhere = Some(reason),
            _ => self.text.push_str(value.as_text(what)?),
        }
        Ok(())
    }

    fn finish(self, scope: &Scope<'_>) -> Content {
        if let Some(reason) = self.elsewhere {
            return Content::Elsewhere(reason);
        }
        let text = http_api::address_here(self.text, scope);
        Content::text(websocket_api::address_here(text, scope))
    }
}
