//! What a domain publishes so that mail from and to this server is trusted, as lines of a zone file (RFC 1035 §5.1).
//!
//! Nothing is looked up here. What only the administrator can know stands in a note above the record that needs it.

use super::DomainName;

/// What the server is, as far as the DNS is to know.
#[derive(Debug, Clone)]
pub struct Served {
    /// Its name.
    pub hostname: DomainName,
    /// The port of submission with implicit TLS, where it is open.
    pub submissions: Option<u16>,
    /// Of submission with STARTTLS.
    pub submission: Option<u16>,
    /// Of IMAP with implicit TLS.
    pub imaps: Option<u16>,
    /// Of IMAP with STARTTLS.
    pub imap: Option<u16>,
    /// The host and port of the pages, where mail clients ask for their settings too.
    pub pages: Option<(DomainName, u16)>,
    /// Whether other servers bring here what comes back of notices.
    pub bounces: bool,
    /// Whether it lands in an account elsewhere instead.
    pub account: bool,
    /// Who sends the mail; nobody, and none leaves.
    pub relay: Option<Sends>,
    /// What signs it: selector and record.
    pub dkim: Vec<(String, String)>,
    /// SHA-256, in hexadecimal, of the public key that TLS shows for the host name, or why it is not known.
    pub key: Result<String, String>,
}

/// Who hands mail to other servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sends {
    /// A mail server on this machine.
    Here,
    /// Another, as SPF names it: `a:smtp.example`, `ip4:192.0.2.1`.
    Elsewhere(String),
}

/// What a domain is to this server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Role {
    /// A practice has its mailboxes in it.
    pub mailboxes: bool,
    /// Notices have it in their From.
    pub sends: bool,
    /// They have it in their reverse-path.
    pub returns: bool,
}

/// A line of a zone file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneLine {
    /// For the reader.
    Note(String),
    /// For the server.
    Record {
        /// The owner, with the dot at its end.
        name: String,
        /// Of which type it is.
        kind: &'static str,
        /// What it says, as a zone file writes it.
        data: String,
    },
}

/// Seconds that others may keep a record.
pub const TTL: u32 = 3600;

impl std::fmt::Display for ZoneLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Note(text) => write!(f, "; {text}"),
            Self::Record { name, kind, data } => write!(f, "{name} {TTL} IN {kind} {data}"),
        }
    }
}

impl Served {
    /// What a domain publishes.
    pub fn domain(&self, domain: &DomainName, role: Role) -> Vec<ZoneLine> {
        let mut lines = vec![note(domain.as_str())];
        let receives = self.bounces && (role.sends || role.returns);
        if receives {
            lines.push(record(format!("{domain}."), "MX", format!("10 {}.", self.hostname)));
        } else if (role.sends || role.returns) && self.account {
            lines.push(note("MX: as the server has it where the account of notice.bounces is."));
        } else if role.sends || role.returns {
            lines.push(note(
                "MX: what comes back of notices has no way in; open listen.bounces or name notice.bounces.",
            ));
        }
        if role.returns {
            lines.extend(self.spf(domain));
        }
        if role.sends {
            lines.extend(self.signatures(domain));
        }
        if !role.sends && !role.returns {
            lines.push(note("No mail leaves Pli from this domain. If none leaves from elsewhere, publish also:"));
            lines.push(aside(&txt(format!("{domain}."), "v=spf1 -all")));
            lines.push(aside(&txt(format!("_dmarc.{domain}."), "v=DMARC1; p=reject")));
        }
        if receives {
            lines.extend(self.mta_sts(domain));
        }
        if role.mailboxes {
            lines.extend(self.services(domain));
        }
        lines
    }

