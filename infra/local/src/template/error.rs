//! Why a template cannot be loaded.

use std::io;
use std::path::{Path, PathBuf};

/// Why a template cannot be loaded. Displayed as `FILE:LINE: text` wherever there is a line.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no such file.
    #[error("{}: there is no such file", .0.display())]
    Missing(PathBuf),
    /// The file is there and cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The template.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is not YAML as `CloudFormation` takes it.
    #[error("{}:{line}: {what}", path.display())]
    Syntax {
        /// The template.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Something the local stack does not know, or a reference to something that is not in the template.
    #[error("{}:{line}: {what}", path.display())]
    Unknown {
        /// The template.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is unknown.
        what: String,
    },
    /// Something known whose value is missing, of the wrong type, or in contradiction to the rest.
    #[error("{}:{line}: {what}", path.display())]
    Invalid {
        /// The template.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A value was given for a parameter that the template does not have.
    #[error("the template has no parameter `{0}`")]
    UnknownParameter(String),
    /// A parameter's value, given or by default, is not one that the template allows.
    #[error("{}:{line}: the parameter `{name}` takes {expected}", path.display())]
    BadParameter {
        /// The template.
        path: PathBuf,
        /// Where the parameter is declared, from 1.
        line: usize,
        /// The parameter. Its value is not told: it may be a secret.
        name: String,
        /// What it takes.
        expected: String,
    },
    /// A parameter without a default was given no value.
    #[error("{}:{line}: the parameter `{name}` has no default and was given no value", path.display())]
    MissingParameter {
        /// The template.
        path: PathBuf,
        /// Where the parameter is declared, from 1.
        line: usize,
        /// The parameter.
        name: String,
    },
}

/// An error before the path is added: only [`load`](super::load) knows that.
#[derive(Debug)]
pub(super) struct Fault {
    line: usize,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Syntax(String),
    Unknown(String),
    Invalid(String),
    UnknownParameter(String),
    BadParameter { name: String, expected: String },
    MissingParameter(String),
}

impl Fault {
    pub(super) fn syntax(line: usize, what: impl Into<String>) -> Self {
        Self { line, reason: Reason::Syntax(what.into()) }
    }

    pub(super) fn unknown(line: usize, what: impl Into<String>) -> Self {
        Self { line, reason: Reason::Unknown(what.into()) }
    }

    pub(super) fn invalid(line: usize, what: impl Into<String>) -> Self {
        Self { line, reason: Reason::Invalid(what.into()) }
    }

    pub(super) fn unknown_parameter(name: &str) -> Self {
        Self { line: 0, reason: Reason::UnknownParameter(name.to_owned()) }
    }

    pub(super) fn bad_parameter(line: usize, name: &str, expected: String) -> Self {
        Self { line, reason: Reason::BadParameter { name: name.to_owned(), expected } }
    }

    pub(super) fn missing_parameter(line: usize, name: &str) -> Self {
        Self { line, reason: Reason::MissingParameter(name.to_owned()) }
    }

    pub(super) fn in_file(self, path: &Path) -> TemplateError {
        let (path, line) = (path.to_owned(), self.line);
        match self.reason {
            Reason::Syntax(what) => TemplateError::Syntax { path, line, what },
            Reason::Unknown(what) => TemplateError::Unknown { path, line, what },
            Reason::Invalid(what) => TemplateError::Invalid { path, line, what },
            Reason::UnknownParameter(name) => TemplateError::UnknownParameter(name),
            Reason::BadParameter { name, expected } => {
                TemplateError::BadParameter { path, line, name, expected }
            }
            Reason::MissingParameter(name) => TemplateError::MissingParameter { path, line, name },
        }
    }
}
