//! Accounts set themselves up: what Thunderbird, Outlook and telephones of Apple are told, and who is told nothing.

use std::process::Command;

use pli::mailbox::provision::Born;
use reqwest::{Method, Url};

use crate::mailbox::Client;
use crate::routes::pox;
use crate::world::{DOCTOR, World};

super::on_both! {
    a_mail_client_finds_its_server_and_logs_in
    a_profile_is_signed_as_the_pages_are_and_holds_no_password
    the_answer_is_the_domains_and_tells_no_mailbox
}

/// The texts of the elements of this name, in order, without namespaces.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let open = format!("<{name}>");
    xml.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

/// A server as the client's own algorithm takes it: the first of its type with a known way of TLS and of the password.
fn first(xml: &str, element: &str) -> (String, u16, String, String) {
    let end = format!("</{element}>");
    let begin = format!("<{element} type=");
    let servers = xml.split(&begin).skip(1).map(|rest| rest.split(&end).next().unwrap());
    let servers: Vec<&str> = servers.collect();
    let of = |server: &str, name: &str| texts(server, name).remove(0);
    let mut good = servers.into_iter().filter(|server| {
        of(server, "authentication") == "password-cleartext"
            && ["SSL", "STARTTLS"].contains(&of(server, "socketType").as_str())
    });
    let server = good.next().expect("a server");
    (of(server, "hostname"), of(server, "port").parse().unwrap(), of(server, "socketType"), of(server, "username"))
}

fn url(world: &World, path: &str) -> Url {
    Url::parse(&world.config.delivery().portal_url).unwrap().join(path).unwrap()
}

