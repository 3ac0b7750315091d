//! A patient and their browser: what is asked for, and what must come back.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use mail_parser::{MessageParser, MimeHeaders as _};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, Method, Url};

use crate::imap::client::Outcome;

/// A connection to the portal that is kept (HTTP/1.1: one at a time).
pub struct Connection {
    client: Client,
    portal: String,
    authority: PathBuf,
}

impl Connection {
    pub fn new(portal: String, authority: &Path) -> Outcome<Self> {
        let certificate = Certificate::from_pem(&std::fs::read(authority)?)?;
        let client = Client::builder().tls_certs_only([certificate]).redirect(reqwest::redirect::Policy::none());
        Ok(Self { client: client.http1_only().build()?, portal, authority: authority.to_owned() })
    }

    /// One more.
    pub fn another(&self) -> Outcome<Self> {
        Self::new(self.portal.clone(), &self.authority)
    }
}

/// What a patient does.
#[derive(Clone, Copy)]
pub enum Step {
    /// Looks at the page of the link, in a browser that never was there.
    Link,
    /// The same, on a connection of its own.
    Fresh,
    /// Asks for a code by a short message.
    Ask,
    /// Types a code that is not the right one.
    Wrong,
    /// Types the right one.
    Right,
    /// Reads the letter.
    Letter,
    /// Saves its file.
    Save,
}

pub struct Visitor {
    n: usize,
    number: String,
    /// The path of the link.
    link: String,
    /// What is in the file of the letter.
    file: Vec<u8>,
    code: String,
    cookies: BTreeMap<String, String>,
    /// The token of the form that comes next.
    token: String,
    /// Where the file is.
    save: String,
}

struct Answer {
    location: String,
    octets: Vec<u8>,
}

impl Visitor {
    /// Who has this number and got this link to this letter.
    pub fn new(n: usize, number: String, link: &str, letter: &[u8]) -> Outcome<Self> {
        let letter = MessageParser::default().parse(letter).ok_or("no message")?;
        let file = letter.attachments().find(|part| part.attachment_name().is_some()).ok_or("no file")?;
        Ok(Self {
            n,
            number,
            link: Url::parse(link)?.path().to_owned(),
            file: file.contents().to_vec(),
            code: String::new(),
            cookies: BTreeMap::new(),
            token: String::new(),
            save: String::new(),
        })
    }

    /// Takes the code that was sent to the number.
    pub fn hear(&mut self, codes: &HashMap<String, String>) {
        self.code = codes.get(&self.number).cloned().unwrap_or_default();
    }

    pub async fn take(&mut self, step: Step, connection: &Connection) -> Outcome<()> {
        match step {
            Step::Link => self.look(connection).await,
            Step::Fresh => self.look(&connection.another()?).await,
            Step::Ask => {
                let token = self.token.clone();
                let form = [("token", token.as_str()), ("channel", "sms")];
                let answer = self.go(connection, &format!("{}/code", self.link), Some(&form), 303).await?;
                wanted(answer.location == self.link, "the way back to the link")?;
                let page = self.go(connection, &self.link.clone(), None, 200).await?.text();
                self.token = token_of(&page, &format!("{}/check", self.link))?;
                Ok(())
            }
            Step::Wrong => {
                let code: u32 = self.code.parse().map_err(|_| "no code came")?;
                let page = self.check(connection, &format!("{:06}", (code + 1) % 1_000_000), 422).await?.text();
                self.token = token_of(&page, &format!("{}/check", self.link))?;
                wanted(!self.cookies.contains_key(LETTER), "no open page")
            }
            Step::Right => {
                let answer = self.check(connection, &self.code.clone(), 303).await?;
                wanted(answer.location == "/letter" && self.cookies.contains_key(LETTER), "an open page")
            }
            Step::Letter => {
                let page = self.go(connection, "/letter", None, 200).await?.text();
                wanted(page.contains(&format!("Voici le document {}.", self.n)), "this patient's letter")?;
                let save = page.split("href=\"").find(|link| link.contains("/save?"));
                let save = save.and_then(|link| link.split('"').next()).ok_or("no file to save")?;
                self.save = save.replace("&amp;", "&");
                Ok(())
            }
            Step::Save => {
                let answer = self.go(connection, &self.save.clone(), None, 200).await?;
                wanted(answer.octets == self.file, "the file that was sent")
            }
        }
    }

    async fn look(&mut self, connection: &Connection) -> Outcome<()> {
        self.cookies.clear();
        let page = self.go(connection, &self.link.clone(), None, 200).await?.text();
        self.token = token_of(&page, &format!("{}/code", self.link))?;
        wanted(page.contains("name=\"channel\" value=\"sms\""), "a choice of short messages")
    }

    async fn check(&mut self, connection: &Connection, code: &str, status: u16) -> Outcome<Answer> {
        let token = self.token.clone();
        self.go(connection, &format!("{}/check", self.link), Some(&[("token", &token), ("code", code)]), status).await
    }

    /// One request; what is answered, with this status.
    async fn go(
        &mut self,
        connection: &Connection,
        path: &str,
        form: Option<&[(&str, &str)]>,
        status: u16,
    ) -> Outcome<Answer> {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = connection.client.request(method, format!("{}{path}", connection.portal));
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(form) = form {
            request = request.form(form);
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.ok_or("a cookie without a name")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let said = answer.status().as_u16();
        let location = answer.headers().get(LOCATION).map_or(Ok(""), |location| location.to_str())?.to_owned();
        let octets = answer.bytes().await?.to_vec();
        if said != status {
            return Err(format!("{status} was wanted, and {said} came: {}", String::from_utf8_lossy(&octets)).into());
        }
        Ok(Answer { location, octets })
    }
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }
}

fn wanted(there: bool, what: &str) -> Outcome<()> {
    if there { Ok(()) } else { Err(format!("wanted and not there: {what}").into()) }
}

/// The token of the form that leads there.
fn token_of(page: &str, action: &str) -> Outcome<String> {
    let form = page.split("<form").find(|form| form.contains(&format!("action=\"{action}\"")));
    let token =
        form.and_then(|form| form.split("name=\"token\" value=\"").nth(1)).and_then(|rest| rest.split('"').next());
    token.map(str::to_owned).ok_or_else(|| format!("no form leads to {action}: {page}").into())
}

/// The cookie of an open page.
const LETTER: &str = "__Host-pli-letter";
