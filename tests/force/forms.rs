//! What comes to the patient's door, from anybody: cookies, forms, answers with files, reports of providers (fault 10).
//! Read as they were given out or not at all; nothing opens, nothing breaks, nothing is repeated.
//!
//! The head of `fuzz.rs` says how it is run for longer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bolero::check;
use pli::access::Access;
use pli::delivery::{self, Deliveries};
use pli::domain::{BrowserToken, Channel, Clock, DeliveryId, MessageId, Random, SecretText, SessionToken, Timestamp};
use pli::gateway::{Callback, Gateways, Next, Progress, ProviderSettings, Section};
use pli::mailbox::Mailboxes;
use pli::portal::{Guard, Portal, ROUTES, Settings};
use pli::server::OsRandom;
use pli::store::{Store, StoreOptions};
use pli::texts::Texts;
use pli::vault::{Draft, RootKey, Vault};
use serde_json::json;
use tower::ServiceExt;

use crate::fuzz::{runtime, words};

/// The present: signatures and forms have an age.
const NOW: Timestamp = Timestamp(1_800_000_000_000);

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// What a form holds that is none of ours to repeat.
const CANARY: &str = "canari-7f3a";

/// The pages over a database without a letter, and what a browser got of them.
struct Door {
    router: Router,
    ticket: String,
    browser: String,
    session: String,
    draft: String,
    /// The token of each form, in the order of [`ROUTES`].
    tokens: Vec<String>,
    _folder: tempfile::TempDir,
}

async fn door() -> Door {
    let folder = tempfile::tempdir().unwrap();
    let (random, clock): (Arc<dyn Random>, Arc<dyn Clock>) = (Arc::new(OsRandom), Arc::new(Stopped));
    let vault = Vault::new(&RootKey::random(random.as_ref()));
    let options = StoreOptions {
        database: SecretText::new("sqlite:pli.db"),
        objects: SecretText::new("file:objects"),
        data: folder.path().to_owned(),
        node: "test".into(),
        chain: vault.chain_mac(),
    };
    let (store, texts) = (Store::open(options).await.unwrap(), Texts::new());
    let settings = delivery::Settings {
        hostname: "mail.cabinet.example".into(),
        portal_url: "https://lettre.cabinet.example".into(),
        days: 30,
        notice_from: "Cabinet <a@cabinet.example>".into(),
        returns: delivery::ReturnPath::default(),
        relay: true,
        announce_devices: false,
        rates: delivery::Rates::default(),
    };
    let (s, v, c, r) = (|| store.clone(), || vault.clone(), || Arc::clone(&clock), || Arc::clone(&random));
    let access = Access::new(s(), v(), c(), r(), texts.clone(), Gateways::none(), "lettre.cabinet.example");
    let browser = BrowserToken::random(random.as_ref());
    // A link that was issued here, of which nothing is left.
    let ticket = vault.new_ticket(random.as_ref()).reveal();
    let draft = Draft {
        reply: MessageId::random(random.as_ref()),
        delivery: DeliveryId::random(random.as_ref()),
        ticket: ticket.clone(),
        subject: "Bilan".into(),
        name: "Jeanne".into(),
        made_at: NOW,
    };
    let draft = vault.seal_draft(&vault.browser_hash(&browser), &draft, random.as_ref()).unwrap();
    let tokens = ROUTES.iter().map(|route| access.form_token(&browser, &path(route.path, &ticket))).collect();
    let portal = Portal {
        access,
        mailboxes: Mailboxes::new(s(), v(), c(), r()),
        deliveries: Deliveries::new(s(), v(), c(), r(), texts.clone(), settings),
        texts,
        settings: Arc::new(Settings { answer_limit: 64 * 1024, ..Settings::default() }),
        clock: c(),
    };
    Door {
        router: portal.router(),
        ticket,
        browser: browser.reveal(),
        session: SessionToken::random(random.as_ref()).reveal(),
        draft,
        tokens,
        _folder: folder,
    }
}

