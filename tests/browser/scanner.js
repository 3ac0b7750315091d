// A link scanner with a real browser: it loads every link and presses every button, from three addresses, with and
// without script; then a person comes.
"use strict";

const http = require("http");
const net = require("net");
const { ask, must, play, Person } = require("./stage");

/** A proxy that leaves from an address of its own (CONNECT, RFC 9110 §9.3.6). */
async function leaving(from) {
  const proxy = http.createServer();
  proxy.on("connect", (request, near, head) => {
    const [host, port] = request.url.split(":");
    const far = net.connect({ host, port, localAddress: from }, () => {
      near.write("HTTP/1.1 200 OK\r\n\r\n");
      far.write(head);
      far.pipe(near).pipe(far);
    });
    for (const end of [near, far]) end.on("error", () => { near.destroy(); far.destroy(); });
  });
  await new Promise((ready) => proxy.listen(0, "127.0.0.1", ready));
  return { server: `http://127.0.0.1:${proxy.address().port}` };
}

const PRESSED = "button, input[type=submit], summary, a.button";

/** Loads every link; on each page presses everything, each time from the page as it was first. */
async function scan(person, start) {
  const seen = new Set();
  const waiting = [start];
  let pressed = 0;
  while (waiting.length > 0) {
    const url = waiting.shift();
    if (seen.has(url)) continue;
    seen.add(url);
    await person.go(url);
    const { page } = person;
    const links = await page.locator("a[href]").evaluateAll((all) => all.map((a) => a.href));
    waiting.push(...links.filter((link) => link.startsWith(new URL(start).origin)));
    const many = await page.locator(PRESSED).count();
    for (let at = 0; at < many; at += 1) {
      await page.goto(url);
      const button = page.locator(PRESSED).nth(at);
      await page.locator("details").evaluateAll((all) => all.forEach((one) => { one.open = true; }));
      await button.click();
      await page.waitForLoadState();
      pressed += 1;
      must(page.url().startsWith(new URL(start).origin), `a button leads to ${page.url()}`);
    }
    // By Enter in every field, as well.
    for (const field of await page.locator("input:not([type=hidden]):not([type=radio]):not([type=file])").all()) {
      await field.press("Enter");
      await page.waitForLoadState();
    }
  }
  return { pressed, loaded: seen.size };
}

play(async (browser) => {
  const { link } = await ask("letter", { kind: "files" });
  // Those that are no browsers come first, as a rule: by HEAD, by a GET, by a script of another page.
  const fetcher = await Person.open(browser);
  await fetcher.context.request.head(link);
  await fetcher.context.request.get(link);
  await fetcher.go(`${new URL(link).origin}/accessibility`);
  await fetcher.page.evaluate((link) => fetch(link), link);
  await fetcher.close();
  await ask("fetched");

  for (const [from, options] of [
    ["127.0.0.1", { userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks" }],
    ["127.0.0.2", { script: false }],
    ["127.0.0.3", { language: "en" }],
  ]) {
    const scanner = await Person.open(browser, { ...options, proxy: await leaving(from) });
    const { pressed, loaded } = await scan(scanner, link);
    must(pressed >= 5 && loaded >= 5, `${from} pressed ${pressed} and loaded ${loaded}`);
    await scanner.close();
  }
  await ask("scanned");

  // One that ticks what can be ticked gets a code out, once, and no further by pressing.
  const bold = await Person.open(browser);
  await bold.go(link);
  await bold.choose("sms");
  await scan(bold, link);
  await bold.close();
  await ask("scanned-boldly");

  // What a person does is told from what came in the hours before.
  await ask("pass", { seconds: 3600 });
  const person = await Person.open(browser);
  await person.go(link);
  await person.choose("sms");
  await person.type();
  await person.says("article.letter", "the letter is there for a person");
  await person.close();
});
