"""A practice to meet with real mail clients: the program itself, started with `init` and `serve` in a folder that goes
away, two mailboxes, and letters. PLI_BIN is the program; what is skipped ends with 77 and says why."""
import base64
import contextlib
import imaplib
import json
import os
import random
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from recorder import Recorder

HERE = os.path.dirname(os.path.abspath(__file__))
DOCTOR, COLLEAGUE = "dr.martin@cabinet.example", "dr.bianchi@cabinet.example"
MEBIBYTE = 1024 * 1024
SKIPPED = 77
# Seconds that a client waits for an answer: a debug build on a busy machine seals 20 MiB for longer than the 20 s of
# mbsync or the 100 s of Thunderbird.
PATIENCE = 300


def skip(why):
    print(why)
    sys.exit(SKIPPED)


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")


def octets(line):
    """The octets of a line of a dialog: \\xNN is an octet, \\ at the end says that no CR LF follows."""
    line, end = (line[:-1], b"") if line.endswith("\\") else (line, b"\r\n")
    pieces = re.split(r"\\x([0-9a-f]{2})", line)
    return b"".join(bytes([int(p, 16)]) if at % 2 else p.encode() for at, p in enumerate(pieces)) + end


def prepared():
    """The folders and the messages of mailbox.txt, as (folder, flags, date, octets)."""
    folders, messages, message, body = [], [], None, []
    for line in open(f"{HERE}/mailbox.txt", encoding="utf-8").read().splitlines():
        if message is not None:
            if line == "END":
                messages.append((*message, b"".join(body)))
                message = None
            else:
                body.append(octets(line))
        elif line.startswith("FOLDER "):
            folders.append(line.removeprefix("FOLDER "))
        elif line.startswith("MESSAGE "):
            found = re.fullmatch(r'MESSAGE (.+) (\(.*\)) (".+")', line)
            message, body = found.groups(), []
    return folders, messages


def attachment(size=20 * MEBIBYTE, seed=1):
    return random.Random(seed).randbytes(size)


def letter(subject, body="Bonjour.\r\n", to=DOCTOR, sender=COLLEAGUE, ident=None, file=None):
    """A letter as a mail client writes it; `file` is attached."""
    ident = ident or f"{random.getrandbits(64):x}@cabinet.example"
    head = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{ident}>\r\n"
        f"Date: Thu, 15 Jan 2026 08:00:00 +0100\r\nMIME-Version: 1.0\r\n"
    )
    if file is None:
        return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}".encode()
    encoded = base64.encodebytes(file).replace(b"\n", b"\r\n")
    return (
        f'{head}Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n--=_b\r\nContent-Type: text/plain\r\n\r\n{body}'
        f"--=_b\r\nContent-Type: application/octet-stream; name=scan.bin\r\n"
        f"Content-Disposition: attachment; filename=scan.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
        + encoded
        + b"--=_b--\r\n"
    )


def until(done, within=120, what="what was waited for"):
    """Asks again and again, for two minutes at most; gives the first answer that is true."""
    end = time.monotonic() + within
    while not (answer := done()):
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {within} s")
        time.sleep(0.1)
    return answer


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


