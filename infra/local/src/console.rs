//! One stream for everything that is said: by the functions, and about their calls.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where the lines go.
#[derive(Clone, Debug)]
enum Sink {
    /// To standard error; with colours on a terminal, unless `NO_COLOR` is set.
    Terminal { coloured: bool },
    /// Nowhere but into memory, for a test to look at.
    Memory(Arc<Mutex<Vec<String>>>),
}

/// Prints lines, each whole and with the name of who says it.
#[derive(Clone, Debug)]
pub struct Console(Sink);

/// As wide as the longest name of a function.
const WIDTH: usize = 22;

/// Colours that can be read on dark and light: no black, no white.
const COLOURS: [u8; 10] = [31, 32, 33, 34, 35, 36, 92, 93, 94, 95];

impl Console {
    /// Prints to standard error.
    pub fn terminal() -> Self {
        let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self(Sink::Terminal { coloured })
    }

    /// Keeps the lines in memory.
    pub fn memory() -> Self {
        Self(Sink::Memory(Arc::default()))
    }

    /// The lines kept so far; none of a console that prints.
    pub fn kept(&self) -> Vec<String> {
        match &self.0 {
            Sink::Terminal { .. } => Vec::new(),
            Sink::Memory(lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// A line that a function printed.
    pub fn line(&self, name: &str, text: &str) {
        self.print(name, text, None);
    }

    /// A call with its answer: what was asked, how long it took, and what else is to be said of it.
    pub fn call(&self, name: &str, text: &str, took: Duration, note: &str) {
        let milliseconds = took.as_secs_f64() * 1000.0;
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        self.print(name, &format!("{text} {milliseconds:.1} ms{note}"), Some("1"));
    }

    /// Something that one should know.
    pub fn notice(&self, name: &str, text: &str) {
        self.print(name, text, Some("1;31"));
    }

    fn print(&self, name: &str, text: &str, style: Option<&str>) {
        match &self.0 {
            Sink::Memory(lines) => {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} | {text}"));
            }
            Sink::Terminal { coloured } => {
                let line = match (coloured, style) {
                    (false, _) => format!("{name:WIDTH$} | {text}\n"),
                    (true, None) => format!("\x1b[{}m{name:WIDTH$} |\x1b[0m {text}\n", colour(name)),
                    (true, Some(style)) => {
                        format!("\x1b[{}m{name:WIDTH$} |\x1b[0m \x1b[{style}m{text}\x1b[0m\n", colour(name))
                    }
                };
                // With nobody reading there is nobody to tell.
                let _ = std::io::stderr().lock().write_all(line.as_bytes());
            }
        }
    }
}

/// The same name has the same colour at every start.
fn colour(name: &str) -> u8 {
    let sum: usize = name.bytes().enumerate().map(|(place, byte)| (place + 1) * usize::from(byte)).sum();
    COLOURS[sum % COLOURS.len()]
}
