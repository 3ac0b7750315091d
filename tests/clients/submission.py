"""Programs that only send: msmtp on both doors, swaks; what they send arrives to the octet, and in Sent once."""
import subprocess

from practice import COLLEAGUE, DOCTOR, Practice, letter, needs, run

needs("msmtp", "swaks")

with Practice("msmtp and swaks") as practice:
    password = practice.passwords[DOCTOR]
    sent = []
    for door, starttls in [("submissions", "off"), ("submission", "on")]:
        octets = letter(f"by {door}", to=COLLEAGUE, sender=DOCTOR, ident=f"{door}@cabinet.example")
        done = subprocess.run(
            ["msmtp", "--host=localhost", f"--port={practice.ports[door]}", "--tls=on", f"--tls-starttls={starttls}",
             f"--tls-trust-file={practice.authority}", "--auth=plain", f"--user={DOCTOR}",
             f"--passwordeval=echo {password}", f"--from={DOCTOR}", "--", COLLEAGUE],
            input=octets, capture_output=True, timeout=60,
        )
        assert done.returncode == 0, done.stderr
        sent.append(octets)
    for tls, door in [("--tls-on-connect", "submissions"), ("--tls", "submission")]:
        run("swaks", "--server", "127.0.0.1", "--port", str(practice.ports[door]), tls, "--tls-verify", "--tls-ca-path",
            practice.authority, "--auth", "LOGIN", "--auth-user", DOCTOR, "--auth-password", password, "--from", DOCTOR,
            "--to", COLLEAGUE, "--header", f"Subject: swaks {door}", "--body", "Bonjour", "--silent", "1")
    there = [octets for _, octets in practice.wait_for(4, user=COLLEAGUE).values()]
    assert there[:2] == sent, "to the octet"
    assert sorted(practice.settled_sent()) == sorted(there), "a copy of each, once"
