// While a code is awaited: tells the server that the page is open, and shows what became of the code.
(() => {
  const line = document.getElementById("progress");
  if (!line || !window.fetch) return;
  document.getElementById("follows").hidden = false;
  const sign = async () => {
    if (document.visibilityState !== "visible") return;
    const body = new URLSearchParams({ token: line.dataset.token });
    const answer = await fetch(line.dataset.url, { method: "POST", body, credentials: "same-origin" });
    if (answer.status === 205) {
      // The code will not come any more: the page says what can be done, unless somebody is typing.
      if (![...document.querySelectorAll("input[type=text]")].some((field) => field.value)) location.replace(location.href.split("#")[0]);
      return;
    }
    if (!answer.ok) return;
    const text = await answer.text();
    if (text && text !== line.textContent) line.textContent = text;
  };
  setInterval(() => sign().catch(() => {}), 5000);
})();
