//! Events of a function that are not requests: of the types `DynamoDB`, `SQS`, `Schedule` and `ScheduleV2`.

use std::time::Duration;

use super::error::Fault;
use super::sources::{QueueSource, Schedule, StreamSource};
use super::value::{Field, Map, Value};
use crate::sources::filter::{Filter, Filters};

/// Of a stream; `BatchSize` and the like are those of
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>. None if it is not enabled.
pub(super) fn stream(event: &Field, map: &Map<'_>) -> Result<Option<StreamSource>, Fault> {
    const KNOWN: &[&str] = &[
        "BatchSize",
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "Enabled",
        "FilterCriteria",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "StartingPosition",
        "Stream",
    ];
    let properties = properties(event, map, KNOWN)?;
    let named = properties.required("Stream")?;
    let position = properties
        .required("StartingPosition")?
        .as_one_of("StartingPosition", &["LATEST", "TRIM_HORIZON"])?;
    let source = StreamSource {
        name: event.name.clone(),
        arn: named.as_text("Stream")?.to_owned(),
        from_horizon: position == "TRIM_HORIZON",
        batch: properties.whole("BatchSize", &(1..=10_000))?.unwrap_or(100) as usize,
        window: window(&properties)?,
        retries: or_endless(&properties, "MaximumRetryAttempts", 0, 10_000)?,
        most_age: or_endless(&properties, "MaximumRecordAgeInSeconds", 60, 604_800)?
            .map(|seconds| Duration::from_secs(seconds.into())),
        bisect: properties.truth("BisectBatchOnFunctionError")?.unwrap_or_default(),
        partial: partial(&properties)?,
        lanes: properties.whole("ParallelizationFactor", &(1..=10))?.unwrap_or(1) as usize,
        filters: filters(&properties)?,
        on_failure: on_failure(&properties)?,
        line: named.line,
    };
    Ok(is_enabled(&properties)?.then_some(source))
}

/// Of a queue. None if it is not enabled.
pub(super) fn queue(event: &Field, map: &Map<'_>) -> Result<Option<QueueSource>, Fault> {
    const KNOWN: &[&str] = &[
        "BatchSize",
        "Enabled",
        "FilterCriteria",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "Queue",
        "ScalingConfig",
    ];
    let properties = properties(event, map, KNOWN)?;
    let named = properties.required("Queue")?;
    let scaling = properties.map("ScalingConfig", &["MaximumConcurrency"])?;
    let most_calls = scaling.map(|map| map.whole("MaximumConcurrency", &(2..=1000))).transpose()?.flatten();
    let source = QueueSource {
        name: event.name.clone(),
        arn: named.as_text("Queue")?.to_owned(),
        batch: properties.whole("BatchSize", &(1..=10_000))?.unwrap_or(10) as usize,
        window: window(&properties)?,
        partial: partial(&properties)?,
        most_calls: most_calls.map(|calls| calls as usize),
        filters: filters(&properties)?,
        line: named.line,
    };
    Ok(is_enabled(&properties)?.then_some(source))
}

/// Of a rule of `EventBridge`. None if it is not enabled.
pub(super) fn schedule(event: &Field, map: &Map<'_>) -> Result<Option<Schedule>, Fault> {
    const KNOWN: &[&str] =
        &["DeadLetterConfig", "Description", "Enabled", "Input", "Name", "RetryPolicy", "Schedule", "State"];
    read_schedule(event, map, KNOWN, "Schedule", false)
}

/// Of `EventBridge` Scheduler. None if it is not enabled.
///
/// A dead-letter queue and a retry policy are for calls that do not reach Lambda, which here all do.
pub(super) fn schedule_v2(event: &Field, map: &Map<'_>) -> Result<Option<Schedule>, Fault> {
    const KNOWN: &[&str] = &[
        "DeadLetterConfig",
        "Description",
        "FlexibleTimeWindow",
        "Input",
        "Name",
        "PermissionsBoundary",
        "RetryPolicy",
        "RoleArn",
        "ScheduleExpression",
        "ScheduleExpressionTimezone",
        "State",
    ];
    read_schedule(event, map, KNOWN, "ScheduleExpression", true)
}

