//! Twilio (`kind = "twilio"`): Programmable Messaging and Voice, API 2010-04-01.
//!
//! A call's document is sent with the request and holds no digit: it greets and waits for a key. Once one was
//! pressed, Twilio asks at the message's own address what to say next. Everything that Twilio calls is signed
//! (`X-Twilio-Signature`: HMAC-SHA1 of the address and the sorted fields, in base64).

use std::sync::Arc;

use aws_lc_rs::hmac;
use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Channel, FailureClass, PhoneNumber, SecretText};

use super::client::{Answer, Web, address};
use super::{
    Accepted, Callback, DIGIT_PAUSE, Document, GREETINGS, KEY_PRESSED, KEY_WAIT, Kind, Next, Outgoing, Progress,
    Provider, ReportFault, Reported, Reports, Script, Section, Words,
};

pub(super) const KIND: Kind = Kind {
    name: "twilio",
    keys: &["account", "token", "api_key", "api_secret", "from", "messaging_service", "url"],
    open: &["account", "api_key", "from", "messaging_service"],
    channels: &[Channel::Sms, Channel::Voice],
    build: |section, channel, shared| Ok(Arc::new(Twilio::read(section, channel, &shared.web)?)),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `AC` and 32 hexadecimal digits.
    account: String,
    /// The account's auth token: signs what Twilio calls, and logs in where there is no API key.
    token: SecretText,
    /// `SK…`, with its secret: logs in in place of the token.
    api_key: Option<String>,
    api_secret: Option<SecretText>,
    /// A number in E.164, or for short messages an alphanumeric sender.
    from: Option<String>,
    /// `MG…`: chooses the sender of short messages.
    messaging_service: Option<String>,
    url: Option<String>,
}

struct Twilio {
    settings: Settings,
    base: Url,
    web: Web,
}

impl Provider for Twilio {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        Box::pin(async move {
            let request = self.request(message).map_err(|_| FailureClass::Refused)?;
            taken(&self.web.run(request).await?)
        })
    }

    fn reports(&self) -> Reports {
        Reports::Called
    }

    fn report(&self, call: &Callback<'_>) -> Result<Reported, ReportFault> {
        let form = call.form();
        let signature = call.header("x-twilio-signature").ok_or(ReportFault::Forged)?;
        if call.method != "POST" || !self.is_signed(call.url, &form, signature) {
            return Err(ReportFault::Forged);
        }
        let field = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        // Fields are signed without a border between them: what is read must have its own form.
        let sid = field("MessageSid").or(field("CallSid")).ok_or(ReportFault::Unreadable)?;
        let reference = Some(sid.to_owned());
        if call.asked("step") == Some("key") {
            let key = |digits: &str| matches!(digits.as_bytes(), [b'0'..=b'9' | b'*' | b'#']);
            let pressed = field("Digits").is_some_and(key);
            let next = if pressed { Next::Code } else { Next::Say(document("<Hangup/>")) };
            return Ok(Reported { progress: Progress::Waiting, next, reference });
        }
        let code = field("ErrorCode").and_then(|code| code.parse().ok()).unwrap_or(0);
        let progress = match field("MessageStatus").or(field("SmsStatus")).or(field("CallStatus")) {
            Some("delivered") => Progress::Delivered,
            Some("undelivered" | "failed") => Progress::Failed(class_of(code)),
            // The call is over. Where the code was said, that was noted when it was.
            Some("completed" | "busy" | "no-answer") => Progress::Failed(FailureClass::NoAnswer),
            Some("canceled") => Progress::Failed(FailureClass::Refused),
            Some(_) => Progress::Waiting,
            None => return Err(ReportFault::Unreadable),
        };
        Ok(Reported { progress, next: Next::Nothing, reference })
    }

    fn code(&self, script: &Script, address: &SecretText) -> Document {
        let pause = format!("<break time=\"{DIGIT_PAUSE}ms\"/>");
        let digits: String = script.digits.reveal().chars().map(|digit| format!("{digit}{pause}")).collect();
        let text = |text: &str| escaped(text);
        let told = format!("{} {pause}{digits} {} {pause}{digits}", text(&script.code), text(&script.repeat));
        let say = say(script, &told);
        let again = gather(script, address, &text(&script.again));
        document(&format!("{say}{again}{}<Hangup/>", self::say(script, &text(&script.goodbye))))
    }
}

