//! The patient of `demo --once`: a small browser that knows forms, links and cookies, and nothing of the server.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, Url};

use crate::domain::OneTimeCode;

use super::super::Stop;

/// Somebody with a browser.
pub(super) struct Patient {
    client: Client,
    cookies: BTreeMap<String, String>,
    page: Page,
}

/// What the browser shows.
struct Page {
    url: Option<Url>,
    octets: Vec<u8>,
}

impl Patient {
    /// A browser that trusts the demonstration's authority and nobody else.
    pub(super) fn new(authority: &Path) -> Result<Self, Stop> {
        let pem = std::fs::read(authority)?;
        let client = reqwest::Certificate::from_pem(&pem).and_then(|authority| {
            Client::builder()
                .tls_certs_only([authority])
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .timeout(super::PATIENCE)
                .build()
        });
        let client = client.map_err(|_| Stop::because("the demonstration's browser does not start"))?;
        Ok(Self { client, cookies: BTreeMap::new(), page: Page { url: None, octets: Vec::new() } })
    }

    /// Opens the link and asks for a code by SMS.
    pub(super) async fn ask(&mut self, link: &str) -> Result<(), Stop> {
        let link = Url::parse(link).map_err(|_| Stop::because("the link is not a URL"))?;
        self.go(Method::GET, link, None).await?;
        self.fill("/code", ("channel", "sms")).await
    }

    /// Types the code of the SMS, reads the letter (`word` is in it), and downloads its first file.
    pub(super) async fn read(&mut self, sms: &str, word: &str) -> Result<Vec<u8>, Stop> {
        // A telephone fills in what stands behind the last `#` (WebOTP); an address before it has digits of its own.
        let typed = sms.rsplit('#').next().unwrap_or_default();
        let code = OneTimeCode::parse(typed).ok_or_else(|| Stop::because("the SMS has no code"))?;
        self.fill("/check", ("code", code.reveal())).await?;
        let page = self.page.text();
        if !page.contains(word) {
            return Err(Stop::because("the letter is not on the page"));
        }
        let link = tags(&page, "a").into_iter().find_map(|a| a.get("href").filter(|to| to.contains("/save?")).cloned());
        let link = link.ok_or_else(|| Stop::because("the letter has no file"))?;
        let url = self.page.join(&link)?;
        self.go(Method::GET, url, None).await?;
        Ok(std::mem::take(&mut self.page.octets))
    }

    /// Submits the form whose action ends with `action`, with its hidden fields and one of ours.
    async fn fill(&mut self, action: &str, field: (&str, &str)) -> Result<(), Stop> {
        let page = self.page.text();
        let form = page.split("<form").skip(1).find_map(|rest| {
            let form = rest.split("</form").next()?;
            let to = attributes(form.split('>').next()?).remove("action")?;
            to.ends_with(action).then(|| (to, form.to_owned()))
        });
        let (to, form) = form.ok_or_else(|| Stop::because(format!("the page has no form for {action}")))?;
        let mut fields: Vec<(String, String)> = tags(&form, "input")
            .into_iter()
            .filter(|input| input.get("type").is_some_and(|kind| kind == "hidden"))
            .filter_map(|mut input| Some((input.remove("name")?, input.remove("value")?)))
            .collect();
        fields.push((field.0.to_owned(), field.1.to_owned()));
        let url = self.page.join(&to)?;
        self.go(Method::POST, url, Some(&fields)).await
    }

    /// One request, and the redirections behind it.
    async fn go(&mut self, method: Method, url: Url, form: Option<&[(String, String)]>) -> Result<(), Stop> {
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..5 {
            let mut request = self.client.request(method.clone(), url.clone());
            if !self.cookies.is_empty() {
                let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
                request = request.header(COOKIE, all.join("; "));
            }
            if let Some(form) = form {
                request = request.header(ORIGIN, url.origin().ascii_serialization()).form(form);
            }
            let answer = request.send().await.map_err(|_| Stop::because("the portal does not answer"))?;
            for cookie in answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
                if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                    self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
                }
            }
            if answer.status().is_redirection() {
                let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
                url = url.join(to).map_err(|_| Stop::because("the portal sends the browser nowhere"))?;
                (method, form) = (Method::GET, None);
                continue;
            }
            if !answer.status().is_success() {
                return Err(Stop::because(format!("the portal answers {}", answer.status().as_u16())));
            }
            let octets = answer.bytes().await.map_err(|_| Stop::because("the portal breaks off"))?.to_vec();
            self.page = Page { url: Some(url), octets };
            return Ok(());
        }
        Err(Stop::because("the portal sends the browser in circles"))
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }

    fn join(&self, to: &str) -> Result<Url, Stop> {
        let url = self.url.as_ref().and_then(|url| url.join(to).ok());
        url.ok_or_else(|| Stop::because("a link of the page leads nowhere"))
    }
}

/// The attributes of every tag of that name.
fn tags(html: &str, name: &str) -> Vec<BTreeMap<String, String>> {
    let open = format!("<{name} ");
    html.split(open.as_str()).skip(1).filter_map(|rest| rest.split('>').next()).map(attributes).collect()
}

/// `name="value"` pairs of a tag.
fn attributes(tag: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let Some((value, behind)) = after.split_once('"') else { break };
        let name = before.rsplit([' ', '\n', '\t']).next().unwrap_or_default();
        found.insert(name.to_owned(), unescape(value));
        rest = behind;
    }
    found
}

fn unescape(text: &str) -> String {
    let text = text.replace("&#38;", "&amp;").replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&lt;", "<").replace("&#60;", "<").replace("&gt;", ">").replace("&#62;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_reads_it() {
        let html = r#"<form class="card" method="post" action="/l/x/code"><input type="hidden" name="token" value="a&amp;b"><input type="radio" name="channel" value="sms"></form><a class="button" href="/letter/file/0/save">"#;
        assert_eq!(tags(html, "input")[0]["value"], "a&b");
        assert_eq!(tags(html, "a")[0]["href"], "/letter/file/0/save");
        assert_eq!(attributes("class=\"card\" action=\"/l/x/code\"")["action"], "/l/x/code");
    }
}
