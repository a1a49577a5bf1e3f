//! Resources that make no difference on this machine: log groups and permissions. They can still be referred
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

/// IAM has no regions.
fn iam_arn(identity: &Identity<'_>, kind: &str) -> Content {
    let account_id = &identity.surroundings.account_id;
    Content::text(format!("arn:{PARTITION}:iam::{account_id}:{kind}/{}", identity.name))
}
