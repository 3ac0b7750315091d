//! Every route in every state of a patient: what is declared is what is answered (faults 6, 7, 12, 37).

use std::time::Duration;

use pli::access::Access;
use pli::domain::{BrowserToken, Clock, DeliveryState, PatientKind, PatientRecord, PersonName};
use pli::gateway::Gateways;
use pli::portal::{Guard, ROUTES, Route};
use pli::server::OsRandom;
use reqwest::{Method, Response, Url};

use crate::browser::{self, Body, Browser, Form};
use crate::letter::{asked, opened, sent};
use crate::letters;
use crate::logo;
use crate::world::{DOCTOR, JEANNE, PAUL, World, mailbox, profile};

super::on_both! {
    fault_06_fault_07_every_route_in_every_state
    fault_12_one_session_opens_one_delivery
    fault_12_every_id_of_another_practice
    fault_37_no_header_changes_where_links_lead
    a_page_is_prolonged_and_closed
}

/// Where somebody stands towards a letter, hers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A browser that was never here.
    None,
    /// It holds the link and asked for nothing.
    Ticket,
    /// A code is on its way.
    Asked,
    /// The right code was given: the page is open.
    Verified,
    /// The page was open, and has closed by itself.
    Lapsed,
    /// The page is open, and the letter's time is over.
    Expired,
    /// The page is open, and the letter was taken back.
    Recalled,
    /// The page of another letter is open, of another practice.
    Other,
}

const STATES: [State; 8] = [
    State::None,
    State::Ticket,
    State::Asked,
    State::Verified,
    State::Lapsed,
    State::Expired,
    State::Recalled,
    State::Other,
];

/// What each route answers in each state, a form being one of ours, made for this browser and this route, with the right
/// code in it. The words are in [`WORDS`].
const DECLARED: &str = "
                                  None     Ticket   Asked    Verified Lapsed   Expired  Recalled Other
GET  /                            front    front    front    front    front    front    front    front
GET  /robots.txt                  text     text     text     text     text     text     text     text
GET  /favicon.svg                 mark     mark     mark     mark     mark     mark     mark     mark
GET  /s/{style}                   style    style    style    style    style    style    style    style
GET  /accessibility               rights   rights   rights   rights   rights   rights   rights   rights
GET  /mail/config-v1.1.xml        xml      xml      xml      xml      xml      xml      xml      xml
GET  /.well-known/autoconfig/mail/config-v1.1.xml xml      xml      xml      xml      xml      xml      xml      xml
GET  /autodiscover/autodiscover.xml xml      xml      xml      xml      xml      xml      xml      xml
POST /autodiscover/autodiscover.xml xml      xml      xml      xml      xml      xml      xml      xml
GET  /autodiscover/autodiscover.json json     json     json     json     json     json     json     json
GET  /autodiscover/autodiscover.json/v1.0/{address} json     json     json     json     json     json     json     json
GET  /mail/apple.mobileconfig     profile  profile  profile  profile  profile  profile  profile  profile
GET  /l/{ticket}                  choose   choose   enter    choose   choose   expired  recalled choose
POST /l/{ticket}/wait             foreign  reset    text     reset    reset    reset    reset    reset
POST /l/{ticket}/missing          foreign  back     early    back     back     back     back     back
POST /l/{ticket}/check            foreign  nocode   in       nocode   nocode   back     back     nocode
POST /l/{ticket}/open             foreign  back     back     in       back     back     back     back
POST /l/{ticket}/again            foreign  back     back     back     back     asked    back     back
POST /l/{ticket}/not-mine         foreign  untick   untick   untick   untick   back     back     untick
POST /l/{ticket}/code             foreign  back     early    early    back     back     back     back
GET  /r/{send}/{tag}              nothing  nothing  nothing  nothing  nothing  nothing  nothing  nothing
POST /r/{send}/{tag}              nothing  nothing  nothing  nothing  nothing  nothing  nothing  nothing
GET  /letter                      closed   closed   closed   letter   closed   closed   closed   letter
POST /letter/prolong              closed   closed   closed   in       closed   closed   closed   in
POST /letter/close                closed   closed   closed   shut     closed   closed   closed   shut
POST /letter/forget               closed   closed   closed   forgot   closed   closed   closed   forgot
POST /letter/answer               foreign  foreign  foreign  sent     back     lost     lost     sent
GET  /letter/logo                 closed   closed   closed   png      closed   closed   closed   notit
GET  /letter/text                 closed   closed   closed   other    closed   closed   closed   other
GET  /letter/message/{number}     closed   closed   closed   other    closed   closed   closed   other
GET  /letter/message/{number}/text closed   closed   closed   other    closed   closed   closed   other
GET  /letter/file/{number}/in/{inner} nofile   nofile   nofile   notit    nofile   nofile   nofile   notit
GET  /letter/file/{number}/in/{inner}/save nofile   nofile   nofile   notit    nofile   nofile   nofile   notit
GET  /letter/files                nofile   nofile   nofile   zip      nofile   nofile   nofile   zip
GET  /letter/file/{number}        nofile   nofile   nofile   pdf      nofile   nofile   nofile   pdf
GET  /letter/file/{number}/save   nofile   nofile   nofile   pdf      nofile   nofile   nofile   pdf
";