impl Twilio {
    fn read(section: &Section, channel: Channel, web: &Web) -> Result<Self, String> {
        let settings: Settings = section.read()?;
        if !is_sid("AC", &settings.account) {
            return Err("account: must be AC and 32 hexadecimal digits".to_owned());
        }
        if settings.api_key.as_ref().is_some_and(|key| !is_sid("SK", key)) {
            return Err("api_key: must be SK and 32 hexadecimal digits".to_owned());
        }
        if settings.api_key.is_some() != settings.api_secret.is_some() {
            return Err("api_key and api_secret need each other".to_owned());
        }
        if settings.messaging_service.as_ref().is_some_and(|service| !is_sid("MG", service)) {
            return Err("messaging_service: must be MG and 32 hexadecimal digits".to_owned());
        }
        if let Some(from) = &settings.from {
            let name = from.len() <= 11 && from.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
            if PhoneNumber::parse_international(from).is_err() && (channel == Channel::Voice || !name) {
                return Err("from: must be a number such as +33612345678, or for SMS a name of 11 letters".to_owned());
            }
        }
        match channel {
            Channel::Voice if settings.from.is_none() => return Err("from: is missing".to_owned()),
            Channel::Sms if settings.from.is_some() == settings.messaging_service.is_some() => {
                return Err("from or messaging_service: one of them, and not both".to_owned());
            }
            _ => {}
        }
        let base = address(settings.url.as_deref().unwrap_or("https://api.twilio.com"))?;
        Ok(Self { settings, base, web: web.clone() })
    }

    fn request(&self, message: &Outgoing<'_>) -> Result<reqwest::Request, ()> {
        let report = message.report.map(|address| address.reveal());
        let mut form: Vec<(&str, String)> = vec![("To", message.to.reveal().to_owned())];
        let sender = match (&self.settings.from, &self.settings.messaging_service) {
            (Some(from), _) => ("From", from.clone()),
            (None, Some(service)) => ("MessagingServiceSid", service.clone()),
            (None, None) => return Err(()),
        };
        form.push(sender);
        let what = match &message.words {
            Words::Sms(text) => {
                form.push(("Body", text.reveal().to_owned()));
                // As long as a code lives, in seconds.
                form.push(("ValidityPeriod", "600".to_owned()));
                "Messages.json"
            }
            Words::Call(script) => {
                form.push(("Twiml", self.greeting(script, message.report).text.reveal().to_owned()));
                form.push(("Timeout", "30".to_owned()));
                "Calls.json"
            }
        };
        form.extend(report.map(|address| ("StatusCallback", address.to_owned())));
        let path = format!("2010-04-01/Accounts/{}/{what}", self.settings.account);
        let url = self.base.join(&path).map_err(|_| ())?;
        let (user, password) = match (&self.settings.api_key, &self.settings.api_secret) {
            (Some(key), Some(secret)) => (key, secret),
            _ => (&self.settings.account, &self.settings.token),
        };
        let request = self.web.request(Method::POST, url).basic_auth(user, Some(password.reveal()));
        request.form(&form).build().map_err(|_| ())
    }

    /// The document that a call begins with. Where nothing listens for keys, all of it is read out at once.
    fn greeting(&self, script: &Script, report: Option<&SecretText>) -> Document {
        let Some(address) = report else {
            return document(&format!("{}<Hangup/>", say(script, &escaped(script.whole.reveal()))));
        };
        let once = gather(script, address, &escaped(&script.greeting));
        document(&format!("{}<Hangup/>", once.repeat(usize::try_from(GREETINGS).unwrap_or(1))))
    }