    /// What the server's own name publishes, and the pages' where it is another.
    pub fn host(&self, portal: &str) -> Vec<ZoneLine> {
        let host = &self.hostname;
        let mut lines = vec![note(format!("{host}: this server"))];
        lines.push(note("A, AAAA: the address of this server, whose PTR record has to lead back to this name."));
        if portal != host.as_str() {
            lines.push(note(format!("{portal}: A and AAAA records as well, for the patients' pages.")));
        }
        let doors = [self.bounces.then_some(25), self.submissions, self.submission, self.imaps, self.imap];
        match &self.key {
            Err(why) => lines.push(note(format!("TLSA: {why}"))),
            Ok(_) if doors.iter().all(Option::is_none) => {}
            // RFC 7672 §3.1.1: the key of the server itself.
            Ok(key) => {
                lines.push(note("TLSA: in a signed zone (DNSSEC) only. A renewed certificate has to keep its key"));
                lines.push(note("(certbot renew --reuse-key), or the new key's record stands beside this one before."));
                let tlsa = |port| record(format!("_{port}._tcp.{host}."), "TLSA", format!("3 1 1 {key}"));
                lines.extend(doors.into_iter().flatten().map(tlsa));
            }
        }
        lines
    }

    /// RFC 7208: who may send with this domain in the reverse-path.
    fn spf(&self, domain: &DomainName) -> Vec<ZoneLine> {
        let spf = |text: String| txt(format!("{domain}."), &text);
        match &self.relay {
            None => Vec::new(),
            Some(Sends::Here) => vec![spf(format!("v=spf1 a:{} -all", self.hostname))],
            Some(Sends::Elsewhere(relay)) => vec![
                note(format!("SPF: where the relay's operator names an include:, it takes the place of {relay}.")),
                spf(format!("v=spf1 {relay} ~all")),
            ],
        }
    }

    /// RFC 6376 §3.6.1 and RFC 7489 §6.3.
    fn signatures(&self, domain: &DomainName) -> Vec<ZoneLine> {
        let key = |(selector, text): &(String, String)| txt(format!("{selector}._domainkey.{domain}."), text);
        let mut lines: Vec<ZoneLine> = self.dkim.iter().map(key).collect();
        let policy = if lines.is_empty() {
            lines.push(note("DKIM: there is no [[dkim]]; the relay has to sign for this domain."));
            "none"
        } else {
            lines.push(note("DMARC: p=none for as long as other mail from this domain is not signed."));
            "quarantine"
        };
        lines.push(txt(format!("_dmarc.{domain}."), &format!("v=DMARC1; p={policy}")));
        lines
    }

    /// RFC 8461 §3: the record, and the policy that a web server has to show.
    fn mta_sts(&self, domain: &DomainName) -> Vec<ZoneLine> {
        let policy = ["version: STSv1", "mode: enforce", &format!("mx: {}", self.hostname), "max_age: 604800"];
        // §3.1: another policy has another id (FNV-1a; nobody's secret depends on it).
        let octets = policy.iter().flat_map(|line| line.bytes());
        let id = octets
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
        let mut lines = vec![
            note("MTA-STS: with a certificate of a public authority, and with a web server that shows, at"),
            note(format!("https://mta-sts.{domain}/.well-known/mta-sts.txt:")),
        ];
        lines.extend(policy.iter().map(|line| note(format!("  {line}"))));
        lines.push(txt(format!("_mta-sts.{domain}."), &format!("v=STSv1; id={id:016x}")));
        lines
    }

    /// RFC 6186 §3 and RFC 8314 §5.1: where mail clients find their server.
    fn services(&self, domain: &DomainName) -> Vec<ZoneLine> {
        let doors = [
            ("submissions", self.submissions),
            ("submission", self.submission),
            ("imaps", self.imaps),
            ("imap", self.imap),
        ];
        let srv = |(service, port): (&str, Option<u16>)| {
            let data = format!("0 1 {} {}.", port?, self.hostname);
            Some(record(format!("_{service}._tcp.{domain}."), "SRV", data))
        };
        let mut lines: Vec<ZoneLine> = doors.into_iter().filter_map(srv).collect();
        if let Some((host, port)) = &self.pages {
            lines.push(record(format!("_autodiscover._tcp.{domain}."), "SRV", format!("0 1 {port} {host}.")));
            if *port == 443 {
                lines.push(note("So that Thunderbird and Outlook set themselves up; a certificate of [[tls]] has to"));
                lines.push(note("cover both names, else leave the two records out."));
                for word in ["autoconfig", "autodiscover"] {
                    lines.push(record(format!("{word}.{domain}."), "CNAME", format!("{host}.")));
                }
            }
        }
        lines
    }
}

