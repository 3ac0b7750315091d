//! Containers: one SEIPD packet of version 2 each, AES-256 in OCB mode (RFC 9580 §5.13.2).
//!
//! Inside stands one literal data packet in binary mode, without name or date (§5.9). The packet is
//! written here, over the library's chunk schedule: definite lengths, chunks of 64 KiB, so that a later
//! reader can begin at any chunk, and no default that falls back to version 1. Nothing is compressed.
//! No octet is returned before every chunk and the final tag were verified.

use std::ops::Range;

use sequoia_openpgp::crypto::SessionKey as OpenPgpKey;
use sequoia_openpgp::crypto::aead::{SEIPv2Schedule, Schedule};
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};
use zeroize::Zeroizing;

use crate::domain::{Container, Fault, Random};

use super::{SessionKey, policy};

/// Seals `prefix ‖ octets` under the session key, with a salt of its own.
pub(super) fn seal(key: &SessionKey, prefix: &[u8], octets: &[u8], random: &dyn Random) -> Result<Container, Fault> {
    let mut salt = [0; 32];
    random.fill(&mut salt);
    let start = literal_start(prefix, octets.len())?;
    let plain = start.len() + octets.len();
    // The chunks that the start reaches into are gathered; all others are encrypted from where they lie.
    let (gathered, rest) = octets.split_at(octets.len().min(start.len().next_multiple_of(CHUNK) - start.len()));
    let mut first = Zeroizing::new(Vec::with_capacity(start.len() + gathered.len()));
    first.extend_from_slice(&start);
    first.extend_from_slice(gathered);

    let mut out = front(plain, &salt)?;
    out.reserve_exact(plain + plain.div_ceil(CHUNK) * TAG + TAG);
    let schedule = schedule(key, CHUNK, &salt)?;
    let mut index = 0;
    for chunk in first.chunks(CHUNK).chain(rest.chunks(CHUNK)) {
        schedule
            .chunk(index, &mut |key, nonce, associated| append(&mut out, chunk, key, associated, nonce))
            .map_err(|_| cannot())?;
        index += 1;
    }
    let total = u64::try_from(plain).map_err(|_| cannot())?;
    schedule
        .finalizer(index, total, &mut |key, nonce, associated| append(&mut out, &[], key, associated, nonce))
        .map_err(|_| cannot())?;
    Ok(Container::from_octets(out))
}

/// Seals octets under the session key where they lie: of a large part there is no second copy. The vector grows by
/// little more than [`sealed_length`] says, once, unless it has that room already.
pub(super) fn seal_in_place(
    key: &SessionKey,
    mut octets: Zeroizing<Vec<u8>>,
    random: &dyn Random,
) -> Result<Container, Fault> {
    let mut salt = [0; 32];
    random.fill(&mut salt);
    let start = literal_start(&[], octets.len())?;
    let plain = start.len() + octets.len();
    let front = front(plain, &salt)?;
    let length = front.len() + plain + plain.div_ceil(CHUNK) * TAG + TAG;
    if octets.capacity() < length {
        let mut roomy = Zeroizing::new(Vec::with_capacity(length));
        roomy.extend_from_slice(&octets);
        octets = roomy;
    }
    octets.resize(length, 0);
    let schedule = schedule(key, CHUNK, &salt)?;
    let count = plain.div_ceil(CHUNK);
    let mut clear = Zeroizing::new(Vec::with_capacity(CHUNK));
    // The last chunk first: each goes further back than it lay, where only what is sealed already was.
    for index in (0..count).rev() {
        let (from, to) = (index * CHUNK, ((index + 1) * CHUNK).min(plain));
        clear.clear();
        clear.extend_from_slice(start.get(from.min(start.len())..to.min(start.len())).unwrap_or_default());
        let lay = from.saturating_sub(start.len())..to - start.len();
        clear.extend_from_slice(octets.get(lay).ok_or_else(cannot)?);
        let place = front.len() + index * (CHUNK + TAG);
        let place = octets.get_mut(place..place + clear.len() + TAG).ok_or_else(cannot)?;
        let index = u64::try_from(index).map_err(|_| cannot())?;
        schedule
            .chunk(index, &mut |key, nonce, associated| encrypt(place, &clear, key, associated, nonce))
            .map_err(|_| cannot())?;
    }
    let (count, total) = (u64::try_from(count).map_err(|_| cannot())?, u64::try_from(plain).map_err(|_| cannot())?);
    let (before, last) = octets.split_last_chunk_mut::<TAG>().ok_or_else(cannot)?;
    schedule
        .finalizer(count, total, &mut |key, nonce, associated| encrypt(last, &[], key, associated, nonce))
        .map_err(|_| cannot())?;
    before.get_mut(..front.len()).ok_or_else(cannot)?.copy_from_slice(&front);
    Ok(Container::from_octets(std::mem::take(&mut *octets)))
}

