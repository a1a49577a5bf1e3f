//! `AWS::Serverless::HttpApi`.

use super::super::{Cors, HttpApi};
use super::{load, refuses};

fn api(properties: &str) -> String {
    format!("Resources:\n  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      {properties}")
}

fn cors(configuration: &str) -> Option<Cors> {
    load(&api(&format!("CorsConfiguration: {configuration}"))).http_api.unwrap().cors
}

#[test]
fn an_api_needs_no_properties() {
    let template = load("Resources:\n  Api: {Type: AWS::Serverless::HttpApi}");
    assert_eq!(template.http_api, Some(HttpApi { logical_id: "Api".to_owned(), cors: None }));
    assert_eq!(load("Resources: {}").http_api, None);
}

#[test]
fn cors_is_as_it_is_configured() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        cors(
            "{AllowOrigins: ['https://a'], AllowMethods: [GET, POST], AllowHeaders: [x], ExposeHeaders: [y], MaxAge: 60, AllowCredentials: true}"
        ),
        Some(Cors {
            allow_origins: texts(&["https://a"]),
            allow_methods: texts(&["GET", "POST"]),
            allow_headers: texts(&["x"]),
            expose_headers: texts(&["y"]),
            max_age: Some(60),
            allow_credentials: true,
        })
    );
    assert_eq!(cors("true"), Some(Cors { allow_origins: texts(&["*"]), ..Cors::default() }));
    assert_eq!(cors("false"), None);
}

#[test]
fn a_mistake_is_named() {
    for (property, text) in [
        ("Auth: {} # <-", "the local stack does not know the property `Auth` of AWS::Serverless::HttpApi"),
        ("StageName: prod # <-", "StageName: expected one of $default, found `prod`"),
        ("CorsConfiguration: https://a # <-", "CorsConfiguration: expected true or false, found `https://a`"),
        (
            "CorsConfiguration: {AllowOrigin: ['*']} # <-",
            "CorsConfiguration: the local stack does not know the property `AllowOrigin`",
        ),
        ("CorsConfiguration: {AllowOrigins: '*'} # <-", "AllowOrigins: expected a list, found `*`"),
        (
            "CorsConfiguration: {MaxAge: long} # <-",
            "MaxAge: expected a whole number from 0 to 86400, found `long`",
        ),
        (
            "CorsConfiguration: {AllowOrigins: ['*'], AllowCredentials: true} # <-",
            "AllowCredentials cannot be true for the origin `*`",
        ),
    ] {
        refuses(&api(property), text);
    }
}

#[test]
fn there_is_one_api() {
    refuses(
        "Resources:\n  A: {Type: AWS::Serverless::HttpApi}\n  B: {Type: AWS::Serverless::HttpApi} # <-",
        "the local stack serves one HTTP API, and `A` is another",
    );
}