class Practice(contextlib.ExitStack):
    """`with Practice(client) as practice`: the server runs; `passwords` has those of DOCTOR and COLLEAGUE."""

    def __init__(self, client):
        super().__init__()
        self.client = client

    def __enter__(self):
        self.folder = self.enter_context(tempfile.TemporaryDirectory(prefix="pli-clients-"))
        self.bin = os.environ.get("PLI_BIN") or sys.exit("PLI_BIN must name the program")
        self.command(
            "init", f"{self.folder}/pli", "--hostname", "mail.cabinet.example", "--recovery", f"{self.folder}/r.asc"
        )
        self.config, self.authority = f"{self.folder}/pli/pli.toml", f"{self.folder}/pli/certs/ca.pem"
        settings = open(self.config).read()
        # Every door on loopback with a port that the system picks; no patient comes here.
        settings = re.sub(r'^(submissions?|imaps?) = ".*"', r'\1 = "127.0.0.1:0"', settings, flags=re.M)
        settings = re.sub(r'^portal = .*$', 'portal = "127.0.0.1:0"', settings, flags=re.M)
        open(self.config, "w").write(settings)
        self.command("practice", "add", "Cabinet du Port", "--telephone", "01 99 00 12 34")
        self.command("domain", "add", "cabinet.example")
        self.passwords = {}
        for address, name in [(DOCTOR, "Dr Claire Martin"), (COLLEAGUE, "Dr Ugo Bianchi")]:
            born = json.loads(self.command("mailbox", "add", address, "--name", name, "--json"))
            self.passwords[address] = born["device"]["password"]
        self.serve()
        self.callback(self.stop)
        self.recorder = None
        if len(sys.argv) == 3 and sys.argv[1] == "--record":
            self.recorder = Recorder(self, sys.argv[2])
            self.callback(self.recorder.stop)
        return self

    def command(self, *arguments):
        config = ["--config", self.config] if hasattr(self, "config") else []
        return subprocess.run([self.bin, *config, *arguments], check=True, capture_output=True, text=True).stdout

    def serve(self):
        self.log = open(f"{self.folder}/serve.log", "wb")
        self.server = subprocess.Popen(
            [self.bin, "--config", self.config, "serve"], stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.ports = {}
        for line in self.server.stdout:
            if line.strip() == "pli is ready":
                return
            found = re.search(r"(\w+) .*127\.0\.0\.1:(\d+)", line)
            if found:
                self.ports[found[1]] = int(found[2])
        raise AssertionError(open(f"{self.folder}/serve.log").read())

    def stop(self):
        self.server.terminate()
        assert self.server.wait(60) == 0, "the server ends in peace"
        self.log.close()
        said = open(f"{self.folder}/serve.log", errors="replace").read()
        assert " ERROR " not in said and "panicked" not in said, said

    @property
    def imaps(self):
        """The port for the client: the server's own, or the recorder's before it."""
        return self.recorder.port if self.recorder else self.ports["imaps"]

    def trust(self):
        return ssl.create_default_context(cafile=self.authority)

    def imap(self, user=DOCTOR):
        """A connection of the test's own, past any recorder."""
        imap = imaplib.IMAP4_SSL("localhost", self.ports["imaps"], ssl_context=self.trust())
        imap.login(user, self.passwords[user])
        return imap

    def fill(self, user=DOCTOR):
        """The mailbox of mailbox.txt."""
        folders, messages = prepared()
        with self.imap(user) as imap:
            for folder in folders:
                ok(imap.create(quoted(folder)))
                ok(imap.subscribe(quoted(folder)))
            for folder, flags, date, body in messages:
                imap.literal = body
                ok(imap._simple_command("APPEND", quoted(folder), flags, date))

    def deliver(self, message, to=DOCTOR, sender=COLLEAGUE):
        """Another sender submits."""
        with smtplib.SMTP_SSL("localhost", self.ports["submissions"], context=self.trust()) as smtp:
            smtp.login(sender, self.passwords[sender])
            smtp.sendmail(sender, [to], message)

    def also(self, *commands):
        """Another session says these commands, and a recorder writes them down; `append SUBJECT` leaves a letter in INBOX."""
        with self.imap() as other:
            # imaplib lets say in this state what it lets say at all.
            other.state = "SELECTED"
            for command in commands:
                if self.recorder:
                    self.recorder.other(command)
                name, _, rest = command.partition(" ")
                if name == "append":
                    ok(other.append("INBOX", None, None, f"Subject: {rest}\r\n\r\nx\r\n".encode()))
                else:
                    ok(other._simple_command(name, rest))

    def push(self, subject):
        """A letter comes: submitted by another, or, since a recorder writes down no submission, appended by another."""
        self.also(f"append {subject}") if self.recorder else self.deliver(letter(subject))

    def messages(self, folder="INBOX", user=DOCTOR):
        """What is in a folder: {uid: (flags, octets)}."""
        with self.imap(user) as imap:
            ok(imap.select(quoted(folder), readonly=True))
            found = {}
            for answer in ok(imap.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")) or []:
                if isinstance(answer, tuple):
                    head = answer[0].decode()
                    flags = set(re.search(r"FLAGS \((.*?)\)", head)[1].split())
                    found[int(re.search(r"UID (\d+)", head)[1])] = (flags, answer[1])
            return found

    def settled_sent(self, user=DOCTOR, folder="Envoy&AOk-s"):
        """What is in Sent once every copy of the server's own is shown, which takes it half a minute after a letter was
        taken: the copy of a last letter, which no client keeps, tells when."""
        last = letter("the last", to=COLLEAGUE, sender=user, ident="last@cabinet.example")
        self.deliver(last, to=COLLEAGUE, sender=user)
        found = until(lambda: [o for _, o in self.messages(folder, user).values() if o == last] and self.messages(folder, user))
        return [octets for _, octets in found.values() if octets != last]

    def wait_for(self, count, folder="INBOX", user=DOCTOR):
        return until(lambda: (m := self.messages(folder, user)) and len(m) == count and m, what=f"{count} in {folder}")


def run(*command, within=120, **options):
    """Runs a client to its end and gives what it said; a failure is told whole."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=within, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def version(*command):
    """The first line of what a program says of itself."""
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0].strip()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
