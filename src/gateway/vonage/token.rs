//! JSON Web Tokens (RFC 7519) as Vonage uses them: RS256 towards it, HS256 from it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{digest, hmac, signature};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use crate::domain::SecretText;

use super::is_fresh;

/// The key that an application signs with.
pub(super) struct SigningKey(signature::RsaKeyPair);

impl SigningKey {
    /// From PKCS #8 in PEM.
    pub fn read(pem: &SecretText) -> Option<Self> {
        let (_, rest) = pem.reveal().split_once("-----BEGIN PRIVATE KEY-----")?;
        let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
        let bare = SecretText::new(body.split_whitespace().collect::<String>());
        let der = zeroize::Zeroizing::new(BASE64.decode(bare.reveal().as_bytes()).ok()?);
        signature::RsaKeyPair::from_pkcs8(&der).ok().map(Self)
    }

    /// A token of an application, good for five minutes from `now` (seconds since 1970).
    pub fn token(&self, application: &str, id: &str, now: i64) -> Option<SecretText> {
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({ "application_id": application, "iat": now, "exp": now + 300, "jti": id });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(SecretText::new(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))))
    }

    #[cfg(test)]
    pub fn public(&self) -> Vec<u8> {
        use signature::KeyPair as _;
        self.0.public_key().as_ref().to_vec()
    }
}

/// Whether an `Authorization` field is Vonage's for this body: signed with the account's secret, not old, and about
/// these very octets ("Signed webhooks" of its documentation).
pub(super) fn is_authentic(authorization: &str, secret: &SecretText, body: &[u8], now: i64) -> bool {
    claims(authorization, secret).is_some_and(|claims| {
        let wanted = data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
        let hash = claims.get("payload_hash").and_then(Value::as_str);
        let at = claims.get("iat").and_then(Value::as_i64);
        hash.is_some_and(|hash| hash.eq_ignore_ascii_case(&wanted)) && at.is_some_and(|at| is_fresh(at, now))
    })
}

fn claims(authorization: &str, secret: &SecretText) -> Option<Value> {
    let token = authorization.strip_prefix("Bearer ")?;
    let (signed, tag) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.trim_end_matches('=').as_bytes()).ok()?).ok()
    };
    // No other algorithm, and none at all least of all.
    if json(header)?.get("alg").and_then(Value::as_str) != Some("HS256") {
        return None;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let tag = BASE64URL_NOPAD.decode(tag.trim_end_matches('=').as_bytes()).ok()?;
    // Compared in constant time.
    hmac::verify(&key, signed.as_bytes(), &tag).ok()?;
    json(claims)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn signed(alg: &str, secret: &str, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let text = format!("{}.{}", part(&json!({ "alg": alg, "typ": "JWT" })), part(claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
        format!("Bearer {text}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    #[test]
    fn a_webhook_is_believed_for_its_secret_its_body_and_its_hour() {
        let (secret, body) = (SecretText::new("s3cret"), b"{\"status\":\"completed\"}");
        let hash = data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
        let claims = |at: i64| json!({ "iat": at, "payload_hash": hash, "iss": "Vonage" });
        let good = signed("HS256", "s3cret", &claims(NOW - 10));
        assert!(is_authentic(&good, &secret, body, NOW));
        for (forged, body, now) in [
            (signed("HS256", "another", &claims(NOW)), &body[..], NOW),
            (signed("none", "s3cret", &claims(NOW)), body, NOW),
            (signed("HS256", "s3cret", &json!({ "iat": NOW })), body, NOW),
            (good.clone(), b"{\"status\":\"rejected\"}", NOW),
            (good.clone(), body, NOW + 3600),
            (good.replace("Bearer ", ""), body, NOW),
            (good[..good.len() - 2].to_owned(), body, NOW),
            (String::new(), body, NOW),
            ("Bearer a.b.c".to_owned(), body, NOW),
        ] {
            assert!(!is_authentic(&forged, &secret, body, now), "{forged}");
        }
    }

    #[test]
    fn a_token_is_signed_with_the_applications_key() {
        let pair = signature::RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).expect("PKCS #8");
        let body = BASE64.encode(der.as_ref());
        let pem = SecretText::new(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"));
        let key = SigningKey::read(&pem).expect("a key");
        let token = key.token("aaaa-bbbb", "jti-1", NOW).expect("a token");
        let (signed, tag) = token.reveal().rsplit_once('.').expect("three parts");
        let public = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key.public());
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).expect("base64url");
        assert!(public.verify(signed.as_bytes(), &tag).is_ok());
        let claims = BASE64URL_NOPAD.decode(signed.split('.').nth(1).expect("claims").as_bytes()).expect("base64url");
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!((&claims["application_id"], &claims["exp"]), (&json!("aaaa-bbbb"), &json!(NOW + 300)));
        for bad in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "no key"] {
            assert!(SigningKey::read(&SecretText::new(bad)).is_none(), "{bad}");
        }
    }
}
