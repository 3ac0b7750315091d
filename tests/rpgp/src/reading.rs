//! The page of code that a reader of Pli's format needs beside an OpenPGP implementation and HKDF.
//!
//! It uses nothing of Pli's: ids, frames, the manifest of a head, and how a message is put together,
//! as the documentation of `src/vault/mod.rs` says. `tests/proof.rs` and `tests/rpgp` share it.

use std::error::Error;

use pgp::composed::{Message, PlainSessionKey};

/// What can go wrong while reading.
pub type Any<T> = Result<T, Box<dyn Error>>;

/// An opened head.
pub struct Head {
    /// The message less its parts.
    pub octets: Vec<u8>,
    /// The parts in order.
    pub parts: Vec<Part>,
    /// The session key of the parts, where it is not the head's.
    pub parts_key: Option<Vec<u8>>,
}

/// A part as the manifest names it.
pub struct Part {
    /// The id of its object.
    pub object: String,
    at: usize,
    length: usize,
    sha256: String,
    base64: Option<(usize, bool)>,
}

/// An id of 26 characters (Crockford's base32) as its 16 octets.
pub fn id(text: &str) -> Any<[u8; 16]> {
    base32(text)?.try_into().map_err(|_| "an id has 16 octets".into())
}

/// Crockford's base32, lower case.
pub fn base32(text: &str) -> Any<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for c in text.trim().bytes() {
        let digit = b"0123456789abcdefghjkmnpqrstvwxyz".iter().position(|&d| d == c).ok_or("not base32")?;
        bits = (bits << 5) | u32::try_from(digit)?;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff)?);
            bits &= (1 << held) - 1;
        }
    }
    Ok(out)
}

/// Each octet string behind its length.
pub fn frame(pieces: &[&[u8]]) -> Any<Vec<u8>> {
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(u64::try_from(piece.len())?.to_be_bytes());
        out.extend(*piece);
    }
    Ok(out)
}

/// A session-key packet and a container, joined: an OpenPGP message.
pub fn joined<'a>(esk: &[u8], container: &[u8]) -> Any<Message<'a>> {
    Ok(Message::from_bytes(std::io::Cursor::new([esk, container].concat()))?)
}

/// The content of a decrypted message, read to its end: one literal packet, without name.
pub fn content(mut message: Message<'_>) -> Any<Vec<u8>> {
    if !message.is_literal() || message.literal_data_header().is_none_or(|header| !header.file_name().is_empty()) {
        return Err("not one literal packet without a name".into());
    }
    Ok(message.as_data_vec()?)
}

/// Opens a container without any session-key packet.
pub fn with_session_key(key: &[u8], container: &[u8]) -> Any<Vec<u8>> {
    content(joined(&[], container)?.decrypt_with_session_key(PlainSessionKey::V6 { key: key.into() })?)
}

/// Reads the manifest off the plaintext of a head container.
pub fn head(plain: &[u8], sha256: impl Fn(&[u8]) -> String) -> Any<Head> {
    let (length, rest) = plain.strip_prefix(b"PLI1").and_then(<[u8]>::split_first_chunk).ok_or("not a head")?;
    let length = usize::try_from(u32::from_be_bytes(*length))?;
    let (json, octets) = rest.split_at_checked(length).ok_or("cut manifest")?;
    let manifest: serde_json::Value = serde_json::from_slice(json)?;
    if *member(&manifest, "length") != octets.len() || *member(&manifest, "sha256") != sha256(octets) {
        return Err("the manifest is of another head".into());
    }
    let parts_key = match member(&manifest, "parts_key").as_str() {
        Some(text) => Some(data_encoding::BASE64.decode(text.as_bytes())?),
        None => None,
    };
    let parts = member(&manifest, "parts").as_array().ok_or("no parts")?.iter().map(part).collect::<Any<_>>()?;
    Ok(Head { octets: octets.to_vec(), parts, parts_key })
}

fn member<'a>(value: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    value.get(name).unwrap_or(&serde_json::Value::Null)
}

fn part(value: &serde_json::Value) -> Any<Part> {
    let number = |value: &serde_json::Value| -> Any<usize> { Ok(usize::try_from(value.as_u64().ok_or("no number")?)?) };
    let text = |value: &serde_json::Value| -> Any<String> { Ok(value.as_str().ok_or("no text")?.to_owned()) };
    let encoding = member(value, "encoding");
    let base64 = member(encoding, "base64");
    let base64 = match encoding.as_str() {
        Some("as-is") => None,
        Some(_) => return Err("an unknown encoding".into()),
        None => Some((number(member(base64, "line"))?, *member(base64, "ends") == true)),
    };
    Ok(Part {
        object: text(member(value, "object"))?,
        at: number(member(value, "at"))?,
        length: number(member(value, "length"))?,
        sha256: text(member(value, "sha256"))?,
        base64,
    })
}

/// Puts the message together.
pub fn rebuild(head: &Head, parts: &[Vec<u8>], sha256: impl Fn(&[u8]) -> String) -> Any<Vec<u8>> {
    let (mut whole, mut done) = (Vec::new(), 0);
    for (part, octets) in head.parts.iter().zip(parts) {
        if octets.len() != part.length || sha256(octets) != part.sha256 {
            return Err("a part is not the manifest's".into());
        }
        whole.extend(head.octets.get(done..part.at).ok_or("a place outside")?);
        done = part.at;
        let Some((line, ends)) = part.base64 else {
            whole.extend(octets);
            continue;
        };
        let text = data_encoding::BASE64.encode(octets);
        let lines: Vec<&[u8]> = text.as_bytes().chunks(line).collect();
        whole.extend(lines.join(&b"\r\n"[..]));
        if ends {
            whole.extend(b"\r\n");
        }
    }
    whole.extend(head.octets.get(done..).ok_or("a place outside")?);
    Ok(whole)
}
