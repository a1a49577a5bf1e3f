//! Which addresses may be posted to: those of the public internet, unless the deployment opens the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses webhooks may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The public internet only: receivers are strangers' servers, and what is beside us is none of theirs.
    PublicOnly,
    /// Everything: for receivers on the same machine or network.
    Anything,
    /// This address counts as public, all others do not: a test has no public address to listen on.
    #[cfg(test)]
    Only(IpAddr),
}

/// What is not the public internet (IANA's special-purpose registries, RFC 6890 and later), as network and length.
const PRIVATE_V4: [(Ipv4Addr, u32); 15] = [
    // "This network", and the unspecified address, which connects to the machine itself.
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by carriers, and by clouds for services of their own.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback; on Lambda also the runtime's API.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, with the credentials of the machine at 169.254.169.254.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation, three times.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Relays of 6to4.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Benchmarking.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, with broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The public internet of version 6. Outside are loopback, IPv4-mapped and -compatible, NAT64, discard, unique-local
/// (with AWS's metadata at `fd00:ec2::254`), link-local, site-local, multicast, and whatever will be assigned there.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public within it.
const PRIVATE_V6: [(Ipv6Addr, u32); 4] = [
    // Protocols of the IETF: Teredo, which embeds IPv4, benchmarking, ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation, twice.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4, which embeds IPv4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

impl Policy {
    /// The policy that the parameter `WebhookAllowPrivateNetworks` asks for.
    pub fn new(allow_private: bool) -> Self {
        if allow_private { Self::Anything } else { Self::PublicOnly }
    }

    /// Whether this address may be connected to.
    pub fn permits(self, address: IpAddr) -> bool {
        match self {
            Self::Anything => true,
            Self::PublicOnly => is_public(address),
            #[cfg(test)]
            Self::Only(public) => address == public,
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let within = |(network, length): &(Ipv4Addr, u32)| {
                (address.to_bits() ^ network.to_bits()) >> (Ipv4Addr::BITS - length) == 0
            };
            !PRIVATE_V4.iter().any(within)
        }
        IpAddr::V6(address) => {
            let within = |(network, length): &(Ipv6Addr, u32)| {
                (address.to_bits() ^ network.to_bits()) >> (Ipv6Addr::BITS - length) == 0
            };
            within(&PUBLIC_V6) && !PRIVATE_V6.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last addresses of what is refused, and what hides an address of version 4 in one of version 6.
    const REFUSED: &str = "
        0.0.0.0 0.255.255.255  10.0.0.0 10.255.255.255  100.64.0.0 100.127.255.255  127.0.0.0 127.255.255.255
        169.254.0.0 169.254.169.254 169.254.255.255  172.16.0.0 172.31.255.255  192.0.0.0 192.0.0.255
        192.0.2.0 192.0.2.255  192.88.99.0 192.88.99.255  192.168.0.0 192.168.255.255  198.18.0.0 198.19.255.255
        198.51.100.0 198.51.100.255  203.0.113.0 203.0.113.255  224.0.0.0 239.255.255.255
        240.0.0.0 255.255.255.255
        :: ::1 ::127.0.0.1 ::8.8.8.8  ::ffff:0:0 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:7f00:1
        64:ff9b:: 64:ff9b::169.254.169.254 64:ff9b::8.8.8.8  64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff
        100:: 100::ffff:ffff:ffff:ffff  1fff:ffff::
        2001:: 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::
        2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff  3fff:: 3fff:fff:ffff::
        2002:: 2002:7f00:1:: 2002:808:808::1 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        4000:: 5f00::1  fc00:: fd00:ec2::254 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        fe80:: fe80::1 febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff  fec0:: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
        ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
    ";

    /// The neighbours of those, and some that everybody knows.
    const PERMITTED: &str = "
        1.0.0.0 1.1.1.1 8.8.8.8  9.255.255.255 11.0.0.0  100.63.255.255 100.128.0.0  126.255.255.255 128.0.0.0
        169.253.255.255 169.255.0.0  172.15.255.255 172.32.0.0  191.255.255.255 192.0.1.0 192.0.3.0
        192.88.98.255 192.88.100.0  192.167.255.255 192.169.0.0  198.17.255.255 198.20.0.0
        198.51.99.255 198.51.101.0  203.0.112.255 203.0.114.0  223.255.255.255
        2000:: 2000:ffff:ffff:: 2001:200:: 2001:4860:4860::8888 2001:db7:ffff:: 2001:db9:: 2001:ffff:: 2003::
        2600:1f18::1 2606:4700::1111 2a00:1450::1 3ffe:ffff:: 3fff:1000:: 3fff:ffff::
    ";

    fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
        text.split_whitespace().map(|address| address.parse().expect(address))
    }

    #[test]
    fn only_the_public_internet_is_permitted() {
        for address in addresses(REFUSED) {
            assert!(!Policy::PublicOnly.permits(address), "{address}");
        }
        for address in addresses(PERMITTED) {
            assert!(Policy::PublicOnly.permits(address), "{address}");
        }
    }

    #[test]
    fn a_deployment_may_open_everything() {
        assert!(
            addresses(REFUSED).chain(addresses(PERMITTED)).all(|address| Policy::new(true).permits(address))
        );
        assert_eq!(Policy::new(false), Policy::PublicOnly);
    }
}
