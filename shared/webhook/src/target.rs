//! A URL that may be posted to, as far as can be told without asking DNS.

use std::net::IpAddr;

use http::Uri;
use serde::{Deserialize, Serialize};
use url::{Host, Position, Url};

use crate::Policy;

/// Why a URL is not posted to. It does not get better by trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum TargetError {
    /// Over [`Target::MAX`] characters.
    #[error("is longer than {} characters", Target::MAX)]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("is not a URL")]
    Malformed,
    /// Neither `http` nor `https`.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// A user or a password is in it: they would end up in logs, and receivers verify the signature.
    #[error("must not have a user or a password in it")]
    Credentials,
    /// It leads, or one of its name's addresses does, to a network that is not public.
    #[error("leads to an address that is not public")]
    ForbiddenAddress,
}

/// A URL that may be posted to, in the one form in which it is connected to.
///
/// It is read as the WHATWG's URL standard says, as browsers do. So all spellings of an address (`0x7f.1`, `2130706433`,
/// `0177.0.0.1`, full-width digits) are that address before anything is judged or connected to.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    uri: Uri,
    literal: Option<IpAddr>,
}

impl Target {
    /// Most characters of a URL.
    pub const MAX: usize = 255;

    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.chars().count() > Self::MAX {
            return Err(TargetError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| TargetError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TargetError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        let literal = match url.host().ok_or(TargetError::Malformed)? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        };
        let uri: Uri = url[..Position::AfterQuery].parse().map_err(|_| TargetError::Malformed)?;
        // The host that was judged is the host that is connected to, whatever the second parser makes of it.
        if uri.host() != url.host_str() {
            return Err(TargetError::Malformed);
        }
        Ok(Self { uri, literal })
    }

    /// Refuses an address that stands in the URL itself; what a name leads to is known when it is connected to.
    pub fn check(&self, policy: Policy) -> Result<(), TargetError> {
        match self.literal {
            Some(address) if !policy.permits(address) => Err(TargetError::ForbiddenAddress),
            _ => Ok(()),
        }
    }

    /// The URL that is asked for; a fragment is not sent.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, policy: Policy) -> Result<String, TargetError> {
        let target = Target::parse(text)?;
        target.check(policy)?;
        Ok(target.uri().to_string())
    }

    #[test]
    fn a_web_address_is_taken() {
        let good = [
            ("https://example.org", "https://example.org/"),
            ("HTTP://Example.ORG:80/A?b=%20#c", "http://example.org/A?b=%20"),
            ("https://example.org:8443/hook?key=1&x=a|b", "https://example.org:8443/hook?key=1&x=a|b"),
            ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
            ("http://1.1.1.1/", "http://1.1.1.1/"),
            ("http://[2606:4700::1111]:8080/", "http://[2606:4700::1111]:8080/"),
            ("http://0x8.010.2056/", "http://8.8.8.8/"),
            // A name: what it leads to is not known here.
            ("http://localhost/", "http://localhost/"),
            ("http://127.0.0.1.nip.example/", "http://127.0.0.1.nip.example/"),
        ];
        for (text, uri) in good {
            assert_eq!(judged(text, Policy::PublicOnly).as_deref(), Ok(uri), "{text}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_with_its_reason() {
        use TargetError::{Credentials, Malformed, Scheme};
        let bad = [
            ("", Malformed),
            ("example.org/hook", Malformed),
            ("//example.org/hook", Malformed),
            ("http://", Malformed),
            ("http:", Malformed),
            ("https://?x", Malformed),
            ("http://a b/", Malformed),
            ("http://a%00b/", Malformed),
            ("http://[::1", Malformed),
            ("http://[fe80::1%25eth0]/", Malformed),
            ("http://[fe80::1%eth0]/", Malformed),
            ("http://[::ffff:1.2.3]/", Malformed),
            ("http://1.2.3.4.5/", Malformed),
            ("http://256.1.1.1/", Malformed),
            ("http://0x100000000/", Malformed),
            ("http://example.org:65536/", Malformed),
            ("ftp://example.org/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)", Scheme),
            ("localhost:8080", Scheme),
            ("gopher://example.org/", Scheme),
            ("https://user@example.org/", Credentials),
            ("https://user:pass@example.org/", Credentials),
            ("https://:pass@example.org/", Credentials),
            ("http://example.org@127.0.0.1/", Credentials),
        ];
        for (text, error) in bad {
            // Not even a deployment that opens private networks takes them.
            assert_eq!(judged(text, Policy::Anything), Err(error), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_forbidden_address_is_that_address() {
        let spellings = [
            ("http://127.0.0.1/", "127.0.0.1"),
            ("http://127.0.0.1:8080/a", "127.0.0.1"),
            ("https://127.0.0.1./", "127.0.0.1"),
            ("http://127.1/", "127.0.0.1"),
            ("http://127.0.1/", "127.0.0.1"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f000001/", "127.0.0.1"),
            ("http://0X7F.1/", "127.0.0.1"),
            ("http://0177.0.0.1/", "127.0.0.1"),
            ("http://017700000001/", "127.0.0.1"),
            ("http://0x7f.0.0x0.01/", "127.0.0.1"),
            ("http://127.0.0.%31/", "127.0.0.1"),
            ("http://１２７.０.０.１/", "127.0.0.1"),
            ("http://127。0。0。1/", "127.0.0.1"),
            ("http://①②⑦.⓪.⓪.①/", "127.0.0.1"),
            ("http://1\t27.0.0.1/", "127.0.0.1"),
            (" http://127.0.0.1/ ", "127.0.0.1"),
            ("http:\\\\127.0.0.1\\a", "127.0.0.1"),
            ("http:127.0.0.1", "127.0.0.1"),
            ("http:///127.0.0.1/", "127.0.0.1"),
            ("http://@127.0.0.1/", "127.0.0.1"),
            ("http://127.0.0.1#@example.org/", "127.0.0.1"),
            ("http://127.0.0.1\\@example.org/", "127.0.0.1"),
            ("http://0/", "0.0.0.0"),
            ("http://0.0.0.0/", "0.0.0.0"),
            ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
            ("http://2852039166/", "169.254.169.254"),
            ("http://0xa9fea9fe/", "169.254.169.254"),
            ("http://10.1/", "10.0.0.1"),
            ("http://192.168.257/", "192.168.1.1"),
            ("http://4294967295/", "255.255.255.255"),
            ("http://[::1]/", "[::1]"),
            ("http://[0:0:0:0:0:0:0:1]:80/", "[::1]"),
            ("http://[::]/", "[::]"),
            ("http://[::ffff:127.0.0.1]/", "[::ffff:7f00:1]"),
            ("http://[::127.0.0.1]/", "[::7f00:1]"),
            ("http://[64:ff9b::169.254.169.254]/", "[64:ff9b::a9fe:a9fe]"),
            ("http://[FD00:EC2::254]/", "[fd00:ec2::254]"),
            ("http://[fe80::1]/", "[fe80::1]"),
            ("http://[2002:7f00:1::]/", "[2002:7f00:1::]"),
        ];
        for (text, host) in spellings {
            let target = Target::parse(text).expect(text);
            assert_eq!(target.uri().host(), Some(host), "{text}");
            assert_eq!(target.check(Policy::PublicOnly), Err(TargetError::ForbiddenAddress), "{text}");
            assert_eq!(target.check(Policy::Anything), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_url_has_255_characters_at_most() {
        let url = |length: usize| format!("{:é<length$}", "https://example.org/");
        assert!(Target::parse(&url(255)).is_ok());
        assert_eq!(judged(&url(256), Policy::Anything), Err(TargetError::TooLong));
    }
}
