//! YAML with lines: the template as it is written, before anything in it is resolved.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, Tag, YamlData};

use super::error::Fault;

/// One place of the document.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) content: NodeContent,
}

/// What is written there.
#[derive(Clone, Debug)]
pub(super) enum NodeContent {
    /// Any scalar. `CloudFormation` converts between texts, numbers and truth values as a property needs it,
    /// so the text is all that counts; `True` has become `true`.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
    /// An intrinsic function, in its short (`!Sub`) or its long form (`Fn::Sub:`); `function` is the long name.
    Call { function: String, argument: Box<Node> },
}

/// A key and what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Where the key is.
    pub(super) line: usize,
    pub(super) node: Node,
}

impl Node {
    /// The entries of a map that has to be written out, not computed. `what` names it in the error.
    pub(super) fn entries(&self, what: &str) -> Result<&[Entry], Fault> {
        match &self.content {
            NodeContent::Map(entries) => Ok(entries),
            _ => Err(Fault::invalid(self.line, format!("{what}: expected a map, found {}", self.kind()))),
        }
    }

    /// A text that has to be written out, not computed.
    pub(super) fn literal(&self, what: &str) -> Result<&str, Fault> {
        match &self.content {
            NodeContent::Text(text) => Ok(text),
            _ => Err(Fault::invalid(
                self.line,
                format!("{what}: expected a plain text, found {}", self.kind()),
            )),
        }
    }

    /// The value of a key, if this is a map that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match &self.content {
            NodeContent::Map(entries) => {
                entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node)
            }
            _ => None,
        }
    }

    /// What this is, in words.
    pub(super) fn kind(&self) -> String {
        match &self.content {
            NodeContent::Text(text) => format!("`{text}`"),
            NodeContent::List(_) => "a list".to_owned(),
            NodeContent::Map(_) => "a map".to_owned(),
            NodeContent::Call { function, .. } => format!("the function {function}"),
        }
    }
}

/// Reads the one document of a template.
pub(super) fn parse(source: &str) -> Result<Node, Fault> {
    let documents = MarkedYaml::load_from_str(source).map_err(|error| syntax(source, &error))?;
    match documents.as_slice() {
        [document] => node(source, document, document.span.start.line()),
        [] => Err(Fault::syntax(1, "the template is empty")),
        [_, second, ..] => Err(Fault::syntax(second.span.start.line(), "a template is one YAML document")),
    }
}

fn syntax(source: &str, error: &ScanError) -> Fault {
    let line = error.marker().line();
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
    Fault::syntax(line, format!("{}: `{text}`", error.info()))
}

/// `line` is passed in because what is inside a tag carries no position of its own.
fn node(source: &str, yaml: &MarkedYaml<'_>, line: usize) -> Result<Node, Fault> {
    let content = match &yaml.data {
        YamlData::Value(Scalar::Null) => {
            return Err(Fault::syntax(line, "an empty value: CloudFormation takes none, leave the key out"));
        }
        YamlData::Value(scalar) => NodeContent::Text(text(source, yaml, scalar)),
        YamlData::Representation(text, ..) => NodeContent::Text(text.clone().into_owned()),
        YamlData::Sequence(items) => NodeContent::List(
            items.iter().map(|item| node(source, item, item.span.start.line())).collect::<Result<_, _>>()?,
        ),
        YamlData::Mapping(pairs) => {
            map(pairs.iter().map(|(key, value)| entry(source, key, value)).collect::<Result<_, _>>()?, line)?
        }
        YamlData::Tagged(tag, inner) => NodeContent::Call {
            function: long_name(tag, line)?,
            argument: Box::new(node(source, inner, line)?),
        },
        YamlData::Alias(_) | YamlData::BadValue => {
            return Err(Fault::syntax(line, "a value that its YAML tag does not allow"));
        }
    };
    Ok(Node { line, content })
}

fn entry(source: &str, key: &MarkedYaml<'_>, value: &MarkedYaml<'_>) -> Result<Entry, Fault> {
    let line = key.span.start.line();
    let YamlData::Value(scalar) = &key.data else {
        return Err(Fault::syntax(line, "a key has to be a plain text"));
    };
    // An empty value lies after its key, perhaps on a later line: the key says better where it is.
    let place =
        if matches!(value.data, YamlData::Value(Scalar::Null)) { line } else { value.span.start.line() };
    Ok(Entry { name: text(source, key, scalar), line, node: node(source, value, place)? })
}

/// A map, or the function that it calls in the long form.
fn map(mut entries: Vec<Entry>, line: usize) -> Result<NodeContent, Fault> {
    let is_call = |entry: &Entry| entry.name == "Ref" || entry.name.starts_with("Fn::");
    match entries.iter().position(is_call) {
        None => Ok(NodeContent::Map(entries)),
        Some(at) if entries.len() == 1 => {
            let Entry { name, node, .. } = entries.swap_remove(at);
            Ok(NodeContent::Call { function: name, argument: Box::new(node) })
        }
        Some(at) => Err(Fault::invalid(
            entries.get(at).map_or(line, |entry| entry.line),
            "an intrinsic function stands alone in its map",
        )),
    }
}

/// `!Sub` is `Fn::Sub`; two functions have a long name without the prefix.
fn long_name(tag: &Tag, line: usize) -> Result<String, Fault> {
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("!", name @ ("Ref" | "Condition")) => Ok(name.to_owned()),
        ("!", name) => Ok(format!("Fn::{name}")),
        _ => Err(Fault::unknown(line, format!("the YAML tag `{tag}`"))),
    }
}

fn text(source: &str, yaml: &MarkedYaml<'_>, scalar: &Scalar<'_>) -> String {
    let written = || {
        let written: String = source.chars().skip(yaml.span.start.index()).take(yaml.span.len()).collect();
        written.trim_end().to_owned()
    };
    match scalar {
        Scalar::String(text) => text.clone().into_owned(),
        Scalar::Boolean(truth) => truth.to_string(),
        // As it is written where that can be told: an account id may begin with a zero, a version end with one.
        // Behind a tag or an alias the position does not show the number itself.
        number => {
            let written = written();
            if Scalar::parse_from_cow(written.as_str().into()) == *number {
                return written;
            }
            match number {
                Scalar::Integer(whole) => whole.to_string(),
                Scalar::FloatingPoint(float) => float.to_string(),
                _ => String::new(),
            }
        }
    }
}
