//! What a function says of a batch: `{"batchItemFailures": [{"itemIdentifier": "…"}]}`.

use serde_json::Value;

/// The identifiers of what failed; none where all is done. The error says why this is no such answer, for which Lambda
/// takes the whole batch as failed
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>).
pub(super) fn failures(payload: &[u8], is_known: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    if payload.is_empty() {
        return Ok(Vec::new());
    }
    let answer: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let items = match &answer {
        Value::Null => return Ok(Vec::new()),
        Value::Object(fields) => match fields.get("batchItemFailures") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err("batchItemFailures is no list".to_owned()),
        },
        _ => return Err("it is no object".to_owned()),
    };
    items
        .iter()
        .map(|item| match item.get("itemIdentifier").and_then(Value::as_str) {
            Some(identifier) if is_known(identifier) => Ok(identifier.to_owned()),
            Some(_) => Err("an itemIdentifier is none of the batch".to_owned()),
            None => Err("an item has no itemIdentifier".to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_success_and_what_is_no_answer_is_failure() {
        let read = |payload: &str| failures(payload.as_bytes(), |identifier| identifier == "a");
        for payload in ["", "null", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#] {
            assert_eq!(read(payload), Ok(vec![]), "{payload}");
        }
        assert_eq!(read(r#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#), Ok(vec!["a".to_owned()]));
        for payload in [
            "{",
            "\"done\"",
            r#"{"batchItemFailures":"a"}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"a"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#,
        ] {
            assert!(read(payload).is_err(), "{payload}");
        }
    }
}
