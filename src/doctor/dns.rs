//! The sender's domain as other mail servers see it: MX (RFC 5321 §5), SPF (RFC 7208), DMARC (RFC 7489), and the keys
//! that its mail is signed with (DKIM, RFC 6376 §3.6).
//!
//! Asked of the name servers of this machine, without DNSSEC of our own (fault 34): what is asked for is shown to an
//! administrator and decides nothing.

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::config::Config;
use crate::domain::{DomainName, Timestamp};
use crate::net;
use crate::server::dkim_key;

use super::Finding;

/// What was asked for: the records, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Records(Vec<String>),
    /// The name does not exist at all.
    NoName,
    /// No answer.
    Unknown,
}

/// What a domain shows.
#[derive(Debug, Clone)]
struct Shown {
    mx: Answer,
    texts: Answer,
    dmarc: Answer,
}

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    // Without a relay nothing is sent in its name.
    let from = config.notice.relay.as_ref().map_or("", |_| config.notice.from.as_str());
    let Some(domain) = sender_domain(from) else { return Vec::new() };
    match Names::of_this_machine() {
        Some(names) => {
            let mut said = judge(&domain, &names.shown(&domain).await);
            for dkim in &config.dkim {
                let record = dkim_key(&dkim.key).map_err(|error| error.to_string());
                let record = record.and_then(|key| key.record().map_err(|fault| fault.to_string()));
                let name = format!("{}._domainkey.{domain}", dkim.selector);
                said.push(match record {
                    Ok(record) => judge_key(&name, &record, &names.ask(&name, RecordType::TXT).await),
                    Err(why) => Finding::fail(SUBJECT, why),
                });
            }
            said
        }
        None => vec![Finding::warn(SUBJECT, "unknown: this machine has no name servers (/etc/resolv.conf)")],
    }
}

/// The names that mail clients ask for their settings, where the DNS has them: what they are shown has to cover them.
pub(super) async fn clients(config: &Config, domains: &[DomainName], now: Timestamp) -> Vec<Finding> {
    let Some(names) = Names::of_this_machine().filter(|_| config.listen.portal.is_some()) else { return Vec::new() };
    let mut said = Vec::new();
    for name in domains.iter().flat_map(|domain| CLIENTS.map(|word| format!("{word}.{domain}"))) {
        match names.ask(&name, RecordType::A).await {
            Answer::Records(found) if !found.is_empty() => {
                let shown = net::examine(&config.tls, &[&name], now);
                said.push(judge_client(&name, shown.iter().flatten().any(|state| !state.names.is_empty())));
            }
            Answer::Records(_) | Answer::NoName => {}
            // Nobody answers: nor would they for the next one.
            Answer::Unknown => break,
        }
    }
    said
}

fn judge_client(name: &str, covered: bool) -> Finding {
    match covered {
        true => Finding::ok(SUBJECT, format!("{name} is there, and a certificate covers it")),
        false => Finding::warn(
            SUBJECT,
            format!(
                "{name} is there and no certificate covers it: mail clients take no settings from it; add a [[tls]]"
            ),
        ),
    }
}

/// The domain of `Name <address>`.
fn sender_domain(from: &str) -> Option<String> {
    let address = from.rsplit_once('<').map_or(from, |(_, address)| address).trim_end_matches(['>', ' ']);
    let (_, domain) = address.rsplit_once('@')?;
    Some(domain.to_owned())
}

