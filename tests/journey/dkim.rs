//! What leaves is signed: read by the verifier of mail-auth and by Debian's dkimpy, with a DNS that has what `record` says.

use std::collections::HashMap;
use std::fs;
use std::hash::Hash;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::common::verify::DomainKey;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
use pli::domain::PracticeProfile;
use pli::vault::{DkimKey, DkimKind};

use crate::bounces;
use crate::world::{JEANNE, World, profile, until};

super::on_both! {
    notices_and_answers_are_signed
    each_key_signs_for_the_domain_of_the_practice
}

/// Every record there is. What is not here is asked of a real resolver, and then the test fails.
#[derive(Default)]
struct Dns(HashMap<Box<str>, Txt>);

impl Dns {
    fn publish(mut self, selector: &str, domain: &str, record: &str) -> Self {
        let key = DomainKey::parse(record.as_bytes()).unwrap();
        self.0.insert(format!("{selector}._domainkey.{domain}.").into(), Txt::DomainKey(Arc::new(key)));
        self
    }
}

impl ResolverCache<Box<str>, Txt> for Dns {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

/// Selector, domain and whether it is right, of each signature.
async fn verified(dns: &Dns, octets: &[u8]) -> Vec<(String, String, bool)> {
    let message = AuthenticatedMessage::parse(octets).unwrap();
    let authenticator = MessageAuthenticator::new_cloudflare().unwrap();
    let outputs = authenticator.verify_dkim(Parameters::new(&message).with_txt_cache(dns)).await;
    let read = |output: &mail_auth::DkimOutput<'_>| {
        let signature = output.signature().unwrap();
        (signature.s.clone(), signature.d.clone(), output.result() == &DkimResult::Pass)
    };
    outputs.iter().map(read).collect()
}

/// The same by another implementation, in another language; `None` where it is not installed.
fn verified_by_dkimpy(folder: &Path, records: &[(&str, &str)], octets: &[u8]) -> Option<Vec<bool>> {
    const SCRIPT: &str = r#"
import sys, time
try:
    import dkim, nacl
except ImportError:
    sys.exit(77)
# The world's clock is ahead of the real one.
time.time = lambda: 1800100000
records = dict(zip(sys.argv[2::2], sys.argv[3::2]))
message = open(sys.argv[1], 'rb').read()
dns = lambda name, timeout=5: records[name.decode()].encode()
for n in range(len(records)):
    try:
        print(dkim.DKIM(message).verify(idx=n, dnsfunc=dns))
    except dkim.ValidationError as error:
        print('body hash mismatch' not in str(error) and error)
"#;
    let file = folder.join("signed");
    fs::write(&file, octets).unwrap();
    // Debian's package is Debian's Python's.
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", SCRIPT]).arg(&file).args(records.iter().flat_map(|(name, record)| [*name, *record]));
    let run = python.output();
    if run.as_ref().map_or(true, |run| run.status.code() == Some(77)) {
        assert!(std::env::var("PLI_TEST_ALL").ok().as_deref() != Some("1"), "dkimpy is not installed");
        std::io::stderr().write_all(b"SKIPPED: dkimpy is not installed (python3-dkim)\n").unwrap();
        return None;
    }
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8(run.stdout).unwrap().lines().map(|line| line == "True").collect())
}

fn record(file: &Path) -> String {
    DkimKey::parse(&fs::read_to_string(file).unwrap()).unwrap().record().unwrap()
}

fn from(octets: &[u8]) -> String {
    let read = mail_parser::MessageParser::default().parse(octets).unwrap();
    read.from().unwrap().first().unwrap().address().unwrap().to_owned()
}

