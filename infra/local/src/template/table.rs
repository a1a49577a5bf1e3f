//! `AWS::DynamoDB::Table`.

use super::error::Fault;
use super::model::{Index, Projection, Surroundings, Table, Template};
use super::resolve::{PARTITION, Scope};
use super::resources::{Identity, Resource, ResourceType, by_name};
use super::value::{Content, Map, Value};

/// A table with its global secondary indexes, stream and time to live.
pub(super) static TYPE: ResourceType = ResourceType {
    name: "AWS::DynamoDB::Table",
    globals: None,
    effective: &[
        "AttributeDefinitions",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "StreamSpecification",
        "TableName",
        "TimeToLiveSpecification",
    ],
    without_effect: Some(&[
        "BillingMode",
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "OnDemandThroughput",
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "ResourcePolicy",
        "SSESpecification",
        "TableClass",
        "Tags",
        "WarmThroughput",
    ]),
    name_property: Some("TableName"),
    reference: by_name,
    attribute,
    read,
};

const INDEX: &[&str] = &[
    "ContributorInsightsSpecification",
    "IndexName",
    "KeySchema",
    "OnDemandThroughput",
    "Projection",
    "ProvisionedThroughput",
    "WarmThroughput",
];

fn attribute(identity: &Identity<'_>, attribute: &str) -> Option<Content> {
    let table = format!("table/{}", identity.name);
    match attribute {
        "Arn" => Some(identity.arn("dynamodb", &table)),
        "StreamArn" => identity
            .declared
            .properties
            .get("StreamSpecification")
            .map(|_| Content::text(stream_arn(&identity.name, identity.surroundings))),
        _ => None,
    }
}

/// At AWS its last part is the time at which the stream was made.
fn stream_arn(table: &str, Surroundings { region, account_id, .. }: &Surroundings) -> String {
    format!("arn:{PARTITION}:dynamodb:{region}:{account_id}:table/{table}/stream/local")
}

fn read(resource: &Resource<'_>, scope: &Scope<'_>, template: &mut Template) -> Result<(), Fault> {
    let properties = resource.properties()?;
    if let Some(other) = template.tables.iter().find(|other| other.name == resource.name) {
        let what = format!("`{}` has the name of `{}` too", resource.logical_id, other.logical_id);
        return Err(Fault::invalid(resource.line, what));
    }
    let mut used = Vec::new();
    let (hash, range) = keys(properties.required("KeySchema")?, &mut used)?;
    let mut indexes: Vec<Index> = Vec::new();
    for value in properties.list("GlobalSecondaryIndexes")? {
        let index = index(value, &mut used)?;
        if indexes.iter().any(|other| other.name == index.name) {
            return Err(Fault::invalid(value.line, format!("there are two indexes `{}`", index.name)));
        }
        indexes.push(index);
    }
    let stream = stream(&properties)?;
    template.tables.push(Table {
        logical_id: resource.logical_id.to_owned(),
        name: resource.name.clone(),
        hash,
        range,
        attributes: attributes(properties.required("AttributeDefinitions")?, &used)?,
        indexes,
        stream_arn: stream.as_ref().map(|_| stream_arn(&resource.name, scope.surroundings)),
        stream,
        ttl: time_to_live(&properties)?,
    });
    Ok(())
}

/// The partition key and the sort key. Each is added to `used`, with its line.
fn keys(schema: &Value, used: &mut Vec<(String, usize)>) -> Result<(String, Option<String>), Fault> {
    let (mut hash, mut range) = (None, None);
    for element in schema.as_list("KeySchema")? {
        let map = element.as_map("KeySchema", &["AttributeName", "KeyType"])?;
        let name = map.text("AttributeName")?.to_owned();
        used.push((name.clone(), map.line));
        let place = match map.required("KeyType")?.as_one_of("KeyType", &["HASH", "RANGE"])? {
            "HASH" => &mut hash,
            _ => &mut range,
        };
        if place.replace(name).is_some() {
            return Err(Fault::invalid(map.line, "KeySchema: one HASH and one RANGE key at most"));
        }
    }
    let hash = hash.ok_or_else(|| Fault::invalid(schema.line, "KeySchema: the HASH key is missing"))?;
    Ok((hash, range))
}

fn index(value: &Value, used: &mut Vec<(String, usize)>) -> Result<Index, Fault> {
    let map = value.as_map("GlobalSecondaryIndexes", INDEX)?;
    let (hash, range) = keys(map.required("KeySchema")?, used)?;
    let projection =
        map.required("Projection")?.as_map("Projection", &["NonKeyAttributes", "ProjectionType"])?;
    let kind = projection
        .required("ProjectionType")?
        .as_one_of("ProjectionType", &["ALL", "INCLUDE", "KEYS_ONLY"])?;
    let attributes = projection.texts("NonKeyAttributes")?;
    if (kind == "INCLUDE") == attributes.is_empty() {
        return Err(Fault::invalid(
            projection.line,
            "Projection: NonKeyAttributes belong to INCLUDE, and to that only",
        ));
    }
    let projection = match kind {
        "ALL" => Projection::All,
        "INCLUDE" => Projection::Include(attributes),
        _ => Projection::KeysOnly,
    };
    Ok(Index { name: map.text("IndexName")?.to_owned(), hash, range, projection })
}

/// Exactly the attributes that are keys are defined: `DynamoDB` refuses more as well as less.
fn attributes(definitions: &Value, used: &[(String, usize)]) -> Result<Vec<(String, String)>, Fault> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for definition in definitions.as_list("AttributeDefinitions")? {
        let map = definition.as_map("AttributeDefinitions", &["AttributeName", "AttributeType"])?;
        let name = map.text("AttributeName")?;
        let kind = map.required("AttributeType")?.as_one_of("AttributeType", &["B", "N", "S"])?;
        if attributes.iter().any(|(other, _)| other == name) {
            return Err(Fault::invalid(map.line, format!("the attribute `{name}` is defined twice")));
        }
        if !used.iter().any(|(key, _)| key == name) {
            return Err(Fault::invalid(
                map.line,
                format!("the attribute `{name}` is no key of the table or an index"),
            ));
        }
        attributes.push((name.to_owned(), kind.to_owned()));
    }
    match used.iter().find(|(key, _)| !attributes.iter().any(|(name, _)| name == key)) {
        Some((key, line)) => {
            Err(Fault::unknown(*line, format!("there is no attribute `{key}` in AttributeDefinitions")))
        }
        None => Ok(attributes),
    }
}

fn stream(properties: &Map<'_>) -> Result<Option<String>, Fault> {
    const VIEWS: &[&str] = &["KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE"];
    let Some(map) = properties.map("StreamSpecification", &["StreamViewType"])? else { return Ok(None) };
    let view = map.required("StreamViewType")?.as_one_of("StreamViewType", VIEWS)?;
    Ok(Some(view.to_owned()))
}

fn time_to_live(properties: &Map<'_>) -> Result<Option<String>, Fault> {
    let Some(map) = properties.map("TimeToLiveSpecification", &["AttributeName", "Enabled"])? else {
        return Ok(None);
    };
    let enabled = map.required("Enabled")?.as_truth("Enabled")?;
    Ok(enabled.then_some(map.text("AttributeName")?.to_owned()))
}
