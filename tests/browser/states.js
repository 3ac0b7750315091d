// Every state of the page that a person can come to, on a running server: in five languages on a phone, and in one
// language in every window.
"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");
const { ask, must, play, Person } = require("./stage");

const wrong = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

play(async (browser, { origin, languages, windows }) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pli-browser-"));
  const large = path.join(folder, "radio.jpg");
  fs.writeFileSync(large, Buffer.alloc(28_000_000, 7));
  const program = path.join(folder, "jeu.exe");
  fs.writeFileSync(program, "MZ");
  const photo = path.join(folder, "photo.png");
  fs.writeFileSync(photo, Buffer.from("89504e470d0a1a0a", "hex"));
  for (const language of languages) {
    const all = windows.includes(language);
    // No call follows a message by itself at night.
    await ask("morning");
    const person = await Person.open(browser, { language });
    const { page } = person;
    const look = async (name, selector) => {
      if (selector) await person.says(selector, name);
      await person.look(name, { all });
    };

    // Nothing of a letter.
    for (const [name, where] of [["index", "/"], ["unknown", "/nothing"], ["incomplete", "/l/0123"], ["not-open", "/letter"]]) {
      await person.go(origin + where);
      await look(name, "section[lang=ru]");
    }
    // The statement is in the language of the browser, and the foot of every page leads to it.
    await person.press(`footer a[href='/accessibility?lang=${language}']`);
    await look("accessibility", `html[lang=${language}]`);

    // The link.
    const { link } = await ask("letter", { kind: "files" });
    await person.go(link);
    await look("choose", "input[value=sms]");
    must((await page.locator("img.logo").count()) === 0, "a logo before the code");
    await person.press("form[action$='/code'] button");
    await look("choose-nothing", "#error");
    await ask("gateway", { status: 500 });
    await person.choose("sms");
    // Where a provider is slow to refuse, the page says so a little later by itself.
    await page.waitForSelector("#error");
    await look("choose-failed", "#error");
    await ask("gateway", { status: 200 });
    await ask("pass", { seconds: 61 });
    await person.go(link);
    await person.choose("sms");
    await look("enter", "#code");
    const other = await Person.open(browser, { language });
    await other.go(link);
    await other.says("form[action$='/code']", "another browser");
    must((await other.page.locator("#code").count()) === 0, "another browser has no field for a code");
    await other.look("another-browser", { all });
    await other.close();
    await page.click("summary");
    await look("enter-missing", "details[open]");
    await person.press("details form[action$='/code'] button[value=sms]");
    await look("enter-wait", "#error");
    await person.type("12 34");
    await look("enter-not-a-code", "#error");
    const { code } = await ask("code");
    await person.type(wrong(code));
    await look("enter-wrong", "#code[aria-invalid]");
    await ask("pass", { seconds: 61 });
    await person.go(link);
    await page.click("summary");
    await person.press("details form[action$='/code'] button[value=voice]");
    await look("enter-call", "#code");
    const { code: second } = await ask("code");
    for (let tries = 0; tries < 5; tries += 1) {
      if (await page.locator("#code").count()) await person.type(wrong(second));
    }
    await look("spent", "#error, a.button");
    await person.go(link);
    await look("after-spent");
    await ask("pass", { seconds: 1200 });
    await person.go(link);
    await person.choose("sms");
    await ask("pass", { seconds: 660 });
    await person.type("123456");
    await look("code-over", "#error");

    // The letter.
    await ask("pass", { seconds: 5 * 3600 });
    await person.go(link);
    await person.choose("sms");
    await person.type();
    await look("letter", "article.letter");
    const logo = await page.locator("img.logo").evaluate((img) => [img.naturalWidth, img.clientWidth, img.clientHeight, img.alt]);
    must(logo.join() === "128,68,68,", `the logo is ${logo}`);
    must(!page.url().includes(link.split("/").pop()), "the address has no ticket");
    for (const [name, fill] of [
      ["answer-nothing", async () => {}],
      ["answer-program", async () => {
        await page.fill("#reply", "Bonjour docteur");
        await page.click("section.answer summary");
        await page.setInputFiles("#other", program);
      }],
      ["answer-too-large", async () => page.setInputFiles("#files", large)],
      ["answer-too-many", async () => page.setInputFiles("#files", Array(11).fill(photo))],
    ]) {
      await fill();
      await person.press("form[action='/letter/answer'] button");
      await look(name, "#error");
    }
    must((await page.inputValue("#reply")) === "Bonjour docteur", "the text of a refused answer stays");
    await page.setInputFiles("#files", photo);
    await person.press("form[action='/letter/answer'] button");
    await look("answer-sent", "#sent");
    await person.press("form[action='/letter/prolong'] button");
    await person.says("article.letter", "prolonged");
    await person.press("form[action='/letter/close'] button");
    await look("closed", "h1");

    // What letters may be made of.
    for (const kind of ["html", "pictures", "bare"]) {
      await ask("pass", { seconds: 5 * 3600 });
      const { link } = await ask("letter", { kind });
      await person.go(link);
      await person.choose("sms");
      await person.type();
      await look(`letter-${kind}`, "article.letter");
      if (kind === "html") {
        must((await page.locator(".text img[alt]").count()) > 0, "a picture stands in its text");
        await person.press("p.sent a");
        await person.says("table", "as it was sent");
        await person.press("a[href^='/letter']");
        await person.says("article.letter", "back from the text as it was sent");
      }
      await person.press("form[action='/letter/close'] button");
    }

    // A browser that is remembered, closed, opened by a press, and forgotten.
    await ask("pass", { seconds: 5 * 3600 });
    await ask("remember");
    const { link: known } = await ask("letter", { kind: "plain" });
    await person.go(known);
    await person.choose("sms");
    await look("enter-remember", "input[name=remember]");
    await page.check("input[name=remember]");
    await person.type();
    await look("letter-remembered", "form[action='/letter/forget']");
    await person.press("form[action='/letter/close'] button");
    await look("closed-remembered", "h1");
    await person.go(known);
    await look("enter-remembered", "form[action$='/open']");
    await person.press("form[action$='/open'] button");
    await person.says("article.letter", "opened by a press");
    await person.press("form[action='/letter/forget'] button");
    await look("forgotten", "a[href='/letter']");
    await person.press("a[href='/letter']");
    await person.press("form[action='/letter/close'] button");
    await person.go(known);
    must((await page.locator("form[action$='/open']").count()) === 0, "what is forgotten opens nothing");

    // The page closes while an answer is written.
    await ask("pass", { seconds: 5 * 3600 });
    const { link: late } = await ask("letter", { kind: "plain" });
    await person.go(late);
    await person.choose("sms");
    await person.type();
    await ask("pass", { seconds: 3700 });
    await person.press("form[action='/letter/answer'] button");
    await look("lost", "#error");
    await person.go(late);
    await person.choose("sms");
    await person.type();
    await page.fill("#reply", "Bonsoir docteur");
    await ask("pass", { seconds: 3700 });
    await person.press("form[action='/letter/answer'] button");
    await look("choose-answer-kept", ".note");
    await person.choose("sms");
    await look("enter-answer-kept", ".note");
    await person.type();
    await look("answer-late-sent", "#sent");
    await person.context.clearCookies({ name: "__Host-pli-browser" });
    await person.press("form[action='/letter/close'] button");
    await look("foreign", "section[lang=ru]");

    // The end.
    await ask("recall");
    await person.go(`${origin}/letter`);
    await look("recalled-while-open", "section[lang=ru]");
    await person.go(late);
    await look("recalled", ".card");
    const { link: old } = await ask("letter", { kind: "plain" });
    await ask("pass", { seconds: 31 * 86_400 });
    await person.go(old);
    await look("expired", ".card");
    await person.close();
  }
  fs.rmSync(folder, { recursive: true });
});