async fn notices_and_answers_are_signed(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let notice = bounces::notice(&world).await;
    let record = record(&world.config.dkim[0].key);
    let dns = Dns::default().publish("pli", "cabinet.example", &record);
    let right = vec![("pli".to_owned(), "cabinet.example".to_owned(), true)];
    assert_eq!(verified(&dns, &notice.octets).await, right);
    let text = String::from_utf8(notice.octets.clone()).unwrap();
    // The time is the clock's; nothing is signed by half (l=) or for a while only (x=).
    let field = text.split("\r\nFrom:").next().unwrap().replace("\r\n\t", " ");
    assert!(field.starts_with("DKIM-Signature: v=1; a=rsa-sha256;") && field.contains(" t=1800000001;"), "{field}");
    assert!(!field.contains(" l=") && !field.contains(" x="), "{field}");

    let reply = format!(
        "From: {JEANNE}\r\nTo: {}\r\nSubject: Re: une lettre\r\nMessage-ID: <r1@patient.example>\r\n\r\nBonjour\r\n",
        notice.from
    );
    bounces::bring(&world, Some(JEANNE), &notice.from, reply.as_bytes()).await.unwrap();
    until(async || world.relay.last().from.is_empty()).await;
    let answer = world.relay.last();
    assert_eq!(verified(&dns, &answer.octets).await, right);

    // What is changed or added on the way is seen, whatever it is that a mail client shows.
    let changed = [
        text.replacen("Subject: ", "Subject: Urgent ", 1),
        text.replacen("https://", "http://", 1),
        format!("From: evil@evil.example\r\n{text}"),
        text.replacen("\r\nMIME-Version:", "\r\nFrom: evil@evil.example\r\nMIME-Version:", 1),
        text.replacen("\r\nMIME-Version:", "\r\nReply-To: evil@evil.example\r\nMIME-Version:", 1),
        text.replacen("\r\nMIME-Version:", "\r\nSubject: evil\r\nMIME-Version:", 1),
        format!("{text}more\r\n"),
    ];
    for changed in changed {
        assert_ne!(changed, text);
        let seen = verified(&dns, changed.as_bytes()).await;
        assert!(seen.len() == 1 && !seen[0].2, "{changed}");
    }
    // What servers do change on the way is not: further fields, other folding, white space at ends of lines.
    let carried =
        text.replacen("\r\nTo: ", "\r\nTO:\r\n   ", 1).replacen("\r\n\r\n--", " \t\r\n\r\n--", 1) + "\r\n\r\n";
    let carried = format!("Received: from a by b;\r\n\tFri, 15 Jan 2027 09:00:00 +0100\r\n{carried}");
    assert_eq!(verified(&dns, carried.as_bytes()).await, right);
    // Another key under the same name is not ours.
    let other = DkimKey::parse(&DkimKey::make(DkimKind::Rsa).unwrap()).unwrap().record().unwrap();
    assert!(!verified(&Dns::default().publish("pli", "cabinet.example", &other), &notice.octets).await[0].2);

    let records = [("pli._domainkey.cabinet.example.", record.as_str())];
    for octets in [&notice.octets, &answer.octets] {
        if let Some(seen) = verified_by_dkimpy(world.folder.path(), &records, octets) {
            assert_eq!(seen, [true]);
        }
    }
    if let Some(seen) =
        verified_by_dkimpy(world.folder.path(), &records, text.replacen("https://", "http://", 1).as_bytes())
    {
        assert_eq!(seen, [false]);
    }
    world.running.stop().await;
}

async fn each_key_signs_for_the_domain_of_the_practice(world: World) {
    let keys = world.config.file.parent().unwrap().join("certs");
    let file = keys.join("ed.key");
    fs::write(&file, DkimKey::make(DkimKind::Ed25519).unwrap().as_bytes()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = fs::read_to_string(&world.config.file).unwrap();
    fs::write(&world.config.file, settings + "[[dkim]]\nselector = \"ed.2027\"\nkey = \"certs/ed.key\"\n").unwrap();
    let world = world.reconfigured().await;
    let own = PracticeProfile { notice_from: "Lettres <lettres@port.example>".to_owned(), ..profile() };
    world.running.rooms.deliveries.set_practice(world.practice, own).await.unwrap();
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let notice = bounces::notice(&world).await;
    assert_eq!(from(&notice.octets), "lettres@port.example");

    let (rsa, ed) = (record(&keys.join("dkim.key")), record(&file));
    let dns = Dns::default().publish("pli", "port.example", &rsa).publish("ed.2027", "port.example", &ed);
    let mut seen = verified(&dns, &notice.octets).await;
    seen.sort();
    let right = |selector: &str| (selector.to_owned(), "port.example".to_owned(), true);
    assert_eq!(seen, [right("ed.2027"), right("pli")]);
    let records = [("pli._domainkey.port.example.", rsa.as_str()), ("ed.2027._domainkey.port.example.", ed.as_str())];
    if let Some(seen) = verified_by_dkimpy(world.folder.path(), &records, &notice.octets) {
        assert_eq!(seen, [true, true]);
    }
    world.running.stop().await;
}
