"""Python's imaplib: every command it has a method for."""
import imaplib
import platform

from practice import DOCTOR, Practice, attachment, letter, ok, prepared, quoted

with Practice(f"imaplib of Python {platform.python_version()}") as practice:
    practice.fill()
    imap = imaplib.IMAP4_SSL("localhost", practice.imaps, ssl_context=practice.trust())
    imap.authenticate("PLAIN", lambda _: f"\0{DOCTOR}\0{practice.passwords[DOCTOR]}".encode())
    _, messages = prepared()
    inbox = [octets for folder, _, _, octets in messages if folder == "INBOX"]
    assert len(ok(imap.list())) == 13 and any(b"\\Sent" in line for line in ok(imap.list()))
    assert len(ok(imap.lsub())) == 13
    assert ok(imap.select("INBOX")) == [b"%d" % len(inbox)]
    whole = [answer[1] for answer in ok(imap.fetch("1:*", "(RFC822)")) if isinstance(answer, tuple)]
    assert whole == inbox, "to the octet"
    assert ok(imap.search(None, "SUBJECT", "Merci")) == [b"1"]
    assert ok(imap.uid("SEARCH", "KEYWORD", "$Label1")) == [b"6"]
    imap.literal = "Résultats de Mme Rossi".encode()
    assert ok(imap.search("UTF-8", "SUBJECT")) == [b"2"]
    answer = ok(imap.fetch("2", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"))
    assert imaplib.Internaldate2tuple(b"".join(a if isinstance(a, bytes) else a[0] for a in answer))
    assert imaplib.ParseFlags(answer[0])
    body = ok(imap.fetch("2", "(BODY.PEEK[1.1]<0.10>)"))[0][1]
    assert body == b"Glyc=C3=A9", body
    ok(imap.store("1", "+FLAGS", "(\\Flagged Important)"))
    ok(imap.append("INBOX", "(\\Seen)", imaplib.Time2Internaldate(1_768_000_000), letter("one", ident="one@x.example")))
    ok(imap.copy("1:2", quoted("Dossiers")))
    ok(imap.store("1", "+FLAGS", "(\\Deleted)"))
    assert ok(imap.expunge()) == [b"1"]
    ok(imap.create("Autre"))
    ok(imap.rename("Autre", "Encore"))
    ok(imap.subscribe("Encore"))
    ok(imap.unsubscribe("Encore"))
    ok(imap.uid("MOVE", "3", "Encore"))
    assert b"MESSAGES 1" in ok(imap.status("Encore", "(MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)"))[0]
    ok(imap.getquotaroot("INBOX"))
    ok(imap.namespace())
    ok(imap.noop())
    ok(imap.check())
    ok(imap.unselect())
    ok(imap.select("Encore", readonly=True))
    ok(imap.close())
    assert imap.delete("never")[0] == "NO"
    if not practice.recorder:
        big = letter("big", file=attachment())
        ok(imap.append("Encore", None, None, big))
        ok(imap.select("Encore"))
        assert ok(imap.fetch("2", "(BODY[])"))[0][1] == big
    imap.logout()
