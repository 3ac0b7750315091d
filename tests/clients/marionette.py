"""Thunderbird's and Firefox's own remote control (Marionette), as far as these tests need it: one script at a time in
the chrome context, where the program's services are. JSON over TCP, each packet with its length before it."""
import json
import socket
import time


class Marionette:
    def __init__(self, port, within=60):
        end = time.monotonic() + within
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        self.socket.settimeout(300)
        self.file = self.socket.makefile("rb")
        self.packet()  # who it is
        self.number = 0
        self.command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False}}})
        self.command("Marionette:SetContext", {"value": "chrome"})
        self.command("WebDriver:SetTimeouts", {"script": 280_000})

    def packet(self):
        size = b""
        while not size.endswith(b":"):
            octet = self.file.read(1)
            if not octet:
                raise EOFError("the program has closed the connection")
            size += octet
        return json.loads(self.file.read(int(size[:-1])))

    def command(self, name, parameters):
        self.number += 1
        body = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(body), body))
        _, _, error, result = self.packet()
        if error:
            raise RuntimeError(f"{error['error']}: {error['message']}\n{error.get('stacktrace', '')}")
        return result

    def run(self, script, *arguments):
        """Runs the body of an async function; `args` is what it is given."""
        body = (
            "const done = arguments[arguments.length - 1]; const args = Array.from(arguments).slice(0, -1);"
            "(async () => {" + script + "})().then(value => done({value}), e => done({error: `${e} ${e?.stack}`}));"
        )
        # A window that says what is wrong stands in the way: its words tell more than the time that is over.
        said = {"script": "return [...Services.wm.getEnumerator(null)].map(w => [w.location.href, "
                          "w.document.getElementById('infoBody')?.textContent].join(' '));", "args": []}
        packet = {"script": body, "args": list(arguments), "newSandbox": True}
        try:
            answer = self.command("WebDriver:ExecuteAsyncScript", packet)["value"]
        except RuntimeError as error:
            raise RuntimeError(f"{error}\nwindows: {self.command('WebDriver:ExecuteScript', said)['value']}") from None
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer.get("value")
