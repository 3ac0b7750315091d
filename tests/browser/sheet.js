// The sheet of every state, as `pli demo --sheet` writes it: each page in each language, states that no clock and no
// misfortune of a test brings about included.
"use strict";

const fs = require("fs");
const path = require("path");
const { must, play, Person } = require("./stage");

play(async (browser, { folder, windows }) => {
  const person = await Person.open(browser);
  await person.go(`file://${path.join(folder, "index.html")}`);
  await person.look("sheet", { all: true });
  const linked = await person.page.locator("a").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  const pages = linked.filter((link) => link.includes("/"));
  for (const page of pages) {
    const [language, name] = page.replace(".html", "").split("/");
    must(fs.existsSync(path.join(folder, page)), `${page} is not there`);
    person.language = language;
    await person.go(`file://${path.join(folder, page)}`);
    await person.look(`sheet-${name}`, { all: windows.includes(language) });
  }
  must(pages.length > 250, `${pages.length} pages`);
  await person.close();
});
