//! Pli, a sealed letter: a secure health messaging server.
//!
//! A practitioner writes in an ordinary mail client; Pli takes the message by SMTP submission, seals it with
//! OpenPGP before it touches a disk, and keeps it in a vault. A patient, who has no account, gets an e-mail
//! with a link that says nothing, asks for a one-time code by SMS or voice call, types it, reads and
//! downloads. The practitioner learns the truth of each message inside the same mail client.
//!
//! # The rooms
//!
//! ```text
//!  main ─► cli ─► server         builds every room once, starts and stops the doors
//!
//!  doors          smtp   imap   portal   watch   cli  bytes and pages: no SQL, no keys
//!                   │         │          │
//!  verbs         access     delivery     mailbox   what the product does; verbs do not call verbs
//!                   │         │          │
//!  strongrooms       vault          store          vault: the only plaintext keys; store: the only SQL and objects
//!                      └─────┬──────┘
//!  outside         gateway   remote                 providers of SMS and calls; accounts on other mail servers
//!  words           domain    mime    texts          types and rules without I/O; messages taken apart; everything Pli says
//!  frame          config   net   telemetry
//!  beside         doctor                           looks at all of it, changes nothing, says what to do
//! ```
//!
//! `tests/architecture.rs` keeps their doors shut: it fails on a forbidden import, on I/O in a protocol file,
//! and on a word that only one room may say.
//!
//! # The way of a message
//!
//! In: [`smtp`] listens and keeps the dialogue ([`smtp::machine`] knows the protocol and nothing else).
//! 1. AUTH: [`access::Access::login`] says who this is, as a [`domain::Sender`].
//! 2. MAIL: [`delivery::Deliveries::may_send`] says whether it may write as this address, and has not sent too much.
//!    RCPT: [`delivery::Deliveries::route`] finds each recipient: local, a number, outside, or refused.
//! 3. End of DATA: [`delivery::Deliveries::accept`] checks the author, settles the number of each outside
//!    recipient, has the message sealed ([`vault::Vault::seal_message`]) and deposits all of it in one
//!    transaction ([`store::Store::deposit`]), with the report of delivery that the envelope asked for.
//!    Who has no sure number is held, alone, and the question lies in the sender's INBOX with the same commit.
//! 4. Only then 250: it names a [`domain::QueueId`], and only a committed deposit returns one.
//!
//! Ask: what the practitioner answers to such a question is a submission to the service address. [`mime::Answer`] hears
//! one number or one word of it, or nothing; where the mailbox is the one that was asked, the letter leaves, is cancelled
//! or is asked about again. [`delivery::Deliveries::tell_holds`] reminds after a day; after seven it is given up.
//!
//! Again: what has ended is sent once more by *oui*. The session that carries it opens the sender's copy
//! ([`mailbox::Reader::message`]) and hands it to [`delivery::Deliveries::send_again`]: nobody else has its keys. On the
//! page of a link that has ended the patient asks for it ([`delivery::Deliveries::aside`]), which tells the sender.
//!
//! Directory: persons of a practice, whoever reads for them until a day ([`delivery::persons`]), and what is shared on
//! purpose; a list comes in line by line ([`delivery::roster`]). What a mailbox told serves it alone until it is confirmed.
//! A number that may be somebody else's, or a mandate that has ended, holds the letter as a missing number does.
//!
//! Preview: a message to `apercu@` comes back to its writer with the pages that a patient would see
//! ([`delivery::Pages`], drawn by [`portal::Drawing`]); nothing leaves.
//!
//! Recall: *annuler* to a letter of ours, or a sent message put into *Recalled* ([`mailbox::Reader`]), closes the letter at
//! once; [`delivery::Deliveries::run_recalls`] destroys its keys ten minutes later, unless it was undone.
//!
//! Remind: who has not opened a letter gets its notice once more ([`delivery::Deliveries::run_reminders`]), then a short
//! message or a call ([`access::Access::send_reminders`]). The sealed ticket is kept for the mail, and no longer.
//!
//! Tell: the courier ([`delivery::Deliveries::run_courier`]) claims due notices by lease and hands them to the
//! relay, signed ([`vault::DkimKey`]). Once the relay has taken one, the kept copy of its ticket is erased, unless a
//! reminder is to carry it.
//!
//! Back: a relay that took a notice may bring it back days later, to a reverse-path that names the notice and proves
//! it. Other servers bring it to a door of [`smtp`] that takes nothing else, or [`remote::Returns`] finds it in an account
//! at the relay's. [`mime::Returned`] tells reports, absences
//! and letters apart; [`delivery::Deliveries::take_back`] ends the delivery that nobody opened, once, and deposits a
//! letter in plain words. Who pressed Reply is told, once in a day, that nobody reads that.
//!
//! Set up: mail clients ask [`portal`] where their server is; it tells every address of a domain the same.
//!
//! Out: [`portal`] shows the link ([`access::Access::visit`]); nothing changes on GET, and the journal notes what came.
//! 5. [`access::Access::issue`] makes a code, durable first, then sent by one provider ([`gateway`]) after the other
//!    until one has taken it; what a provider tells later ([`access::Access::report`]), or fails to tell, or the
//!    patient's button moves it on, on whichever node.
//! 6. [`access::Access::redeem`] counts the try in one statement, compares the code, and the birth date where one is
//!    asked for, and opens a page: a session row that holds the delivery's session key sealed under the patient's cookie.
//!    A browser may be remembered then, where the practice allows it: a press opens what a code would
//!    ([`access::Access::open_remembered`]), until anything of the person is taken away.
//! 7. Each request of the page yields a [`vault::Grant`] ([`access::Access::resume`]): it names one delivery
//!    and lives for one request. [`mailbox::Mailboxes::letter`] reads with it, without what Outlook or a signature
//!    wrapped the message in ([`mime::unwrap`]); plaintext lives for one response.
//! 8. [`delivery::Deliveries::opened`] deposits the receipt to the practitioner's INBOX, sealed to the
//!    practitioner's certificate, in the transaction that notes the opening, as the mailbox wants it; what became of each
//!    letter stands as flags on the sent message too ([`store::marks`]).
//!
//! Answer: the page's form comes in piece by piece ([`portal`]), is encoded into the message that it becomes
//! ([`delivery::Written`]), looked at by a scanner where there is one ([`net::Scanner`]), sealed to whoever reads it and
//! deposited ([`delivery::Deliveries::take_answer`]). Posted after its page has closed it waits, sealed, and the next code
//! of the same browser brings it ([`delivery::Deliveries::deliver_waiting`]). Its From is an address that stands for the
//! person: a reply to it is a delivery like any other ([`delivery::Route::Person`]).
//!
//! Read: a mail client's session opens its mailbox with the device password ([`access::Access::open_mailbox`]) and
//! does everything else through one [`mailbox::Reader`]: lists, octets, flags, folders, appends, copies, moves. Each
//! change is one transaction that raises the mailbox's counter, which is its mod-sequence (RFC 7162) and wakes the
//! sessions of every node. What lists and searches need of a message ([`mime::Summary`], [`mime::Words`]) was made
//! when it came in, and lies sealed beside it under a key that the session opens once ([`vault::summaries`]).
//!
//! Every few seconds the server writes the letters that nobody's request writes: of a mailbox that fills up
//! ([`delivery::Deliveries::tell_quotas`]), of a client that copies mail to a cloud and was not let in
//! ([`delivery::Deliveries::tell_cloud_refusals`]), of somebody who refuses short messages
//! ([`delivery::Deliveries::tell_stops`]). Every second it sends codes on whose providers failed or were not heard
//! ([`access::Access::run_codes`]); [`watch`] shows how they do.
//!
//! Last: when a device that could read is taken away, the mailbox's next login makes new keys and fills the slots that are
//! left ([`access::Access::open_mailbox`]). A backup is one state of all rows with the objects that they name
//! ([`server::backup`]); a restore reads the journal of since, which lies elsewhere ([`server::journal`]), so that what
//! was taken away stays away. The recovery certificate opens a mailbox without its secret half ever coming here
//! ([`mailbox::recovery`]). Another root key takes the place of the one in use while servers run: every value says which
//! key it is under, and several may open while one seals ([`vault::ring`], [`server::rotation`]).
//!
//! Move: a command reads another account ([`cli`]) and hands it over in batches ([`mailbox::Import`]). Each message is
//! noted, by keyed hashes, in the transaction that stores it, so that an import can be interrupted anywhere. Without
//! the mailbox's keys the names of its folders wait, under a deposit key, for the next session.
//!
//! # What types enforce
//!
//! [`vault::Vault::open`] takes a grant, and only `access` mints one; a mailbox's entries take its unlocked keys, and
//! only `access` unlocks them. The store takes only sealed, hashed or
//! authenticated values and the plain columns by name ([`store::sql`]). The only way to commit is
//! [`store::Tx::commit`] with an audit event. A [`domain::RawMessage`] is built only from CRLF-clean octets.
//! Secrets and personal data have no `Display`, no `Serialize` and a masked `Debug`. Clock and randomness
//! are arguments.

pub mod access;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod doctor;
pub mod domain;
pub mod gateway;
pub mod imap;
pub mod mailbox;
pub mod mime;
pub mod net;
pub mod portal;
pub mod remote;
pub mod server;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod texts;
pub mod vault;
pub mod watch;
