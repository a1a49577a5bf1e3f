//! What the fuzzer has found worth keeping (`fuzz/`), replayed.

use std::fs;
use std::path::Path;

use super::properties;

#[test]
fn every_body_of_the_corpus_has_the_properties() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/requests");
    let (mut bodies, mut bytes) = (0, 0);
    for file in fs::read_dir(folder).expect("the corpus is there") {
        let path = file.expect("a file").path();
        // Shown when the body breaks a property.
        println!("{}", path.display());
        let body = fs::read(path).expect("readable");
        (bodies, bytes) = (bodies + 1, bytes + body.len());
        properties::check(&body);
    }
    assert!(
        (20..60).contains(&bodies) && bytes < 200_000,
        "small enough to keep: {bodies} files, {bytes} bytes"
    );
}
