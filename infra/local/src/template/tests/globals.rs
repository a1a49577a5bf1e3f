//! `Globals`.

use super::{load, refuses};

const GLOBALS: &str = r"
Globals:
  Function:
    Runtime: provided.al2023
    Timeout: 10
    MemorySize: 256
    Tags: {a: b}
    Environment:
      Variables:
        TABLE: !Ref AWS::StackName
        LEVEL: info
  HttpApi:
    CorsConfiguration: {AllowOrigins: [a]}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: [b], MaxAge: 5}
  Plain:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: plain}}
  Own:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: own}}
    Properties:
      Timeout: 20
      Environment:
        Variables:
          LEVEL: debug
          MORE: x";

#[test]
fn maps_are_merged_by_key_lists_appended_and_the_rest_overridden() {
    let template = load(GLOBALS);
    let [plain, own] = template.functions.as_slice() else { panic!("two functions") };
    let variables = |function: &super::Function| {
        function
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!((plain.timeout.as_secs(), plain.memory_mb), (10, 256));
    assert_eq!((own.timeout.as_secs(), own.memory_mb), (20, 256));
    assert_eq!(variables(plain), "LEVEL=info TABLE=demo");
    assert_eq!(variables(own), "LEVEL=debug MORE=x TABLE=demo");
    let cors = template.http_api.unwrap().cors.unwrap();
    assert_eq!((cors.allow_origins, cors.max_age), (vec!["a".to_owned(), "b".to_owned()], Some(5)));
}

#[test]
fn a_function_call_is_overridden_not_merged() {
    let template = load(
        r"
        Conditions: {Yes: !Equals [a, a]}
        Globals:
          Function:
            Environment: {Variables: !If [Yes, {A: a}, {B: b}]}
        Resources:
          Own:
            Type: AWS::Serverless::Function
            Metadata: {BuildProperties: {Binary: own}}
            Properties: {Environment: {Variables: {C: c}}}
        ",
    );
    assert_eq!(template.functions[0].environment.keys().collect::<Vec<_>>(), ["C"]);
}

#[test]
fn a_wrong_value_is_told_with_the_line_where_it_is_global() {
    let template = GLOBALS.replace("MemorySize: 256", "MemorySize: 64 # <-");
    refuses(&template, "MemorySize: expected a whole number from 128 to 10240, found `64`");
}

#[test]
fn what_is_unknown_is_refused() {
    let with = |globals: &str| format!("Globals:\n{globals}\nResources: {{}}");
    refuses(&with("  Api: {} # <-"), "the local stack does not know the section `Api` of Globals");
    refuses(
        &with("  Function:\n    Timeuot: 3 # <-"),
        "`Timeuot` is no global property of AWS::Serverless::Function that we know",
    );
    refuses(
        &with("  Function:\n    Policies: [] # <-"),
        "`Policies` is no global property of AWS::Serverless::Function that we know",
    );
    refuses(&with("  Function:\n    Tags: {a: !Ref Nmae} # <-"), "nothing here is called `Nmae`");
}

#[test]
fn a_mistake_shows_even_where_it_is_overridden() {
    let template = GLOBALS.replace("LEVEL: info", "LEVEL: !Ref Nmae # <-");
    refuses(&template, "nothing here is called `Nmae`");
}
