"""Thunderbird itself, headless, driven by Marionette: first sync, flags both ways, a move, IDLE push, sending with one copy
in Sent, and 20 MiB out and back. What it does is asked of it as its own windows ask; what came of it is looked at on both
sides."""
import base64
import email
import os
import re
import signal
import subprocess

from marionette import Marionette
from practice import (COLLEAGUE, DOCTOR, MEBIBYTE, PATIENCE, Practice, attachment, free_port, letter, needs, prepared, run,
                      until, version)

needs("thunderbird", "certutil")

PREFERENCES = {
    "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled":
    False, "mail.provider.suppress_dialog_on_startup": True, "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True, "mail.winsearch.firstRunDone": True, "mailnews.start_page.enabled": False,
    "mailnews.start_page.override_url": "", "app.donation.eoy.version.viewed": 999, "mail.inappnotifications.enabled": False,
    "mail.compose.big_attachments.notify": False, "mailnews.message_warning_size": 100 * MEBIBYTE, "mailnews.tcptimeout": PATIENCE,
    "mail.SpellCheckBeforeSend": False, "mail.warn_on_send_accel_key": False,
    "network.proxy.type": 0, "toolkit.telemetry.enabled": False, "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "mail.chat.enabled": False, "mail.biff.show_alert": False,
    "mail.biff.play_sound": False, "extensions.getAddons.cache.enabled": False,
}
MAIL = 'const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");'
# The account, and a folder of it by the path of its names as people read them.
ACCOUNT = MAIL + """
const server = MailServices.accounts.findServer(args[0], "localhost", "imap");
const folder = path => path.split("/").reduce((at, name) => at?.subFolders.find(f => f.name == name || f.localizedName == name), server.rootFolder);
const inbox = () => server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
const find = (folder, subject) => [...folder.messages].find(m => m.mime2DecodedSubject == subject);
"""
ADD = MAIL + """
const [user, password, imaps, submissions, connections] = args;
for (const place of ["imap://localhost", "smtp://localhost"]) {
  const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
  login.init(place, null, place, user, password, "", "");
  await Services.logins.addLoginAsync(login);
}
const server = MailServices.accounts.createIncomingServer(user, "localhost", "imap");
server.port = imaps;
server.socketType = Ci.nsMsgSocketType.SSL;
server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
// Nothing is asked for by the clock: what comes by itself comes by IDLE.
server.doBiff = false;
server.loginAtStartUp = false;
server.QueryInterface(Ci.nsIImapIncomingServer);
server.useIdle = true;
if (connections) server.maximumConnectionsNumber = connections;
const identity = MailServices.accounts.createIdentity();
identity.email = user;
identity.fullName = "Dr Claire Martin";
identity.composeHtml = false;
const outgoing = MailServices.outgoingServer.createServer("smtp");
outgoing.QueryInterface(Ci.nsISmtpServer);
outgoing.hostname = "localhost";
outgoing.port = submissions;
outgoing.username = user;
outgoing.socketType = Ci.nsMsgSocketType.SSL;
outgoing.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
MailServices.outgoingServer.defaultServer = outgoing;
identity.smtpServerKey = outgoing.key;
const account = MailServices.accounts.createAccount();
account.addIdentity(identity);
account.incomingServer = server;
MailServices.accounts.defaultAccount = account;
"""
# What a click on a folder does.
UPDATE = ACCOUNT + """(args[1] == "INBOX" ? inbox() : folder(args[1])).updateFolder(null);"""
LIST = ACCOUNT + """
const at = args[1] == "INBOX" ? inbox() : folder(args[1]);
return at && [...at.messages].map(m => ({uid: m.messageKey, subject: m.mime2DecodedSubject, size: m.messageSize, read: m.isRead,
  flagged: m.isFlagged, replied: !!(m.flags & Ci.nsMsgMessageFlags.Replied), whole: !!(m.flags & Ci.nsMsgMessageFlags.Offline), words: m.getStringProperty("keywords")}));
"""
SOURCE = ACCOUNT + """
const at = args[1] == "INBOX" ? inbox() : folder(args[1]);
const uri = at.getUriForMsg(at.GetMessageHeader(args[2]));
const read = Cc["@mozilla.org/scriptableinputstream;1"].createInstance(Ci.nsIScriptableInputStream);
let whole = "";
await new Promise((done, fail) => MailServices.messageServiceFromURI(uri).streamMessage(uri, {
  QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]), onStartRequest() {},
  onStopRequest(request, status) { status ? fail(Error(`${status}`)) : done(); },
  onDataAvailable(request, stream, offset, count) { read.init(stream); whole += read.readBytes(count); },
}, null, null, false, "", false));
return btoa(whole);
"""
MARK = ACCOUNT + """inbox()[args[1]]([find(inbox(), args[2])], true);"""
MOVE = ACCOUNT + """
await new Promise((done, fail) => MailServices.copy.copyMessages(inbox(), [find(inbox(), args[1])], folder(args[2]), true, {
  QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]), onStartCopy() {}, onProgress() {}, setMessageKey() {},
  getMessageId() { return null; }, onStopCopy(status) { status ? fail(Error(`${status}`)) : done(); },
}, null, false));
"""
DELETE = ACCOUNT + """inbox().deleteMessages([find(inbox(), args[1])], null, false, true, null, false);"""
# The window in which one writes, and its button.
SEND = ACCOUNT + """
const [, to, subject, file] = args;
const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
fields.to = to;
fields.subject = subject;
fields.body = "Voici, \\u00e0 bient\\u00f4t.\\n";
if (file) {
  const attached = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
  const {FileUtils} = ChromeUtils.importESModule("resource://gre/modules/FileUtils.sys.mjs");
  attached.url = Services.io.newFileURI(new FileUtils.File(file)).spec;
  attached.name = "scan.bin";
  fields.addAttachment(attached);
}
const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
params.type = Ci.nsIMsgCompType.New;
params.format = Ci.nsIMsgCompFormat.PlainText;
params.identity = MailServices.accounts.defaultAccount.defaultIdentity;
params.composeFields = fields;
const {setTimeout} = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const opened = new Promise(done => Services.ww.registerNotification(function seen(window, topic) {
  if (topic != "domwindowopened") return;
  Services.ww.unregisterNotification(seen);
  window.addEventListener("compose-editor-ready", () => done(window), {once: true});
}));
MailServices.compose.OpenComposeWindowWithParams(null, params);
const window = await opened;
while (!window.gMsgCompose || !window.ComposeCanSend?.() && window.updateSendLock && window.gSendLocked) {
  window.updateSendLock?.();
  await new Promise(done => setTimeout(done, 50));
}
const closed = new Promise(done => window.addEventListener("unload", () => window.closed ? done() : setTimeout(done, 0)));
window.goDoCommand("cmd_sendNow");
await closed;
"""
# What a click on an attachment does.
SAVE = ACCOUNT + """
const {MsgHdrToMimeMessage} = ChromeUtils.importESModule("resource:///modules/gloda/MimeMessage.sys.mjs");
const {AttachmentInfo} = ChromeUtils.importESModule("resource:///modules/AttachmentInfo.sys.mjs");
const header = find(inbox(), args[1]);
const message = await new Promise(done => MsgHdrToMimeMessage(header, null, (_, message) => done(message), true));
const {url, name, contentType} = message.allAttachments[0];
const uri = inbox().getUriForMsg(header);
await new AttachmentInfo({contentType, url, name, uri, isExternalAttachment: false, message: header}).saveToFile(args[2]);
"""

