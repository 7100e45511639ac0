"use strict";
(function () {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const order = ["auto", "light", "dark"];

  function stored(value) {
    try {
      if (value === undefined) return localStorage.getItem("neurodeploy-theme");
      localStorage.setItem("neurodeploy-theme", value);
    } catch (_) {
      // a browser may refuse storage to a file; the theme then lasts until the page is closed
    }
    return null;
  }

  // plots are drawn with the colours of the theme, and listen to this event to draw again
  function announce() {
    document.dispatchEvent(new CustomEvent("neurodeploy-theme"));
  }

  function show(theme) {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    if (button) button.textContent = "Theme: " + theme;
    announce();
  }

  let theme = stored();
  if (!order.includes(theme)) theme = "auto";
  show(theme);
  if (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      stored(theme);
      show(theme);
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.appendChild(tip);

  function place(x, y) {
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 18) + "px";
  }
  function open(target, x, y) {
    tip.textContent = target.getAttribute("data-tip");
    tip.hidden = false;
    place(x, y);
  }
  function marked(event) {
    return event.target.closest ? event.target.closest("[data-tip]") : null;
  }
  // a mark that has the focus keeps its hint beside it while the page scrolls to it
  let anchor = null;
  function beside() {
    if (!anchor) return;
    const box = anchor.getBoundingClientRect();
    open(anchor, box.right, box.top);
  }
  document.addEventListener("pointermove", function (event) {
    const target = marked(event);
    anchor = null;
    if (target) open(target, event.clientX, event.clientY);
    else tip.hidden = true;
  });
  document.addEventListener("focusin", function (event) {
    anchor = marked(event);
    if (anchor) beside();
    else tip.hidden = true;
  });
  addEventListener("scroll", beside, { passive: true, capture: true });

  // arrow keys move between the marks of a figure, of which only one is a stop of the Tab key
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { anchor = null; tip.hidden = true; return; }
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const group = step && marked(event) ? event.target.closest("[data-roving]") : null;
    if (!group) return;
    const marks = Array.from(group.querySelectorAll("[data-tip]"));
    const next = marks[marks.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });

  // the chip map: which figure colours the cores, and whether traffic is drawn
  document.querySelectorAll(".map").forEach(function (map) {
    const kinds = "hshh";
    const choices = map.querySelector(".choices");
    choices.hidden = false;
    const modes = Array.from(map.querySelectorAll("[data-mode]"));
    modes.forEach(function (chosen, mode) {
      chosen.addEventListener("click", function () {
        modes.forEach(function (other) { other.setAttribute("aria-pressed", String(other === chosen)); });
        map.querySelectorAll("[data-m]").forEach(function (mark) {
          mark.setAttribute("class", kinds[mode] + mark.dataset.m.split(" ")[mode]);
        });
        map.querySelector(".key-heat").hidden = kinds[mode] === "s";
        map.querySelector(".key-names").hidden = kinds[mode] !== "s";
      });
    });
    const arrows = map.querySelector("[data-arrows]");
    if (arrows) arrows.addEventListener("click", function () {
      const shown = arrows.getAttribute("aria-pressed") !== "true";
      arrows.setAttribute("aria-pressed", String(shown));
      map.querySelector(".arrows").toggleAttribute("hidden", !shown);
    });
  });

  const links = new Map();
  document.querySelectorAll("nav a[href^='#']").forEach(function (link) { links.set(link.getAttribute("href").slice(1), link); });
  if ("IntersectionObserver" in window) {
    const seen = new Set();
    const observer = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { if (entry.isIntersecting) seen.add(entry.target.id); else seen.delete(entry.target.id); });
      let found = false;
      links.forEach(function (link, id) {
        const here = !found && seen.has(id);
        found = found || here;
        if (here) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    }, { rootMargin: "-60px 0px -55% 0px" });
    document.querySelectorAll("main > section").forEach(function (section) { observer.observe(section); });
  }

  // everything is shown on paper, also what is folded on the screen
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (item) { item.open = true; item.dataset.opened = ""; });
  });
  addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-opened]").forEach(function (item) { item.open = false; delete item.dataset.opened; });
  });
})();
