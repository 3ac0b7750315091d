"""IMAPClient (Python): folders with accents, flags, MOVE, IDLE, quota, and 20 MiB."""
import time

from practice import DOCTOR, Practice, attachment, letter, prepared, skip

try:
    import imapclient
    from imapclient import IMAPClient
except ImportError:
    skip("the Python module imapclient is not installed")

with Practice(f"IMAPClient {imapclient.__version__}") as practice:
    practice.fill()
    client = IMAPClient("localhost", port=practice.imaps, ssl_context=practice.trust())
    client.login(DOCTOR, practice.passwords[DOCTOR])
    client.id_({"name": "IMAPClient", "version": "4"})
    if client.has_capability("ENABLE"):
        client.enable("CONDSTORE")
    names = [name for _, _, name in client.list_folders()]
    assert {"Dossiers/Été 2026/Hôpital", "Résultats & copies", "日本語", 'Dr. "Ugo" [x]', "Envoyés"} <= set(names), names
    assert client.find_special_folder(b"\\Sent") == "Envoyés"
    assert client.folder_status("日本語")[b"MESSAGES"] == 1
    _, messages = prepared()
    inbox = [octets for folder, _, _, octets in messages if folder == "INBOX"]
    assert client.select_folder("INBOX")[b"EXISTS"] == len(inbox)
    fetched = client.fetch(client.search("ALL"), ["FLAGS", "INTERNALDATE", "ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[]"])
    assert [fetched[uid][b"BODY[]"] for uid in sorted(fetched)] == inbox, "to the octet"
    assert fetched[2][b"ENVELOPE"].message_id == b"<m2@hopital.example>"
    assert client.search(["SUBJECT", "Résultats", "FLAGGED"], charset="UTF-8") == [2]
    assert client.search(["NOT", ["SEEN"], "SINCE", "13-Jan-2026"]) == [4, 6, 7]
    client.add_flags([1], ["\\Flagged", "$Forwarded"])
    assert set(client.get_flags([1])[1]) == {b"\\Seen", b"\\Flagged", b"$Forwarded"}
    client.set_flags([1], ["\\Seen"])
    client.remove_flags([1], ["\\Seen"])
    client.move([1, 2], "Dossiers/Été 2026")
    client.create_folder("Année/Mars")
    client.copy([3], "Année/Mars")
    client.rename_folder("Année/Mars", "Année/Avril")
    client.delete_messages([4])
    client.expunge([4])
    assert client.search() == [3, 5, 6, 7]
    client.append("INBOX", letter("appended", ident="appended@x.example"), flags=["\\Seen"])
    assert client.get_quota_root("INBOX")

    # IDLE: a letter that somebody else leaves is told without asking.
    client.noop()
    client.idle()
    practice.push("pushed")
    heard = []
    end = time.monotonic() + 30
    while (6, b"EXISTS") not in heard and time.monotonic() < end:
        heard += client.idle_check(timeout=1)
    client.idle_done()
    assert (6, b"EXISTS") in heard, heard
    client.unselect_folder()
    client.delete_folder("Année/Avril")
    if not practice.recorder:
        big = letter("big", file=attachment())
        client.append("Dossiers", big)
        client.select_folder("Dossiers")
        assert client.fetch([1], ["BODY[]"])[1][b"BODY[]"] == big
    client.logout()