# What a new account asks for, with the program's own reader of the answer.
CONFIGURE = """
const {fetchHTTP} = ChromeUtils.importESModule("resource:///modules/accountcreation/FetchHTTP.sys.mjs");
const {readFromXML} = ChromeUtils.importESModule("resource:///modules/accountcreation/readFromXML.sys.mjs");
const xml = await fetchHTTP(args[1], {urlArgs: {emailaddress: args[0]}, signal: new AbortController().signal});
const {incoming, outgoing} = readFromXML(xml, "isp-https");
return [incoming, outgoing].map(s => [s.type, s.hostname, s.port, s.socketType == Ci.nsMsgSocketType.SSL, s.username]);
"""


class Thunderbird:
    """Thunderbird with a profile of its own, that trusts the practice's authority and nothing else."""

    def __init__(self, practice):
        self.practice = practice
        profile = f"{practice.folder}/thunderbird"
        os.makedirs(profile)
        port = free_port()
        # One connection is recorded, so that the session is one text: nothing may draw it away from INBOX.
        settings = {**PREFERENCES, "marionette.port": port,
                    "mail.server.default.autosync_offline_stores": not practice.recorder}
        with open(f"{profile}/user.js", "w") as file:
            for name, value in settings.items():
                value = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else (
                    f'"{value}"' if isinstance(value, str) else value)
                file.write(f'user_pref("{name}", {value});\n')
        run("certutil", "-N", "-d", f"sql:{profile}", "--empty-password")
        run("certutil", "-A", "-n", "practice", "-t", "CT,,", "-i", practice.authority, "-d", f"sql:{profile}")
        self.log = open(f"{practice.folder}/thunderbird.log", "wb")
        self.process = subprocess.Popen(
            ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile],
            stdout=self.log, stderr=self.log, start_new_session=True, env={**os.environ, "HOME": practice.folder},
        )
        practice.callback(self.stop)
        self.marionette = Marionette(port)

    def run(self, script, *arguments):
        return self.marionette.run(script, DOCTOR, *arguments)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)
        self.log.close()

    def there(self, subject, folder="INBOX"):
        """A message by its subject, once it is there; nothing is asked of the server."""
        return until(lambda: [m for m in self.run(LIST, folder) or [] if m["subject"] == subject], what=subject)[0]


