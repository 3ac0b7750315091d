// A real browser before the pages of a running server, and what every page must keep in it.
//
// The test that starts a script answers what it asks (letters, codes, the clock), one line of JSON for another. A script
// gathers what is wrong with every page and tells it at its end: one run shows all.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { chromium } = require("playwright-core");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const shots = process.env.PLI_SCREENSHOTS;

const waiting = [];
readline.createInterface({ input: process.stdin }).on("line", (line) => waiting.shift()(JSON.parse(line)));

/** Asks the test for something. */
function ask(what, more = {}) {
  return new Promise((answered) => {
    waiting.push(answered);
    process.stdout.write(`${JSON.stringify({ ask: what, ...more })}\n`);
  });
}

/** What is wrong, as sentences. */
const faults = [];
/** How many pages were looked at. */
let looked = 0;

function must(truth, what) {
  if (!truth) faults.push(what);
}

const PHONE = { width: 320, height: 640 };
const DESKTOP = { width: 1280, height: 900 };
// A window of 1280 by 900 pixels at 200 % has half as many in CSS.
const ZOOMED = { width: 640, height: 450 };

/** In the page: what is wider than the window. */
function beyond() {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return "";
  const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > most + 1);
  return wide.map((e) => e.outerHTML.slice(0, 80)).join(" | ") || "?";
}

/** One browser of one person, with everything it does watched. */
class Person {
  static async open(browser, options = {}) {
    const { language = "fr", script = true, ...more } = options;
    const context = await browser.newContext({
      locale: language, javaScriptEnabled: script, ignoreHTTPSErrors: true, viewport: PHONE, acceptDownloads: true, ...more,
    });
    const person = new Person();
    Object.assign(person, { browser, context, language, weights: new Map(), strangers: [] });
    context.on("request", (request) => {
      const url = new URL(request.url());
      const own = url.protocol === "data:" || url.protocol === "blob:" || url.protocol === "file:"
        || url.hostname === "127.0.0.1";
      if (!own) person.strangers.push(request.url());
    });
    // A request that the policy stops never leaves the browser.
    context.on("requestfailed", (request) => {
      const at = person.strangers.indexOf(request.url());
      if (person.tolerates && request.failure()?.errorText === "csp" && at >= 0) person.strangers.splice(at, 1);
    });
    context.on("response", (response) => {
      if (["stylesheet", "script", "image"].includes(response.request().resourceType())) {
        const kept = response.body().then((body) => person.weights.set(response.url().split("?")[0], body.length)).catch(() => {});
        person.kept = Promise.all([person.kept, kept]);
      }
    });
    // Nothing of ours uses them: whoever calls one of them is somebody else's script.
    await context.exposeFunction("pliRan", (what) => faults.push(`a script ran: ${what}`));
    context.on("dialog", (dialog) => { faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    context.on("weberror", (error) => faults.push(`an error of a script: ${error.error()}`));
    context.on("console", (message) => {
      // Chromium writes down every answer that is not 2xx, also one that is a page of ours.
      const answered = message.text().startsWith("Failed to load resource: the server responded with a status of");
      const page = message.page()?.url().split("#")[0];
      if (answered && message.location().url.split("#")[0] === page) return;
      if (person.tolerates?.test(message.text())) return;
      if (["error", "warning"].includes(message.type())) faults.push(`the console says: ${message.text()}`);
    });
    person.page = await context.newPage();
    return person;
  }

  async go(url) {
    return this.page.goto(url);
  }

  /** Presses the button or link, and waits for the page that follows. */
  async press(selector) {
    await Promise.all([this.page.waitForNavigation(), this.page.click(selector)]);
  }

  /** Takes the code that was sent last. */
  async type(code) {
    await this.page.fill("#code", code ?? (await ask("code")).code);
    await this.press("form[action$='/check'] button");
  }

  async choose(channel = "sms") {
    await this.page.check(`input[value=${channel}]`);
    await this.press("form[action$='/code'] button");
  }

  /** The page as it stands: no violation, nothing beside the window, not too heavy. With `all`, in every window. */
  async look(name, { all = false, most = 50_000 } = {}) {
    const page = this.page;
    const whole = `${name} (${this.language})`;
    looked += 1;
    process.stdout.write(`${JSON.stringify({ looking: whole })}\n`);
    await this.kept;
    const html = Buffer.byteLength(await page.content());
    const weight = html + [...this.weights.values()].reduce((sum, one) => sum + one, 0);
    must(weight < most, `${whole}: ${weight} octets`);
    const windows = all
      ? [["phone", PHONE, "light"], ["phone", PHONE, "dark"], ["desktop", DESKTOP, "light"], ["desktop", DESKTOP, "dark"],
         ["zoomed", ZOOMED, "light"]]
      : [["phone", PHONE, "light"]];
    for (const [window, size, colorScheme] of windows) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const where = `${whole}, ${window}, ${colorScheme}`;
      const wide = await page.evaluate(beyond);
      must(!wide, `${where}: wider than the window: ${wide}`);
      if (window !== "zoomed") await this.violations(where);
      // WCAG 2.2 §1.4.12: text spaced as its reader wants it.
      const spaced = await page.evaluate(`(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
        document.adoptedStyleSheets = [sheet];
        const wide = (${beyond})();
        document.adoptedStyleSheets = [];
        return wide;
      })()`);
      must(!spaced, `${where}, spaced: wider than the window: ${spaced}`);
      // Pictures of what was looked at are for people.
      if (shots) {
        fs.mkdirSync(shots, { recursive: true });
        const file = path.join(shots, `${name}-${this.language}-${window}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: true, animations: "disabled" });
      }
    }
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: "light" });
  }

  async violations(where) {
    const page = this.page;
    if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe);
    const found = await page.evaluate(async (rules) => {
      const { violations } = await window.axe.run(document, {
        runOnly: { type: "tag", values: rules }, resultTypes: ["violations"], preload: false,
      });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
    }, RULES);
    for (const violation of found) faults.push(`${where}: ${violation}`);
  }

  /** What is wanted stands on the page. */
  async says(selector, name) {
    must((await this.page.locator(selector).count()) > 0, `${name} (${this.language}): no ${selector} on ${this.page.url()}`);
  }

  async close() {
    for (const url of this.strangers) faults.push(`asked of somebody else: ${url}`);
    await this.context.close();
  }
}

/** Runs a script with a browser; `act` gets the browser and what the test gave. */
async function play(act) {
  const given = JSON.parse(process.argv[2]);
  const browser = await chromium.launch({ executablePath: given.chromium, args: given.arguments ?? [] });
  try {
    await act(browser, given);
  } catch (error) {
    faults.push(`broken off: ${error.stack}`);
  }
  await browser.close();
  process.stdout.write(`${JSON.stringify({ done: { faults: [...new Set(faults)], looked } })}\n`);
  process.exit(0);
}

module.exports = { ask, must, play, Person, PHONE, DESKTOP };
