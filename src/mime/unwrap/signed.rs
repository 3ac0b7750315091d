//! What was signed, out of a CMS SignedData (RFC 5652 §5.1, RFC 8551 §3.5.2), in BER.
//!
//! No signature is looked at, and nobody is told that there is one.

use bcder::decode::{Constructed, Content, DecodeError, Source};
use bcder::{ConstOid, Mode, Oid, Tag};
use zeroize::Zeroizing;

/// The content; `None` for everything else: encrypted, compressed, signed apart from its content, broken before its end.
pub(super) fn content(octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut found = None;
    let signed = Mode::Ber.decode(octets, |all| {
        all.take_sequence(|info| {
            kind(info, &SIGNED_DATA)?;
            info.take_constructed_if(Tag::CTX_0, |explicit| {
                explicit.take_sequence(|data| {
                    // Version, and the algorithms of digests.
                    data.skip_one()?;
                    data.skip_one()?;
                    data.take_sequence(|encapsulated| {
                        kind(encapsulated, &DATA)?;
                        encapsulated.take_constructed_if(Tag::CTX_0, |explicit| {
                            // As long as it can be: growing would leave copies behind.
                            let mut content = Zeroizing::new(Vec::with_capacity(octets.len()));
                            explicit.take_value_if(Tag::OCTET_STRING, |string| append(string, 0, &mut content))?;
                            found = Some(content);
                            Ok(())
                        })
                    })?;
                    data.skip_all()
                })
            })
        })
    });
    // What stands behind the content (certificates, signatures) may be as broken as it likes.
    drop(signed);
    found
}

fn kind<S: Source>(sequence: &mut Constructed<'_, S>, wanted: &ConstOid) -> Result<(), DecodeError<S::Error>> {
    if Oid::take_from(sequence)? == *wanted {
        return Ok(());
    }
    Err(sequence.content_err("another content type"))
}

/// The octets of a string, whole or in pieces (X.690 §8.7.3).
fn append<S: Source>(
    string: &mut Content<'_, S>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError<S::Error>> {
    match string {
        Content::Primitive(piece) => {
            out.extend_from_slice(piece.slice_all()?);
            piece.skip_all()
        }
        Content::Constructed(pieces) if depth < DEEPEST => {
            while pieces.take_opt_value_if(Tag::OCTET_STRING, |piece| append(piece, depth + 1, out))?.is_some() {}
            Ok(())
        }
        Content::Constructed(pieces) => Err(pieces.content_err("nested too deep")),
    }
}

/// Pieces of pieces: one level is what programs write.
const DEEPEST: usize = 8;
/// id-signedData, 1.2.840.113549.1.7.2
const SIGNED_DATA: ConstOid = Oid(&[42, 134, 72, 134, 247, 13, 1, 7, 2]);
/// id-data, 1.2.840.113549.1.7.1
const DATA: ConstOid = Oid(&[42, 134, 72, 134, 247, 13, 1, 7, 1]);

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[tag, 0x82], length.as_slice(), content].concat()
    }

    fn open(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    /// A SignedData of this encapsulated string, with lengths by `wrap`.
    fn signed(kind: &[u8], string: &[u8], wrap: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let encapsulated = [tlv(6, DATA.0), wrap(0xa0, string)].concat();
        let data = [tlv(2, &[1]), wrap(0x31, &tlv(0x30, &[])), wrap(0x30, &encapsulated), wrap(0x31, &[])].concat();
        wrap(0x30, &[tlv(6, kind), wrap(0xa0, &wrap(0x30, &data))].concat())
    }

    fn read(octets: &[u8]) -> Option<String> {
        content(octets).map(|content| String::from_utf8(content.to_vec()).expect("text"))
    }

    #[test]
    fn content_is_found_however_lengths_are_written() {
        let pieces = [tlv(4, b"Bon"), open(0x24, &tlv(4, b"jo")), tlv(0x24, &tlv(4, b"ur"))].concat();
        for string in [tlv(4, b"Bonjour"), open(0x24, &pieces), tlv(0x24, &pieces)] {
            for wrap in [tlv, open] {
                let octets = signed(SIGNED_DATA.0, &string, wrap);
                assert_eq!(read(&octets).as_deref(), Some("Bonjour"));
                // Broken in or behind its signatures it is the same; before, it is nothing. Nothing is half of it.
                for length in 0..octets.len() {
                    assert!(read(&octets[..length]).is_none_or(|read| read == "Bonjour"), "{length}");
                }
            }
        }
    }

    #[test]
    fn everything_else_is_left_alone() {
        const ENVELOPED: &[u8] = &[42, 134, 72, 134, 247, 13, 1, 7, 3];
        assert_eq!(read(&signed(ENVELOPED, &tlv(4, b"Bonjour"), tlv)), None);
        // Signed apart.
        let apart = [tlv(2, &[1]), tlv(0x31, &[]), tlv(0x30, &tlv(6, DATA.0))].concat();
        assert_eq!(read(&tlv(0x30, &[tlv(6, SIGNED_DATA.0), tlv(0xa0, &tlv(0x30, &apart))].concat())), None);
        // Of no octets.
        assert_eq!(read(&signed(SIGNED_DATA.0, &tlv(4, b""), open)).as_deref(), Some(""));
        for noise in [&b""[..], b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"MIAGCSqGSIb3DQEHAqCAMIACAQEx"] {
            assert_eq!(read(noise), None);
        }
    }

    #[test]
    fn fault_18_pieces_of_pieces_end() {
        let mut string = tlv(4, b"x");
        for _ in 0..DEEPEST {
            string = open(0x24, &string);
        }
        assert_eq!(read(&signed(SIGNED_DATA.0, &string, open)).as_deref(), Some("x"));
        assert_eq!(read(&signed(SIGNED_DATA.0, &open(0x24, &string), open)), None);
        let endless = [0x24, 0x80].repeat(1_000_000);
        assert_eq!(read(&signed(SIGNED_DATA.0, &endless, open)), None);
        // Nesting where nothing is read.
        let octets = signed(SIGNED_DATA.0, &tlv(4, b"x"), open);
        let deep = [&octets[..octets.len() - 14], &[0x30, 0x80].repeat(1_000_000)].concat();
        assert!(read(&deep).is_none_or(|read| read == "x"));
    }
}
