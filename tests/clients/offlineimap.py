"""OfflineIMAP: a whole mailbox home, and changes both ways."""
import glob
import os

from practice import DOCTOR, Practice, letter, needs, prepared, quoted, run, version

needs("offlineimap")

with Practice(f"OfflineIMAP {version('offlineimap', '--version')}") as practice:
    practice.fill()
    # It quotes no quotation mark.
    ugo = quoted('Dr. "Ugo" [x]')
    practice.also(f"DELETE {ugo}")
    home = f"{practice.folder}/home"
    settings = f"{practice.folder}/offlineimaprc"
    with open(settings, "w") as file:
        file.write(f"""
[general]
accounts = pli
metadata = {practice.folder}/state
ui = quiet
[Account pli]
localrepository = near
remoterepository = far
utf8foldernames = yes
[Repository near]
type = Maildir
localfolders = {home}
sep = /
[Repository far]
type = IMAP
remotehost = localhost
remoteport = {practice.imaps}
remoteuser = {DOCTOR}
remotepass = {practice.passwords[DOCTOR]}
ssl = yes
sslcacertfile = {practice.authority}
maxconnections = 1
expunge = yes
""")

    def sync():
        return run("offlineimap", "-o", "-c", settings, env={**os.environ, "HOME": practice.folder, "LC_ALL": "C.UTF-8"})

    def home_of(folder):
        found = {}
        for path in sorted(glob.glob(f"{glob.escape(home)}/{glob.escape(folder)}/*/*")):
            found[open(path, "rb").read()] = path
        return found

    lines = lambda octets: octets.replace(b"\r\n", b"\n")
    sync()
    folders, messages = prepared()
    assert os.path.isdir(f"{home}/Dossiers/Été 2026/Hôpital/cur") and os.path.isdir(f"{home}/日本語/cur")
    inbox = [lines(octets) for folder, _, _, octets in messages if folder == "INBOX"]
    # It writes multiparts anew as Python's email does; the others come to the octet, but for the ends of lines.
    alone = [octets for octets in inbox if b"multipart" not in octets]
    assert len(alone) == 4 and set(alone) <= set(home_of("INBOX")) and len(home_of("INBOX")) == len(inbox)
    path = home_of("INBOX")[inbox[2]]
    os.rename(path, f"{home}/INBOX/cur/{os.path.basename(path).partition(':2,')[0]}:2,FS")
    os.remove(home_of("INBOX")[inbox[3]])
    open(f"{home}/INBOX/new/1.from.home", "wb").write(lines(letter("from home", ident="home@cabinet.example")))
    practice.also("SELECT INBOX", "STORE 2 +FLAGS (\\Deleted)", "EXPUNGE", "append from there")
    sync()
    sync()
    there = practice.messages()
    assert len(there) == len(inbox) == len(home_of("INBOX")), "two gone, two new, on both sides"
    flags = {lines(octets): flags for flags, octets in there.values()}
    assert {"\\Seen", "\\Flagged"} <= flags[inbox[2]] and inbox[3] not in flags and inbox[1] not in home_of("INBOX")
    assert any(b"Subject: from home" in octets for octets in flags)
    assert b"Subject: from there\n\nx\n" in home_of("INBOX")
