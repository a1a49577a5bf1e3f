//! Values after every intrinsic function in them was resolved, and how they are read with a type.

use std::ops::RangeInclusive;

use super::document::{Node, NodeContent};
use super::error::Fault;

/// A resolved value and where it stands.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) line: usize,
    pub(super) content: Content,
}

/// What a value is.
#[derive(Clone)]
pub(super) enum Content {
    Text(String),
    List(Vec<Value>),
    Map(Vec<Field>),
    /// Something that exists only in a deployed stack, and what: it may stand where nothing reads it.
    Elsewhere(String),
}

/// A key and its value.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) value: Value,
}

impl Content {
    /// A text, unless only a deployment can tell what it says.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.contains("{{resolve:") {
            Self::Elsewhere(format!("the dynamic reference `{text}`"))
        } else {
            Self::Text(text)
        }
    }
}

impl Value {
    /// Of a part of the template in which no functions are allowed.
    pub(super) fn literal(node: &Node) -> Result<Self, Fault> {
        let content = match &node.content {
            NodeContent::Text(text) => Content::Text(text.clone()),
            NodeContent::List(items) => {
                Content::List(items.iter().map(Self::literal).collect::<Result<_, _>>()?)
            }
            NodeContent::Map(entries) => Content::Map(
                entries
                    .iter()
                    .map(|entry| {
                        Ok(Field {
                            name: entry.name.clone(),
                            line: entry.line,
                            value: Self::literal(&entry.node)?,
                        })
                    })
                    .collect::<Result<_, Fault>>()?,
            ),
            NodeContent::Call { function, .. } => {
                return Err(Fault::invalid(node.line, format!("{function} is not allowed here")));
            }
        };
        Ok(Self { line: node.line, content })
    }

    /// A text. `what` names the property in the error, here and below.
    pub(super) fn as_text(&self, what: &str) -> Result<&str, Fault> {
        match &self.content {
            Content::Text(text) => Ok(text),
            _ => Err(self.expected(what, "a text")),
        }
    }

    /// A whole number.
    pub(super) fn as_whole(&self, what: &str, range: &RangeInclusive<u32>) -> Result<u32, Fault> {
        let number = self.as_text(what)?.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            self.expected(what, &format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// A truth value.
    pub(super) fn as_truth(&self, what: &str) -> Result<bool, Fault> {
        match self.as_text(what)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.expected(what, "true or false")),
        }
    }

    /// One of a few words.
    pub(super) fn as_one_of(&self, what: &str, words: &[&str]) -> Result<&str, Fault> {
        let text = self.as_text(what)?;
        if words.contains(&text) {
            Ok(text)
        } else {
            Err(self.expected(what, &format!("one of {}", words.join(", "))))
        }
    }

    /// A list.
    pub(super) fn as_list(&self, what: &str) -> Result<&[Value], Fault> {
        match &self.content {
            Content::List(items) => Ok(items),
            _ => Err(self.expected(what, "a list")),
        }
    }

    /// A list of texts.
    pub(super) fn as_texts(&self, what: &str) -> Result<Vec<String>, Fault> {
        self.as_list(what)?.iter().map(|item| item.as_text(what).map(ToOwned::to_owned)).collect()
    }

    /// The fields of a map with keys of the template's own choice.
    pub(super) fn as_fields(&self, what: &str) -> Result<&[Field], Fault> {
        match &self.content {
            Content::Map(fields) => Ok(fields),
            _ => Err(self.expected(what, "a map")),
        }
    }

    /// A map that has no keys but the known ones.
    pub(super) fn as_map<'a>(&'a self, what: &str, known: &[&str]) -> Result<Map<'a>, Fault> {
        let fields = self.as_fields(what)?;
        match fields.iter().find(|field| !known.contains(&field.name.as_str())) {
            Some(field) => Err(Fault::unknown(
                field.line,
                format!("{what}: the local stack does not know the property `{}`", field.name),
            )),
            None => Ok(Map { line: self.line, what: what.to_owned(), fields }),
        }
    }

    fn expected(&self, what: &str, expected: &str) -> Fault {
        let found = match &self.content {
            Content::Text(text) => format!("found `{text}`"),
            Content::List(_) => "found a list".to_owned(),
            Content::Map(_) => "found a map".to_owned(),
            Content::Elsewhere(what) => format!("found {what}, which this machine cannot tell"),
        };
        Fault::invalid(self.line, format!("{what}: expected {expected}, {found}"))
    }
}

/// A map whose keys are all known, for reading one after the other.
#[derive(Clone)]
pub(super) struct Map<'a> {
    /// Where an error about something missing points to.
    pub(super) line: usize,
    what: String,
    fields: &'a [Field],
}

impl<'a> Map<'a> {
    /// A map whose keys were checked before; an error about something missing points to `line`.
    pub(super) fn new(line: usize, what: String, fields: &'a [Field]) -> Self {
        Self { line, what, fields }
    }

    /// The value of a key, or none.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// The value of a key that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&'a Value, Fault> {
        self.get(name).ok_or_else(|| Fault::invalid(self.line, format!("{}: `{name}` is missing", self.what)))
    }

    /// A text that has to be there.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, Fault> {
        self.required(name)?.as_text(name)
    }

    /// A text, or none.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        self.get(name).map(|value| value.as_text(name)).transpose()
    }

    /// A whole number, or none.
    pub(super) fn whole(&self, name: &str, range: &RangeInclusive<u32>) -> Result<Option<u32>, Fault> {
        self.get(name).map(|value| value.as_whole(name, range)).transpose()
    }

    /// A truth value, or none.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.get(name).map(|value| value.as_truth(name)).transpose()
    }

    /// A list, empty where there is none.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], Fault> {
        self.get(name).map_or(Ok(&[]), |value| value.as_list(name))
    }

    /// A list of texts, empty where there is none.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Fault> {
        self.get(name).map_or(Ok(Vec::new()), |value| value.as_texts(name))
    }

    /// A map of the template's own keys, empty where there is none.
    pub(super) fn fields(&self, name: &str) -> Result<&'a [Field], Fault> {
        self.get(name).map_or(Ok(&[]), |value| value.as_fields(name))
    }

    /// A map of known keys, or none.
    pub(super) fn map(&self, name: &str, known: &[&str]) -> Result<Option<Map<'a>>, Fault> {
        self.get(name).map(|value| value.as_map(name, known)).transpose()
    }
}