fn judge(domain: &str, shown: &Shown) -> Vec<Finding> {
    if [&shown.mx, &shown.texts].contains(&&Answer::NoName) {
        return vec![Finding::fail(
            SUBJECT,
            format!("{domain} does not exist: mail from it is refused; see notice.from"),
        )];
    }
    let unknown = |what: &str| Finding::warn(SUBJECT, format!("{what} of {domain}: unknown, no name server answered"));
    let mut said = Vec::new();
    said.push(match &shown.mx {
        Answer::Records(hosts) if hosts.iter().any(|host| host != ".") => {
            Finding::ok(SUBJECT, format!("{domain} has {} MX", hosts.len()))
        }
        Answer::Records(_) | Answer::NoName => Finding::warn(
            SUBJECT,
            format!("{domain} has no MX: what bounces is lost, and some servers refuse its mail"),
        ),
        Answer::Unknown => unknown("MX"),
    });
    let begin = |answer: &Answer, version: &str| match answer {
        Answer::Records(texts) => {
            let is = |text: &&String| text.to_ascii_lowercase().starts_with(version);
            Some(texts.iter().filter(is).cloned().collect::<Vec<_>>())
        }
        Answer::NoName => Some(Vec::new()),
        Answer::Unknown => None,
    };
    said.push(match begin(&shown.texts, "v=spf1") {
        None => unknown("SPF"),
        Some(records) => match records.as_slice() {
            [] => Finding::warn(SUBJECT, format!("{domain} has no SPF: add a TXT record v=spf1 that names the relay")),
            [one] if one.contains("+all") => {
                Finding::warn(SUBJECT, format!("the SPF of {domain} lets everybody send in its name (+all)"))
            }
            [_] => Finding::ok(SUBJECT, format!("{domain} has an SPF record")),
            // RFC 7208 §4.5: a permanent error.
            _ => Finding::fail(SUBJECT, format!("{domain} has several SPF records, which counts as none: leave one")),
        },
    });
    said.push(match begin(&shown.dmarc, "v=dmarc1") {
        None => unknown("DMARC"),
        Some(records) => match records.as_slice() {
            [] => Finding::warn(SUBJECT, format!("{domain} has no DMARC: add a TXT record at _dmarc.{domain}")),
            [_] => Finding::ok(SUBJECT, format!("{domain} has a DMARC record")),
            _ => Finding::fail(SUBJECT, format!("{domain} has several DMARC records, which counts as none: leave one")),
        },
    });
    said
}

/// What stands in the DNS for the key that we sign with, whose record is ours to know.
fn judge_key(name: &str, ours: &str, shown: &Answer) -> Finding {
    let records = match shown {
        Answer::Records(records) => records.as_slice(),
        Answer::NoName => &[],
        Answer::Unknown => return Finding::warn(SUBJECT, format!("DKIM of {name}: unknown, no name server answered")),
    };
    // The kind belongs to it: without one it is RSA (§3.6.1).
    let key = |record: &str| {
        let key = tag(record, "p")?.split_ascii_whitespace().collect::<String>();
        Some((tag(record, "k").unwrap_or("rsa").to_ascii_lowercase(), key))
    };
    let published: Vec<(String, String)> = records.iter().filter_map(|record| key(record)).collect();
    match published.as_slice() {
        [] => Finding::warn(SUBJECT, format!("{name} has no key: mail is signed and nobody can tell; see pli dns")),
        [one] if Some(one) == key(ours).as_ref() => Finding::ok(SUBJECT, format!("{name} has the key that signs")),
        // §3.6.1: the owner took it back.
        [(_, one)] if one.is_empty() => {
            Finding::fail(SUBJECT, format!("the key at {name} is revoked: signatures are bad; see pli dns"))
        }
        [_] => Finding::fail(SUBJECT, format!("{name} has another key: signatures are bad; see pli dns")),
        // §3.6.2.2: what comes of several nobody knows.
        _ => Finding::fail(SUBJECT, format!("{name} has several keys: leave the one of pli dns")),
    }
}

/// The value of a tag in a list of tags (RFC 6376 §3.2).
fn tag<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = record.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(tag, _)| tag.trim() == name).map(|(_, value)| value.trim())
}

/// Name servers.
struct Names(TokioResolver);

impl Names {
    fn of_this_machine() -> Option<Self> {
        let mut builder = TokioResolver::builder_tokio().ok()?;
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (TIMEOUT, 1);
        builder.build().ok().map(Self)
    }

