//! A browser without JavaScript: pages, forms, cookies, and a reader of what a page shows.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Url};

/// What came back, after the redirects a browser follows.
pub struct Page {
    pub status: u16,
    pub url: Url,
    pub headers: HeaderMap,
    pub octets: Vec<u8>,
}

impl Page {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }

    /// The forms of the page: action, method, fields with their preset values.
    pub fn forms(&self) -> Vec<Form> {
        let text = self.text();
        text.split("<form").skip(1).map(|form| Form::read(form.split("</form").next().unwrap())).collect()
    }

    /// The one form whose action ends so.
    pub fn form(&self, ending: &str) -> Form {
        let forms = self.forms();
        let found = forms.iter().find(|form| form.action.ends_with(ending));
        found.unwrap_or_else(|| panic!("no form ends in {ending}: {}", self.text())).clone()
    }

    /// Where the links of the page lead.
    pub fn links(&self) -> Vec<String> {
        let text = self.text();
        text.split("href=\"").skip(1).map(|link| link.split('"').next().unwrap().replace("&amp;", "&")).collect()
    }
}

#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
    /// The choices of radio buttons, none of them preset.
    pub choices: Vec<(String, String)>,
}

impl Form {
    fn read(form: &str) -> Self {
        let attribute = |tag: &str, name: &str| {
            let from = tag.split(&format!(" {name}=\"")).nth(1)?;
            Some(from.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&"))
        };
        let mut read = Self {
            action: attribute(&format!(" {}", form.split('>').next().unwrap()), "action").unwrap_or_default(),
            fields: BTreeMap::new(),
            choices: Vec::new(),
        };
        for tag in form.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("button")) {
            let tag = tag.split('>').next().unwrap();
            let Some(name) = attribute(tag, "name") else { continue };
            let value = attribute(tag, "value").unwrap_or_default();
            if tag.contains("type=\"radio\"") {
                assert!(!tag.contains("checked"), "nothing is preselected");
                read.choices.push((name, value));
            } else if tag.contains("type=\"checkbox\"") {
                // One that nobody ticks is not sent.
                assert!(!tag.contains("checked"), "nothing is ticked");
            } else if tag.starts_with("button") {
                read.choices.push((name, value));
            } else {
                read.fields.insert(name, value);
            }
        }
        read
    }

    /// A form of somebody's own making.
    pub fn of(fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { action: String::new(), fields, choices: Vec::new() }
    }

