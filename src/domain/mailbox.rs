//! Mailboxes, their folders and devices: the words that stand in clear.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word of the database, the command line and `--json`.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value a word names.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}
pub(super) use words;

words! {
    /// What a mailbox is for (MSSanté: PER, ORG, APP).
    MailboxKind {
        /// One practitioner.
        Personal = "personal",
        /// A service, read by several named persons.
        Organisation = "organisation",
        /// Software.
        Application = "application",
    }

    /// Whether a mailbox may be used.
    MailboxState {
        /// In use.
        Active = "active",
        /// Closed for a while: nothing comes in, nobody logs in.
        Suspended = "suspended",
    }

    /// Who keeps the copy of what a mailbox sends.
    SentCopy {
        /// The server keeps one until the client brings its own, which takes its place.
        Client = "client",
        /// The server's stays, and so does whatever a client brings.
        Server = "server",
        /// The server keeps none.
        None = "none",
    }

    /// What a mailbox hears of its letters to people outside. What needs the sender is not among it.
    Receipts {
        /// Nothing that went well.
        None = "none",
        /// The first opening.
        First = "first",
        /// The first opening, and when every file was downloaded.
        All = "all",
    }

    /// What a device password opens.
    DeviceKind {
        /// Sends and reads.
        Full = "full",
        /// Sends only: it has no key slot.
        SendOnly = "send-only",
        /// A full one that lies on paper.
        Spare = "spare",
    }

    /// What waits for a session that seals it under the mailbox's own key.
    WaitingKind {
        /// The path of a folder.
        Path = "path",
        /// The keywords of an entry.
        Keywords = "keywords",
    }

    /// The special folders every mailbox is born with (RFC 6154), and those people make.
    FolderRole {
        /// INBOX.
        Inbox = "inbox",
        /// `\Sent`.
        Sent = "sent",
        /// `\Drafts`.
        Drafts = "drafts",
        /// `\Trash`.
        Trash = "trash",
        /// `\Junk`.
        Junk = "junk",
        /// `\Archive`.
        Archive = "archive",
        /// What is moved here is recalled.
        Recalled = "recalled",
        /// Made by a person.
        Plain = "plain",
    }
}

/// Local parts that belong to Pli in every domain: no mailbox may have them.
pub const RESERVED_LOCAL_PARTS: &[&str] = &["pli", "apercu", "preview", "postmaster", "bounce", "abuse"];