    async fn shown(&self, domain: &str) -> Shown {
        let mut dmarc = self.ask(&format!("_dmarc.{domain}"), RecordType::TXT).await;
        let none = match &dmarc {
            Answer::NoName => true,
            Answer::Records(records) => records.is_empty(),
            Answer::Unknown => false,
        };
        // RFC 7489 §6.6.3: the organisation's record stands in.
        if let (true, Some(above)) = (none, organisation(domain)) {
            dmarc = self.ask(&format!("_dmarc.{above}"), RecordType::TXT).await;
        }
        Shown { mx: self.ask(domain, RecordType::MX).await, texts: self.ask(domain, RecordType::TXT).await, dmarc }
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Answer {
        // With a dot at its end: the search list of this machine plays no part.
        let asked = self.0.lookup(format!("{name}."), kind);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(found)) => Answer::Records(found.answers().iter().filter_map(|record| text(&record.data)).collect()),
            Ok(Err(error)) => without(&error),
            Err(_) => Answer::Unknown,
        }
    }
}

fn without(error: &NetError) -> Answer {
    match () {
        () if error.is_nx_domain() => Answer::NoName,
        () if error.is_no_records_found() => Answer::Records(Vec::new()),
        () => Answer::Unknown,
    }
}

fn text(data: &RData) -> Option<String> {
    match data {
        RData::A(address) => Some(address.to_string()),
        RData::MX(mx) => Some(mx.exchange.to_string()),
        // RFC 7208 §3.3: strings of one record are joined without spaces.
        RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
        _ => None,
    }
}

/// The domain above, where there is one that is no top-level domain.
fn organisation(domain: &str) -> Option<&str> {
    domain.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'))
}