fn path(route: &str, ticket: &str) -> String {
    let path =
        route.replace("{ticket}", ticket).replace("{number}", "0").replace("{inner}", "0").replace("{style}", "x.css");
    path.replace("{send}", &"0".repeat(26)).replace("{tag}", &"0".repeat(26)).replace("{address}", "a@b.example")
}

const TYPES: [&str; 6] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=",
    "application/json",
    "application/x-www-form-urlencoded; charset=utf-7",
    "",
];

/// The last line of a form with files, in the table.
const END: u8 = 23;

/// Everything that a browser could send along, cut into its words.
fn table<'a>(door: &'a Door, token: &'a str) -> Vec<&'a [u8]> {
    let mut table: Vec<&[u8]> = vec![token.as_bytes(), door.draft.as_bytes(), door.browser.as_bytes()];
    table.extend([door.session.as_bytes(), CANARY.as_bytes()]);
    let fixed: &[&[u8]] = &[
        b"__Host-pli-browser=",
        b"__Host-pli-letter=",
        b"__Host-pli-language=fr",
        b"; ",
        b"=",
        b"&",
        b"token=",
        b"channel=",
        b"code=",
        b"sms",
        b"123456",
        b"%00",
        b"%ff",
        b"%C0%AE",
        b"%",
        b"+",
        b"[]",
        b"--b\r\n",
        b"--b--\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"token\"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"draft\"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"text\"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"\r\n",
        b"Content-Disposition: form-data; name=\"files\"; filename=\"../../x\"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"other\"; filename=\"\"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"\"\r\n\r\n",
        b"Content-Disposition: ",
        b"Content-Type: application/pdf\r\n\r\n",
        b"Content-Type: text/plain; charset=utf-16\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"{\"status\":",
        b"[[[[[[[[",
        b"\"delivered\"}",
        b"status=delivered",
        b"\xff",
        b"\0",
        b"\xc3\xa9",
    ];
    table.extend(fixed);
    table
}

/// The same as one form would be, whole, so that random octets behind it get far.
fn begun(kind: &str, token: &str, draft: &str, take: u8) -> Vec<u8> {
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    match (kind, take % 4) {
        (_, 0) => Vec::new(),
        (kind, 1) if kind.starts_with("multi") => part("token", token).into_bytes(),
        (kind, 2) if kind.starts_with("multi") => (part("token", token) + &part("draft", draft)).into_bytes(),
        (kind, _) if kind.starts_with("multi") => {
            (part("token", token) + &part("draft", draft) + &part("text", "Bonjour")).into_bytes()
        }
        (_, 1) => format!("token={token}").into_bytes(),
        (_, 2) => format!("token={token}&").into_bytes(),
        _ => format!("channel=sms&token={token}").into_bytes(),
    }
}

/// What a form that was taken for one of ours may hold, said in another way than the reader says it.
fn is_one_of_ours(octets: &[u8], token: &str) -> bool {
    let text = std::str::from_utf8(octets).unwrap();
    let fields: Vec<(&str, &str)> =
        text.split('&').filter(|field| !field.is_empty()).map(|f| f.split_once('=').unwrap_or((f, ""))).collect();
    let tokens = fields.iter().filter(|field| **field == ("token", token)).count();
    let others: Vec<&str> = fields.iter().map(|field| field.0).filter(|name| *name != "token").collect();
    tokens == 1 && fields.len() == 1 + others.len() && matches!(others[..], [] | ["code" | "channel"])
}

/// One request, as these octets say; what is answered, where it can be asked at all.
fn asked(runtime: &tokio::runtime::Runtime, door: &Door, octets: &[u8]) -> Option<StatusCode> {
    let [route, kind, cookies, take, rest @ ..] = octets else { return None };
    let at = usize::from(*route) % ROUTES.len();
    let (route, token, kind) = (&ROUTES[at], &door.tokens[at], TYPES[usize::from(*kind) % TYPES.len()]);
    let table = table(door, token);
    let (before, behind) = rest.split_at(rest.len().min(usize::from(*cookies % 8)));
    // Every other browser is the one that the form was made for.
    let mut cookie = match cookies % 2 {
        0 => format!("__Host-pli-browser={}; __Host-pli-letter={}; ", door.browser, door.session).into_bytes(),
        _ => Vec::new(),
    };
    cookie.extend(words(before, &table).into_iter().filter(|octet| !matches!(octet, b'\r' | b'\n' | 0)));
    let mut body = begun(kind, token, &door.draft, *take);
    body.extend(words(behind, &table));
    let sent = body.clone();
    let request = Request::builder().method(route.method).uri(path(route.path, &door.ticket));
    let request = request.header(header::COOKIE, cookie).header(header::CONTENT_TYPE, kind).body(Body::from(body));
    let request = request.ok()?;
    let (status, headers, answer) = runtime.block_on(async {
        let answer = door.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        (head.status, format!("{:?}", head.headers), axum::body::to_bytes(body, 1 << 20).await.unwrap())
    });
    let allowed: &[StatusCode] = match (route.guard, route.method) {
        (Guard::Public, _) => &[StatusCode::OK, StatusCode::NOT_FOUND],
        (Guard::Link, "GET") => &[StatusCode::NOT_FOUND],
        // One of ours: then there is no such letter.
        (Guard::Link, _) => &[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN, StatusCode::UNSUPPORTED_MEDIA_TYPE],
        (Guard::Session, _) => &[StatusCode::FORBIDDEN],
        // One of ours, read to its end: refused for what is in it, or since the letter that it was sealed for is not there.
        (Guard::Form, _) => &[StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY],
        (Guard::Provider, _) => &[StatusCode::NOT_FOUND],
        // There is no domain here; what asks for another way of reading mail is told that there is none, and what is no
        // text is not read.
        (Guard::Client, _) => &[StatusCode::NOT_FOUND, StatusCode::OK, StatusCode::BAD_REQUEST],
    };
    assert!(allowed.contains(&status), "{} {}: {status}", route.method, route.path);
    if route.guard == Guard::Link && route.method == "POST" && status == StatusCode::NOT_FOUND {
        assert!(is_one_of_ours(&sent, token), "{}", sent.escape_ascii());
    }
    assert!(!headers.contains("__Host-pli-letter"), "{headers}");
    // What somebody wrote in one of our forms is given back to them, and to nobody else.
    let answer = match (route.guard, String::from_utf8_lossy(&answer)) {
        (Guard::Form, answer) => {
            let (before, text) = answer.split_once("<textarea").unwrap_or((&answer, ""));
            before.to_owned() + text.split_once("</textarea>").map_or("", |(_, after)| after)
        }
        (_, answer) => answer.into_owned(),
    };
    for secret in [CANARY, "Jeanne", "Bilan", token, door.draft.as_str(), door.session.as_str()] {
        assert!(!answer.contains(secret) && !headers.contains(secret), "{} {}: {secret}", route.method, route.path);
    }
    Some(status)
}

#[test]
fn fault_10_whatever_a_browser_sends_opens_nothing() {
    let runtime = runtime();
    let door = runtime.block_on(door());
    // What a browser does send is read: random octets begin there.
    let route = |path: &str| u8::try_from(ROUTES.iter().position(|route| route.path == path).unwrap()).unwrap();
    for (whole, status) in [
        (&[route("/l/{ticket}/check"), 0, 0, 1][..], StatusCode::NOT_FOUND),
        (&[route("/l/{ticket}/code"), 0, 0, 3], StatusCode::NOT_FOUND),
        (&[route("/letter/answer"), 1, 0, 3, END], StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(asked(&runtime, &door, whole), Some(status), "{whole:?}");
    }
    let (runtime, door) = (AssertUnwindSafe(&runtime), AssertUnwindSafe(&door));
    check!().with_max_len(120).for_each(|octets: &[u8]| {
        let (runtime, door): (&tokio::runtime::Runtime, &Door) = (&runtime, &door);
        asked(runtime, door, octets);
    });
}

/// A provider without signatures, one with a pointer into JSON, and two with signatures.
fn providers() -> Gateways {
    let told = |field: &str| {
        json!({
            "url": "http://127.0.0.1:1/", "query": { "to": "{to}", "text": "{text}", "r": "{report}" },
            "report": { "field": field, "delivered": ["delivered"], "failed": ["failed"] },
        })
    };
    let sections = [
        ("query", "http", told("status")),
        ("pointer", "http", told("/status")),
        (
            "twilio",
            "twilio",
            json!({ "account": "AC0123456789abcdef0123456789abcdef", "token": "t", "from": "+33612345678" }),
        ),
        ("vonage", "vonage", json!({ "api_key": "k", "api_secret": "s", "signature_secret": "g", "from": "Cabinet" })),
    ];
    let settings = sections.map(|(name, kind, values)| {
        let serde_json::Value::Object(values) = values else { panic!("an object") };
        let section = Section::new(name, values);
        ProviderSettings { channel: Channel::Sms, kind: kind.to_owned(), price: 0, section }
    });
    let clock: Arc<dyn Clock> = Arc::new(Stopped);
    Gateways::open(&settings, &clock).unwrap()
}

const REPORTS: &[&[u8]] = &[
    b"status",
    b"=",
    b"&",
    b"delivered",
    b"failed",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"status\"",
    b"\"delivered\"",
    b":",
    b",",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"null",
    b"true",
    b"status=delivered",
    b"{\"status\":\"delivered\"}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
    b"MessageSid=SM1",
    b"MessageStatus=delivered",
    b"Digits=1",
    b"step=key",
    b"sig=00",
    b"timestamp=1800000000",
    b"message-id=1",
    b"%",
    b"%00",
    b"%ff",
    b"+",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
];

#[test]
fn fault_10_whatever_calls_a_report_address_tells_one_thing_or_nothing() {
    // A client of HTTP is built with its runtime at hand.
    let runtime = runtime();
    let _entered = runtime.enter();
    let providers = AssertUnwindSafe(providers());
    check!().with_max_len(60).for_each(|octets: &[u8]| {
        let providers: &Gateways = &providers;
        let cut = octets.first().map_or(0, |first| usize::from(*first) % octets.len());
        let (asked, body) = octets.split_at(cut);
        let (asked, body) = (words(asked, REPORTS), words(body, REPORTS));
        let query: Vec<(String, String)> = url::form_urlencoded::parse(&asked).into_owned().collect();
        let header = |name: &str| (name.to_owned(), String::from_utf8_lossy(&body).into_owned());
        let headers = [header("x-twilio-signature"), header("authorization")];
        let url = String::from_utf8_lossy(&asked).into_owned();
        let call =
            |method| Callback { method, url: &url, query: &query, headers: &headers, body: &body, now: NOW.0 / 1000 };
        for method in ["GET", "POST"] {
            let report = |name: &str| providers.member(name).unwrap().provider.report(&call(method));
            // Nobody who signs has signed this.
            assert!(report("sms/twilio").is_err() && report("sms/vonage").is_err());
            if let Ok(told) = report("sms/query") {
                // Said once, or the same again.
                let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
                let mut said = query.iter().chain(&form).filter(|(name, _)| name == "status");
                let first = said.next().expect("it was said");
                assert!(said.all(|again| again == first));
                assert!(told.next == Next::Nothing && told.reference.is_none());
            }
            if let Ok(told) = report("sms/pointer") {
                let whole: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(told.progress == Progress::Delivered, whole["status"] == "delivered");
            }
        }
    });
}
