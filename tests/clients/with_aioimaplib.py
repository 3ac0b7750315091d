"""aioimaplib (Python, asyncio): IDLE push, and commands in between."""
import asyncio
import importlib.metadata

from practice import DOCTOR, Practice, prepared, skip

try:
    import aioimaplib
except ImportError:
    skip("the Python module aioimaplib is not installed")


async def session(practice):
    client = aioimaplib.IMAP4_SSL("localhost", practice.imaps, ssl_context=practice.trust(), timeout=60)
    await client.wait_hello_from_server()
    ok = lambda answer: (answer.result == "OK" or exit(str(answer))) and answer.lines
    ok(await client.login(DOCTOR, practice.passwords[DOCTOR]))
    ok(await client.select("INBOX"))
    _, messages = prepared()
    inbox = [octets for folder, _, _, octets in messages if folder == "INBOX"]
    for number, octets in enumerate(inbox, 1):
        assert octets in ok(await client.uid("fetch", str(number), "BODY.PEEK[]")), number
    for at in range(3):
        idle = await client.idle_start(timeout=60)
        await asyncio.to_thread(practice.push, f"pushed {at}")
        wanted = b"%d EXISTS" % (len(inbox) + at + 1)
        while wanted not in await client.wait_server_push(30):
            pass
        client.idle_done()
        await asyncio.wait_for(idle, 30)
        ok(await client.uid("store", str(len(inbox) + at + 1), "+FLAGS", "(\\Seen)"))
    ok(await client.uid_search("UNSEEN"))
    ok(await client.close())
    await client.logout()


with Practice(f"aioimaplib {importlib.metadata.version('aioimaplib')}") as practice:
    practice.fill()
    asyncio.run(session(practice))
