//! Where mail clients find their server: accounts that set themselves up.
//!
//! Thunderbird asks for its configuration file (Autoconfig, `config-v1.1`), Outlook for Autodiscover (POX), telephones of
//! Apple open a profile, which is signed as the pages are. Each gets the same answer for every address of a domain of
//! ours, whether there is such a mailbox or not, and nothing for another domain; nobody is asked for a password, since
//! Outlook would send it, and none is in an answer. Nothing is changed by any of them.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::domain::{Address, DomainName, Fault};

use super::{Portal, plain};

/// The doors that a mail client is told of: names and ports as they are reached from outside.
#[derive(Debug, Clone, Default)]
pub struct MailServer {
    /// Its name.
    pub hostname: String,
    /// The pages, `https://host`, without a slash at the end.
    pub url: String,
    /// The port of submission with implicit TLS, where it is open.
    pub submissions: Option<u16>,
    /// Of submission with STARTTLS.
    pub submission: Option<u16>,
    /// Of IMAP with implicit TLS.
    pub imaps: Option<u16>,
    /// Of IMAP with STARTTLS.
    pub imap: Option<u16>,
}

/// A port, and whether TLS is there from the first octet.
type Door = (u16, bool);

impl MailServer {
    /// How it is read from and written to, the better way first (RFC 8314 §3); `None` where one of both is closed.
    fn doors(&self) -> Option<(Vec<Door>, Vec<Door>)> {
        let both = |implicit: Option<u16>, starttls: Option<u16>| -> Vec<Door> {
            implicit.map(|port| (port, true)).into_iter().chain(starttls.map(|port| (port, false))).collect()
        };
        let doors = (both(self.imaps, self.imap), both(self.submissions, self.submission));
        (!doors.0.is_empty() && !doors.1.is_empty()).then_some(doors)
    }
}

#[derive(Template)]
#[template(path = "portal/setup/autoconfig.xml", escape = "html")]
struct Autoconfig<'a> {
    domain: &'a str,
    hostname: &'a str,
    incoming: Vec<(u16, &'static str)>,
    outgoing: Vec<(u16, &'static str)>,
}

#[derive(Template)]
#[template(path = "portal/setup/autodiscover.xml", escape = "html")]
struct Autodiscover<'a> {
    hostname: &'a str,
    address: Option<String>,
    protocols: Vec<(&'static str, u16, &'static str)>,
}

#[derive(Template)]
#[template(path = "portal/setup/apple.xml", escape = "html")]
struct Apple<'a> {
    address: String,
    hostname: &'a str,
    incoming: u16,
    outgoing: u16,
    identifier: String,
    account: String,
    profile: String,
}

/// `GET /mail/config-v1.1.xml` and `GET /.well-known/autoconfig/mail/config-v1.1.xml`
pub(super) async fn autoconfig(
    State(portal): State<Portal>,
    uri: Uri,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let domain = match asked(query.as_deref()) {
        Some(address) => Some(address.domain().clone()),
        None => host(&uri, &headers),
    };
    answer(&portal, domain, |server, domain| {
        let (incoming, outgoing) = server.doors()?;
        let named = |doors: Vec<Door>| {
            let named = |(port, implicit): Door| (port, if implicit { "SSL" } else { "STARTTLS" });
            doors.into_iter().map(named).collect()
        };
        let page = Autoconfig {
            domain: domain.as_str(),
            hostname: &server.hostname,
            incoming: named(incoming),
            outgoing: named(outgoing),
        };
        xml(page.render())
    })
    .await
}

/// `POST /autodiscover/autodiscover.xml`
pub(super) async fn autodiscover(State(portal): State<Portal>, body: String) -> Response {
    // What is asked of mail in other ways, ActiveSync among them, is not spoken here.
    if element(&body, "AcceptableResponseSchema").is_some_and(|schema| !schema.contains(OUTLOOK)) {
        return ([(header::CONTENT_TYPE, XML)], OTHER_SCHEMA).into_response();
    }
    let address = element(&body, "EMailAddress").and_then(|address| address.parse().ok());
    discover(&portal, None, address).await
}

/// `GET /autodiscover/autodiscover.xml`: what a browser, or a client that only looks, finds there.
pub(super) async fn autodiscover_seen(
    State(portal): State<Portal>,
    uri: Uri,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    discover(&portal, host(&uri, &headers), asked(query.as_deref())).await
}

async fn discover(portal: &Portal, domain: Option<DomainName>, address: Option<Address>) -> Response {
    let domain = address.as_ref().map(|address| address.domain().clone()).or(domain);
    answer(portal, domain, |server, _| {
        let (incoming, outgoing) = server.doors()?;
        let first = |kind: &'static str, doors: Vec<Door>| {
            let (port, implicit) = doors.into_iter().next()?;
            Some((kind, port, if implicit { "SSL" } else { "TLS" }))
        };
        let page = Autodiscover {
            hostname: &server.hostname,
            address: address.map(|address| address.reveal()),
            protocols: [first("IMAP", incoming), first("SMTP", outgoing)].into_iter().flatten().collect(),
        };
        xml(page.render())
    })
    .await
}