const SUBJECT: &str = "dns";
/// What mail clients put before a domain: Thunderbird, Outlook.
const CLIENTS: [&str; 2] = ["autoconfig", "autodiscover"];
const TIMEOUT: Duration = Duration::from_secs(2);
/// For one question, whatever the name servers do.
const PATIENCE: Duration = Duration::from_secs(6);

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use tokio::net::UdpSocket;

    use super::*;
    use crate::doctor::Level;

    fn records(texts: &[&str]) -> Answer {
        Answer::Records(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    fn good() -> Shown {
        Shown {
            mx: records(&["mx.a.example."]),
            texts: records(&["v=spf1 mx -all", "other"]),
            dmarc: records(&["v=DMARC1; p=reject"]),
        }
    }

    fn levels(shown: &Shown) -> Vec<Level> {
        judge("a.example", shown).iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn what_a_domain_lacks_is_told() {
        use Level::{Fail, Ok, Warn};
        assert_eq!(levels(&good()), [Ok, Ok, Ok]);
        assert_eq!(levels(&Shown { mx: records(&[]), ..good() }), [Warn, Ok, Ok]);
        // RFC 7505: it says that it takes no mail.
        assert_eq!(levels(&Shown { mx: records(&["."]), ..good() }), [Warn, Ok, Ok]);
        assert_eq!(levels(&Shown { texts: records(&["other"]), ..good() }), [Ok, Warn, Ok]);
        assert_eq!(levels(&Shown { texts: records(&["v=spf1 +all"]), ..good() }), [Ok, Warn, Ok]);
        assert_eq!(levels(&Shown { texts: records(&["v=spf1 mx", "v=spf1 a"]), ..good() }), [Ok, Fail, Ok]);
        assert_eq!(levels(&Shown { dmarc: Answer::NoName, ..good() }), [Ok, Ok, Warn]);
        assert_eq!(levels(&Shown { mx: Answer::NoName, ..good() }), [Fail]);
        let unknown = Shown { mx: Answer::Unknown, texts: Answer::Unknown, dmarc: Answer::Unknown };
        assert!(judge("a.example", &unknown).iter().all(|finding| finding.text.contains("unknown")));
        assert_eq!(sender_domain("Cabinet <a@cabinet.example>").as_deref(), Some("cabinet.example"));
        assert_eq!(sender_domain("a@cabinet.example").as_deref(), Some("cabinet.example"));
        assert_eq!((organisation("mail.a.example"), organisation("a.example")), (Some("a.example"), None));
    }

    #[test]
    fn the_key_that_signs_is_the_one_that_is_published() {
        let name = "pli._domainkey.a.example";
        let ours = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        for (shown, level, says) in [
            (records(&[ours]), Level::Ok, "has the key that signs"),
            (records(&["k=ed25519;p = 11qYAYKxCrfVS/7TyWQH Og7hcvPapiMlrwIaaPcHURo= ; t=s"]), Level::Ok, "has the key"),
            (records(&["other text", ours]), Level::Ok, "has the key"),
            (records(&["v=DKIM1; p=MIIBIjAN"]), Level::Fail, "another key"),
            (records(&["v=DKIM1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]), Level::Fail, "another key"),
            (records(&["v=DKIM1; p="]), Level::Fail, "revoked"),
            (records(&[ours, "v=DKIM1; p=MIIBIjAN"]), Level::Fail, "several keys"),
            (records(&[]), Level::Warn, "has no key"),
            (Answer::NoName, Level::Warn, "has no key"),
            (Answer::Unknown, Level::Warn, "unknown"),
        ] {
            let finding = judge_key(name, ours, &shown);
            assert_eq!(finding.level, level, "{}", finding.text);
            assert!(finding.text.contains(says) && finding.text.contains(name), "{}", finding.text);
        }
    }

    /// A name server that gives one answer to every question: these octets behind the question (RFC 1035 §4.1).
    async fn names(rcode: u8, answer: &'static [u8]) -> Names {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let port = socket.local_addr().expect("an address").port();
        tokio::spawn(async move {
            let mut octets = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut octets).await {
                // The question ends with its type and class; what follows (EDNS) is left out.
                let name = octets[12..length].iter().position(|octet| *octet == 0).expect("a name");
                let question = &octets[12..12 + name + 5];
                let counts = [0, 1, 0, u8::from(!answer.is_empty()), 0, 0, 0, 0];
                let head = [&octets[..2], &[0x81, 0x80 | rcode], &counts].concat();
                let _ = socket.send_to(&[&head, question, answer].concat(), peer).await;
            }
        });
        let mut udp = ConnectionConfig::udp();
        udp.port = port;
        let server = NameServerConfig::new(IpAddr::V4(Ipv4Addr::LOCALHOST), true, vec![udp]);
        let config = ResolverConfig::from_name_servers(vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (Duration::from_millis(500), 1);
        Names(builder.build().expect("a resolver"))
    }

    #[tokio::test]
    async fn what_name_servers_say_is_read() {
        // A pointer to the question's name, TXT, IN, a minute, two strings.
        let txt = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x0d\x05v=spf\x061 -all";
        let found = names(0, txt).await.ask("a.example", RecordType::TXT).await;
        assert_eq!(found, records(&["v=spf1 -all"]));
        let a = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01";
        assert_eq!(names(0, a).await.ask("autoconfig.a.example", RecordType::A).await, records(&["192.0.2.1"]));
        let [one, other] = [true, false].map(|covered| judge_client("autoconfig.a.example", covered).level);
        assert_eq!((one, other), (Level::Ok, Level::Warn));
        assert_eq!(names(3, b"").await.ask("a.example", RecordType::MX).await, Answer::NoName);
        assert_eq!(names(0, b"").await.ask("a.example", RecordType::MX).await, records(&[]));
        assert_eq!(names(2, b"").await.ask("a.example", RecordType::MX).await, Answer::Unknown);
        let shown = names(3, b"").await.shown("a.example").await;
        assert_eq!(levels(&shown), [Level::Fail]);
    }
}
