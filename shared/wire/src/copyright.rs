//! The copyright line that a room may bring: a text with some emphasis and links, and nothing else of HTML.

/// Tags that carry nothing but emphasis.
const PLAIN: [&str; 4] = ["b", "i", "em", "strong"];

/// The text with its harmless tags, written anew: `b`, `i`, `em`, `strong`, and `a` with an `http` or `https` link. Other
/// tags go, what they enclose stays; a `<` that begins no tag is written `&lt;`.
pub(crate) fn filtered(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        kept.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let is_tag = rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        match rest.find(['<', '>']) {
            Some(end) if is_tag && rest[end..].starts_with('>') => {
                kept.push_str(&tag(&rest[..end]));
                rest = &rest[end + 1..];
            }
            _ => kept.push_str("&lt;"),
        }
    }
    kept.push_str(rest);
    kept
}

/// What stays of a tag, given what stands between its brackets.
fn tag(inner: &str) -> String {
    let (closing, inner) = inner.strip_prefix('/').map_or(("", inner), |inner| ("/", inner));
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let (name, attributes) = (inner[..end].to_ascii_lowercase(), &inner[end..]);
    match name.as_str() {
        name if PLAIN.contains(&name) => format!("<{closing}{name}>"),
        "a" if !closing.is_empty() => "</a>".to_owned(),
        "a" => link(attributes),
        _ => String::new(),
    }
}

/// A link's opening tag: its address if it is a web address, and whether it opens a page of its own.
fn link(attributes: &str) -> String {
    let href = attribute(attributes, "href").map(|href| href.replace("&amp;", "&"));
    let href = href.filter(|href| crate::is_http_uri(href));
    let href = href.map(|href| format!(" href=\"{}\"", href.replace('&', "&amp;"))).unwrap_or_default();
    let blank = attribute(attributes, "target") == Some("_blank");
    format!("<a{href}{}>", if blank { " target=\"_blank\"" } else { "" })
}

/// The value of a quoted attribute.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        let (before, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, next) = after[1..].split_once(quote)?;
        if before.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emphasis_and_web_links_stay_as_they_are() {
        let text = "By <a href=\"https://example.org/?a=1\" target=\"_blank\">us</a>, <b>b</b><i>i</i><em>e</em>\
                    <strong>s</strong>";
        assert_eq!(filtered(text), text);
    }

    #[test]
    fn nothing_else_of_html_survives() {
        for (text, kept) in [
            ("<script>x</script>", "x"),
            ("<B onclick=\"y\">b</B>", "<b>b</b>"),
            ("<a href=\"https://x\" onclick=\"y\">a</a>", "<a href=\"https://x\">a</a>"),
            ("<a href='javascript:alert(1)'>a</a>", "<a>a</a>"),
            ("<a href=\"https://x?a=1&b=2&amp;c\">a</a>", "<a href=\"https://x?a=1&amp;b=2&amp;c\">a</a>"),
            ("<a href=https://x>a</a>", "<a>a</a>"),
            ("<a href=\"https://x/\u{22}onclick=\">a", "<a href=\"https://x/\">a"),
            ("<img src=x onerror=alert(1)>", ""),
            ("<<b>b", "&lt;<b>b"),
            ("1 < 2 > 1", "1 &lt; 2 > 1"),
            ("<b", "&lt;b"),
            ("<!-- a -->b", "b"),
        ] {
            assert_eq!(filtered(text), kept, "{text}");
            assert_eq!(filtered(kept), kept, "{text}, filtered again");
        }
    }
}