/// How long the container of so many octets is, at most: room to have them sealed in place.
pub(super) fn sealed_length(octets: usize) -> usize {
    let plain = octets + HEADER_MAX + LITERAL_FIELDS.len();
    HEADER_MAX + FIXED + plain + plain.div_ceil(CHUNK) * TAG + TAG
}

/// What stands before the first chunk.
fn front(plain: usize, salt: &[u8; 32]) -> Result<Vec<u8>, Fault> {
    let length = FIXED + plain + plain.div_ceil(CHUNK) * TAG + TAG;
    let mut out = policy::header(policy::SEIPD, length).ok_or_else(cannot)?;
    out.extend_from_slice(&[2, CIPHER, AEAD, CHUNK_OCTET]);
    out.extend_from_slice(salt);
    Ok(out)
}

/// Opens a container: its plaintext, and where in it the content begins (before lies the literal's header).
///
/// # Errors
/// A [`Fault`] for any other packet, another key, a changed or missing octet; nothing comes out then.
pub(super) fn open(key: &SessionKey, container: &Container) -> Result<(Zeroizing<Vec<u8>>, usize), Fault> {
    let body = policy::only_packet(container.as_octets(), policy::SEIPD).ok_or_else(refused)?;
    let ([2, CIPHER, AEAD, chunk_octet @ ..=16], rest) = body.split_first_chunk().ok_or_else(refused)? else {
        return Err(refused());
    };
    let chunk = 64_usize << chunk_octet;
    let (salt, rest) = rest.split_first_chunk::<32>().ok_or_else(refused)?;
    let (chunks, last) = rest.split_last_chunk::<TAG>().ok_or_else(refused)?;
    let count = chunks.len().div_ceil(chunk + TAG);
    let length = chunks.len().checked_sub(count * TAG).ok_or_else(refused)?;
    let mut plain = Zeroizing::new(vec![0; length]);
    let schedule = schedule(key, chunk, salt)?;
    let mut index = 0;
    for (sealed, clear) in chunks.chunks(chunk + TAG).zip(plain.chunks_mut(chunk)) {
        schedule
            .chunk(index, &mut |key, nonce, associated| verify(clear, sealed, key, associated, nonce))
            .map_err(|_| refused())?;
        index += 1;
    }
    let total = u64::try_from(length).map_err(|_| refused())?;
    schedule
        .finalizer(index, total, &mut |key, nonce, associated| verify(&mut [], last, key, associated, nonce))
        .map_err(|_| refused())?;
    let content = policy::only_packet(&plain, policy::LITERAL)
        .and_then(|body| body.strip_prefix(LITERAL_FIELDS))
        .map(<[u8]>::len)
        .ok_or_else(refused)?;
    Ok((plain, length - content))
}

