"""Writes down what a client and the server say: a proxy that speaks TLS to both. Passwords and what changes from run to
run are made neutral; what comes out is replayed by tests/clients/replay.rs.

`C:` and `S:` are lines of client and server, `X:` is what another session does, `T: tls` a new connection; \\xNN is an
octet, a client's piece that ends in \\ gets no CR LF, and *… stands for anything."""
import base64
import re
import socket
import ssl
import threading
import time

# The clock of the replay stands here: a UIDVALIDITY is a second of the clock.
NOW = 1_800_000_000


class Recorder:
    def __init__(self, practice, path):
        self.practice, self.path = practice, path
        self.start = int(time.time()) - 60
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
        """What another session did: `append SUBJECT`."""
        self.event(0, "X", what.encode())

    def stop(self):
        self.listener.close()
        with self.lock:
            events = list(self.events)
        numbers = sorted({number for number, side, _ in events if number})
        text = ""
        for number in numbers:
            text += "T: tls\n" + self.lines([e for e in events if e[0] in (number, 0)])
        # What another session did is told in the connection that was open then.
        open(self.path, "w", encoding="utf-8").write(text)

    def lines(self, events):
        """The lines of one connection, in the order in which they were whole."""
        text, partial = "", b""
        alive = False
        for _, side, piece in events:
            if side == "T":
                alive = True
            elif side == "X":
                text += f"X: {piece.decode()}\n" if alive else ""
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
            line = line.replace(plain, b"{plain}").replace(password.encode(), b"{password}")
        text = "".join(
            f"\\x{ord(c) & 0xFF:02x}" if 0xDC80 <= ord(c) <= 0xDCFF or (ord(c) < 32 and c != "\t") else c
            for c in line.decode("utf-8", "surrogateescape")
        )
        now = int(time.time()) + 5
        text = re.sub(r"\b\d{10}\b", lambda n: str(NOW) if self.start <= int(n[0]) <= now else n[0], text)
        if side == "S":
            text = re.sub(r"(CAPABILITY IMAP4rev1).*", r"\1*…", text)
            today = time.strftime("%b-%Y", time.gmtime())
            text = re.sub(rf'"[ \d]\d-{today} [^"]*"', '"*…"', text)
        return text
