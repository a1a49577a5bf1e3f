//! Links, as RFC 3986 has them.

use fluent_uri::Uri;

/// Whether the text is an absolute `http` or `https` URI, every part of it well-formed. plugNmeet takes any scheme, and
/// with it scripts; ours does not.
pub fn is_http_uri(text: &str) -> bool {
    Uri::parse(text).is_ok_and(|uri| {
        let scheme = uri.scheme().as_str();
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_links() {
        for good in ["https://example.org", "HTTP://h:8080/a?b=%20#c", "http://[::1]/", "http://", "http:"] {
            assert!(is_http_uri(good), "{good}");
        }
        let bad =
            ["", "x", "/a", "//h/a", "javascript:alert(1)", "ftp://a", "http://a b", " http://a", "http://ä"];
        for bad in bad.into_iter().chain(["http://a/%zz", "http://a/%2", "http://[::1", "http://a/<b>"]) {
            assert!(!is_http_uri(bad), "{bad}");
        }
    }
}