fn note(text: impl Into<String>) -> ZoneLine {
    ZoneLine::Note(text.into())
}

/// A record that the reader has to decide about.
fn aside(line: &ZoneLine) -> ZoneLine {
    note(format!("  {line}"))
}

fn record(name: String, kind: &'static str, data: String) -> ZoneLine {
    ZoneLine::Record { name, kind, data }
}

/// A text in pieces of 255 octets (RFC 1035 §3.3.14), which who reads it joins (RFC 6376 §3.6.2.2).
fn txt(name: String, text: &str) -> ZoneLine {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let at = (0..=rest.len().min(255)).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(at);
        pieces.push(format!("\"{}\"", piece.replace('\\', "\\\\").replace('"', "\\\"")));
        rest = after;
    }
    record(name, "TXT", pieces.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    fn served() -> Served {
        Served {
            hostname: name("mail.cabinet.example"),
            submissions: Some(465),
            submission: None,
            imaps: Some(993),
            imap: None,
            pages: Some((name("patient.cabinet.example"), 443)),
            bounces: true,
            account: false,
            relay: Some(Sends::Elsewhere("a:smtp.isp.example".to_owned())),
            dkim: vec![
                ("pli".to_owned(), format!("v=DKIM1; k=rsa; p={}", "A".repeat(392))),
                ("pli-ed".to_owned(), "v=DKIM1; k=ed25519; p=11qY".to_owned()),
            ],
            key: Ok("00ff".to_owned()),
        }
    }

    const ALL: Role = Role { mailboxes: true, sends: true, returns: true };

    fn shown(lines: &[ZoneLine]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_domain_with_everything_has_every_record() {
        let domain = shown(&served().domain(&name("cabinet.example"), ALL));
        let rsa = format!("\"v=DKIM1; k=rsa; p={}\" \"{}\"", "A".repeat(237), "A".repeat(155));
        assert_eq!(
            domain,
            [
                "; cabinet.example",
                "cabinet.example. 3600 IN MX 10 mail.cabinet.example.",
                "; SPF: where the relay's operator names an include:, it takes the place of a:smtp.isp.example.",
                "cabinet.example. 3600 IN TXT \"v=spf1 a:smtp.isp.example ~all\"",
                &format!("pli._domainkey.cabinet.example. 3600 IN TXT {rsa}"),
                "pli-ed._domainkey.cabinet.example. 3600 IN TXT \"v=DKIM1; k=ed25519; p=11qY\"",
                "; DMARC: p=none for as long as other mail from this domain is not signed.",
                "_dmarc.cabinet.example. 3600 IN TXT \"v=DMARC1; p=quarantine\"",
                "; MTA-STS: with a certificate of a public authority, and with a web server that shows, at",
                "; https://mta-sts.cabinet.example/.well-known/mta-sts.txt:",
                ";   version: STSv1",
                ";   mode: enforce",
                ";   mx: mail.cabinet.example",
                ";   max_age: 604800",
                "_mta-sts.cabinet.example. 3600 IN TXT \"v=STSv1; id=b10a2c4118ce8c59\"",
                "_submissions._tcp.cabinet.example. 3600 IN SRV 0 1 465 mail.cabinet.example.",
                "_imaps._tcp.cabinet.example. 3600 IN SRV 0 1 993 mail.cabinet.example.",
                "_autodiscover._tcp.cabinet.example. 3600 IN SRV 0 1 443 patient.cabinet.example.",
                "; So that Thunderbird and Outlook set themselves up; a certificate of [[tls]] has to",
                "; cover both names, else leave the two records out.",
                "autoconfig.cabinet.example. 3600 IN CNAME patient.cabinet.example.",
                "autodiscover.cabinet.example. 3600 IN CNAME patient.cabinet.example.",
            ]
        );
        let moved = Served { hostname: name("mx.cabinet.example"), ..served() };
        let id = |lines: Vec<String>| lines.into_iter().find(|line| line.starts_with("_mta-sts"));
        assert_ne!(id(shown(&moved.domain(&name("cabinet.example"), ALL))), id(domain), "another policy, another id");
    }

    #[test]
    fn the_server_says_its_key_for_each_door() {
        assert_eq!(
            shown(&served().host("patient.cabinet.example")),
            [
                "; mail.cabinet.example: this server",
                "; A, AAAA: the address of this server, whose PTR record has to lead back to this name.",
                "; patient.cabinet.example: A and AAAA records as well, for the patients' pages.",
                "; TLSA: in a signed zone (DNSSEC) only. A renewed certificate has to keep its key",
                "; (certbot renew --reuse-key), or the new key's record stands beside this one before.",
                "_25._tcp.mail.cabinet.example. 3600 IN TLSA 3 1 1 00ff",
                "_465._tcp.mail.cabinet.example. 3600 IN TLSA 3 1 1 00ff",
                "_993._tcp.mail.cabinet.example. 3600 IN TLSA 3 1 1 00ff",
            ]
        );
        let without = Served { key: Err("there is no certificate".to_owned()), ..served() };
        let host = shown(&without.host("mail.cabinet.example"));
        assert_eq!((host.len(), host[2].as_str()), (3, "; TLSA: there is no certificate"));
    }

    #[test]
    fn what_the_server_does_not_do_is_not_published() {
        let closed = Served { bounces: false, account: true, dkim: Vec::new(), relay: Some(Sends::Here), ..served() };
        assert_eq!(
            shown(&closed.domain(&name("cabinet.example"), Role { mailboxes: false, ..ALL })),
            [
                "; cabinet.example",
                "; MX: as the server has it where the account of notice.bounces is.",
                "cabinet.example. 3600 IN TXT \"v=spf1 a:mail.cabinet.example -all\"",
                "; DKIM: there is no [[dkim]]; the relay has to sign for this domain.",
                "_dmarc.cabinet.example. 3600 IN TXT \"v=DMARC1; p=none\"",
            ]
        );
        let nowhere = shown(&Served { account: false, ..closed.clone() }.domain(&name("cabinet.example"), ALL));
        assert!(nowhere[1].contains("has no way in"), "{nowhere:?}");
        // The records of a domain that Pli does not write from stand as notes: others may write from it.
        let role = Role { mailboxes: true, ..Role::default() };
        assert_eq!(
            shown(&closed.domain(&name("hopital.example"), role)),
            [
                "; hopital.example",
                "; No mail leaves Pli from this domain. If none leaves from elsewhere, publish also:",
                ";   hopital.example. 3600 IN TXT \"v=spf1 -all\"",
                ";   _dmarc.hopital.example. 3600 IN TXT \"v=DMARC1; p=reject\"",
                "_submissions._tcp.hopital.example. 3600 IN SRV 0 1 465 mail.cabinet.example.",
                "_imaps._tcp.hopital.example. 3600 IN SRV 0 1 993 mail.cabinet.example.",
                "_autodiscover._tcp.hopital.example. 3600 IN SRV 0 1 443 patient.cabinet.example.",
                "; So that Thunderbird and Outlook set themselves up; a certificate of [[tls]] has to",
                "; cover both names, else leave the two records out.",
                "autoconfig.hopital.example. 3600 IN CNAME patient.cabinet.example.",
                "autodiscover.hopital.example. 3600 IN CNAME patient.cabinet.example.",
            ]
        );
        // A reverse-path of its own: it sends nothing that people see, and takes what comes back.
        let back = served().domain(&name("back.cabinet.example"), Role { returns: true, ..Role::default() });
        let kinds: Vec<&str> = back
            .iter()
            .filter_map(|line| match line {
                ZoneLine::Record { kind, .. } => Some(*kind),
                ZoneLine::Note(_) => None,
            })
            .collect();
        assert_eq!(kinds, ["MX", "TXT", "TXT"], "MX, SPF, MTA-STS");
    }

    #[test]
    fn texts_are_quoted_and_cut() {
        let text = |text: &str| txt("a.".to_owned(), text).to_string();
        assert_eq!(text("a\"b\\c"), "a. 3600 IN TXT \"a\\\"b\\\\c\"");
        for (length, pieces) in [(255, 1), (256, 2), (510, 2), (511, 3)] {
            assert_eq!(text(&"x".repeat(length)).matches("\" \"").count() + 1, pieces);
        }
    }
}
