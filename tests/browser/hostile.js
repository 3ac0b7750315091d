// Letters whose HTML wants to run, load, lead away or take over the page: in a real browser nothing of it happens.
"use strict";

const { ask, must, play, Person } = require("./stage");

play(async (browser, { origin, payloads }) => {
  // The policy of the page would stop what the reduction of the HTML lets through; each has to do alone.
  const rounds = payloads.flatMap((html, at) => [false, true].map((bypassCSP) => ({ at, html, bypassCSP })));
  for (const { at, html, bypassCSP } of rounds) {
    await ask("pass", { seconds: 5 * 3600 });
    const person = await Person.open(browser, { bypassCSP });
    const { page } = person;
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => window.pliRan(`against the policy: ${event.blockedURI}`));
      for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => window.pliRan(name);
    });
    const { link } = await ask("letter", { kind: "hostile", html });
    await person.go(link);
    await person.choose("sms");
    await person.type();
    await person.says("article.letter", `payload ${at}`);
    const begun = person.strangers.length;
    // Whatever moves, is hovered over, focused or pressed.
    for (const one of await page.locator(".text *").all()) {
      await one.hover({ timeout: 300, force: true }).catch(() => {});
      await one.click({ timeout: 300, force: true }).catch(() => {});
      await one.focus({ timeout: 300 }).catch(() => {});
    }
    // A meta refresh or a timer would have come by now.
    await page.waitForTimeout(400);
    must(page.url() === `${origin}/letter`, `payload ${at} leads to ${page.url()}`);
    must(person.strangers.length === begun, `payload ${at} loads ${person.strangers}`);
    const inside = await page.evaluate(() => {
      const alive = "script, style, link, meta, base, iframe, object, embed, svg, math, form, input, button, a, img:not([src^='data:image/png;base64,']), video, audio, template, frameset";
      const found = [...document.querySelectorAll(".text")].flatMap((text) => [...text.querySelectorAll(alive)]);
      const kept = { IMG: ["src", "alt", "width", "height"] };
      const common = ["class", "colspan", "rowspan", "scope", "headers", "lang"];
      const odd = [...document.querySelectorAll(".text *")].flatMap((one) =>
        [...one.attributes].map((a) => a.name).filter((name) => !(kept[one.tagName] || common).includes(name)));
      const forms = [...document.forms].map((form) => form.getAttribute("action")).filter((to) => !to.startsWith("/letter/"));
      return [...found.map((one) => one.outerHTML), ...odd, ...forms, ...(document.baseURI === location.href ? [] : ["base"])];
    });
    must(inside.length === 0, `payload ${at} leaves ${inside.join(" | ")}`);
    must(await page.locator("form[action='/letter/close'] button").isVisible(), `payload ${at} hides the page`);
    await person.violations(`payload ${at}`);
    // As it was sent its styles stay, so that the policy has to hold what they name: what it stops, the browser says.
    if (!bypassCSP) {
      person.tolerates = /violates the following Content Security Policy directive|because the document's frame is sandboxed/;
      await person.press("p.sent a");
      const before = person.strangers.length;
      await person.says("html[lang]", `payload ${at} as it was sent`);
      for (const one of (await page.locator("body > p ~ *").all()).slice(0, 20)) {
        await one.click({ timeout: 100, force: true }).catch(() => {});
      }
      await page.waitForTimeout(400);
      must(page.url().startsWith(`${origin}/letter/text?`), `payload ${at} as it was sent leads to ${page.url()}`);
      must(person.strangers.length === before, `payload ${at} as it was sent loads ${person.strangers}`);
      await page.goBack();
      await person.says("article.letter", `payload ${at}, back`);
    }
    await person.close();
  }
});