with Practice(version("thunderbird", "--version")) as practice:
    practice.fill()
    bird = Thunderbird(practice)
    # Where its server is, it finds by itself.
    for path in ["mail/config-v1.1.xml", ".well-known/autoconfig/mail/config-v1.1.xml"]:
        found = bird.run(CONFIGURE, f"https://localhost:{practice.ports['portal']}/{path}")
        assert found == [[kind, "mail.cabinet.example", practice.ports[door], True, "%EMAILADDRESS%"]
                         for kind, door in [("imap", "imaps"), ("smtp", "submissions")]], found
    bird.marionette.run(
        ADD, DOCTOR, practice.passwords[DOCTOR], practice.imaps, practice.ports["submissions"], 1 if practice.recorder else 0
    )
    # A first sync: the folders, with the special ones known for what they are, and the messages.
    bird.run(UPDATE, "INBOX")
    until(lambda: bird.run(ACCOUNT + "return !!folder(args[1])", "日本語"), what="the list of folders")
    for path in ["Dossiers/Été 2026/Hôpital", "Résultats & copies", 'Dr. "Ugo" [x]', "Envoyés"]:
        assert bird.run(ACCOUNT + "return !!folder(args[1])", path), path
    flags = "return folder(args[1]).flags & Ci.nsMsgFolderFlags[args[2]]"
    for path, flag in [("Envoyés", "SentMail"), ("Corbeille", "Trash"), ("Brouillons", "Drafts"), ("Indésirables", "Junk")]:
        assert bird.run(ACCOUNT + flags, path, flag), path
    _, messages = prepared()
    inbox = [octets for folder, _, _, octets in messages if folder == "INBOX"]
    until(lambda: len(bird.run(LIST, "INBOX")) == len(inbox), what="the headers of INBOX")
    listed = {m["uid"]: m for m in bird.run(LIST, "INBOX")}
    assert listed[1]["read"] and listed[2]["flagged"] and not listed[3]["read"] and listed[5]["replied"], listed
    assert listed[2]["subject"] == "Résultats de Mme Rossi" and "$label1" in listed[6]["words"].lower(), listed
    for uid, octets in enumerate(inbox, 1):
        # Its own marks at the top, and an end of line where there is none, are its own.
        _, kept = re.match(rb"((?:X-Mozilla-[^\n]*\n)*)(.*)", base64.b64decode(bird.run(SOURCE, "INBOX", uid)), re.S).groups()
        assert kept.removesuffix(b"\r\n") == octets.removesuffix(b"\r\n"), (uid, kept)
    bird.run(UPDATE, "Dossiers/Été 2026/Hôpital")
    bird.there("nested", "Dossiers/Été 2026/Hôpital")
    bird.run(UPDATE, "INBOX")

    # Flags both ways, the far side's without being asked for; a tag.
    bird.run(MARK, "markMessagesFlagged", "Merci")
    bird.run(MARK, "markMessagesRead", "Résultat brut en latin-1")
    bird.run(ACCOUNT + "inbox().addKeywordsToMessages([find(inbox(), args[1])], '$label4')", "Merci")
    flagged = lambda: (f := practice.messages()) and {"\\Flagged", "$label4"} <= f[1][0] and "\\Seen" in f[3][0]
    until(flagged, what="the flags there")
    practice.also("SELECT INBOX", "STORE 1 -FLAGS (\\Flagged)", "STORE 7 +FLAGS (\\Answered \\Flagged)")
    # A server need not tell flags in IDLE (RFC 3501 §5.2 leaves it open): this one does.
    seen = lambda m: not m[1]["flagged"] and m[7]["flagged"] and m[7]["replied"]
    until(lambda: seen({m["uid"]: m for m in bird.run(LIST, "INBOX")}), what="the flags here")

    # IDLE: a letter that another leaves appears without asking.
    practice.push("pushed")
    bird.there("pushed")

    # A folder made, a move, a deletion.
    bird.run(ACCOUNT + "server.rootFolder.createSubfolder(args[1], null)", "À revoir")
    until(lambda: bird.run(ACCOUNT + "return !!folder(args[1])", "À revoir"), what="the new folder")
    bird.run(MOVE, "Résultats de Mme Rossi", "À revoir")
    assert [octets for _, octets in practice.messages("&AMA- revoir").values()] == [inbox[1]], "moved there"
    bird.run(DELETE, "TR: dedans")
    until(lambda: len(practice.messages()) == len(inbox) - 1, what="the deletion there")
    assert [octets for _, octets in practice.messages("Corbeille").values()] == [inbox[4]], "and in the trash"

    # Sending, from the window in which one writes: it arrives, and one copy is in Sent, which is Thunderbird's.
    bird.run(SEND, COLLEAGUE, "Avis sur Mme Rossi", None)
    (sent,) = [octets for _, octets in practice.wait_for(1, user=COLLEAGUE).values()]
    until(lambda: len(practice.messages("Envoy&AOk-s")) == 1, what="the copy in Sent")
    assert b"Thunderbird" in sent and [o for _, o in practice.messages("Envoy&AOk-s").values()] == [sent]

    if not practice.recorder:
        big, back = f"{practice.folder}/scan.bin", f"{practice.folder}/back.bin"
        open(big, "wb").write(attachment())
        bird.run(SEND, COLLEAGUE, "Le scan", big)
        sent = [octets for _, octets in practice.wait_for(2, user=COLLEAGUE).values()][1]
        parts = email.message_from_bytes(sent).get_payload()
        assert parts[1].get_payload(decode=True) == attachment(), "to the octet"
        assert sorted(email.message_from_bytes(o)["Subject"] for o in practice.settled_sent()) == ["Avis sur Mme Rossi", "Le scan"]
        practice.deliver(letter("big", file=attachment(seed=2)))
        # As File ▸ Offline ▸ Get Selected Messages does.
        bird.there("big")
        bird.run(ACCOUNT + "inbox().downloadMessagesForOffline([find(inbox(), args[1])], null)", "big")
        until(lambda: bird.there("big")["whole"], 120, "the whole of it here")
        bird.run(SAVE, "big", back)
        assert open(back, "rb").read() == attachment(seed=2), "to the octet"