/// `GET /autodiscover/autodiscover.json`: where the answer is (Autodiscover version 2).
pub(super) async fn autodiscover_json(State(portal): State<Portal>, RawQuery(query): RawQuery) -> Response {
    point(&portal, asked(query.as_deref()), query.as_deref()).await
}

/// `GET /autodiscover/autodiscover.json/v1.0/{address}`
pub(super) async fn autodiscover_json_of(
    State(portal): State<Portal>,
    Path(address): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    point(&portal, address.parse().ok(), query.as_deref()).await
}

async fn point(portal: &Portal, address: Option<Address>, query: Option<&str>) -> Response {
    let protocol = parameter(query, &["protocol"]).unwrap_or_else(|| POX.to_owned());
    answer(portal, address.map(|address| address.domain().clone()), |server, _| {
        if !protocol.eq_ignore_ascii_case(POX) {
            let said =
                json!({ "ErrorCode": "InvalidProtocol", "ErrorMessage": "The supported protocol is AutodiscoverV1" });
            return Some((StatusCode::BAD_REQUEST, [JSON_TYPE], said.to_string()).into_response());
        }
        let url = format!("{}/autodiscover/autodiscover.xml", server.url);
        Some(([JSON_TYPE], json!({ "Protocol": POX, "Url": url }).to_string()).into_response())
    })
    .await
}

/// `GET /mail/apple.mobileconfig?emailaddress=…`
pub(super) async fn apple(State(portal): State<Portal>, RawQuery(query): RawQuery) -> Response {
    let Some(address) = asked(query.as_deref()) else { return plain::unknown(&portal) };
    answer(&portal, Some(address.domain().clone()), |server, domain| {
        let (incoming, outgoing) = server.doors()?;
        let (written, reversed) = (address.reveal(), domain.as_str().rsplit('.').collect::<Vec<_>>().join("."));
        let identity = |what: &str| identity(&format!("{what} {} {}", server.hostname, address.folded()));
        let profile = identity("profile");
        let page = Apple {
            address: written,
            hostname: &server.hostname,
            incoming: incoming.first()?.0,
            outgoing: outgoing.first()?.0,
            // One that is opened again takes the place of the one that is there.
            identifier: format!("{reversed}.pli.{profile}"),
            account: identity("account"),
            profile,
        };
        let page = page.render().ok()?;
        let octets =
            match portal.settings.signer.as_ref().map(|signer| signer.sign(page.as_bytes(), portal.clock.now())) {
                Some(Ok(signed)) => signed,
                Some(Err(why)) => {
                    tracing::warn!(why, "a profile is given out unsigned");
                    page.into_bytes()
                }
                None => page.into_bytes(),
            };
        let headers = [
            (header::CONTENT_TYPE, "application/x-apple-aspen-config"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"pli.mobileconfig\""),
        ];
        Some((headers, octets).into_response())
    })
    .await
}

/// What a domain of ours is told; any other domain, and none, the same as a page that is not there.
async fn answer(
    portal: &Portal,
    domain: Option<DomainName>,
    say: impl FnOnce(&MailServer, &DomainName) -> Option<Response>,
) -> Response {
    let Some(domain) = domain else { return plain::unknown(portal) };
    match portal.deliveries.serves(&domain).await {
        Ok(true) => say(&portal.settings.mail, &domain).unwrap_or_else(|| plain::unknown(portal)),
        Ok(false) => plain::unknown(portal),
        Err(fault) => plain::fault(portal, &fault),
    }
}

fn xml(rendered: askama::Result<String>) -> Option<Response> {
    let page = rendered.map_err(|_| tracing::error!(fault = %Fault::new("settings cannot be written"))).ok()?;
    Some(([(header::CONTENT_TYPE, XML)], page).into_response())
}

/// The address that a query names.
fn asked(query: Option<&str>) -> Option<Address> {
    parameter(query, &["emailaddress", "email"])?.parse().ok()
}

fn parameter(query: Option<&str>, names: &[&str]) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query?.as_bytes());
    let found = pairs.find(|(name, _)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)));
    found.map(|(_, value)| value.into_owned())
}

/// The domain that a host name stands for: itself, or the one that clients put a word before. It is looked up among
/// ours, and nothing else comes of it.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<DomainName> {
    let named = headers.get(header::HOST).and_then(|value| value.to_str().ok()).or_else(|| uri.host())?;
    let host = named.rsplit_once(':').map_or(named, |(host, _)| host).to_ascii_lowercase();
    let bare = ["autoconfig.", "autodiscover."].iter().find_map(|word| host.strip_prefix(word));
    bare.unwrap_or(&host).parse().ok()
}

