//! A message sealed to a mailbox's own certificate: what a client appends, and what an import brings.

use mail_parser::MessageParser;

use crate::domain::{Esk, Fault, KeptMessage, KeyedHash, MailboxId, MessageId, ObjectId, PublicKey};
use crate::mime::{Described, Structure};
use crate::store::deposit::NewObject;
use crate::store::mailboxes::MailboxRow;
use crate::store::summaries::NewSummary;
use crate::vault::{SessionKey, SummaryOf, split};

use super::Mailboxes;

/// A message sealed to the mailbox, not yet stored.
pub(super) struct SealedKept {
    pub(super) message: MessageId,
    pub(super) head: ObjectId,
    pub(super) esk: Esk,
    pub(super) objects: Vec<NewObject>,
    /// Keyed hashes of its Message-ID, under every root key, the one in use first; none where it has none.
    pub(super) message_ids: Vec<KeyedHash>,
    pub(super) summary: Option<NewSummary>,
    pub(super) size: i64,
}

impl Mailboxes {
    /// Seals a message, its large parts cut out; its summary by `summary`.
    pub(super) fn seal_kept(
        &self,
        mailbox: MailboxId,
        kept: &KeptMessage,
        certificate: &PublicKey,
        summary: impl FnOnce(SummaryOf, &SessionKey, &Described) -> Result<Option<NewSummary>, Fault>,
    ) -> Result<SealedKept, Fault> {
        let (octets, vault, random) = (kept.reveal(), &self.vault, self.random.as_ref());
        let message = MessageId::random(random);
        // What no parser should read, and what is no message at all, is kept whole.
        let parsed = if kept.is_sound() { MessageParser::default().parse_headers(octets) } else { None };
        let message_id = parsed.as_ref().and_then(|parsed| parsed.message_id());
        let message_ids = message_id.map(|id| vault.message_id_hashes(mailbox, id)).unwrap_or_default();
        let structure = Structure::read(octets);
        let large = parsed.and_then(|_| split::cuts(octets, structure.leaves(), split::LARGE)).unwrap_or_default();
        let head = split::head(&[], octets, 0, &large);
        let parts = large.into_iter().map(|cut| cut.part).collect();
        let sealed = vault.seal_message(message, vec![head], parts, random)?;
        let head = sealed.heads.into_iter().next().ok_or(Fault::new("a head was not sealed"))?;
        let esk = vault.esk_for_mailbox(&head.key, certificate)?;
        let summary = summary(
            SummaryOf { mailbox, message, head: head.object },
            &head.key,
            &Described::read(octets, &structure),
        )?;
        let mut objects: Vec<NewObject> =
            sealed.parts.into_iter().map(|(id, container)| NewObject { id, container }).collect();
        objects.push(NewObject { id: head.object, container: head.container });
        let size = i64::try_from(octets.len()).unwrap_or(i64::MAX);
        Ok(SealedKept { message, head: head.object, esk, objects, message_ids, summary, size })
    }

    /// The mailbox's certificate, unless somebody else wrote the row.
    pub(super) fn certificate(&self, row: MailboxRow) -> Result<PublicKey, Fault> {
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(mailbox = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a mailbox's authority code is not right"));
        }
        Ok(row.certificate)
    }
}