/// What an answer is, beside its status.
#[derive(Clone, Copy)]
enum Is {
    /// A page whose title begins so.
    Page(&'static str),
    /// Octets of this type.
    Octets(&'static str),
    /// The way to there.
    To(&'static str),
    /// No octets at all.
    Empty,
}

const WORDS: &[(&str, u16, Is)] = &[
    ("front", 200, Is::Page("Lettres confidentielles")),
    ("rights", 200, Is::Page("Déclaration d’accessibilité")),
    ("text", 200, Is::Octets("text/plain")),
    ("mark", 200, Is::Octets("image/svg+xml")),
    ("style", 200, Is::Octets("text/css")),
    ("xml", 200, Is::Octets("text/xml")),
    ("json", 200, Is::Octets("application/json")),
    ("profile", 200, Is::Octets("application/x-apple-aspen-config")),
    ("choose", 200, Is::Page("Recevoir votre code")),
    ("enter", 200, Is::Page("Taper votre code")),
    ("expired", 200, Is::Page("Cette lettre n’est plus disponible")),
    ("recalled", 200, Is::Page("Cette lettre a été reprise")),
    ("early", 429, Is::Page("Erreur : ")),
    ("nocode", 422, Is::Page("Erreur : Recevoir votre code")),
    ("asked", 200, Is::Page("C’est demandé")),
    ("untick", 422, Is::Page("Erreur : ")),
    ("back", 303, Is::To("/l/{ticket}")),
    ("reset", 205, Is::Empty),
    ("in", 303, Is::To("/letter")),
    ("letter", 200, Is::Page("Votre lettre")),
    ("forgot", 200, Is::Page("Ce navigateur n’est plus reconnu")),
    ("shut", 200, Is::Page("La lettre est fermée")),
    ("sent", 303, Is::To("/letter?sent=1")),
    ("lost", 422, Is::Page("Erreur : Votre réponse n’est pas partie")),
    ("zip", 200, Is::Octets("application/zip")),
    ("pdf", 200, Is::Octets("application/pdf")),
    ("png", 200, Is::Octets("image/png")),
    ("foreign", 403, Is::Page("Ouvrez encore le lien")),
    ("closed", 403, Is::Page("La page a été fermée")),
    ("nofile", 403, Is::Octets("text/plain")),
    // The file is no message, the other practice has no logo: a page where one was wanted, text where a file was.
    ("other", 404, Is::Page("Cette page n’existe pas")),
    ("notit", 404, Is::Octets("text/plain")),
    ("nothing", 404, Is::Empty),
];

/// The table, read: a route that is not in it, a line that is no route, a state without an answer all end the test.
fn declared() -> Vec<(&'static Route, Vec<&'static str>)> {
    let mut lines = DECLARED.lines().filter(|line| !line.is_empty()).map(|line| line.split_whitespace());
    let states: Vec<String> = lines.next().unwrap().map(str::to_owned).collect();
    assert_eq!(states, STATES.map(|state| format!("{state:?}")), "a state without a column");
    let mut rows: Vec<(&Route, Vec<&str>)> = Vec::new();
    for mut line in lines {
        let (method, path) = (line.next().unwrap(), line.next().unwrap());
        let route = ROUTES.iter().find(|route| (route.method, route.path) == (method, path));
        let row: Vec<&str> = line.collect();
        assert_eq!(row.len(), STATES.len(), "{method} {path}: a state without an answer");
        rows.push((route.unwrap_or_else(|| panic!("{method} {path} is no route")), row));
    }
    for route in ROUTES {
        let said = rows.iter().filter(|(row, _)| std::ptr::eq(*row, route)).count();
        assert_eq!(said, 1, "{} {}: a route without a declaration", route.method, route.path);
    }
    // What changes the state that it is asked in comes last.
    let last = ["/l/{ticket}/check", "/l/{ticket}/code", "/letter/close"];
    rows.sort_by_key(|(row, _)| last.iter().position(|path| *path == row.path).map_or(0, |at| at + 1));
    rows
}

/// Somebody in a state, towards her letter.
pub struct Somebody {
    state: State,
    browser: Browser,
    /// What the form of an answer sealed, where a page was ever open here.
    draft: Option<String>,
}

impl Somebody {
    pub fn new(state: State, browser: Browser) -> Self {
        Self { state, browser, draft: None }
    }

    /// Who has opened a letter.
    async fn reading(world: &World, state: State, link: &str) -> Self {
        let browser = world.browser();
        let page = opened(world, &browser, link).await;
        assert_eq!(page.url.path(), "/letter", "{}", page.text());
        let draft = page.form("/letter/answer").fields["draft"].clone();
        Self { state, browser, draft: Some(draft) }
    }
}

/// Her letter, and what is known of it to whoever walks the table.
pub struct Walk {
    /// Makes forms as the pages do.
    access: Access,
    base: Url,
    ticket: String,
    style: String,
    /// The right code of whoever asked last.
    code: String,
    /// What a form of an answer sealed for somebody.
    draft: String,
}

impl Walk {
    pub async fn new(world: &World, link: &str) -> Self {
        let clock: std::sync::Arc<dyn Clock> = world.clock.clone();
        let host = world.config.portal_host();
        let page = world.browser().get(link).await;
        let style = page.links().into_iter().find_map(|link| link.strip_prefix("/s/").map(str::to_owned));
        Self {
            access: world.running.rooms.access(clock, std::sync::Arc::new(OsRandom), Gateways::none(), host),
            base: Url::parse(link).unwrap(),
            ticket: link.rsplit('/').next().unwrap().to_owned(),
            style: style.unwrap(),
            code: String::new(),
            draft: String::new(),
        }
    }

    fn path(&self, route: &Route) -> String {
        let path = route.path.replace("{ticket}", &self.ticket).replace("{number}", "0").replace("{inner}", "0");
        let path = path.replace("{style}", &self.style).replace("{send}", &"0".repeat(26)).replace("{tag}", "0123");
        let path = path.replace("{address}", DOCTOR);
        assert!(!path.contains('{'), "{path}");
        match route.guard {
            Guard::Client if route.method == "GET" => format!("{path}?emailaddress={DOCTOR}"),
            _ => path,
        }
    }

    /// One request, as somebody in a state makes it; a form is one of ours for its browser and this route, or of nobody.
    pub async fn ask(&self, of: &Somebody, method: &str, route: &Route, ours: bool) -> Response {
        let path = self.path(route);
        let cookie = of.browser.cookies().get("__Host-pli-browser").and_then(|value| BrowserToken::parse(value));
        let token = self.access.form_token(&cookie.unwrap_or_else(|| BrowserToken::random(&OsRandom)), &path);
        let token = if ours { token } else { "A".repeat(token.len()) };
        let body =
            (method == "POST").then(|| form(route, &token, &self.code, of.draft.as_deref().unwrap_or(&self.draft)));
        of.browser.once(Method::from_bytes(method.as_bytes()).unwrap(), self.base.join(&path).unwrap(), body).await
    }

    /// Every route, as somebody in a state walks it.
    async fn walk(&self, of: &Somebody) {
        let column = STATES.iter().position(|state| *state == of.state).unwrap();
        for (route, row) in declared() {
            let name = format!("{} {} in state {:?}", route.method, route.path, of.state);
            if route.method == "POST" && ![Guard::Provider, Guard::Client].contains(&route.guard) {
                let answer = self.ask(of, "POST", route, false).await;
                assert_eq!(answer.status(), 403, "{name}, with a form that is nobody's");
                self.tells_nothing(of, &name, answer).await;
            }
            for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
                assert_eq!(self.ask(of, method, route, false).await.status(), 405, "{method} for {name}");
            }
            let (_, status, is) = WORDS.iter().find(|word| word.0 == row[column]).expect("a word");
            if route.method == "GET" {
                assert_eq!(self.ask(of, "HEAD", route, false).await.status(), *status, "HEAD for {name}");
            }
            let answer = self.ask(of, route.method, route, true).await;
            assert_eq!(answer.status(), *status, "{name}");
            let said = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let (kind, location) = (said("content-type").unwrap_or_default(), said("location"));
            let octets = self.tells_nothing(of, &name, answer).await;
            let text = String::from_utf8_lossy(&octets).replace('\u{a0}', " ");
            let title = text.split("<title>").nth(1).unwrap_or_default().split("</title>").next().unwrap_or_default();
            match is {
                Is::Page(page) => assert!(title.starts_with(page), "{name}: {page}, and not {title}"),
                Is::Octets(of) => assert!(kind.starts_with(of) && !octets.is_empty(), "{name}: {of}, and not {kind}"),
                Is::To(to) => assert_eq!(location, Some(to.replace("{ticket}", &self.ticket)), "{name}"),
                Is::Empty => assert!(octets.is_empty(), "{name}: {text}"),
            }
            assert!(location.is_none() || matches!(is, Is::To(_)), "{name}: leads to {location:?}");
        }
        for unknown in UNKNOWN {
            let answer = of.browser.once(Method::GET, self.base.join(unknown).unwrap(), None).await;
            assert!(answer.status() == 404 || answer.status() == 403, "{unknown} in state {:?}", of.state);
        }
    }

    /// Nothing of a letter is in what it does not belong to; the octets of the answer.
    async fn tells_nothing(&self, of: &Somebody, name: &str, answer: Response) -> Vec<u8> {
        let headers = format!("{:?}", answer.headers());
        let octets = answer.bytes().await.unwrap().to_vec();
        let text = headers + &String::from_utf8_lossy(&octets);
        let hers = [letters::SUBJECT, letters::BODY, letters::FILE, "Martin", "Jeanne", "06 12"];
        let his = [HIS, "Noir", "Paul", "06 98"];
        for word in hers.into_iter().filter(|_| of.state != State::Verified) {
            assert!(!text.contains(word), "{name}: {word}");
        }
        for word in his.into_iter().filter(|_| of.state != State::Other) {
            assert!(!text.contains(word), "{name}: {word}");
        }
        octets
    }
}

/// The form of a route, as its page would send it.
fn form(route: &Route, token: &str, code: &str, draft: &str) -> Body {
    match route.path.rsplit('/').next().unwrap() {
        "autodiscover.xml" => ("text/xml".to_owned(), pox(DOCTOR).into_bytes()),
        "code" => browser::in_pairs(Form::of(&[("token", token), ("channel", "sms")])),
        "check" => browser::in_pairs(Form::of(&[("token", token), ("code", code)])),
        "answer" => browser::in_parts(browser::parts(&Form::of(&[("token", token), ("draft", draft)]), "Bonjour", &[])),
        _ => browser::in_pairs(Form::of(&[("token", token)])),
    }
}

/// What Outlook asks.
pub fn pox(address: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover \
         xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\"><Request>\
         <EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>\
         http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
         </AcceptableResponseSchema></Request></Autodiscover>"
    )
}

/// What nobody has put there.
const UNKNOWN: [&str; 8] = [
    "/admin",
    "/l/x/y/z",
    "/letter/file",
    "/letter/../etc/passwd",
    "/letter/file/99",
    "/letter/file/-1",
    "/.env",
    "/metrics",
];

/// The subject of a letter of another practice.
const HIS: &str = "Bilan de Paul";

/// A letter of another practice, to Paul: its link.
pub async fn of_another_practice(world: &World, files: &[&[u8]]) -> String {
    let (deliveries, mailboxes) = (&world.running.rooms.deliveries, &world.running.rooms.mailboxes);
    let other = pli::domain::PracticeProfile {
        name: "bastide".to_owned(),
        public_name: "Cabinet de la Bastide".to_owned(),
        telephone: "01 99 00 56 78".to_owned(),
        ..profile()
    };
    let practice = deliveries.add_practice(other).await.unwrap();
    deliveries.add_domain(practice, "bastide.example".parse().unwrap()).await.unwrap();
    let doctor = mailbox("dr.noir@bastide.example", "Dr Irène Noir");
    let doctor = mailboxes.add(doctor, world.running.rooms.recovery.as_ref()).await.unwrap();
    let record = PatientRecord {
        name: PersonName("Paul Canari".to_owned()),
        address: PAUL.parse().unwrap(),
        number: deliveries.read_number(&profile(), "06 98 76 54 32").unwrap(),
        language: None,
        channel: None,
        birth_date: None,
    };
    deliveries
        .add_patient(practice, PatientKind::Patient, record, &pli::delivery::persons::Filing::default())
        .await
        .unwrap();
    let mut letter = format!(
        "From: dr.noir@bastide.example\r\nTo: {PAUL}\r\nSubject: {HIS}\r\nMessage-ID: <noir@bastide.example>\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nVoici.\r\n"
    );
    for file in files {
        letter.push_str(
            "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=bilan.pdf\r\n\r\n",
        );
        for line in data_encoding::BASE64.encode(file).as_bytes().chunks(76) {
            letter.push_str(std::str::from_utf8(line).unwrap());
            letter.push_str("\r\n");
        }
    }
    letter.push_str("--b--\r\n");
    let before = world.relay.caught().len();
    let client = world.client("dr.noir@bastide.example", &doctor.device.password.reveal());
    let (from, to) = ("dr.noir@bastide.example".parse().unwrap(), [PAUL.parse().unwrap()]);
    client.submit(&from, &to, letter.as_bytes()).await.unwrap();
    world.notices(before + 1).await.pop().unwrap().link()
}

async fn fault_06_fault_07_every_route_in_every_state(world: World) {
    logo::set(&world, world.practice, pli::portal::SAMPLE_LOGO).await;
    let (_, link) = sent(&world, &letters::pdf(100_000)).await;
    let hers = world.state(DeliveryState::Notified).await.id;
    let file = [format!("%PDF-1.7 {HIS}\n").as_bytes(), &vec![b'x'; 70_000]].concat();
    let his = of_another_practice(&world, &[&file]).await;
    let lapsed = Somebody::reading(&world, State::Lapsed, &link).await;
    world.pass(Duration::from_secs(2 * 3600));
    let recalled = Somebody::reading(&world, State::Recalled, &link).await;
    let verified = Somebody::reading(&world, State::Verified, &link).await;
    let other = Somebody::reading(&world, State::Other, &his).await;
    let (ticket, waiting) = (world.browser(), world.browser());
    ticket.get(&link).await;
    other.browser.get(&link).await;
    asked(&waiting, &link).await;
    let mut walk = Walk::new(&world, &link).await;
    walk.code = world.gateway.last().code();
    walk.draft = verified.draft.clone().unwrap();
    walk.walk(&Somebody::new(State::None, world.browser())).await;
    walk.walk(&Somebody::new(State::Ticket, ticket)).await;
    walk.walk(&Somebody::new(State::Asked, waiting)).await;
    for of in [&verified, &lapsed, &other] {
        walk.walk(of).await;
    }
    world.running.rooms.deliveries.recall(hers).await.unwrap();
    walk.walk(&recalled).await;
    // And once its keys are destroyed.
    world.pass(Duration::from_secs(601));
    world.running.rooms.deliveries.run_recalls().await.unwrap();
    walk.walk(&recalled).await;

    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, letters::SUBJECT, &letters::pdf(100_000))).await.unwrap();
    let link = world.notices(3).await.pop().unwrap().link();
    world.pass(Duration::from_secs(30 * 86_400 - 600));
    let expired = Somebody::reading(&world, State::Expired, &link).await;
    let walk = Walk { code: world.gateway.last().code(), draft: walk.draft, ..Walk::new(&world, &link).await };
    world.pass(Duration::from_secs(601));
    walk.walk(&expired).await;
    world.running.rooms.deliveries.sweep().await.unwrap();
    walk.walk(&expired).await;
    world.running.stop().await;
}

