//! The template that is deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::{Projection, Template, declared_parameters, load};
use super::surroundings;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");

fn template() -> Template {
    load(Path::new(PATH), &BTreeMap::new(), &surroundings()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn it_loads_with_its_defaults() {
    let template = template();
    assert_eq!(template.parameters["TokenValiditySeconds"], "600");
    assert_eq!(template.parameters["UserJwtSecret"], "");
    let declared = declared_parameters(Path::new(PATH)).unwrap();
    assert!(template.parameters.keys().eq(declared.iter()));
}

#[test]
fn it_loads_with_its_switches_the_other_way() {
    let given = [("AccessLog", "true"), ("Architecture", "x86_64"), ("UserJwtSecret", "a secret")];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let template = load(Path::new(PATH), &given, &surroundings()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(template.parameters["UserJwtSecret"], "a secret");
}

#[test]
fn every_parameter_is_in_a_group_and_is_read_or_says_that_it_is_not() {
    let source = std::fs::read_to_string(PATH).unwrap();
    let (groups, rest) = source.split_once("\nParameters:\n").unwrap();
    let words: Vec<&str> = rest.split([' ', ',', '[', ']', '\n']).collect();
    for name in declared_parameters(Path::new(PATH)).unwrap() {
        assert!(groups.lines().any(|line| line.trim() == format!("- {name}")), "{name} is in no group");
        let is_read = words.windows(2).any(|pair| pair == ["!Ref", &name]);
        let (_, declaration) = rest.split_once(&format!("  {name}:\n")).unwrap();
        let lines: Vec<&str> =
            declaration.lines().take_while(|line| line.starts_with("   ")).map(str::trim).collect();
        assert_ne!(is_read, lines.join(" ").ends_with("without effect so far."), "{name}");
    }
}

#[test]
fn every_function_is_named_after_its_binary_and_finds_the_table() {
    let template = template();
    let table = &template.tables[0].name;
    for function in &template.functions {
        let words = function.binary.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        assert_eq!(function.logical_id, words.collect::<String>() + "Function");
        assert_eq!(&function.environment["TABLE_NAME"], table, "{}", function.binary);
    }
}

#[test]
fn every_function_may_read_the_secrets_that_it_names() {
    let secret = "ssm:/vestibule/demo/user-jwt-secret";
    let given = [("UserJwtSecret".to_owned(), secret.to_owned())].into();
    let template = load(Path::new(PATH), &given, &surroundings()).unwrap_or_else(|error| panic!("{error}"));
    let named = template.functions.iter().flat_map(|function| function.environment.values());
    assert!(named.filter(|value| *value == secret).count() > 5, "it would not load where one may not");
}

#[test]
fn one_function_catches_what_no_other_answers() {
    let template = template();
    let catching: Vec<&str> = template
        .functions
        .iter()
        .filter(|function| function.routes.iter().any(|route| route.path == "$default"))
        .map(|function| function.binary.as_str())
        .collect();
    assert_eq!(catching, ["not_found"]);
    let routes: BTreeSet<(Option<&str>, &str)> = template
        .functions
        .iter()
        .flat_map(|function| &function.routes)
        .map(|route| (route.method.as_deref(), route.path.as_str()))
        .collect();
    assert!(routes.contains(&(Some("POST"), "/auth/room/create")));
    assert!(routes.contains(&(Some("POST"), "/rooms/{code}/join")));
}

#[test]
fn the_table_is_that_of_the_store() {
    let template = template();
    let [table] = template.tables.as_slice() else { panic!("{} tables", template.tables.len()) };
    assert_eq!((table.hash.as_str(), table.range.as_deref()), ("pk", Some("sk")));
    assert_eq!(table.stream.as_deref(), Some("NEW_AND_OLD_IMAGES"));
    assert_eq!(table.ttl.as_deref(), Some("expires_at"));
    let indexes: Vec<&str> = table.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(indexes, ["by_due", "by_tenant"]);
    assert!(table.indexes.iter().all(|index| index.projection == Projection::KeysOnly));
}

#[test]
fn browsers_may_call_from_anywhere() {
    let cors = template().http_api.unwrap().cors.unwrap();
    assert_eq!(cors.allow_origins, ["*"]);
    assert!(!cors.allow_credentials);
}
