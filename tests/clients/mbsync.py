"""mbsync (isync): a whole mailbox home, changes both ways, and 20 MiB both ways to the octet."""
import glob
import os
import re

from practice import DOCTOR, PATIENCE, Practice, attachment, letter, needs, prepared, quoted, run, version

needs("mbsync")


def stored(octets):
    """As mbsync keeps it: lines end as the system's do, and a new message gets a mark of its own at the end of the head."""
    return re.sub(rb"X-TUID: .{12}\n", b"", octets.replace(b"\r\n", b"\n"), count=1)


with Practice(version("mbsync", "--version")) as practice:
    practice.fill()
    home = f"{practice.folder}/home"
    os.makedirs(home)
    with open(f"{practice.folder}/mbsyncrc", "w") as settings:
        settings.write(f"""
IMAPAccount pli
Host localhost
Port {practice.imaps}
User {DOCTOR}
Pass {practice.passwords[DOCTOR]}
SSLType IMAPS
CertificateFile {practice.authority}
Timeout {PATIENCE}

IMAPStore far
Account pli

MaildirStore near
Path {home}/
Inbox {home}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""")

    def sync():
        return run("mbsync", "-c", f"{practice.folder}/mbsyncrc", "-a", "-V")

    def home_of(folder):
        """{octets: flags} of a folder at home."""
        found = {}
        for path in sorted(glob.glob(f"{glob.escape(home)}/{glob.escape(folder)}/*/*")):
            if path.split("/")[-2] in ("new", "cur"):
                found[stored(open(path, "rb").read())] = (path, set(path.partition(":2,")[2]))
        return found

    # A first sync: every folder, every message to the octet, every flag.
    sync()
    folders, messages = prepared()
    for folder in folders + ["INBOX", "Envoy&AOk-s", "Corbeille"]:
        assert os.path.isdir(f"{home}/{folder}/cur"), folder
    letters = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "$Label1": ""}
    for folder, flags, _, octets in messages:
        there = home_of(folder)
        assert stored(octets) in there, (folder, octets)
        assert there[stored(octets)][1] == set("".join(letters[f] for f in flags.strip("()").split())), (folder, flags)
    assert len(home_of("INBOX")) == sum(folder == "INBOX" for folder, *_ in messages)
    first, second, third = (stored(octets) for folder, _, _, octets in messages[:3])

    # Two ways: here a flag, a deletion, a new message, a new folder; there a flag, a deletion, a new message.
    path, _ = home_of("INBOX")[first]
    os.rename(path, path.replace(":2,S", ":2,FS"))
    path, _ = home_of("INBOX")[second]
    os.remove(path)
    written = b"From: dr.martin@cabinet.example\nSubject: from home\nMessage-ID: <home@cabinet.example>\n\nfrom home \xc3\xa9\n"
    open(f"{home}/INBOX/new/1.from.home", "wb").write(written)
    os.makedirs(f"{home}/Dossiers/Neuf/new"), os.makedirs(f"{home}/Dossiers/Neuf/cur")
    os.makedirs(f"{home}/Dossiers/Neuf/tmp")
    open(f"{home}/Dossiers/Neuf/new/2.from.home", "wb").write(written)
    ugo = quoted('Dr. "Ugo" [x]')
    practice.also("SELECT INBOX", "STORE 3 +FLAGS (\\Seen \\Answered)", "STORE 4 +FLAGS (\\Deleted)", "EXPUNGE",
                  "append from there", f"DELETE {ugo}")
    sync()
    there, here = practice.messages(), home_of("INBOX")
    bare = {stored(octets): flags for flags, octets in there.values()}
    assert bare.keys() == {stored(octets) for octets in here}, "the same messages on both sides"
    assert bare[first] >= {"\\Seen", "\\Flagged"} and second not in bare
    assert here[third][1] == set("RS") and stored(messages[3][3]) not in here
    assert written in bare and b"Subject: from there\n\nx\n" in here
    assert written in {stored(octets) for _, octets in practice.messages("Dossiers/Neuf").values()}
    assert not os.path.isdir(f"{home}/Dr. \"Ugo\" [x]/cur"), "a folder deleted there is deleted here"

    if not practice.recorder:
        # 20 MiB each way, and nothing twice after it.
        down = letter("down", file=attachment(seed=1), to=DOCTOR)
        up = letter("up", file=attachment(seed=2)).replace(b"\r\n", b"\n")
        practice.deliver(down)
        practice.wait_for(len(there) + 1)
        open(f"{home}/INBOX/new/3.from.home", "wb").write(up)
        sync()
        assert stored(down) in home_of("INBOX") and up in {stored(o) for _, o in practice.messages().values()}
        sync()
        assert len(practice.messages()) == len(there) + 2 == len(home_of("INBOX"))