async fn fault_12_one_session_opens_one_delivery(world: World) {
    let (_, hers) = sent(&world, &letters::pdf(100_000)).await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    world.submit(&[PAUL], &letters::thunderbird(PAUL, "Paul seul", &letters::pdf(70_000))).await.unwrap();
    let his = world.notices(2).await.pop().unwrap().link();
    let (jeanne, paul) = (world.browser(), world.browser());
    let her_page = opened(&world, &jeanne, &hers).await;
    let his_page = opened(&world, &paul, &his).await;
    assert!(her_page.text().contains(letters::SUBJECT) && !her_page.text().contains("Paul seul"));
    assert!(his_page.text().contains("Paul seul") && !his_page.text().contains(letters::SUBJECT));
    // His code does not open her link: the challenge is the delivery's.
    let thief = world.browser();
    thief.set_cookies(paul.cookies());
    let page = thief.get(&hers).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/check")), "{}", page.text());
    // Forms of one page do not fit the other.
    let theirs = her_page.form("/letter/close");
    assert_eq!(paul.submit(&his_page, theirs).await.status, 403, "a form of another browser");
    assert_eq!(jeanne.follow(&her_page, "/letter").await.status, 200, "and she is not signed out");
    world.running.stop().await;
}

/// Each id that a request names, with one of another practice's letter in its place.
async fn fault_12_every_id_of_another_practice(world: World) {
    let (_, hers) = sent(&world, &letters::pdf(100_000)).await;
    let his = of_another_practice(&world, &[&letters::pdf(5_000), &letters::pdf(6_000), &letters::pdf(7_000)]).await;
    let jeanne = Somebody::reading(&world, State::Verified, &hers).await;
    let paul = Somebody::reading(&world, State::Other, &his).await;
    let (hers, his) = (Walk::new(&world, &hers).await, Walk::new(&world, &his).await);
    let get = async |of: &Somebody, path: &str| {
        of.browser.once(Method::GET, hers.base.join(path).unwrap(), None).await.status().as_u16()
    };
    // The number of a file: her letter has one, his has three.
    for (number, to_her) in [(0, 200), (1, 404), (2, 404), (3, 404)] {
        let to_him = if number < 3 { 200 } else { 404 };
        for path in [format!("/letter/file/{number}"), format!("/letter/file/{number}/save")] {
            assert_eq!((get(&jeanne, &path).await, get(&paul, &path).await), (to_her, to_him), "{path}");
        }
    }
    // The ticket, the token, the browser, the page, the draft: of each form of hers, one after the other.
    let cookie = |of: &Somebody, name: &str| of.browser.cookies()[name].clone();
    let token = |of: &Somebody, path: &str| {
        let browser = BrowserToken::parse(&cookie(of, "__Host-pli-browser")).unwrap();
        hers.access.form_token(&browser, path)
    };
    let post = async |cookies: [String; 2], path: &str, form: Body| {
        let browser = world.browser();
        let names = ["__Host-pli-browser".to_owned(), "__Host-pli-letter".to_owned()];
        browser.set_cookies(names.into_iter().zip(cookies).collect());
        browser.once(Method::POST, hers.base.join(path).unwrap(), Some(form)).await.status().as_u16()
    };
    // What mail clients ask for their settings is no form: it has no token, and is the same for all.
    let is_form = |route: &&Route| route.method == "POST" && !matches!(route.guard, Guard::Provider | Guard::Client);
    for route in ROUTES.iter().filter(is_form) {
        let (ours, theirs) = (hers.path(route), his.path(route));
        let own = [cookie(&jeanne, "__Host-pli-browser"), cookie(&jeanne, "__Host-pli-letter")];
        let form = |of: &Somebody, token: &str| form(route, token, "000000", of.draft.as_deref().unwrap());
        if ours != theirs {
            let swapped = post(own.clone(), &theirs, form(&jeanne, &token(&jeanne, &ours))).await;
            assert_eq!(swapped, 403, "his ticket in {}", route.path);
            let swapped = post(own.clone(), &ours, form(&jeanne, &token(&jeanne, &theirs))).await;
            assert_eq!(swapped, 403, "the token of his link in {}", route.path);
        }
        let swapped = post(own.clone(), &ours, form(&jeanne, &token(&paul, &ours))).await;
        assert_eq!(swapped, 403, "his token in {}", route.path);
        let cookies = [cookie(&paul, "__Host-pli-browser"), own[1].clone()];
        let swapped = post(cookies, &ours, form(&jeanne, &token(&jeanne, &ours))).await;
        assert_eq!(swapped, 403, "his browser in {}", route.path);
        if route.guard == Guard::Form {
            let swapped = post(own.clone(), &ours, form(&paul, &token(&jeanne, &ours))).await;
            assert_eq!(swapped, 403, "his draft in {}", route.path);
            // His page in her browser: her answer is hers all the same, and waits for a code of her letter.
            let cookies = [own[0].clone(), cookie(&paul, "__Host-pli-letter")];
            let swapped = post(cookies, &ours, form(&jeanne, &token(&jeanne, &ours))).await;
            assert_eq!(swapped, 303, "his page in {}", route.path);
            assert_eq!(world.count("SELECT COUNT(*) FROM replies WHERE delivered_at IS NOT NULL").await, 0);
        }
    }
    assert_eq!((get(&jeanne, "/letter").await, get(&paul, "/letter").await), (200, 200), "nobody is signed out");
    world.running.stop().await;
}

