"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const cards = [...document.querySelectorAll("[data-verdict]")];
  const texts = new Map();
  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, `${card.textContent} ${card.dataset.ids ?? ""}`.toLowerCase());
    return texts.get(card);
  };
  document.querySelectorAll(".js").forEach((part) => { if (part.id !== "nothing") part.hidden = false; });

  const fits = (card, verdict, type, agent, words) =>
    (!verdict || card.dataset.verdict === verdict) &&
    (!type || card.dataset.types.split(" ").includes(type)) &&
    (!agent || card.dataset.agents.split(" ").includes(agent)) &&
    (!words || textOf(card).includes(words));

  const filter = () => {
    const [verdict, type, agent] = ["by-verdict", "by-type", "by-agent"].map((id) => $(id).value);
    const words = $("by-text").value.trim().toLowerCase();
    let shown = 0;
    for (const card of cards) {
      const visible = fits(card, verdict, type, agent, words);
      (card.closest("li") ?? card).hidden = !visible;
      shown += visible;
    }
    $("shown").textContent = `${shown.toLocaleString("en")} of ${cards.length.toLocaleString("en")} shown`;
    $("nothing").hidden = shown > 0;
  };

  const form = document.querySelector("form.filters");
  if (form) {
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
  }

  const follow = () => {
    const target = location.hash && $(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) { form.reset(); filter(); }
    target.scrollIntoView();
    if (target.matches("article")) target.focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  follow();

  const select = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  $("copy").addEventListener("click", async () => {
    const text = $("facts-text");
    let done = false;
    try { await navigator.clipboard.writeText(text.textContent); done = true; }
    catch { select(text); done = document.execCommand("copy"); }
    $("copied").textContent = done ? "Copied." : "Selected: press Ctrl+C.";
  });
  $("print").addEventListener("click", () => print());

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((part) => { part.open = false; }));
})();
