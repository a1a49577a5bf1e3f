//! Small templates. A comment `# <-` marks the line that an error has to name.

mod conditions;
mod functions;
mod globals;
mod http_api;
mod intrinsics;
mod parameters;
mod policies;
mod queues;
mod repository;
mod structure;
mod tables;
mod triggers;
mod websocket_api;
mod websocket_routes;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Function, Surroundings, Template, TemplateError, build};

fn surroundings() -> Surroundings {
    Surroundings {
        region: "eu-west-1".to_owned(),
        account_id: "000000000000".to_owned(),
        stack_name: "demo".to_owned(),
        http_url: "http://127.0.0.1:3000".to_owned(),
        ws_url: "ws://127.0.0.1:3001".to_owned(),
        sqs_url: "http://127.0.0.1:9324".to_owned(),
    }
}

fn load_with(template: &str, parameters: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    build(template, &parameters, &surroundings()).map_err(|fault| fault.in_file(Path::new("template.yaml")))
}

fn load(template: &str) -> Template {
    load_with(template, &[]).unwrap()
}

/// The error is displayed with the marked line and exactly this text.
#[track_caller]
fn refuses(template: &str, text: &str) -> TemplateError {
    refuses_with(template, &[], text)
}

#[track_caller]
fn refuses_with(template: &str, parameters: &[(&str, &str)], text: &str) -> TemplateError {
    let marked = template.lines().position(|line| line.ends_with("# <-")).expect("a marked line");
    let error = load_with(template, parameters).expect_err("an error");
    assert_eq!(error.to_string(), format!("template.yaml:{}: {text}", marked + 1));
    error
}

/// A template of one function; the text continues its properties.
fn function_with(properties: &str) -> String {
    format!(
        r"
Resources:
  Api: {{Type: AWS::Serverless::HttpApi}}
  Greet:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: greet}}}}
    Properties:
      Handler: bootstrap
{properties}
"
    )
}

/// The one function of a template.
#[track_caller]
fn only_function(template: &str) -> Function {
    match load(template).functions.as_slice() {
        [function] => function.clone(),
        functions => panic!("{} functions", functions.len()),
    }
}

/// What an expression says as the variable of a function, beside the resources and parameters given.
fn evaluated(expression: &str, rest: &str) -> Result<String, TemplateError> {
    let template = expression_in(expression, rest);
    let template = load_with(&template, &[])?;
    let greet = template.functions.into_iter().find(|function| function.logical_id == "Greet").unwrap();
    Ok(greet.environment.get("VALUE").cloned().unwrap_or_else(|| "(absent)".to_owned()))
}

fn expression_in(expression: &str, rest: &str) -> String {
    format!(
        r"
Parameters:
  Name: {{Type: String, Default: world}}
  Number: {{Type: Number, Default: 7}}
  Words: {{Type: CommaDelimitedList, Default: 'a, b,c'}}
Conditions:
  Yes: !Equals [!Ref Name, world]
  No: !Not [!Condition Yes]
Resources:
  Api: {{Type: AWS::Serverless::HttpApi}}
  Greet:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: greet}}}}
    Properties:
      Environment:
        Variables:
          VALUE: {expression}
{rest}
"
    )
}