async fn fault_37_no_header_changes_where_links_lead(world: World) {
    let (_, link) = sent(&world, b"").await;
    assert!(link.starts_with(&format!("https://127.0.0.1:{}/l/", world.running.portal.unwrap().port())));
    let browser = world.browser();
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("x-forwarded-for", "1.2.3.4"),
    ];
    let page = browser.get_with(&link, &forged).await;
    assert!(!page.text().contains("evil.example") && page.status == 200);
    for link in page.links() {
        assert!(
            link.starts_with('/') || link.starts_with('?') || link.starts_with('#') || link.starts_with("tel:"),
            "{link}"
        );
    }
    world.running.stop().await;
}

async fn a_page_is_prolonged_and_closed(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    world.pass(std::time::Duration::from_secs(50 * 60));
    let page = browser.submit(&page, page.form("/letter/prolong")).await;
    assert_eq!(page.status, 200);
    world.pass(std::time::Duration::from_secs(65 * 60));
    let page = browser.follow(&page, "/letter").await;
    assert_eq!(page.status, 200, "an hour was added");
    browser.submit(&page, page.form("/letter/close")).await;
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "closed");
    let page = opened(
        &world,
        &{
            world.pass(std::time::Duration::from_secs(61));
            world.browser()
        },
        &link,
    )
    .await;
    assert_eq!(page.url.path(), "/letter", "and opened again with a new code");
    world.pass(std::time::Duration::from_secs(61 * 60));
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "an hour after the last request");
    world.running.stop().await;
}