    /// The form with a field filled in.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
pub const BOUNDARY: &str = "----WebKitFormBoundaryX7a";

/// The body of a form with files; each file with its field, its name, and its octets.
pub fn parts(form: &Form, text: &str, files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut field = |head: String, octets: &[u8]| {
        body.extend_from_slice(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
        body.extend_from_slice(octets);
        body.extend_from_slice(b"\r\n");
    };
    for name in ["token", "draft"] {
        field(format!("name=\"{name}\""), form.fields[name].as_bytes());
    }
    field("name=\"text\"".to_owned(), text.as_bytes());
    for of in ["files", "other"] {
        let mut chosen = files.iter().filter(|(field, ..)| *field == of).peekable();
        if chosen.peek().is_none() {
            // What browsers send where nothing was chosen.
            field(format!("name=\"{of}\"; filename=\"\"\r\nContent-Type: application/octet-stream"), b"");
        }
        for (_, name, octets) in chosen {
            let kind = if name.ends_with(".pdf") { "application/pdf" } else { "application/octet-stream" };
            field(format!("name=\"{of}\"; filename=\"{name}\"\r\nContent-Type: {kind}"), octets);
        }
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A body and its type.
pub type Body = (String, Vec<u8>);

/// Parts of a form as a body.
pub fn in_parts(parts: Vec<u8>) -> Body {
    (format!("multipart/form-data; boundary={BOUNDARY}"), parts)
}

/// The fields of a form as a body.
pub fn in_pairs(form: Form) -> Body {
    let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form.fields).finish();
    (FORM.to_owned(), pairs.into_bytes())
}

pub struct Browser {
    client: Client,
    /// A connection for each answer.
    slow: Client,
    cookies: Mutex<BTreeMap<String, String>>,
    /// `Accept-Language`, where its user has set one.
    languages: Option<String>,
}

impl Browser {
    pub fn new(authority: &std::path::Path) -> Self {
        let pem = std::fs::read(authority).unwrap();
        let authority = reqwest::Certificate::from_pem(&pem).unwrap();
        let client =
            || Client::builder().tls_certs_only([authority.clone()]).redirect(reqwest::redirect::Policy::none());
        let slow = client().http1_only().build().unwrap();
        Self { client: client().build().unwrap(), slow, cookies: Mutex::default(), languages: None }
    }

    /// The same browser with its languages set.
    pub fn set_to(mut self, languages: &str) -> Self {
        self.languages = Some(languages.to_owned());
        self
    }

    pub async fn get(&self, url: &str) -> Page {
        self.go(Method::GET, Url::parse(url).unwrap(), None, &[]).await
    }

    /// A GET with further header fields.
    pub async fn get_with(&self, url: &str, headers: &[(&str, &str)]) -> Page {
        self.go(Method::GET, Url::parse(url).unwrap(), None, headers).await
    }

    /// An answer whose body is read later, or never: on a connection of its own, so that it holds up nothing else.
    pub async fn open(&self, url: Url, headers: &[(&str, &str)]) -> reqwest::Result<reqwest::Response> {
        let cookies: Vec<String> = self.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.slow.get(url).header(COOKIE, cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }

    /// What is said of an answer, without it.
    pub async fn head(&self, url: Url) -> reqwest::Response {
        let cookies: Vec<String> = self.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.slow.head(url).header(COOKIE, cookies.join("; ")).send().await.unwrap()
    }

    pub async fn submit(&self, page: &Page, form: Form) -> Page {
        let url = page.url.join(&form.action).unwrap();
        self.go(Method::POST, url, Some(in_pairs(form)), &[]).await
    }

    /// Sends a form with files as browsers do (RFC 7578): the fields in the order of the page, then the files.
    pub async fn answer(&self, page: &Page, form: &Form, text: &str, files: &[(&str, &str, &[u8])]) -> Page {
        let url = page.url.join(&form.action).unwrap();
        self.go(Method::POST, url, Some(in_parts(parts(form, text, files))), &[]).await
    }

    /// Sends the parts of a form, whatever they are.
    pub async fn post_parts(&self, page: &Page, action: &str, parts: Vec<u8>) -> Page {
        self.go(Method::POST, page.url.join(action).unwrap(), Some(in_parts(parts)), &[]).await
    }

    /// One request and what is answered: nothing is followed, and no cookie is kept of it.
    pub async fn once(&self, method: Method, url: Url, body: Option<Body>) -> reqwest::Response {
        let cookies: Vec<String> = self.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, url);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some((kind, octets)) = body {
            request = request.header(CONTENT_TYPE, kind).body(octets);
        }
        request.send().await.unwrap()
    }

    pub async fn follow(&self, page: &Page, link: &str) -> Page {
        self.go(Method::GET, page.url.join(link).unwrap(), None, &[]).await
    }

    /// The cookies, as a thief would copy them.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().unwrap().clone()
    }

    pub fn set_cookies(&self, cookies: BTreeMap<String, String>) {
        *self.cookies.lock().unwrap() = cookies;
    }

    async fn go(&self, method: Method, url: Url, form: Option<Body>, headers: &[(&str, &str)]) -> Page {
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..10 {
            let mut request = self.client.request(method.clone(), url.clone());
            let cookies: Vec<String> =
                self.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies.join("; "));
            }
            if let Some(languages) = &self.languages {
                request = request.header(ACCEPT_LANGUAGE, languages);
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some((kind, octets)) = &form {
                request = request.header(CONTENT_TYPE, kind).body(octets.clone());
            }
            let answer = request.send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap();
                for demand in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                    assert!(cookie.contains(demand), "{demand} in {cookie}");
                }
                let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
                let gone = value.is_empty() || cookie.contains("Max-Age=0");
                let mut cookies = self.cookies.lock().unwrap();
                if gone {
                    cookies.remove(name)
                } else {
                    cookies.insert(name.to_owned(), value.to_owned())
                };
            }
            if answer.status().is_redirection() {
                url = url.join(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
                (method, form) = (Method::GET, None);
                continue;
            }
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            return Page { status, url, headers, octets: answer.bytes().await.unwrap().to_vec() };
        }
        panic!("redirected for ever");
    }
}
