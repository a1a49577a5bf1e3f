//! `AWS::DynamoDB::Table`.

use super::super::{Index, Projection, Table};
use super::{load, refuses};

const TABLE: &str = r"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
        - AttributeName: due_at
          AttributeType: N
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: by_due
          KeySchema: [{AttributeName: sk, KeyType: HASH}, {AttributeName: due_at, KeyType: RANGE}]
          Projection: {ProjectionType: KEYS_ONLY}
        - IndexName: some
          KeySchema: [{AttributeName: sk, KeyType: HASH}]
          Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [a, b]}
        - IndexName: all
          KeySchema: [{AttributeName: sk, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
";

#[test]
fn a_table_is_as_it_is_declared() {
    let index = |name: &str, range: Option<&str>, projection| Index {
        name: name.to_owned(),
        hash: "sk".to_owned(),
        range: range.map(ToOwned::to_owned),
        projection,
    };
    let attributes = [("pk", "S"), ("sk", "S"), ("due_at", "N")];
    assert_eq!(
        load(TABLE).tables,
        [Table {
            logical_id: "Table".to_owned(),
            name: "demo-Table".to_owned(),
            hash: "pk".to_owned(),
            range: Some("sk".to_owned()),
            attributes: attributes.map(|(name, kind)| (name.to_owned(), kind.to_owned())).to_vec(),
            indexes: vec![
                index("by_due", Some("due_at"), Projection::KeysOnly),
                index("some", None, Projection::Include(vec!["a".to_owned(), "b".to_owned()])),
                index("all", None, Projection::All),
            ],
            stream: Some("NEW_AND_OLD_IMAGES".to_owned()),
            stream_arn: Some(
                "arn:aws:dynamodb:eu-west-1:000000000000:table/demo-Table/stream/local".to_owned()
            ),
            ttl: Some("expires_at".to_owned()),
        }]
    );
}

#[test]
fn what_is_left_out_is_not_there() {
    let template = load(
        r"
        Resources:
          Table:
            Type: AWS::DynamoDB::Table
            Properties:
              TableName: rooms
              AttributeDefinitions: [{AttributeName: pk, AttributeType: B}]
              KeySchema: [{AttributeName: pk, KeyType: HASH}]
              TimeToLiveSpecification: {AttributeName: expires_at, Enabled: false}
        ",
    );
    let table = &template.tables[0];
    assert_eq!(
        (table.name.as_str(), &table.range, &table.stream, &table.ttl),
        ("rooms", &None, &None, &None)
    );
    assert!(table.indexes.is_empty());
}

#[test]
fn a_mistake_is_named() {
    for (right, wrong, text) in [
        (
            "      BillingMode: PAY_PER_REQUEST",
            "      LocalSecondaryIndexes: []",
            "the local stack does not know the property `LocalSecondaryIndexes` of AWS::DynamoDB::Table",
        ),
        (
            "- {AttributeName: sk, KeyType: RANGE}",
            "- {AttributeName: so, KeyType: RANGE}",
            "there is no attribute `so` in AttributeDefinitions",
        ),
        (
            "- {AttributeName: sk, KeyType: RANGE}",
            "- {AttributeName: sk, KeyType: HASH}",
            "KeySchema: one HASH and one RANGE key at most",
        ),
        (
            "- {AttributeName: sk, KeyType: RANGE}",
            "- {AttributeName: sk, KeyType: SORT}",
            "KeyType: expected one of HASH, RANGE, found `SORT`",
        ),
        (
            "- {AttributeName: sk, AttributeType: S}",
            "- {AttributeName: sk, AttributeType: STRING}",
            "AttributeType: expected one of B, N, S, found `STRING`",
        ),
        (
            "- {AttributeName: sk, AttributeType: S}",
            "- {AttributeName: pk, AttributeType: S}",
            "the attribute `pk` is defined twice",
        ),
        (
            "- {AttributeName: sk, AttributeType: S}",
            "- {AttributeName: other, AttributeType: S}",
            "the attribute `other` is no key of the table or an index",
        ),
        (
            "          Projection: {ProjectionType: KEYS_ONLY}",
            "          Projection: {ProjectionType: SOME}",
            "ProjectionType: expected one of ALL, INCLUDE, KEYS_ONLY, found `SOME`",
        ),
        (
            "          Projection: {ProjectionType: KEYS_ONLY}",
            "          Projection: {ProjectionType: INCLUDE}",
            "Projection: NonKeyAttributes belong to INCLUDE, and to that only",
        ),
        (
            "          Projection: {ProjectionType: ALL}",
            "          Projection: {ProjectionType: ALL, NonKeyAttributes: [a]}",
            "Projection: NonKeyAttributes belong to INCLUDE, and to that only",
        ),
        ("        - IndexName: all", "        - IndexName: some", "there are two indexes `some`"),
        (
            "StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}",
            "StreamSpecification: {StreamViewType: BOTH}",
            "StreamViewType: expected one of KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE, found `BOTH`",
        ),
        (
            "StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}",
            "StreamSpecification: {}",
            "StreamSpecification: `StreamViewType` is missing",
        ),
        (
            "TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}",
            "TimeToLiveSpecification: {AttributeName: expires_at, Enabled: maybe}",
            "Enabled: expected true or false, found `maybe`",
        ),
    ] {
        refuses(&TABLE.replacen(right, &format!("{wrong} # <-"), 1), text);
    }
}

#[test]
fn a_table_has_a_partition_key() {
    refuses(
        "Resources:\n  Table: # <-\n    Type: AWS::DynamoDB::Table",
        "`Table`, an AWS::DynamoDB::Table: `KeySchema` is missing",
    );
    refuses(
        "Resources:\n  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      KeySchema: [] # <-",
        "KeySchema: the HASH key is missing",
    );
}

#[test]
fn two_tables_cannot_have_one_name() {
    let table = "Type: AWS::DynamoDB::Table, Properties: {TableName: x, \
        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}], \
        KeySchema: [{AttributeName: pk, KeyType: HASH}]}";
    refuses(&format!("Resources:\n  A: {{{table}}}\n  B: {{{table}}} # <-"), "`B` has the name of `A` too");
}