/// The text of the first element of this name, whatever its namespace is called; only what a request of Outlook has.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let tags = body.split('<').skip(1).find_map(|tag| {
        let (opened, text) = tag.split_once('>')?;
        let (opened, _) = opened.split_once(char::is_whitespace).unwrap_or((opened, ""));
        (opened.rsplit(':').next() == Some(name)).then_some(text)
    });
    tags.map(str::trim)
}

/// A UUID of our own making (RFC 9562 §5.8), the same for the same text: FNV-1a, since nobody's secret depends on it.
fn identity(text: &str) -> String {
    let hash =
        |basis: u64| text.bytes().fold(basis, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
    let (high, low) = (hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4));
    let (high, low) = ((high & !0xf000) | 0x8000, (low & !(3 << 62)) | (2 << 62));
    let digits = format!("{high:016X}{low:016X}");
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The path of Autodiscover in any letter case, as Outlook writes it, in the one of the table; `None` for any other.
pub(super) fn folded(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let begin = path.get(..PATH.len())?;
    if !begin.eq_ignore_ascii_case(PATH) || !path.bytes().any(|octet| octet.is_ascii_uppercase()) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(format!("{}{query}", path.to_ascii_lowercase())).ok();
    Uri::from_parts(parts).ok()
}

pub(super) const CONFIG: &str = "/mail/config-v1.1.xml";
pub(super) const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
pub(super) const POX_PATH: &str = "/autodiscover/autodiscover.xml";
pub(super) const JSON: &str = "/autodiscover/autodiscover.json";
pub(super) const JSON_OF: &str = "/autodiscover/autodiscover.json/v1.0/{address}";
pub(super) const APPLE: &str = "/mail/apple.mobileconfig";
const PATH: &str = "/autodiscover/";
const XML: &str = "text/xml; charset=utf-8";
const JSON_TYPE: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json");
const POX: &str = "AutodiscoverV1";
const OUTLOOK: &str = "/outlook/responseschema/2006";
/// MS-OXDSCLI §3.1.5.
const OTHER_SCHEMA: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\
    <Response><Error Time=\"00:00:00.0000000\" Id=\"0\"><ErrorCode>601</ErrorCode>\
    <Message>Provider is not available</Message><DebugData/></Error></Response></Autodiscover>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autodiscover_is_found_in_any_letter_case() {
        let fold = |path: &str| folded(&path.parse().expect("a path")).map(|uri| uri.to_string());
        let found = fold("/AutoDiscover/AutoDiscover.xml?Email=A@b.example");
        assert_eq!(found.as_deref(), Some("/autodiscover/autodiscover.xml?Email=A@b.example"));
        let whole = fold("https://x.example/Autodiscover/Autodiscover.xml");
        assert_eq!(whole.as_deref(), Some("https://x.example/autodiscover/autodiscover.xml"));
        for path in ["/autodiscover/autodiscover.xml", "/Letter", "/l/ABC", "/", "/é"] {
            assert_eq!(folded(&Uri::try_from(path).unwrap_or_default()), None, "{path}");
        }
    }

    #[test]
    fn the_address_of_a_request_is_read_and_nothing_else() {
        let body = "<?xml version=\"1.0\"?><Autodiscover xmlns=\"x\"><Request>\n<EMailAddress>a@b.example</EMailAddress>\
                    <a:AcceptableResponseSchema xml:lang=\"en\"> y </a:AcceptableResponseSchema></Request>";
        assert_eq!(element(body, "EMailAddress"), Some("a@b.example"));
        assert_eq!(element(body, "AcceptableResponseSchema"), Some("y"));
        assert_eq!(element(body, "Password"), None);
        assert_eq!(element("EMailAddress>a@b.example<", "EMailAddress"), None);
    }

    #[test]
    fn hosts_stand_for_their_domain() {
        let of = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, axum::http::HeaderValue::from_static(host))]);
            self::host(&Uri::default(), &headers).map(|domain| domain.as_str().to_owned())
        };
        for host in ["autoconfig.cabinet.example", "AutoDiscover.cabinet.example:8443", "cabinet.example"] {
            assert_eq!(of(host).as_deref(), Some("cabinet.example"), "{host}");
        }
        for host in ["127.0.0.1:443", "[::1]:443", "", "a b"] {
            assert!(of(host).is_none_or(|domain| domain.starts_with("127.")), "{host}");
        }
    }

    #[test]
    fn identities_stay_and_differ() {
        let one = identity("profile a");
        assert_eq!(one, identity("profile a"));
        assert_ne!(one, identity("profile b"));
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(one.split('-').nth(2).is_some_and(|part| part.starts_with('8')), "version 8: {one}");
    }
}
