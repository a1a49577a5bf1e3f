//! What stays of a copyright text.

/// The text without any HTML but emphasis and web links.
pub(super) fn filtered(text: &str) -> String {
    let mut pieces = text.split('<');
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let Some((tag, rest)) = piece.split_once('>') else { panic!("no tag: {piece}") };
        let name = tag.split(' ').next().unwrap_or_default();
        match name.trim_start_matches('/') {
            "b" | "i" | "em" | "strong" => kept.extend(["<", name, ">"]),
            "a" if name == "/a" => kept += "</a>",
            "a" => {
                let href = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
                let href = href.filter(|href| href.starts_with("https://") || href.starts_with("http://"));
                kept += "<a";
                kept.extend(href.into_iter().flat_map(|href| [" href=\"", href, "\""]));
                kept += if tag.contains("target=\"_blank\"") { " target=\"_blank\">" } else { ">" };
            }
            _ => {}
        }
        kept += rest;
    }
    kept
}