/// A container that is opened piece by piece, from wherever one wants to begin.
///
/// Its end is verified before anything else: a container that was cut, or has another length, does not begin. Each
/// chunk is verified before its octets come out, and as the chunk at its place.
pub(super) struct Pieces {
    schedule: SEIPv2Schedule,
    chunk: usize,
    /// Where the first chunk begins in the container.
    chunks_at: u64,
    /// Octets of plaintext.
    plain: u64,
    /// Where in them the content begins.
    content_at: u64,
}

/// One chunk that holds wanted octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    index: u64,
    /// Where it lies in the container, in octets.
    pub sealed: Range<u64>,
    /// Which octets of its plaintext are wanted.
    inside: Range<usize>,
}

/// Octets at the front of a container that hold everything before its second chunk.
pub const FRONT: u64 = (HEADER_MAX + FIXED + CHUNK + TAG) as u64;
/// Octets at its end that authenticate its length.
pub const LAST: u64 = TAG as u64;

impl Pieces {
    /// Begins with the front of a container ([`FRONT`] octets, or all there are), its last octets ([`LAST`]) and its
    /// size. Returns its salt as well, which tells it from every other container under the same key.
    pub(super) fn begin(key: &SessionKey, front: &[u8], last: &[u8], size: u64) -> Result<(Self, [u8; 32]), Fault> {
        let (header, length) = seipd_header(front).ok_or_else(refused)?;
        let body = front.get(header..).ok_or_else(refused)?;
        let ([2, CIPHER, AEAD, chunk_octet @ ..=CHUNK_OCTET], rest) = body.split_first_chunk().ok_or_else(refused)?
        else {
            return Err(refused());
        };
        let chunk = 64_usize << chunk_octet;
        let (salt, rest) = rest.split_first_chunk::<32>().ok_or_else(refused)?;
        let wide = |octets: usize| u64::try_from(octets).map_err(|_| refused());
        let (sealed_chunk, fixed, tag) = (wide(chunk + TAG)?, wide(FIXED)?, wide(TAG)?);
        if wide(header)?.checked_add(length) != Some(size) {
            return Err(refused());
        }
        let chunks = length.checked_sub(fixed + tag).ok_or_else(refused)?;
        let count = chunks.div_ceil(sealed_chunk);
        let plain = chunks.checked_sub(count * tag).ok_or_else(refused)?;
        let schedule = schedule(key, chunk, salt)?;
        schedule
            .finalizer(count, plain, &mut |key, nonce, associated| verify(&mut [], last, key, associated, nonce))
            .map_err(|_| refused())?;
        let pieces = Self { schedule, chunk, chunks_at: wide(header)? + fixed, plain, content_at: 0 };
        // The literal's header says that the content is all the rest.
        let first = usize::try_from(sealed_chunk.min(chunks)).map_err(|_| refused())?;
        let first = pieces.open_chunk(0, rest.get(..first).ok_or_else(refused)?)?;
        let (start, literal) = packet_header(&first, policy::LITERAL).ok_or_else(refused)?;
        let fields = first.get(start..).is_some_and(|rest| rest.starts_with(LITERAL_FIELDS));
        if !fields || wide(start)?.checked_add(literal) != Some(plain) {
            return Err(refused());
        }
        let content_at = wide(start + LITERAL_FIELDS.len())?;
        Ok((Self { content_at, ..pieces }, *salt))
    }

    /// Octets of content.
    pub(super) fn length(&self) -> u64 {
        self.plain.saturating_sub(self.content_at)
    }

    /// The chunk that the content's octet `at` is in, and of it what is wanted up to `end`.
    pub(super) fn piece(&self, at: u64, end: u64) -> Option<Piece> {
        let end = end.min(self.length());
        if at >= end {
            return None;
        }
        let chunk = u64::try_from(self.chunk).ok()?;
        let tag = u64::try_from(TAG).ok()?;
        let (from, to) = (at + self.content_at, end + self.content_at);
        let index = from / chunk;
        let (starts, ends) = (index * chunk, ((index + 1) * chunk).min(self.plain));
        let sealed_at = self.chunks_at + index * (chunk + tag);
        let inside = usize::try_from(from - starts).ok()?..usize::try_from(to.min(ends) - starts).ok()?;
        Some(Piece { index, sealed: sealed_at..sealed_at + (ends - starts) + tag, inside })
    }

