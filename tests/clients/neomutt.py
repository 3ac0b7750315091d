"""neomutt, typed to through a pseudo-terminal: list, read, flag, save elsewhere, delete, send with a copy in Sent."""
import email
import fcntl
import os
import pty
import struct
import termios
import threading
import time

from practice import (COLLEAGUE, DOCTOR, MEBIBYTE, Practice, attachment, letter, needs, prepared, run,
                      until, version)

needs("neomutt")


class Terminal:
    """neomutt with a screen of its own; what it draws is thrown away but for the last of it."""

    def __init__(self, practice, settings, *arguments):
        self.screen = b""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.update(TERM="xterm", HOME=practice.folder, LANG="C.UTF-8", LC_ALL="C.UTF-8", EDITOR="true")
            os.execvp("neomutt", ["neomutt", "-n", "-F", settings, *arguments])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        try:
            while piece := os.read(self.terminal, 65536):
                self.screen = (self.screen + piece)[-200_000:]
        except OSError:
            pass

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def see(self, text, within=60):
        until(lambda: text.encode() in self.screen, within, f"neomutt showing {text!r} in {self.screen[-3000:]!r}")
        self.screen = b""

    def end(self):
        """The status it ends with."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            pid, status = os.waitpid(self.process, os.WNOHANG)
            if pid:
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.kill(self.process, 9)
        raise AssertionError(f"neomutt does not end: {self.screen[-3000:]!r}")


def typed(practice, settings, *arguments, push):
    """One neomutt from start to end, typing `push` as its own macros do."""
    mutt = Terminal(practice, settings, "-e", f'push "{push}"', *arguments)
    assert mutt.end() == 0, mutt.screen
    return mutt


with Practice(version("neomutt", "-v")) as practice:
    practice.fill()
    settings = f"{practice.folder}/neomuttrc"
    user, password = DOCTOR.replace("@", "%40"), practice.passwords[DOCTOR]
    with open(settings, "w") as file:
        file.write(f"""
set folder = "imaps://{user}@localhost:{practice.imaps}/"
set spoolfile = "+INBOX" record = "+Envoyés" postponed = "+Brouillons"
set imap_pass = "{password}" smtp_pass = "{password}"
set smtp_url = "smtps://{user}@localhost:{practice.ports['submissions']}/"
set ssl_force_tls = yes ssl_ca_certificates_file = "{practice.authority}"
set from = "{DOCTOR}" realname = "Dr Claire Martin" hostname = "cabinet.example" use_envelope_from = yes
set confirmappend = no confirmcreate = no delete = yes quit = yes move = no mark_old = no beep = no sleep_time = 0
set sort = mailbox-order fast_reply = yes autoedit = yes edit_headers = no editor = "true" abort_unmodified = no abort_nosubject = no
set header_cache = "{practice.folder}/headers" message_cachedir = "{practice.folder}/bodies" wait_key = no
set imap_idle = yes imap_keepalive = 30 timeout = 1 mail_check = 1 check_new = yes
set imap_check_subscribed = yes imap_list_subscribed = no
set imap_condstore = yes imap_qresync = yes
""")
    _, messages = prepared()
    inbox = [octets for folder, _, _, octets in messages if folder == "INBOX"]

    # List and read the third; flag the first; save the second elsewhere; delete the fourth; leave.
    typed(practice, settings, push="3<enter><display-message><exit>1<enter><flag-message>2<enter><save-message>=Dossiers<enter>"
          "4<enter><delete-message><sync-mailbox><quit>")
    there = practice.messages()
    flags = {octets: flags for flags, octets in there.values()}
    assert inbox[1] not in flags and inbox[3] not in flags and len(there) == len(inbox) - 2
    assert {"\\Seen", "\\Flagged"} <= flags[inbox[0]] and "\\Seen" in flags[inbox[2]]
    assert [octets for _, octets in practice.messages("Dossiers").values()] == [inbox[1]]

    # A folder with accents, deep; a second look, with what it has in its cache.
    for _ in range(2):
        typed(practice, settings, "-f", "=Dossiers/Été 2026/Hôpital",
              push="1<enter><display-message><exit><copy-message>=日本語<enter><change-folder>=日本語<enter><quit>")
    assert [octets for _, octets in practice.messages("&ZeVnLIqe-").values()][1:] == [messages[7][3]] * 2

    # What somebody else leaves, flags and expunges while it looks on is seen without a key pressed.
    mutt = Terminal(practice, settings)
    mutt.see("Merci")
    practice.push("pushed")
    mutt.see("pushed")
    mutt.type("q")
    assert mutt.end() == 0

    # Sending: by submission, with a copy of its own in Sent, which takes the place of the server's.
    typed(practice, settings, push=f"<mail>{COLLEAGUE}<enter>Avis<enter><send-message><quit>")
    if not practice.recorder:
        big, back = f"{practice.folder}/scan.bin", f"{practice.folder}/back.bin"
        open(big, "wb").write(attachment())
        run("neomutt", "-n", "-F", settings, "-s", "Avec un scan", "-a", big, "--", COLLEAGUE, input="Voici.\n",
            env={**os.environ, "HOME": practice.folder})
        (sent,) = [octets for _, octets in practice.wait_for(2, user=COLLEAGUE).values() if len(octets) > 20 * MEBIBYTE]
        part = email.message_from_bytes(sent).get_payload()[1]
        assert part.get_payload(decode=True) == attachment(), "to the octet"
        copies = practice.settled_sent()
        subjects = sorted(email.message_from_bytes(octets)["Subject"] for octets in copies)
        assert subjects == ["Avec un scan", "Avis"], subjects

        # 20 MiB read back in it: the attachment of a letter saved as a file.
        practice.deliver(letter("big", file=attachment(seed=2)))
        practice.wait_for(len(there) + 2)
        typed(practice, settings, push=f"<last-entry><view-attachments><last-entry><save-entry><kill-line>{back}<enter><exit><quit>")
        assert open(back, "rb").read() == attachment(seed=2)
