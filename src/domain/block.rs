//! What counts as one address of the Internet (types of `core`: no sockets).

use core::net::{IpAddr, Ipv6Addr};

/// A v4 address by itself, or the 64 bits that one v6 customer gets (RFC 6177).
pub fn address_block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_one() {
        let block = |text: &str| address_block(text.parse().expect("an address"));
        assert_eq!(block("2001:db8:1:2:3::4"), block("2001:db8:1:2:ffff::"));
        assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
        assert_eq!(block("::ffff:192.0.2.1"), block("192.0.2.1"));
        assert_ne!(block("192.0.2.1"), block("192.0.2.2"));
    }
}
