//! Identifiers: 128 random bits each, written as 26 characters of Crockford's base32.
//!
//! They say nothing about what they name, so they may stand in clear, in logs and in links.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

use super::Random;

/// Crockford's base32 in lower case: no i, l, o, u; read without regard to case, with i and l as 1, o as 0.
pub(crate) static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZiIlLoO");
    spec.translate.to.push_str("abcdefghjkmnpqrstvwxyz111100");
    #[expect(clippy::expect_used, reason = "a constant alphabet, covered by the tests below")]
    spec.encoding().expect("a valid alphabet")
});

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new random identifier.
            pub fn random(random: &dyn Random) -> Self {
                let mut bytes = [0; 16];
                random.fill(&mut bytes);
                Self(bytes)
            }

            /// The 128 bits.
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let bytes = BASE32.decode(text.as_bytes()).map_err(|_| NotAnId)?;
                bytes.try_into().map(Self).map_err(|_| NotAnId)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A practice: the tenant.
    PracticeId;
    /// A practitioner's mailbox.
    MailboxId;
    /// A mail client of one person.
    DeviceId;
    /// A key slot of a mailbox.
    SlotId;
    /// A folder of a mailbox.
    FolderId;
    /// One message in one folder.
    EntryId;
    /// A symmetric key of what comes into a mailbox.
    DepositKeyId;
    /// A message as accepted: its heads and attachments.
    MessageId;
    /// One encrypted container.
    ObjectId;
    /// One message for one outside recipient.
    DeliveryId;
    /// A person of the directory.
    PatientId;
    /// A code that was sent, and the attempt to answer it.
    ChallengeId;
    /// That somebody may write as another address.
    SendAsId;
    /// One attempt to send a code, by one provider.
    SendId;
    /// A patient's open page.
    SessionId;
    /// A browser that a patient had remembered.
    RememberedId;
    /// A process at work on the data, and the root keys that it has.
    HolderId;
    /// A piece of work in the outbox; what a 250 names.
    QueueId;
}

/// Which root key sealed a value: eight octets derived from it, so that two can live during a rotation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::str::FromStr for KeyId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| NotAnId)?;
        octets.try_into().map(Self).map_err(|_| NotAnId)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The text is not one of our identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this server")]
pub struct NotAnId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = MessageId([7; 16]);
        assert_eq!(id.to_string().len(), 26);
        assert_eq!(id.to_string().parse::<MessageId>(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<MessageId>(), Ok(id));
        let key = KeyId([0xab; 8]);
        assert_eq!(key.to_string().parse::<KeyId>(), Ok(key));
        assert!("abab".parse::<KeyId>().is_err() && "zz".parse::<KeyId>().is_err());
        assert!("abc".parse::<MessageId>().is_err());
        assert!("../../../../etc/passwd....".parse::<MessageId>().is_err());
    }
}
