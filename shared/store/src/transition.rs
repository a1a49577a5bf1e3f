//! The writes of `models::transition` as steps: the one place that knows how a need reads as a condition and an effect as
//! an update. That DynamoDB and the rules agree on each is a test (`transition/tests.rs`).

mod person;
mod room;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::items::Key;
use crate::step::{Step, Values};

/// The parts of an update and of its condition, as they come together.
#[derive(Default)]
struct Expression {
    conditions: Vec<Cow<'static, str>>,
    set: Vec<Cow<'static, str>>,
    remove: Vec<Cow<'static, str>>,
    values: Values,
}

impl Expression {
    /// Gives a value for the placeholder `name`; there is one for each.
    fn bind(&mut self, name: &'static str, value: AttributeValue) {
        debug_assert!(
            self.values.iter().all(|(bound, other)| *bound != name || *other == value),
            "`:{name}` has two values"
        );
        self.values.push((name, value));
    }

    fn set(&mut self, changes: impl IntoIterator<Item = &'static str>) {
        self.set.extend(changes.into_iter().map(Cow::Borrowed));
    }

    fn remove(&mut self, attributes: impl IntoIterator<Item = &'static str>) {
        self.remove.extend(attributes.into_iter().map(Cow::Borrowed));
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// The parts as an update of the item `key`.
    fn update(self, key: Key) -> Step {
        let clause = |word: &str, parts: &[Cow<'_, str>]| {
            if parts.is_empty() { String::new() } else { format!("{word} {} ", parts.join(", ")) }
        };
        let update = clause("SET", &self.set) + &clause("REMOVE", &self.remove);
        Step::update(key, update.trim_end(), self.condition(), self.values)
    }
}