    /// "Validating requests are coming from Twilio", in Twilio's documentation of webhooks.
    fn is_signed(&self, url: &str, form: &[(String, String)], signature: &str) -> bool {
        let mut fields: Vec<&(String, String)> = form.iter().collect();
        fields.sort();
        let signed = fields.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.settings.token.reveal().as_bytes());
        let given = data_encoding::BASE64.decode(signature.as_bytes()).unwrap_or_default();
        // Compared in constant time.
        hmac::verify(&key, signed.as_bytes(), &given).is_ok()
    }
}

/// What an answer to a request means. A 2xx may hold an error.
fn taken(answer: &Answer) -> Result<Accepted, FailureClass> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let number = |name: &str| body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_u64);
    if let Some(refusal) = answer.refusal() {
        // 20xxx is about the account and the request, 21xxx about this message.
        return Err(match number("code") {
            Some(20003) => FailureClass::Credentials,
            Some(20429) => FailureClass::Later,
            Some(code @ 21_000..=39_999) => class_of(code),
            _ => refusal,
        });
    }
    if let Some(code) = number("error_code") {
        return Err(class_of(code));
    }
    let sid = body.as_ref().and_then(|body| body.get("sid")).and_then(Value::as_str);
    match sid.filter(|sid| !sid.is_empty()) {
        Some(sid) => Ok(Accepted { reference: Some(sid.to_owned()) }),
        None => Err(FailureClass::Refused),
    }
}

/// Twilio's "Error and Warning Dictionary".
fn class_of(code: u64) -> FailureClass {
    match code {
        // Not a valid number; unknown or inactive; a call to a number that is none.
        21211 | 21217 | 21401 | 21421 | 30005 | 13223 | 13224 => FailureClass::UnknownNumber,
        // Cannot receive SMS.
        21614 | 21635 => FailureClass::Landline,
        21610 => FailureClass::Stopped,
        30003 | 30017 => FailureClass::Absent,
        // 30006 is a landline or a network out of reach: it moves on, and nothing is remembered of the number.
        30001 | 30008 | 30022 => FailureClass::Later,
        30002 => FailureClass::Credentials,
        _ => FailureClass::Refused,
    }
}

fn document(verbs: &str) -> Document {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>");
    Document { media_type: "text/xml; charset=utf-8", text: SecretText::new(text) }
}

/// Says something and waits for a key; without one the document goes on.
fn gather(script: &Script, address: &SecretText, said: &str) -> String {
    let action = escaped(&format!("{}{KEY_PRESSED}", address.reveal()));
    let say = say(script, said);
    format!(
        "<Gather input=\"dtmf\" numDigits=\"1\" finishOnKey=\"\" timeout=\"{KEY_WAIT}\" method=\"POST\" \
         action=\"{action}\">{say}</Gather>"
    )
}

