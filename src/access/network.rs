//! Networks: an address, or the first bits of some.

use std::net::IpAddr;

/// An address, or the first bits of some: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `192.0.2.1`, `2001:db8::/32`.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let refused = || "must be an address or a network such as 10.0.0.0/8".to_owned();
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| refused()))?;
        // 0 bits would be anybody (fault 37).
        if bits == 0 || bits > most {
            return Err(refused());
        }
        Ok(Self { address, bits })
    }

    /// The address, where it is one.
    pub fn single(&self) -> Option<IpAddr> {
        let all = if self.address.is_ipv4() { 32 } else { 128 };
        (self.bits == all).then_some(self.address)
    }

    /// Whether an address is of this network.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_37_only_named_networks_are_proxies() {
        let network = Network::read("10.0.0.0/8").expect("a network");
        assert!(network.holds(IpAddr::from([10, 200, 0, 1])));
        assert!(network.holds("::ffff:10.1.1.1".parse().expect("an address")));
        assert!(!network.holds(IpAddr::from([11, 0, 0, 1])));
        assert!(!network.holds("::1".parse().expect("an address")));
        for bad in ["0.0.0.0/0", "::/0", "*", "all", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0", "true"] {
            assert!(Network::read(bad).is_err(), "{bad}");
        }
    }
}