    /// Opens a chunk and returns what is wanted of it.
    pub(super) fn open(&self, piece: &Piece, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut plain = self.open_chunk(piece.index, sealed)?;
        plain.truncate(piece.inside.end);
        let before = piece.inside.start.min(plain.len());
        plain.drain(..before);
        Ok(plain)
    }

    fn open_chunk(&self, index: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let length = sealed.len().checked_sub(TAG).filter(|length| *length <= self.chunk).ok_or_else(refused)?;
        let mut clear = Zeroizing::new(vec![0; length]);
        self.schedule
            .chunk(index, &mut |key, nonce, associated| verify(&mut clear, sealed, key, associated, nonce))
            .map_err(|_| refused())?;
        Ok(clear)
    }
}

/// The header of a SEIPD packet: its octets, and those behind it.
fn seipd_header(octets: &[u8]) -> Option<(usize, u64)> {
    packet_header(octets, policy::SEIPD)
}

/// The newer header format with a definite length (RFC 9580 §4.2.1); the packet need not be there whole.
fn packet_header(octets: &[u8], kind: u8) -> Option<(usize, u64)> {
    let (&first, rest) = octets.split_first()?;
    if first != 0xc0 | kind {
        return None;
    }
    Some(match *rest {
        [a @ ..=191, ..] => (2, u64::from(a)),
        [a @ 192..=223, b, ..] => (3, ((u64::from(a) - 192) << 8) + u64::from(b) + 192),
        [255, a, b, c, d, ..] => (6, u64::from(u32::from_be_bytes([a, b, c, d]))),
        _ => return None,
    })
}

/// The salt of a container of ours.
pub(super) fn salt(container: &Container) -> Option<[u8; 32]> {
    let body = policy::only_packet(container.as_octets(), policy::SEIPD)?;
    body.get(4..)?.first_chunk().copied()
}

/// The literal packet's header and fields, then the prefix.
fn literal_start(prefix: &[u8], octets: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let header = policy::header(policy::LITERAL, LITERAL_FIELDS.len() + prefix.len() + octets).ok_or_else(cannot)?;
    let mut start = Zeroizing::new(Vec::with_capacity(header.len() + LITERAL_FIELDS.len() + prefix.len()));
    start.extend_from_slice(&header);
    start.extend_from_slice(LITERAL_FIELDS);
    start.extend_from_slice(prefix);
    Ok(start)
}

fn schedule(key: &SessionKey, chunk: usize, salt: &[u8; 32]) -> Result<SEIPv2Schedule, Fault> {
    let key = OpenPgpKey::from(key.0.as_slice());
    SEIPv2Schedule::new(&key, SymmetricAlgorithm::AES256, AEADAlgorithm::OCB, chunk, salt).map_err(|_| cannot())
}

fn append(
    out: &mut Vec<u8>,
    clear: &[u8],
    key: &OpenPgpKey,
    associated: &[u8],
    nonce: &[u8],
) -> sequoia_openpgp::Result<()> {
    let from = out.len();
    out.resize(from + clear.len() + TAG, 0);
    encrypt(out.get_mut(from..).unwrap_or_default(), clear, key, associated, nonce)
}

fn encrypt(
    place: &mut [u8],
    clear: &[u8],
    key: &OpenPgpKey,
    associated: &[u8],
    nonce: &[u8],
) -> sequoia_openpgp::Result<()> {
    AEADAlgorithm::OCB
        .context(SymmetricAlgorithm::AES256, key, associated, nonce)?
        .for_encryption()?
        .encrypt_seal(place, clear)
}