fn say(script: &Script, said: &str) -> String {
    let (language, voice) = match script.language.tag() {
        "en" => ("en-GB", "Polly.Amy"),
        "it" => ("it-IT", "Polly.Bianca"),
        "es" => ("es-ES", "Polly.Lucia"),
        "ru" => ("ru-RU", "Polly.Tatyana"),
        _ => ("fr-FR", "Polly.Lea"),
    };
    format!("<Say language=\"{language}\" voice=\"{voice}\">{said}</Say>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

fn is_sid(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Language;

    const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";

    fn read(channel: Channel, change: impl Fn(&mut Value)) -> Result<Twilio, String> {
        let mut values = json!({ "account": ACCOUNT, "token": "12345", "from": "+33612345678" });
        change(&mut values);
        let Value::Object(values) = values else { unreachable!("an object") };
        Twilio::read(&Section::new("test", values), channel, &Web::open().expect("a client"))
    }

    fn twilio() -> Twilio {
        read(Channel::Voice, |_| {}).expect("good")
    }

    fn script(language: Language) -> Script {
        Script {
            language,
            greeting: "Appuyez sur <1> & attendez".to_owned(),
            code: "Voici".to_owned(),
            digits: SecretText::new("481920"),
            repeat: "Je répète".to_owned(),
            again: "Encore ?".to_owned(),
            goodbye: "Au revoir".to_owned(),
            whole: SecretText::new("tout"),
        }
    }

    #[test]
    fn the_signature_is_the_one_of_twilios_documentation() {
        let form: Vec<(String, String)> = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let (url, good) = ("https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        let twilio = twilio();
        assert!(twilio.is_signed(url, &form, good));
        let mut changed = form.clone();
        changed[2].1 = "1235".to_owned();
        assert!(!twilio.is_signed(url, &changed, good));
        assert!(!twilio.is_signed("https://mycompany.com/myapp.php?foo=1&bar=3", &form, good));
        for bad in ["", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "not base64"] {
            assert!(!twilio.is_signed(url, &form, bad), "{bad}");
        }
        let other = read(Channel::Voice, |values| values["token"] = json!("12346")).expect("good");
        assert!(!other.is_signed(url, &form, good));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let refused = |channel, key: &str, value: Value| {
            let said = read(channel, |values| values[key] = value.clone()).err();
            said.unwrap_or_else(|| unreachable!("{key} = {value} is accepted"))
        };
        assert!(refused(Channel::Sms, "account", json!("AC12")).starts_with("account"));
        assert!(refused(Channel::Sms, "api_key", json!("SK12")).starts_with("api_key"));
        assert!(refused(Channel::Sms, "api_secret", json!("x")).contains("api_key"));
        assert!(refused(Channel::Voice, "from", json!("Cabinet")).starts_with("from"));
        assert!(refused(Channel::Sms, "messaging_service", json!(format!("MG{}", "0".repeat(32)))).contains("not both"));
        assert!(refused(Channel::Sms, "url", json!("http://api.twilio.example")).contains("https"));
        assert!(read(Channel::Sms, |values| values["from"] = json!("Cabinet")).is_ok());
    }

    /// R-F8, R-S29: no digit before a key was pressed, and none in what is sent with the request.
    #[test]
    fn a_call_says_no_digit_before_a_key() {
        let (twilio, address) = (twilio(), SecretText::new("https://p.example/r/a/b"));
        let greeting = twilio.greeting(&script(Language::Ru), Some(&address)).text;
        let greeting = greeting.reveal();
        assert_eq!(greeting.matches("<Gather").count(), 3);
        assert_eq!(greeting.matches("timeout=\"8\"").count(), 3);
        assert!(greeting.contains("action=\"https://p.example/r/a/b?step=key\""));
        assert!(greeting.contains("Appuyez sur &lt;1&gt; &amp; attendez") && greeting.contains("ru-RU"));
        assert!(greeting.ends_with("<Hangup/></Response>") && !greeting.contains("481920") && !greeting.contains('4'));
        let code = twilio.code(&script(Language::Fr), &address).text;
        let code = code.reveal();
        let bare = code.replace("<break time=\"900ms\"/>", " ");
        assert_eq!(bare.matches("4 8 1 9 2 0").count(), 2, "{bare}");
        assert!(code.find("Encore ?") > code.rfind("Je répète") && code.find("Au revoir") > code.find("Encore ?"));
    }

    #[test]
    fn answers_mean_what_the_dictionary_says() {
        let answer = |status, body: &str| taken(&Answer { status, body: body.as_bytes().to_vec() });
        let good = r#"{"sid":"SM00112233445566778899aabbccddeeff","status":"queued","error_code":null}"#;
        let reference = Some("SM00112233445566778899aabbccddeeff".to_owned());
        assert_eq!(answer(201, good), Ok(Accepted { reference }));
        for (status, body, class) in [
            (400, r#"{"code":21211,"message":"…","status":400}"#, FailureClass::UnknownNumber),
            (400, r#"{"code":21614}"#, FailureClass::Landline),
            (400, r#"{"code":21610}"#, FailureClass::Stopped),
            (400, r#"{"code":21408}"#, FailureClass::Refused),
            (401, r#"{"code":20003}"#, FailureClass::Credentials),
            (429, r#"{"code":20429}"#, FailureClass::Later),
            (500, "", FailureClass::Later),
            (201, r#"{"sid":"SM1","error_code":30003}"#, FailureClass::Absent),
            (201, "{}", FailureClass::Refused),
            (201, r#"{"sid":"#, FailureClass::Refused),
        ] {
            assert_eq!(answer(status, body), Err(class), "{status} {body}");
        }
    }
}
