//! `AWS::Serverless::Function` and its routes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Function, TemplateError};
use super::{function_with, load, only_function, refuses};

#[test]
fn a_function_has_lambdas_defaults() {
    assert_eq!(
        only_function(&function_with("")),
        Function {
            logical_id: "Greet".to_owned(),
            name: "demo-Greet".to_owned(),
            binary: "greet".to_owned(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            reserved_concurrency: None,
            environment: BTreeMap::new(),
            grants: vec![],
            routes: vec![],
            streams: vec![],
            queues: vec![],
            schedules: vec![],
            async_retries: 2,
        }
    );
}

#[test]
fn a_function_is_as_its_properties_say() {
    let function = only_function(&function_with(
        r"
      FunctionName: !Sub ${AWS::StackName}-greeter
      MemorySize: 512
      Timeout: '7'
      ReservedConcurrentExecutions: 5
      Policies:
        - Statement: [{Effect: Allow, Action: ssm:GetParameter, Resource: !Sub 'arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/demo/secret'}]
      Architectures: [arm64]
      Environment:
        Variables:
          TABLE: rooms
          SECONDS: 10
          SECRET: ssm:/demo/secret",
    ));
    assert_eq!(function.name, "demo-greeter");
    assert_eq!((function.memory_mb, function.timeout.as_secs()), (512, 7));
    assert_eq!(function.reserved_concurrency, Some(5));
    let variables: Vec<String> =
        function.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(variables, ["SECONDS=10", "SECRET=ssm:/demo/secret", "TABLE=rooms"]);
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    for (property, text) in [
        ("Timeout: abc # <-", "Timeout: expected a whole number from 1 to 900, found `abc`"),
        ("Timeout: 0 # <-", "Timeout: expected a whole number from 1 to 900, found `0`"),
        ("Timeout: 1.5 # <-", "Timeout: expected a whole number from 1 to 900, found `1.5`"),
        ("Timeout: [3] # <-", "Timeout: expected a text, found a list"),
        ("MemorySize: 127 # <-", "MemorySize: expected a whole number from 128 to 10240, found `127`"),
        (
            "Runtime: nodejs22.x # <-",
            "Runtime: expected one of provided.al2, provided.al2023, found `nodejs22.x`",
        ),
        ("PackageType: Image # <-", "PackageType: expected one of Zip, found `Image`"),
        ("FunctionName: [a] # <-", "the name of a resource: expected a text, found a list"),
        ("Environment: {Variables: [A]} # <-", "Variables: expected a map, found a list"),
        ("Environment: {Variables: {A: {b: c}}} # <-", "A: expected a text, found a map"),
        ("Events: [] # <-", "Events: expected a map, found a list"),
    ] {
        let error = refuses(&function_with(&format!("      {property}")), text);
        assert!(matches!(error, TemplateError::Invalid { .. }), "{property}");
    }
}

#[test]
fn what_is_unknown_is_refused() {
    for (property, text) in [
        (
            "Timeuot: 3 # <-",
            "the local stack does not know the property `Timeuot` of AWS::Serverless::Function",
        ),
        (
            "Layers: [] # <-",
            "the local stack does not know the property `Layers` of AWS::Serverless::Function",
        ),
        (
            "Environment: {Varaibles: {}} # <-",
            "Environment: the local stack does not know the property `Varaibles`",
        ),
        ("Events: {A: {Type: S3}} # <-", "the local stack does not know the event type `S3`"),
        (
            "Events: {A: {Tpye: HttpApi}} # <-",
            "the event `A`: the local stack does not know the property `Tpye`",
        ),
        (
            "Events: {A: {Type: HttpApi, Properties: {Auth: {}}}} # <-",
            "Properties: the local stack does not know the property `Auth`",
        ),
        (
            "Events: {A: {Type: HttpApi, Properties: {ApiId: other}}} # <-",
            "ApiId: this is no AWS::Serverless::HttpApi of the template",
        ),
    ] {
        let error = refuses(&function_with(&format!("      {property}")), text);
        assert!(matches!(error, TemplateError::Unknown { .. }), "{property}");
    }
}

#[test]
fn a_function_names_its_binary() {
    let with = |metadata: &str| format!("Resources:\n  A:{metadata}\n    Type: AWS::Serverless::Function\n");
    let missing = "`A`, an AWS::Serverless::Function: `Metadata.BuildProperties.Binary` is missing";
    refuses(&with(" # <-"), missing);
    refuses(&with(" # <-\n    Metadata: {BuildMethod: rust-cargolambda}"), missing);
    refuses(&with(" # <-\n    Metadata: {BuildProperties: {}}"), missing);
    refuses(
        &with("\n    Metadata: {BuildMethod: makefile, BuildProperties: {Binary: a}} # <-"),
        "BuildMethod: expected one of rust-cargolambda, found `makefile`",
    );
    refuses(
        &with("\n    Metadata: {BuildProperties: {Binary: a, Flags: [b]}} # <-"),
        "BuildProperties: the local stack does not know the property `Flags`",
    );
}

#[test]
fn two_functions_cannot_have_one_name() {
    let template = r"
        Resources:
          A: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: a}}, Properties: {FunctionName: x}}
          B: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: a}}, Properties: {FunctionName: x}} # <-
        ";
    refuses(template, "`B` has the name of `A` too");
}