async fn get(world: &World, path: &str) -> (u16, String) {
    let answer = world.browser().once(Method::GET, url(world, path), None).await;
    assert!(answer.headers().get("www-authenticate").is_none());
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn post(world: &World, path: &str, body: String) -> (u16, String) {
    let body = ("text/xml".to_owned(), body.into_bytes());
    let answer = world.browser().once(Method::POST, url(world, path), Some(body)).await;
    assert!(answer.headers().get("www-authenticate").is_none());
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn login(world: &World, born: &Born, port: u16, user: &str) {
    assert_eq!(Some(port), world.running.imaps.map(|address| address.port()));
    let (_, said) = Client::open(world, user, &born.device.password.reveal()).await;
    assert!(said.contains("OK"), "{said}");
}

/// Both ways of Thunderbird's, and Outlook's; then the login that the client would do with what it was told.
async fn a_mail_client_finds_its_server_and_logs_in(world: World) {
    let (status, xml) = get(&world, "/mail/config-v1.1.xml?emailaddress=dr.martin%40cabinet.example").await;
    assert_eq!(status, 200);
    assert!(xml.contains("<clientConfig version=\"1.1\">") && texts(&xml, "domain") == ["cabinet.example"], "{xml}");
    let (host, port, socket, user) = first(&xml, "incomingServer");
    assert_eq!((host.as_str(), socket.as_str(), user.as_str()), ("mail.cabinet.example", "SSL", "%EMAILADDRESS%"));
    login(&world, &world.doctor, port, &user.replace("%EMAILADDRESS%", DOCTOR)).await;
    let (_, port, socket, _) = first(&xml, "outgoingServer");
    assert_eq!((Some(port), socket.as_str()), (world.running.submissions.map(|at| at.port()), "SSL"));
    let known =
        get(&world, "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=dr.martin%40cabinet.example").await;
    assert_eq!(known, (200, xml.clone()));
    // Without an address the name that was asked for says which domain.
    for (host, status) in [("autoconfig.cabinet.example", 200), ("cabinet.example", 200), ("elsewhere.example", 404)] {
        let page = url(&world, "/.well-known/autoconfig/mail/config-v1.1.xml");
        let page = world.browser().get_with(page.as_str(), &[("host", host)]).await;
        assert_eq!(page.status, status, "{host}");
        assert!(status == 404 || page.text() == xml, "{host}");
    }

    let spellings =
        ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AUTODISCOVER/AutoDiscover.XML"];
    for path in spellings {
        let (status, xml) = post(&world, path, pox(DOCTOR)).await;
        assert_eq!(
            (status, texts(&xml, "LoginName")),
            (200, vec![DOCTOR.to_owned(), DOCTOR.to_owned()]),
            "{path}: {xml}"
        );
        let ports = [world.running.imaps, world.running.submissions].map(|at| at.unwrap().port().to_string());
        assert_eq!(
            (texts(&xml, "Type"), texts(&xml, "Port")),
            (vec!["IMAP".to_owned(), "SMTP".to_owned()], ports.to_vec())
        );
        assert_eq!(texts(&xml, "Encryption"), ["SSL", "SSL"]);
    }
    let (status, other) =
        post(&world, spellings[0], pox(DOCTOR).replace("outlook/responseschema", "mobilesync/responseschema")).await;
    assert_eq!((status, texts(&other, "ErrorCode")), (200, vec!["601".to_owned()]), "nobody speaks ActiveSync here");
    let (_, said) =
        get(&world, "/Autodiscover/autodiscover.json?Email=dr.martin@cabinet.example&Protocol=AutodiscoverV1").await;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let seen = get(&world, &format!("{}?emailaddress={DOCTOR}", said["Url"].as_str().unwrap())).await;
    assert_eq!((seen.0, texts(&seen.1, "Server").len()), (200, 2));
    let ews = get(&world, "/autodiscover/autodiscover.json/v1.0/dr.martin@cabinet.example?Protocol=EWS").await;
    assert_eq!((ews.0, ews.1.contains("InvalidProtocol")), (400, true));
    world.running.stop().await;
}

async fn a_profile_is_signed_as_the_pages_are_and_holds_no_password(world: World) {
    let path = "/mail/apple.mobileconfig?emailaddress=dr.martin%40cabinet.example";
    let answer = world.browser().once(Method::GET, url(&world, path), None).await;
    assert_eq!(answer.headers()["content-type"], "application/x-apple-aspen-config");
    let octets = answer.bytes().await.unwrap();
    let file = world.folder.path().join("pli.mobileconfig");
    std::fs::write(&file, &octets).unwrap();
    let opened = Command::new("openssl")
        .args(["cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-no_check_time", "-in"])
        .arg(&file)
        .arg("-CAfile")
        .arg(&world.authority)
        .output();
    let profile = match opened {
        Ok(opened) => {
            assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
            String::from_utf8(opened.stdout).unwrap()
        }
        Err(error) => {
            assert!(std::env::var_os("PLI_TEST_ALL").is_none(), "openssl: {error}");
            String::from_utf8_lossy(&octets).into_owned()
        }
    };
    let of = |key: &str| {
        profile.split(&format!("<key>{key}</key>")).nth(1).map(|rest| rest.split(['>', '<']).nth(2).unwrap().to_owned())
    };
    assert_eq!(of("EmailAddress").as_deref(), Some(DOCTOR));
    assert_eq!(of("IncomingMailServerHostName").as_deref(), Some("mail.cabinet.example"));
    assert_eq!(of("IncomingMailServerPortNumber"), world.running.imaps.map(|at| at.port().to_string()));
    assert_eq!(of("OutgoingMailServerPortNumber"), world.running.submissions.map(|at| at.port().to_string()));
    for password in ["IncomingPassword", "OutgoingPassword"] {
        assert_eq!(of(password), None, "{profile}");
    }
    assert_eq!(get(&world, "/mail/apple.mobileconfig").await.0, 404, "nobody's");
    world.running.stop().await;
}

/// S38: the same for a mailbox that is there and for one that is not; nothing for another domain; nothing that a request
/// says comes back as XML.
async fn the_answer_is_the_domains_and_tells_no_mailbox(world: World) {
    let (there, nobody) = (DOCTOR, "nobody.here@cabinet.example");
    for path in
        ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/autodiscover/autodiscover.xml"]
    {
        let answers = [
            get(&world, &format!("{path}?emailaddress={there}")).await,
            get(&world, &format!("{path}?emailaddress={nobody}")).await,
        ];
        let [(_, one), (_, other)] =
            answers.clone().map(|(status, text)| (status, text.replace(there, "X").replace(nobody, "X")));
        assert_eq!((answers[0].0, one), (200, other), "{path}");
        assert_eq!(get(&world, &format!("{path}?emailaddress=a@elsewhere.example")).await.0, 404, "{path}");
        assert_eq!(get(&world, path).await.0, 404, "{path}: no address, and a host that is no domain of ours");
    }
    let [one, other] = [
        post(&world, "/autodiscover/autodiscover.xml", pox(there)).await,
        post(&world, "/autodiscover/autodiscover.xml", pox(nobody)).await,
    ];
    assert_eq!((one.0, one.1.replace(there, nobody)), (200, other.1));
    for body in [pox("a@elsewhere.example"), pox("no address"), String::new(), "<EMailAddress>".to_owned()] {
        assert_eq!(post(&world, "/autodiscover/autodiscover.xml", body).await.0, 404);
    }
    assert_eq!(post(&world, "/autodiscover/autodiscover.xml", pox(there) + &" ".repeat(20_000)).await.0, 413);
    // Signs of XML may stand in an address (RFC 5321 §4.1.2).
    let (status, xml) = get(&world, "/autodiscover/autodiscover.xml?emailaddress=a%26b'c@cabinet.example").await;
    assert_eq!(status, 200);
    assert!(!xml.contains("a&b") && xml.contains("a&#38;b&#39;c@cabinet.example"), "{xml}");
    world.running.stop().await;
}
