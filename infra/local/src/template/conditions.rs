//! `Conditions`: which of them hold.

use std::collections::BTreeMap;

use super::document::{Entry, Node, NodeContent};
use super::error::Fault;
use super::resolve::Scope;

/// The conditions by name, and whether they hold.
pub(super) type Conditions = BTreeMap<String, bool>;

/// Functions that give a truth value and so stand in `Conditions` only.
pub(super) const FUNCTIONS: &[&str] = &["Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"];

/// Evaluates every condition, used or not. `scope` knows the parameters and no resources: a condition is decided
/// before there are any.
pub(super) fn evaluate(section: Option<&Node>, scope: &Scope<'_>) -> Result<Conditions, Fault> {
    let entries = section.map_or(Ok(&[][..]), |section| section.entries("Conditions"))?;
    let mut evaluation = Evaluation { entries, scope, known: Conditions::new(), under_way: Vec::new() };
    for entry in entries {
        evaluation.named(&entry.name, entry.line)?;
    }
    Ok(evaluation.known)
}

struct Evaluation<'a> {
    entries: &'a [Entry],
    scope: &'a Scope<'a>,
    known: Conditions,
    /// The conditions that lead to the present one, to notice when one leads to itself.
    under_way: Vec<&'a str>,
}

impl<'a> Evaluation<'a> {
    fn named(&mut self, name: &str, line: usize) -> Result<bool, Fault> {
        if let Some(holds) = self.known.get(name) {
            return Ok(*holds);
        }
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| Fault::unknown(line, format!("there is no condition `{name}`")))?;
        if self.under_way.contains(&name) {
            return Err(Fault::invalid(entry.line, format!("the condition `{name}` depends on itself")));
        }
        self.under_way.push(&entry.name);
        let holds = self.holds(&entry.node)?;
        self.under_way.pop();
        self.known.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn holds(&mut self, node: &'a Node) -> Result<bool, Fault> {
        let (function, argument) = match &node.content {
            NodeContent::Call { function, argument } => (function.as_str(), &**argument),
            // The long form of `!Condition`; elsewhere, as in a policy, the same key is an ordinary one.
            NodeContent::Map(entries) => match entries.as_slice() {
                [entry] if entry.name == "Condition" => ("Condition", &entry.node),
                _ => return Err(not_a_condition(node)),
            },
            _ => return Err(not_a_condition(node)),
        };
        match function {
            "Condition" => self.named(argument.literal("Condition")?, argument.line),
            "Fn::Equals" => match arguments(function, argument)? {
                [left, right] => Ok(self.text(left)? == self.text(right)?),
                _ => Err(wrong_number(function, node, "two values")),
            },
            "Fn::Not" => match arguments(function, argument)? {
                [one] => Ok(!self.holds(one)?),
                _ => Err(wrong_number(function, node, "one condition")),
            },
            "Fn::And" | "Fn::Or" => {
                let all = arguments(function, argument)?;
                if !(2..=10).contains(&all.len()) {
                    return Err(wrong_number(function, node, "two to ten conditions"));
                }
                // All of them are looked at, so that a mistake shows whatever the others say.
                let truths = all.iter().map(|one| self.holds(one)).collect::<Result<Vec<_>, _>>()?;
                Ok(if function == "Fn::And" { truths.iter().all(|t| *t) } else { truths.iter().any(|t| *t) })
            }
            _ => Err(Fault::unknown(node.line, format!("{function} is no function of conditions"))),
        }
    }

    fn text(&self, node: &Node) -> Result<String, Fault> {
        match self.scope.resolve(node)? {
            Some(value) => Ok(value.as_text("Fn::Equals")?.to_owned()),
            None => Err(Fault::invalid(node.line, "Fn::Equals: AWS::NoValue is nothing to compare")),
        }
    }
}

fn arguments<'a>(function: &str, argument: &'a Node) -> Result<&'a [Node], Fault> {
    match &argument.content {
        NodeContent::List(items) => Ok(items),
        _ => Err(Fault::invalid(
            argument.line,
            format!("{function}: expected a list, found {}", argument.kind()),
        )),
    }
}

fn wrong_number(function: &str, node: &Node, expected: &str) -> Fault {
    Fault::invalid(node.line, format!("{function} takes {expected}"))
}

fn not_a_condition(node: &Node) -> Fault {
    Fault::invalid(node.line, format!("expected a function of conditions, found {}", node.kind()))
}
