//! One write of a transaction: a key, what to do with it, and under which condition.
//!
//! Expressions are written with `#attribute` for every attribute, which spares DynamoDB's list of reserved words; the
//! names are read out of the text. Of the values given, those that the text mentions are sent.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::items::{Item, Key};

/// The values of an expression by their placeholders without the colon.
pub(crate) type Values = Vec<(&'static str, AttributeValue)>;

/// What is done with an item.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// The whole item is written.
    Put(Item),
    /// An update expression.
    Update(String),
    /// The item is removed.
    Delete,
}

/// One write of a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) key: Key,
    pub(crate) action: Action,
    pub(crate) condition: String,
    pub(crate) values: Values,
}

impl Step {
    /// Writes the whole item.
    pub(crate) fn put(key: Key, mut item: Item, condition: &str, values: Values) -> Self {
        item.extend(key.attributes());
        Self { key, action: Action::Put(item), condition: condition.to_owned(), values }
    }

    /// Changes attributes of the item.
    pub(crate) fn update(
        key: Key,
        update: impl Into<String>,
        condition: impl Into<String>,
        values: Values,
    ) -> Self {
        Self { key, action: Action::Update(update.into()), condition: condition.into(), values }
    }

    /// Removes the item.
    pub(crate) fn delete(key: Key, condition: &str, values: Values) -> Self {
        Self { key, action: Action::Delete, condition: condition.to_owned(), values }
    }

    fn text(&self) -> String {
        match &self.action {
            Action::Update(update) => format!("{update} {}", self.condition),
            Action::Put(_) | Action::Delete => self.condition.clone(),
        }
    }

    /// `#name` -> `name` for each that the expressions mention.
    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        let text = self.text();
        let names: HashMap<_, _> =
            placeholders(&text, '#').map(|name| (format!("#{name}"), name.to_owned())).collect();
        (!names.is_empty()).then_some(names)
    }

    /// `:value` -> value for each that the expressions mention.
    pub(crate) fn bound_values(&self) -> Option<HashMap<String, AttributeValue>> {
        let text = self.text();
        let values: HashMap<_, _> = placeholders(&text, ':')
            .map(|name| {
                let value = self.values.iter().find(|(given, _)| *given == name).map(|(_, value)| value);
                (format!(":{name}"), value.expect("every placeholder has a value").clone())
            })
            .collect();
        (!values.is_empty()).then_some(values)
    }

    /// The step as a part of a transaction on `table`; a failed condition brings the item that failed it.
    pub(crate) fn transact(&self, table: &str) -> TransactWriteItem {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let (names, values) = (self.names(), self.bound_values());
        let item = TransactWriteItem::builder();
        let complete = "key, table and expression are given";
        let condition = (!self.condition.is_empty()).then(|| self.condition.clone());
        match &self.action {
            Action::Put(attributes) => {
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes.clone()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old);
                item.put(put.build().expect(complete))
            }
            Action::Update(update) => {
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(self.key.attributes().into_iter().collect()))
                    .update_expression(update)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old);
                item.update(update.build().expect(complete))
            }
            Action::Delete => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.attributes().into_iter().collect()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old);
                item.delete(delete.build().expect(complete))
            }
        }
        .build()
    }
}

/// The words that follow `mark` in an expression.
fn placeholders(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).map(|rest| {
        &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())]
    })
}

/// A text.
pub(crate) fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// A boolean.
pub(crate) fn b(is: bool) -> AttributeValue {
    AttributeValue::Bool(is)
}

/// A map.
pub(crate) fn m(item: Item) -> AttributeValue {
    AttributeValue::M(item)
}

/// A number.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_out_of_the_expressions() {
        let key = Key::api_key(&"k".try_into().expect("an id"));
        let values = vec![("one", n(1)), ("unused", n(2))];
        let step = Step::update(key, "SET #seats = #seats + :one", "#t_ab.#name <> :one", values);
        let names = step.names().expect("names");
        assert_eq!(names.len(), 3);
        assert_eq!(names["#t_ab"], "t_ab");
        assert_eq!(step.bound_values().expect("values"), HashMap::from([(":one".to_owned(), n(1))]));
    }
}
