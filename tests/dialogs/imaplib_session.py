"""A session of Python's imaplib against the IMAP door; the port is the argument."""
import imaplib
import sys
import time

m = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
try:
    m.login("claire@cabinet.example", "wrong")
    raise SystemExit("a wrong password was taken")
except imaplib.IMAP4.error:
    pass
m.login("claire@cabinet.example", "secret")


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


assert any(b"\\Sent" in line for line in ok(m.list()))
assert ok(m.select("INBOX")) == [b"2"]
assert ok(m.search(None, "SUBJECT", "lunch")) == [b"1"]
m.literal = "jérôme".encode()
assert ok(m.uid("SEARCH", "CHARSET", "UTF-8", "FROM")) == [b"2"]
data = ok(m.fetch("1", "(RFC822 FLAGS)"))
assert data[0][1].endswith(b"At noon?\r\n"), data
data = ok(m.fetch("1:2", "(UID ENVELOPE BODYSTRUCTURE)"))
assert len(data) >= 2, data
message = b"Subject: =?utf-8?q?=C3=A9t=C3=A9?=\r\n\r\n" + b"x" * 70000 + b"\r\n"
ok(m.append("INBOX", "(\\Seen)", imaplib.Time2Internaldate(time.time()), message))
assert m.response("EXISTS")[1] is not None
data = ok(m.uid("FETCH", "3", "(BODY.PEEK[])"))
assert data[0][1] == message
ok(m.store("1", "+FLAGS", "(\\Deleted $Label1)"))
assert ok(m.copy("3", "Corbeille"))
assert ok(m.expunge()) == [b"1"]
ok(m.create("Dossier"))
ok(m.rename("Dossier", "Autre"))
ok(m.subscribe("Autre"))
ok(m.status("Autre", "(MESSAGES UIDNEXT)"))
ok(m.uid("MOVE", "2", "Autre"))
ok(m.getquotaroot("INBOX"))
ok(m.namespace())
ok(m.close())
assert m.delete("none")[0] == "NO"
m.logout()
