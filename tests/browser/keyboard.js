// The whole journey by keyboard alone, with focus in sight at every step; and the whole journey without script.
"use strict";

const fs = require("fs");
const { ask, must, play, Person, DESKTOP } = require("./stage");

/** What has the focus, and whether that can be seen. */
const focus = (page) => page.evaluate(() => {
  const now = document.activeElement;
  if (!now || now === document.body) return null;
  const seen = (element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const box = now.getBoundingClientRect();
  return {
    tag: now.tagName, name: now.name ?? "", value: now.value ?? "", text: now.textContent.trim(), href: now.href ?? "",
    action: now.form?.getAttribute("action") ?? "", visible: seen(now) || seen(now.closest("label") ?? now),
    inside: box.bottom > 0 && box.top < innerHeight,
  };
});

/** Tabs until something has the focus that is wanted. */
async function reach(page, wanted) {
  for (let steps = 0; steps < 60; steps += 1) {
    const now = await focus(page);
    if (now) {
      must(now.visible && now.inside, `the focus is not in sight: ${JSON.stringify(now)}`);
      if (wanted(now)) return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`never reached: ${wanted}`);
}

async function enter(page, wanted) {
  await reach(page, wanted);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function typed(page) {
  // The field has the focus from the start.
  await reach(page, (at) => at.name === "code");
  await page.keyboard.type((await ask("code")).code);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function byKeyboard(browser, viewport) {
  const person = await Person.open(browser, { viewport });
  const { page } = person;
  const { link } = await ask("letter", { kind: "files" });
  await person.go(link);
  // What stands above the page is skipped by the first link.
  await reach(page, (at) => at.href.endsWith("#content"));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  must((await focus(page))?.name === "channel", "the first link leads past the languages");
  await reach(page, (at) => at.name === "channel");
  await page.keyboard.press("Space");
  await enter(page, (at) => at.tag === "BUTTON" && at.action.endsWith("/code"));
  await typed(page);
  await person.says("article.letter", "by keyboard");
  // Another language, and back.
  await enter(page, (at) => at.href.endsWith("?lang=en"));
  await person.says("html[lang=en]", "by keyboard");
  await enter(page, (at) => at.href.endsWith("?lang=fr"));
  await reach(page, (at) => at.href.includes("/save?"));
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  must(fs.readFileSync(await download.path()).subarray(0, 5).toString() === "%PDF-", "the file came by keyboard");
  await reach(page, (at) => at.name === "text");
  await page.keyboard.type("Merci docteur");
  await enter(page, (at) => at.tag === "BUTTON" && at.action === "/letter/answer");
  await person.says("#sent", "by keyboard");
  await enter(page, (at) => at.action === "/letter/prolong");
  await enter(page, (at) => at.action === "/letter/close");
  must((await page.locator("article.letter").count()) === 0, "closed by keyboard");
  await person.close();
  await ask("pass", { seconds: 5 * 3600 });
}

async function withoutScript(browser) {
  const person = await Person.open(browser, { script: false });
  const { page } = person;
  const { link } = await ask("letter", { kind: "files" });
  await person.go(link);
  await person.choose("voice");
  await page.click("summary");
  await person.says("details[open]", "without script");
  await person.type();
  await person.says("article.letter", "without script");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("a[href*='/save?'] >> nth=0")]);
  must(fs.readFileSync(await download.path()).subarray(0, 5).toString() === "%PDF-", "the file came without script");
  await page.fill("#reply", "Merci docteur");
  await person.press("form[action='/letter/answer'] button");
  await person.says("#sent", "without script");
  await person.press("form[action='/letter/close'] button");
  must((await page.locator("article.letter").count()) === 0, "closed without script");
  await person.close();
}

play(async (browser) => {
  await byKeyboard(browser, undefined);
  await byKeyboard(browser, DESKTOP);
  await withoutScript(browser);
});
