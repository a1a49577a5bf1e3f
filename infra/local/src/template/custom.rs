//! Custom resources. At a deployment a function makes them; here nothing does, and nothing needs them.

use super::error::Fault;
use super::model::Template;
use super::resolve::Scope;
use super::resources::{Identity, Resource, ResourceType};
use super::value::Content;

/// `AWS::CloudFormation::CustomResource`, and every `Custom::…`.
pub(super) static TYPE: ResourceType = ResourceType {
    name: "AWS::CloudFormation::CustomResource",
    globals: None,
    effective: &[],
    without_effect: None,
    name_property: None,
    reference: |identity| elsewhere(identity, "id"),
    attribute: |identity, attribute| Some(elsewhere(identity, attribute)),
    read,
};

fn elsewhere(identity: &Identity<'_>, what: &str) -> Content {
    let id = &identity.declared.logical_id;
    Content::Elsewhere(format!("`{what}` of `{id}`, a resource that a deployment makes"))
}

fn read(resource: &Resource<'_>, _: &Scope<'_>, _: &mut Template) -> Result<(), Fault> {
    resource.properties()?.text("ServiceToken").map(|_| ())
}
