//! Where a line and a column of a body of JSON are: within which field.

use crate::conformance::recording::snake;

/// The path of the field that a message of theirs, `(line 1:52): …`, is about; in `snake_case`. The place in a list and
/// the key in a map of the caller's are no fields.
pub(super) fn path(body: &str, message: &str) -> Option<String> {
    let place = message.trim_start_matches("syntax error ").strip_prefix("(line ")?;
    let (line, column) = place.split(')').next()?.split_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let start: usize = body.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    let mut scan =
        Scan { rest: body.chars().enumerate().collect(), at: 0, found: None, target: start + column - 1 };
    scan.value(&mut vec![]);
    let path: Vec<String> = scan.found?.iter().map(|name| snake(name)).collect();
    let own = path.iter().position(|name| name == "extra_data").map_or(path.len(), |place| place + 1);
    Some(path[..own].join("."))
}

/// Walks through JSON that is known to be well-formed.
struct Scan {
    rest: Vec<(usize, char)>,
    at: usize,
    target: usize,
    /// The path of the last token that begins at the target or before it.
    found: Option<Vec<String>>,
}

impl Scan {
    fn peek(&mut self) -> Option<char> {
        while self.rest.get(self.at).is_some_and(|(_, letter)| letter.is_whitespace()) {
            self.at += 1;
        }
        self.rest.get(self.at).map(|(_, letter)| *letter)
    }

    fn note(&mut self, path: &[String]) {
        if self.at <= self.target {
            self.found = Some(path.to_vec());
        }
    }

    fn string(&mut self) -> String {
        let start = self.at + 1;
        self.at = start;
        while self.rest[self.at].1 != '"' {
            self.at += if self.rest[self.at].1 == '\\' { 2 } else { 1 };
        }
        self.at += 1;
        self.rest[start..self.at - 1].iter().map(|(_, letter)| letter).collect()
    }

    fn value(&mut self, path: &mut Vec<String>) {
        let first = self.peek();
        self.note(path);
        match first {
            Some('"') => drop(self.string()),
            Some(open @ ('{' | '[')) => {
                self.at += 1;
                loop {
                    match self.peek() {
                        Some('}' | ']') | None => break self.at += 1,
                        Some(',') => self.at += 1,
                        Some(_) if open == '[' => self.value(path),
                        Some(_) => self.field(path),
                    }
                }
            }
            _ => {
                while self.rest.get(self.at).is_some_and(|(_, letter)| !",]} \r\n\t".contains(*letter)) {
                    self.at += 1;
                }
            }
        }
    }

    fn field(&mut self, path: &mut Vec<String>) {
        let start = self.at;
        let name = self.string();
        path.push(name);
        if start <= self.target {
            self.found = Some(path.clone());
        }
        self.peek();
        self.at += 1;
        self.value(path);
        path.pop();
    }
}

#[test]
fn a_column_is_within_a_field() {
    let body = r#"{"room_id":"a","metadata":{"roomTitle":5,"extra_data":{"k":1},"list":["a",null]}}"#;
    for (column, field) in [
        (2, "room_id"),
        (12, "room_id"),
        (40, "metadata.room_title"),
        (59, "metadata.extra_data"),
        (76, "metadata.list"),
    ] {
        assert_eq!(path(body, &format!("(line 1:{column}): x")).as_deref(), Some(field), "{column}");
    }
}