fn read_schedule(
    event: &Field,
    map: &Map<'_>,
    known: &[&str],
    expression: &str,
    by_scheduler: bool,
) -> Result<Option<Schedule>, Fault> {
    let properties = properties(event, map, known)?;
    let input = properties.get("Input");
    if let Some(input) = input
        && serde_json::from_str::<serde_json::Value>(input.as_text("Input")?).is_err()
    {
        return Err(Fault::invalid(input.line, "Input: this is no JSON"));
    }
    let source = Schedule {
        name: event.name.clone(),
        every: rate(properties.required(expression)?, expression)?,
        input: input.map(|input| input.as_text("Input")).transpose()?.map(ToOwned::to_owned),
        by_scheduler,
    };
    let state = properties.get("State").map(|state| state.as_one_of("State", &["DISABLED", "ENABLED"]));
    let is_on = state.transpose()? != Some("DISABLED") && is_enabled(&properties)?;
    Ok(is_on.then_some(source))
}

/// `rate(1 minute)`, `rate(5 minutes)`, and so with hours and days.
fn rate(value: &Value, property: &str) -> Result<Duration, Fault> {
    let text = value.as_text(property)?;
    if text.starts_with("cron(") || text.starts_with("at(") {
        let what = format!("{property}: the local stack knows rates only, as `rate(1 minute)`, not `{text}`");
        return Err(Fault::unknown(value.line, what));
    }
    let wrong = || {
        let what =
            format!("{property}: expected a rate, as `rate(1 minute)` or `rate(5 minutes)`, found `{text}`");
        Fault::invalid(value.line, what)
    };
    let inner = text.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(wrong)?;
    let (count, unit) = inner.split_once(' ').ok_or_else(wrong)?;
    let count = count.parse::<u32>().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
    let seconds: u64 = match (unit, count) {
        ("minute", 1) | ("minutes", 2..) => 60,
        ("hour", 1) | ("hours", 2..) => 3600,
        ("day", 1) | ("days", 2..) => 86_400,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(seconds * u64::from(count)))
}

fn properties<'a>(event: &Field, map: &Map<'a>, known: &[&str]) -> Result<Map<'a>, Fault> {
    let mut properties = map.required("Properties")?.as_map("Properties", known)?;
    properties.line = event.line;
    Ok(properties)
}

fn is_enabled(properties: &Map<'_>) -> Result<bool, Fault> {
    Ok(properties.truth("Enabled")?.unwrap_or(true))
}

fn window(properties: &Map<'_>) -> Result<Duration, Fault> {
    let seconds = properties.whole("MaximumBatchingWindowInSeconds", &(0..=300))?;
    Ok(Duration::from_secs(seconds.unwrap_or_default().into()))
}

/// A number for which -1 is the default, and stands for no limit.
fn or_endless(properties: &Map<'_>, name: &str, least: u32, most: u32) -> Result<Option<u32>, Fault> {
    match properties.get(name) {
        None => Ok(None),
        Some(value) if value.as_text(name)? == "-1" => Ok(None),
        Some(value) => value.as_whole(name, &(least..=most)).map(Some),
    }
}

fn partial(properties: &Map<'_>) -> Result<bool, Fault> {
    let types = properties.list("FunctionResponseTypes")?;
    for value in types {
        value.as_one_of("FunctionResponseTypes", &["ReportBatchItemFailures"])?;
    }
    Ok(!types.is_empty())
}

fn filters(properties: &Map<'_>) -> Result<Filters, Fault> {
    let Some(criteria) = properties.map("FilterCriteria", &["Filters"])? else {
        return Ok(Filters::default());
    };
    let filters = criteria.list("Filters")?.iter().map(|filter| {
        let filter = filter.as_map("Filters", &["Pattern"])?;
        let pattern = filter.required("Pattern")?;
        Filter::parse(pattern.as_text("Pattern")?)
            .map_err(|what| Fault::unknown(pattern.line, format!("Pattern: {what}")))
    });
    Ok(Filters(filters.collect::<Result<_, _>>()?))
}

fn on_failure(properties: &Map<'_>) -> Result<Option<String>, Fault> {
    let Some(config) = properties.map("DestinationConfig", &["OnFailure"])? else { return Ok(None) };
    let Some(on_failure) = config.map("OnFailure", &["Destination", "Type"])? else { return Ok(None) };
    if let Some(kind) = on_failure.get("Type") {
        // What SAM makes the permission from.
        kind.as_one_of("Type", &["SQS"])?;
    }
    on_failure.text("Destination").map(|arn| Some(arn.to_owned()))
}