fn verify(
    clear: &mut [u8],
    sealed: &[u8],
    key: &OpenPgpKey,
    associated: &[u8],
    nonce: &[u8],
) -> sequoia_openpgp::Result<()> {
    AEADAlgorithm::OCB
        .context(SymmetricAlgorithm::AES256, key, associated, nonce)?
        .for_decryption()?
        .decrypt_verify(clear, sealed)
}

fn cannot() -> Fault {
    Fault::new("a container could not be sealed")
}

fn refused() -> Fault {
    Fault::new("a container does not open")
}

/// AES-256 (RFC 9580 §9.3) and OCB (§9.6), the mode that every implementation reads.
const CIPHER: u8 = 9;
const AEAD: u8 = 2;
/// The chunk size is 2^(octet + 6): 64 KiB, between 64 octets and the 4 MiB that readers must take (§5.13.2).
const CHUNK_OCTET: u8 = 10;
const CHUNK: usize = 1 << (CHUNK_OCTET + 6);
const TAG: usize = 16;
/// Octets of the longest header of a packet.
const HEADER_MAX: usize = 6;
/// Version, cipher, AEAD, chunk size, salt.
const FIXED: usize = 4 + 32;
/// Binary, no file name, no date (RFC 9580 §5.9).
const LITERAL_FIELDS: &[u8] = b"b\0\0\0\0\0";

