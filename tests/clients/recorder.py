"""Writes down what a client and the server say: a proxy that speaks TLS to both. Passwords and what changes from run to
run are made neutral; what comes out is replayed by tests/clients/replay.rs.

`C:` and `S:` are lines of client and server, `X:` is a command that another session says, `T: tls` a new connection; \\xNN is an
octet, a client's piece that ends in \\ gets no CR LF, *… stands for anything, and {v1} for the same number wherever it
stands: a UIDVALIDITY is a second of the clock, or one that follows."""
import base64
import re
import socket
import ssl
import threading
import time


class Recorder:
    def __init__(self, practice, path):
        self.practice, self.path = practice, path
        self.start, self.validities = int(time.time()) - 60, {}
        self.events, self.lock = [], threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificates = f"{practice.folder}/pli/certs/mail.cabinet.example"
        self.context.load_cert_chain(f"{certificates}/fullchain.pem", f"{certificates}/privkey.pem")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        number = 0
        while True:
            try:
                tcp, _ = self.listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self.connection, args=(tcp, number), daemon=True).start()

    def connection(self, tcp, number):
        try:
            near = self.context.wrap_socket(tcp, server_side=True)
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", self.practice.ports["imaps"]))
        far = self.practice.trust().wrap_socket(far, server_hostname="localhost")
        self.event(number, "T", b"")
        # Each side of TLS has one reader and one writer: OpenSSL bears that.
        back = threading.Thread(target=self.pump, args=(far, near, number, "S"), daemon=True)
        back.start()
        self.pump(near, far, number, "C")
        back.join()

    def pump(self, source, target, number, side):
        try:
            while piece := source.recv(65536):
                self.event(number, side, piece)
                target.sendall(piece)
        except OSError:
            pass
        for end in (target, source):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def event(self, number, side, piece):
        with self.lock:
            self.events.append((number, side, piece))

    def other(self, what):
        """A command that another session says: it stands where the newest connection is."""
        self.event(max((number for number, *_ in self.events), default=0), "X", what.encode())

    def stop(self):
        self.listener.close()
        with self.lock:
            events = list(self.events)
        text = f"# Recorded: {self.practice.client}\n"
        for number in sorted({number for number, *_ in events}):
            text += self.lines([(side, piece) for at, side, piece in events if at == number])
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def lines(self, events):
        """The lines of one connection, in the order in which they were whole."""
        text, partial = "", b""
        for side, piece in events:
            if side == "T":
                text += "T: tls\n"
            elif side == "X":
                text += f"X: {piece.decode()}\n"
            elif side == "S":
                *whole, partial = (partial + piece).split(b"\r\n")
                text += "".join(f"S: {self.neutral(line, 'S')}\n" for line in whole)
            else:
                *whole, rest = piece.split(b"\r\n")
                text += "".join(f"C: {self.neutral(line, 'C')}\n" for line in whole)
                text += f"C: {self.neutral(rest, 'C')}\\\n" if rest else ""
        return text

    def neutral(self, line, side):
        for address, password in self.practice.passwords.items():
            plain = base64.b64encode(f"\0{address}\0{password}".encode())
            acting = base64.b64encode(f"{address}\0{address}\0{password}".encode())
            line = line.replace(plain, b"{plain}").replace(acting, b"{acting}").replace(password.encode(), b"{password}")
        text = "".join(
            f"\\x{ord(c) & 0xFF:02x}" if 0xDC80 <= ord(c) <= 0xDCFF or (ord(c) < 32 and c != "\t") else c
            for c in line.decode("utf-8", "surrogateescape")
        )
        text = re.sub(r"\b\d{10}\b", self.validity, text)
        if side == "S":
            text = re.sub(r"(CAPABILITY IMAP4rev1).*", r"\1*…", text)
            text = re.sub(r"(MAILBOXID|EMAILID|THREADID) \([^)]+\)", r"\1 (*…)", text)
            # In Sent the server's own copy has a UID before it shows, and only where there was a submission.
            text = re.sub(r"(APPENDUID [^ ]+) \d+\]", r"\1 *…]", text)
            today = time.strftime("%b-%Y", time.gmtime())
            text = re.sub(rf'"[ \d]\d-{today} [^"]*"', '"*…"', text)
        return text

    def validity(self, found):
        if not self.start <= int(found[0]) <= time.time() + 60:
            return found[0]
        return self.validities.setdefault(found[0], f"{{v{len(self.validities) + 1}}}")
