//! What the fuzzer has found worth keeping (`fuzz/`), replayed.

use std::fs;
use std::path::Path;

use super::properties;

#[test]
fn every_text_of_the_corpus_has_the_properties() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/messages");
    let (mut texts, mut bytes) = (0, 0);
    for file in fs::read_dir(folder).expect("the corpus is there") {
        let path = file.expect("a file").path();
        // Shown when the text breaks a property.
        println!("{}", path.display());
        let text = fs::read(path).expect("readable");
        (texts, bytes) = (texts + 1, bytes + text.len());
        properties::check(&text);
    }
    assert!(
        (20..80).contains(&texts) && bytes < 100_000,
        "small enough to keep: {texts} files, {bytes} bytes"
    );
}