#[test]
fn events_are_routes() {
    let template = function_with(
        r"      Events:
        One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: '/rooms/{id}'}}
        Two: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: '/files/{path+}', PayloadFormatVersion: '2.0'}}
        Three: {Type: HttpApi, Properties: {ApiId: !Ref Api}}",
    );
    let line = template.lines().position(|line| line.contains("One:")).unwrap() + 1;
    let routes: Vec<_> = only_function(&template)
        .routes
        .into_iter()
        .map(|route| (route.method, route.path, route.line))
        .collect();
    assert_eq!(
        routes,
        [
            (Some("GET".to_owned()), "/rooms/{id}".to_owned(), line),
            (None, "/files/{path+}".to_owned(), line + 1),
            (None, "$default".to_owned(), line + 2),
        ]
    );
}

#[test]
fn a_route_that_is_none_is_refused() {
    for (properties, text) in [
        ("Method: GET", "a route has both `Method` and `Path`, or neither"),
        ("Path: /a", "a route has both `Method` and `Path`, or neither"),
        (
            "Method: FETCH, Path: /a",
            "Method: expected one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, found `FETCH`",
        ),
        ("Method: GET, Path: a", "Path: `a` is no path of a route"),
        ("Method: GET, Path: '/a/{b'", "Path: `/a/{b` is no path of a route"),
        ("Method: GET, Path: '/a/{}'", "Path: `/a/{}` is no path of a route"),
        ("Method: GET, Path: '/a/x{b}'", "Path: `/a/x{b}` is no path of a route"),
        ("Method: GET, Path: '/a/{b+}/c'", "Path: `/a/{b+}/c` is no path of a route"),
        ("Method: GET, Path: $default", "the route `$default` takes any method"),
        (
            "Method: GET, Path: /a, PayloadFormatVersion: '1.0'",
            "PayloadFormatVersion: expected one of 2.0, found `1.0`",
        ),
    ] {
        refuses(
            &function_with(&format!(
                "      Events: {{A: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, {properties}}}}}}} # <-"
            )),
            text,
        );
    }
    refuses(
        &function_with("      Events: {A: {Type: HttpApi}} # <-"),
        "the event `A` has no `ApiId`: SAM would make an API of its own for it",
    );
}

#[test]
fn a_route_belongs_to_one_function() {
    let two = |first: &str, second: &str| {
        format!(
            r"Resources:
  Api: {{Type: AWS::Serverless::HttpApi}}
  A:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: a}}}}
    Properties:
      Events:
        One: {{Type: HttpApi, Properties: {{ApiId: !Ref Api{first}}}}}
  B:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: b}}}}
    Properties:
      Events:
        One: {{Type: HttpApi, Properties: {{ApiId: !Ref Api{second}}}}} # <-"
        )
    };
    let get = |path: &str| format!(", Method: GET, Path: '{path}'");
    refuses(&two(&get("/a"), &get("/a")), "the route `GET /a` is taken by the event at line 8");
    refuses(&two("", ""), "the route `ANY $default` is taken by the event at line 8");
    // The name of a variable does not tell routes apart.
    refuses(&two(&get("/a/{b}"), &get("/a/{c}")), "the route `GET /a/{c}` is taken by the event at line 8");
    for (first, second) in [
        (get("/a"), ", Method: POST, Path: /a".to_owned()),
        (get("/a"), ", Method: ANY, Path: /a".to_owned()),
        (get("/a/{b}"), get("/a/b")),
        (get("/a/{b}"), get("/a/{b+}")),
        (get("/a"), String::new()),
    ] {
        assert_eq!(load(&two(&first, &second)).functions.len(), 2, "{first} {second}");
    }
}
