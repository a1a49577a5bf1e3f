//! The text of `Fn::Sub`, taken apart.

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// As it stands.
    Text(&'a str),
    /// `${Name}`.
    Variable(&'a str),
}

/// Splits at the variables. `${!Name}` is the text `${Name}`.
pub(super) fn parts(template: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            return Err(format!("Fn::Sub: `${{{after}` has no end"));
        };
        parts.push(Part::Text(before));
        if let Some(literal) = name.strip_prefix('!') {
            parts.extend([Part::Text("${"), Part::Text(literal), Part::Text("}")]);
        } else if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c)) {
            parts.push(Part::Variable(name));
        } else {
            return Err(format!("Fn::Sub: `${{{name}}}` names nothing"));
        }
        rest = behind;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_variables_is_itself() {
        assert_eq!(parts("cost: $5 {x}"), Ok(vec![Part::Text("cost: $5 {x}")]));
    }

    #[test]
    fn variables_are_told_from_the_text_around_them() {
        let expected =
            vec![Part::Text("a"), Part::Variable("AWS::Region"), Part::Text("b"), Part::Variable("T.Arn")];
        let mut found = parts("a${AWS::Region}b${T.Arn}").unwrap();
        assert_eq!(found.pop(), Some(Part::Text("")));
        assert_eq!(found, expected);
    }

    #[test]
    fn an_exclamation_mark_keeps_the_braces() {
        let text: String = parts("x ${!Name} y")
            .unwrap()
            .iter()
            .map(|part| match part {
                Part::Text(text) | Part::Variable(text) => *text,
            })
            .collect();
        assert_eq!(text, "x ${Name} y");
    }

    #[test]
    fn an_open_brace_or_an_empty_name_is_refused() {
        assert!(parts("a ${Name").unwrap_err().contains("has no end"));
        assert!(parts("a ${}").unwrap_err().contains("names nothing"));
        assert!(parts("a ${ Name }").unwrap_err().contains("names nothing"));
    }
}
