//! Clients that fetch through somebody's cloud: not let in, told why once a day, and let in only where it is said.

use std::time::Duration;

use pli::access::Network;
use pli::access::cloud::{CloudClient, CloudClients, Peer};
use pli::mailbox::journal::JournalQuery;

use crate::office::*;

crate::on_both! {
    a_cloud_client_is_refused_and_its_owner_is_told_once_a_day
    where_it_is_allowed_the_journal_says_so
    two_nodes_tell_once
}

fn clients(allow: bool) -> CloudClients {
    let client = CloudClient {
        name: "Nuage CANARI".to_owned(),
        ids: vec![("name".to_owned(), "Nuage".to_owned())],
        networks: vec![Network::read("192.0.2.0/24").unwrap()],
    };
    CloudClients { allow, list: vec![client] }
}

fn at(address: &str) -> Peer {
    Peer { address: Some(address.parse().unwrap()), id: Vec::new() }
}

async fn events(office: &Office, verb: &str) -> i64 {
    office.count(&format!("SELECT COUNT(*) FROM audit_events WHERE line LIKE '%verb={verb} %'")).await
}

async fn a_cloud_client_is_refused_and_its_owner_is_told_once_a_day(office: Office) {
    let access = office.node.access.clone().with_cloud_clients(clients(false));
    let sender = access.login(DOCTOR, &office.doctor.device.password.reveal()).await.unwrap();
    let reader = office.reader().await;
    let tell = async || office.node.deliveries.tell_cloud_refusals().await.unwrap();
    assert!(access.admits(&sender, &at("198.51.100.1")).await.unwrap());
    tell().await;
    assert!(uids(&reader, "INBOX").await.is_empty());
    let says = Peer { address: None, id: vec![("name".to_owned(), "nuage 5".to_owned())] };
    for peer in [at("192.0.2.9"), says] {
        assert!(!access.admits(&sender, &peer).await.unwrap());
    }
    assert_eq!(events(&office, "cloud-client.refused").await, 1, "once an hour");
    tell().await;
    tell().await;
    let letters = read(&reader, "INBOX").await;
    assert_eq!(letters.len(), 1);
    let parsed = mail_parser::MessageParser::default().parse(&letters[0]).unwrap();
    assert_eq!(parsed.subject(), Some("Votre logiciel de messagerie n'a pas été connecté"));
    assert_eq!(
        parsed.body_text(0).unwrap().replace("\r\n", "\n"),
        "Nuage CANARI a voulu ouvrir votre boîte dr.martin@cabinet.example. La connexion a été refusée.\n\
         Ce logiciel ne lit pas la boîte lui-même : il confie votre mot de passe et une copie de tous vos messages aux \
         serveurs de son éditeur. Les messages de vos patients quitteraient le cabinet.\n\n\
         Prenez un logiciel qui se connecte lui-même : Outlook classique (sur ordinateur), Apple Mail (sur Mac, iPhone \
         et iPad), Thunderbird (sur ordinateur), Thunderbird ou K-9 Mail (sur Android), mutt.\n\n\
         Le mot de passe que vous y aviez tapé est connu de l'éditeur : demandez à l'administrateur de le révoquer et \
         d'en faire un autre.\n\n\
         Cet avis vient de votre serveur Pli, une fois par jour au plus. Il est inutile d'y répondre.\n\n"
    );
    assert_eq!(reader.quota().await.unwrap().0, 0, "outside the quota");
    // A phone that goes on trying: an event an hour, a letter a day.
    for hour in 1..=25 {
        office.pass(Duration::from_secs(3600));
        assert!(!access.admits(&sender, &at("192.0.2.9")).await.unwrap());
        tell().await;
        assert_eq!(uids(&reader, "INBOX").await.len(), if hour < 24 { 1 } else { 2 }, "{hour}");
    }
    assert_eq!(events(&office, "cloud-client.refused").await, 26);
    // One that has stopped is not spoken of again.
    office.pass(Duration::from_secs(3 * 86_400));
    tell().await;
    tell().await;
    assert!(uids(&reader, "INBOX").await.len() <= 3);
    let last = uids(&reader, "INBOX").await.len();
    office.pass(Duration::from_secs(3 * 86_400));
    tell().await;
    assert_eq!(uids(&reader, "INBOX").await.len(), last);
    let query = JournalQuery { mailbox: Some(DOCTOR.parse().unwrap()), limit: 10, ..JournalQuery::default() };
    let journal = office.node.mailboxes.journal(&query).await.unwrap();
    let refused = journal.iter().find(|event| event.field("verb") == Some("cloud-client.refused")).unwrap();
    assert_eq!(refused.device.as_ref().unwrap().person, "Dr Claire Martin");
    assert!(!office.at_rest().await.windows(6).any(|window| window == b"CANARI"));
}

async fn where_it_is_allowed_the_journal_says_so(office: Office) {
    let access = office.node.access.clone().with_cloud_clients(clients(true));
    let sender = access.login(DOCTOR, &office.doctor.device.password.reveal()).await.unwrap();
    for _ in 0..3 {
        assert!(access.admits(&sender, &at("192.0.2.9")).await.unwrap());
    }
    assert_eq!(events(&office, "cloud-client.admitted").await, 1);
    office.node.deliveries.tell_cloud_refusals().await.unwrap();
    assert!(uids(&office.reader().await, "INBOX").await.is_empty(), "nothing was refused");
    // The setting is taken back: the next meeting is a refusal, at once.
    let access = office.node.access.clone().with_cloud_clients(clients(false));
    assert!(!access.admits(&sender, &at("192.0.2.9")).await.unwrap());
    assert_eq!(events(&office, "cloud-client.refused").await, 1);
    office.node.deliveries.tell_cloud_refusals().await.unwrap();
    assert_eq!(uids(&office.reader().await, "INBOX").await.len(), 1);
}

async fn two_nodes_tell_once(office: Office) {
    let second = office.second_node().await;
    let access = [&office.node, &second].map(|node| node.access.clone().with_cloud_clients(clients(false)));
    let sender = access[0].login(DOCTOR, &office.doctor.device.password.reveal()).await.unwrap();
    let peer = at("192.0.2.9");
    let (one, two) = tokio::join!(access[0].admits(&sender, &peer), access[1].admits(&sender, &peer));
    assert!(!one.unwrap() && !two.unwrap());
    assert_eq!(events(&office, "cloud-client.refused").await, 1);
    let tell = tokio::join!(office.node.deliveries.tell_cloud_refusals(), second.deliveries.tell_cloud_refusals());
    tell.0.unwrap();
    tell.1.unwrap();
    assert_eq!(uids(&office.reader().await, "INBOX").await.len(), 1);
}