#[cfg(test)]
mod tests {
    use sequoia_openpgp::Packet;
    use sequoia_openpgp::packet::SEIP;
    use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};

    use super::*;
    use crate::vault::testing::Dice;

    fn content(key: &SessionKey, container: &Container) -> Result<Vec<u8>, Fault> {
        open(key, container).map(|(plain, at)| plain[at..].to_vec())
    }

    #[test]
    fn every_length_comes_back() {
        let dice = Dice::new(1);
        let key = SessionKey::random(&dice);
        for length in [0, 1, 100, CHUNK - 20, CHUNK - 12, CHUNK - 8, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            for prefix in [&b""[..], b"prefix", &vec![3; CHUNK + 9]] {
                let octets: Vec<u8> = (0..length).map(|i| u8::try_from(i % 253).expect("an octet")).collect();
                let sealed = seal(&key, prefix, &octets, &dice).expect("seals");
                assert_eq!(content(&key, &sealed).expect("opens"), [prefix, &octets].concat(), "{length}");
                assert!(content(&SessionKey::random(&dice), &sealed).is_err());
            }
        }
    }

    #[test]
    fn sealed_in_place_it_is_the_same_container() {
        let key = SessionKey::random(&Dice::new(1));
        for length in [0, 1, 100, 191, 8_400, CHUNK - 20, CHUNK - 13, CHUNK - 12, CHUNK, 3 * CHUNK + 5, 9 * CHUNK - 13]
        {
            let octets: Vec<u8> = (0..length).map(|i| u8::try_from(i % 253).expect("an octet")).collect();
            let mut roomy = Vec::with_capacity(sealed_length(length));
            roomy.extend_from_slice(&octets);
            let (room, at) = (roomy.capacity(), roomy.as_ptr());
            let other = seal(&key, b"", &octets, &Dice::new(2)).expect("seals");
            let sealed = seal_in_place(&key, Zeroizing::new(roomy), &Dice::new(2)).expect("seals");
            assert!(sealed == other, "{length}");
            assert!(sealed.as_octets().len() <= room && sealed.as_octets().as_ptr() == at, "{length}: no copy");
            let tight = seal_in_place(&key, Zeroizing::new(octets.into_boxed_slice().into()), &Dice::new(2));
            assert!(tight.expect("seals") == other, "{length}: without room");
        }
    }

    #[test]
    fn a_container_is_one_seipd_packet_of_version_2_and_holds_one_bare_literal() {
        let dice = Dice::new(1);
        let key = SessionKey::random(&dice);
        for length in [10, 10_000, 200_000] {
            let sealed = seal(&key, b"", &vec![1; length], &dice).expect("seals");
            let PacketParserResult::Some(mut parser) = PacketParser::from_bytes(sealed.as_octets()).expect("a packet")
            else {
                panic!("no packet")
            };
            assert!(matches!(&parser.packet, Packet::SEIP(SEIP::V2(seip))
                if seip.symmetric_algo() == SymmetricAlgorithm::AES256 && seip.aead() == AEADAlgorithm::OCB));
            parser.decrypt(None, &OpenPgpKey::from(key.0.as_slice())).expect("the library opens it");
            let (_, inside) = parser.recurse().expect("one inside");
            let PacketParserResult::Some(mut inside) = inside else { panic!("empty") };
            inside.buffer_unread_content().expect("content");
            let Packet::Literal(literal) = &inside.packet else { panic!("not a literal: {:?}", inside.packet.tag()) };
            assert_eq!((literal.filename(), literal.date(), literal.body().len()), (None, None, length));
            let (_, after) = inside.recurse().expect("the end");
            assert!(matches!(after, PacketParserResult::EOF(_)), "nothing behind");
        }
    }

    #[test]
    fn fault_26_a_flipped_or_missing_octet_lets_nothing_out() {
        let dice = Dice::new(1);
        let key = SessionKey::random(&dice);
        let sealed = seal(&key, b"", b"The result is negative.", &dice).expect("seals");
        for at in 0..sealed.as_octets().len() {
            for bit in 0..8 {
                let mut octets = sealed.as_octets().to_vec();
                octets[at] ^= 1 << bit;
                assert!(open(&key, &Container::from_octets(octets)).is_err(), "octet {at} bit {bit}");
            }
            assert!(open(&key, &Container::from_octets(sealed.as_octets()[..at].to_vec())).is_err(), "cut at {at}");
        }
        // Whole chunks removed at the end, with the packet length made to fit.
        let long = seal(&key, b"", &vec![5; 3 * CHUNK], &dice).expect("seals");
        let body = policy::only_packet(long.as_octets(), policy::SEIPD).expect("ours");
        for keep in [FIXED + CHUNK + TAG, FIXED + 2 * (CHUNK + TAG), FIXED + CHUNK + 2 * TAG, FIXED, FIXED + TAG] {
            let mut cut = policy::header(policy::SEIPD, keep).expect("short");
            cut.extend_from_slice(&body[..keep]);
            assert!(open(&key, &Container::from_octets(cut)).is_err(), "kept {keep}");
        }
        // Two chunks exchanged.
        let mut swapped = long.as_octets().to_vec();
        let at = swapped.len() - body.len() + FIXED;
        let (left, right) = swapped[at..].split_at_mut(CHUNK + TAG);
        left.swap_with_slice(&mut right[..CHUNK + TAG]);
        assert!(open(&key, &Container::from_octets(swapped)).is_err());
    }

    fn begun(key: &SessionKey, octets: &[u8]) -> Result<Pieces, Fault> {
        let front = &octets[..octets.len().min(usize::try_from(FRONT).expect("small"))];
        let last = &octets[octets.len().saturating_sub(TAG)..];
        Pieces::begin(key, front, last, octets.len() as u64).map(|(pieces, _)| pieces)
    }

    fn piecewise(pieces: &Pieces, octets: &[u8], range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let (mut at, mut all) = (range.start, Vec::new());
        while let Some(piece) = pieces.piece(at, range.end) {
            let [from, to] = [piece.sealed.start, piece.sealed.end].map(|at| usize::try_from(at).expect("small"));
            let plain = pieces.open(&piece, &octets[from..to])?;
            at += plain.len() as u64;
            all.extend_from_slice(&plain);
        }
        Ok(all)
    }

    #[test]
    fn any_range_comes_back_from_its_own_chunks() {
        let dice = Dice::new(1);
        let key = SessionKey::random(&dice);
        for length in [0, 1, 100, CHUNK - 13, CHUNK - 12, CHUNK, 3 * CHUNK + 5] {
            let octets: Vec<u8> = (0..length).map(|i| u8::try_from(i % 253).expect("an octet")).collect();
            let sealed = seal(&key, b"", &octets, &dice).expect("seals");
            let pieces = begun(&key, sealed.as_octets()).expect("begins");
            assert_eq!(pieces.length(), length as u64);
            assert_eq!(salt(&sealed).expect("ours").len(), 32);
            for from in [0, 1, CHUNK - 14, CHUNK - 13, CHUNK - 1, 2 * CHUNK, length] {
                for to in [from, from + 1, from + CHUNK, length, length + 10] {
                    let expected = octets.get(from..to.min(length)).unwrap_or_default();
                    let range = from as u64..to as u64;
                    assert!(piecewise(&pieces, sealed.as_octets(), range).expect("opens") == expected, "{from} {to}");
                }
            }
            assert!(begun(&SessionKey::random(&dice), sealed.as_octets()).is_err());
        }
    }

    #[test]
    fn fault_26_a_piece_that_was_changed_cut_or_moved_lets_nothing_out() {
        let dice = Dice::new(1);
        let key = SessionKey::random(&dice);
        let octets = vec![5; 3 * CHUNK + 100];
        let sealed = seal(&key, b"", &octets, &dice).expect("seals").into_octets();
        let whole = 0..octets.len() as u64;
        for at in (0..sealed.len()).step_by(997).chain(0..60).chain(sealed.len() - 20..sealed.len()) {
            let mut bad = sealed.clone();
            bad[at] ^= 4;
            let read = begun(&key, &bad).and_then(|pieces| piecewise(&pieces, &bad, whole.clone()));
            assert!(read.is_err(), "octet {at}");
        }
        for keep in [0, 1, 6, 42, 6 + FIXED + CHUNK + TAG, sealed.len() - 1, sealed.len() - TAG] {
            assert!(begun(&key, &sealed[..keep]).is_err(), "cut at {keep}");
        }
        let pieces = begun(&key, &sealed).expect("begins");
        let (one, two) =
            (pieces.piece(0, 10).expect("there"), pieces.piece(CHUNK as u64, 2 * CHUNK as u64).expect("there"));
        let octets_of = |piece: &Piece| {
            let [from, to] = [piece.sealed.start, piece.sealed.end].map(|at| usize::try_from(at).expect("small"));
            &sealed[from..to]
        };
        assert!(pieces.open(&one, octets_of(&two)).is_err() && pieces.open(&two, octets_of(&one)).is_err());
        // Whole chunks left out, with the packet's length made to fit.
        let mut cut = policy::header(policy::SEIPD, FIXED + CHUNK + 2 * TAG).expect("short");
        cut.extend_from_slice(&sealed[6..6 + FIXED + CHUNK + TAG]);
        cut.extend_from_slice(&sealed[sealed.len() - TAG..]);
        assert!(begun(&key, &cut).is_err());
    }

    #[test]
    fn fault_25_hostile_containers_are_refused_without_a_large_allocation() {
        let dice = Dice::new(1);
        let key = SessionKey::random(&dice);
        for octets in [
            &b""[..],
            &[0xd2],
            &[0xd2, 255, 255, 255, 255, 255, 2, 9, 2, 16],
            &[0xd2, 4, 2, 9, 2, 16],
            &[0xd2, 0xf0, 1],
            &[0xd2, 1, 1],
        ] {
            assert!(open(&key, &Container::from_octets(octets.to_vec())).is_err(), "{octets:?}");
        }
        let mut noise = vec![0; 300];
        for length in 0..300 {
            let noise = &mut noise[..length];
            dice.fill(noise);
            let mut octets = policy::header(policy::SEIPD, length).expect("short");
            octets.extend_from_slice(noise);
            assert!(open(&key, &Container::from_octets(octets)).is_err());
        }
    }
}
