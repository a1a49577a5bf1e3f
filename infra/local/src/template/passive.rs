//! Resources that make no difference on this machine: log groups, permissions, alarms. They can still be referred
//! to, and what is written in them is still resolved.

use super::resolve::PARTITION;
use super::resources::{Identity, ResourceType, by_name};
use super::value::Content;

const NOTHING: ResourceType = ResourceType {
    name: "",
    globals: None,
    effective: &[],
    without_effect: Some(&[]),
    name_property: None,
    reference: by_name,
    attribute: |_, _| None,
    read: |_, _, _| Ok(()),
};

/// `AWS::Logs::LogGroup`.
pub(super) static LOG_GROUP: ResourceType = ResourceType {
    name: "AWS::Logs::LogGroup",
    without_effect: Some(&[
        "DataProtectionPolicy",
        "DeletionProtectionEnabled",
        "FieldIndexPolicies",
        "KmsKeyId",
        "LogGroupClass",
        "LogGroupName",
        "ResourcePolicyDocument",
        "RetentionInDays",
        "Tags",
    ]),
    name_property: Some("LogGroupName"),
    attribute: |identity, attribute| {
        (attribute == "Arn").then(|| identity.arn("logs", &format!("log-group:{}:*", identity.name)))
    },
    ..NOTHING
};

/// `AWS::IAM::Role`.
pub(super) static ROLE: ResourceType = ResourceType {
    name: "AWS::IAM::Role",
    without_effect: Some(&[
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "RoleName",
        "Tags",
    ]),
    name_property: Some("RoleName"),
    attribute: |identity, attribute| match attribute {
        "Arn" => Some(iam_arn(identity, "role")),
        "RoleId" => Some(Content::Elsewhere(format!("the id of the role `{}`", identity.name))),
        _ => None,
    },
    ..NOTHING
};

/// `AWS::IAM::Policy`.
pub(super) static POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::Policy",
    without_effect: Some(&["Groups", "PolicyDocument", "PolicyName", "Roles", "Users"]),
    name_property: Some("PolicyName"),
    ..NOTHING
};

/// `AWS::IAM::RolePolicy`.
pub(super) static ROLE_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::RolePolicy",
    without_effect: Some(&["PolicyDocument", "PolicyName", "RoleName"]),
    name_property: Some("PolicyName"),
    ..NOTHING
};

/// `AWS::IAM::ManagedPolicy`.
pub(super) static MANAGED_POLICY: ResourceType = ResourceType {
    name: "AWS::IAM::ManagedPolicy",
    without_effect: Some(&[
        "Description",
        "Groups",
        "ManagedPolicyName",
        "Path",
        "PolicyDocument",
        "Roles",
        "Users",
    ]),
    name_property: Some("ManagedPolicyName"),
    reference: |identity| iam_arn(identity, "policy"),
    attribute: |identity, attribute| (attribute == "PolicyArn").then(|| iam_arn(identity, "policy")),
    ..NOTHING
};

/// `AWS::SQS::QueuePolicy`.
pub(super) static QUEUE_POLICY: ResourceType = ResourceType {
    name: "AWS::SQS::QueuePolicy",
    without_effect: Some(&["PolicyDocument", "Queues"]),
    ..NOTHING
};

/// `AWS::CloudWatch::Alarm`.
pub(super) static ALARM: ResourceType = ResourceType {
    name: "AWS::CloudWatch::Alarm",
    without_effect: Some(&[
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "AlarmName",
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
        "EvaluateLowSampleCountPercentile",
        "EvaluationPeriods",
        "ExtendedStatistic",
        "InsufficientDataActions",
        "MetricName",
        "Metrics",
        "Namespace",
        "OKActions",
        "Period",
        "Statistic",
        "Tags",
        "Threshold",
        "ThresholdMetricId",
        "TreatMissingData",
        "Unit",
    ]),
    name_property: Some("AlarmName"),
    attribute: |identity, attribute| {
        (attribute == "Arn").then(|| identity.arn("cloudwatch", &format!("alarm:{}", identity.name)))
    },
    ..NOTHING
};

/// `AWS::CloudWatch::Dashboard`.
pub(super) static DASHBOARD: ResourceType = ResourceType {
    name: "AWS::CloudWatch::Dashboard",
    without_effect: Some(&["DashboardBody", "DashboardName"]),
    name_property: Some("DashboardName"),
    ..NOTHING
};

/// `AWS::SNS::Topic`.
pub(super) static TOPIC: ResourceType = ResourceType {
    name: "AWS::SNS::Topic",
    without_effect: Some(&[
        "DisplayName",
        "KmsMasterKeyId",
        "SignatureVersion",
        "Subscription",
        "Tags",
        "TopicName",
    ]),
    name_property: Some("TopicName"),
    reference: |identity| identity.arn("sns", &identity.name),
    attribute: |identity, attribute| match attribute {
        "TopicArn" => Some(identity.arn("sns", &identity.name)),
        "TopicName" => Some(Content::text(&identity.name)),
        _ => None,
    },
    ..NOTHING
};

/// `AWS::SNS::TopicPolicy`.
pub(super) static TOPIC_POLICY: ResourceType = ResourceType {
    name: "AWS::SNS::TopicPolicy",
    without_effect: Some(&["PolicyDocument", "Topics"]),
    ..NOTHING
};

/// `AWS::SNS::Subscription`.
pub(super) static SUBSCRIPTION: ResourceType = ResourceType {
    name: "AWS::SNS::Subscription",
    without_effect: Some(&[
        "DeliveryPolicy",
        "Endpoint",
        "FilterPolicy",
        "FilterPolicyScope",
        "Protocol",
        "RawMessageDelivery",
        "RedrivePolicy",
        "Region",
        "TopicArn",
    ]),
    ..NOTHING
};

/// IAM has no regions.
fn iam_arn(identity: &Identity<'_>, kind: &str) -> Content {
    let account_id = &identity.surroundings.account_id;
    Content::text(format!("arn:{PARTITION}:iam::{account_id}:{kind}/{}", identity.name))
}
