"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children.filter((child) => child !== null));
    return made;
  };

  // -- light and dark ---------------------------------------------------------------------------------------

  const theme = document.getElementById("theme");
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  // Storage may be forbidden for pages that are files.
  const remember = (value) => { try { localStorage.setItem("interleave-theme", value); } catch { /* not kept */ } };
  const remembered = () => { try { return localStorage.getItem("interleave-theme"); } catch { return null; } };

  const isDark = () => (document.documentElement.dataset.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));

  if (["dark", "light"].includes(remembered())) document.documentElement.dataset.theme = remembered();
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    remember(document.documentElement.dataset.theme);
    showTheme();
  });
  systemIsDark.addEventListener("change", showTheme);
  showTheme();

  // -- which tests are shown --------------------------------------------------------------------------------

  const form = document.querySelector(".find");
  if (form) {
    const tests = all(".test").map((test) => ({ test, text: test.querySelector("summary").textContent.toLowerCase() }));
    const filter = () => {
      const words = form.querySelector("[type=search]").value.toLowerCase().split(/\s+/);
      const outcome = form.querySelector(":checked").value;
      let shown = 0;
      for (const { test, text } of tests) {
        const fits = (!outcome || test.dataset.outcome === outcome) && words.every((word) => text.includes(word));
        test.parentElement.hidden = !fits;
        shown += fits;
      }
      form.querySelector("output").textContent = shown === tests.length ? "" : `${shown} of ${tests.length} tests`;
    };
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    // A browser may keep what was typed when the page is loaded again.
    filter();
  }

  // -- copying ----------------------------------------------------------------------------------------------

  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  };

  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(button.parentElement.querySelector("code"));
      button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  // -- timelines --------------------------------------------------------------------------------------------

  const withLetter = (lock) => [element("b", { className: "letter", textContent: lock.letter }), ` ${lock.name}`];

  /** Steps through one timeline. */
  class Timeline {
    constructor(figure) {
      ({ steps: this.steps, total: this.total } = JSON.parse(figure.querySelector("script").textContent));
      this.rows = all(".step", figure);
      this.links = all(".link", figure).map((link) => ({ link, ends: link.dataset.rows.split(" ").map(Number) }));
      // A deadlock ends by itself; another execution may be stopped while its threads wait.
      this.stopped = figure.dataset.stopped !== undefined;
      this.current = 0;
      this.pane = figure.querySelector(".pane");
      this.buildPane();
      figure.querySelector(".keys").hidden = false;

      const list = figure.querySelector(".steps");
      list.setAttribute("role", "listbox");
      this.rows.forEach((row, index) => {
        row.setAttribute("role", "option");
        row.addEventListener("click", () => this.goTo(index, true));
        row.addEventListener("focus", () => this.goTo(index));
        row.addEventListener("pointermove", (event) => this.point(event, index));
      });
      figure.querySelector(".grid").addEventListener("pointerleave", () => this.show(this.current));
      figure.addEventListener("keydown", (event) => this.key(event));
      this.goTo(0);
    }

    /** Not where the page is scrolled under a pointer that rests: that comes as a move, too. */
    point(event, index) {
      const at = `${event.screenX} ${event.screenY}`;
      if (event.pointerType !== "touch" && at !== this.pointedAt) this.show(index);
      this.pointedAt = at;
    }

    buildPane() {
      this.where = element("span");
      this.back = element("button", { type: "button", textContent: "Back" });
      this.forward = element("button", { type: "button", textContent: "Next" });
      this.back.addEventListener("click", () => this.goTo(this.current - 1));
      this.forward.addEventListener("click", () => this.goTo(this.current + 1));
      this.details = element("div");
      this.details.setAttribute("aria-live", "polite");
      this.pane.append(element("header", {}, this.where, this.back, this.forward), this.details);
      this.pane.hidden = false;
    }

    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const target = {
        ArrowDown: this.current + 1, ArrowRight: this.current + 1, j: this.current + 1,
        ArrowUp: this.current - 1, ArrowLeft: this.current - 1, k: this.current - 1,
        Home: 0, End: this.rows.length - 1,
      }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      this.goTo(target, true);
    }

    /** Makes a step the current one; with `focus`, the keyboard continues from there. */
    goTo(index, focus = false) {
      const next = Math.max(0, Math.min(this.rows.length - 1, index));
      this.rows.forEach((row, number) => {
        row.classList.toggle("current", number === next);
        row.setAttribute("aria-selected", String(number === next));
        row.tabIndex = number === next ? 0 : -1;
      });
      const moved = next !== this.current;
      this.current = next;
      this.back.disabled = next === 0;
      this.forward.disabled = next === this.rows.length - 1;
      this.show(next);
      if (focus && document.activeElement !== this.rows[next]) this.rows[next].focus({ preventScroll: true });
      if (!moved) return;
      // If the pane is at the bottom, it covers what is behind it.
      const covered = getComputedStyle(this.pane).bottom === "auto" ? 0 : this.pane.offsetHeight;
      this.rows[next].style.scrollMarginBottom = `${covered + 8}px`;
      this.rows[next].scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    /** The details of a step, and its arrows. */
    show(index) {
      if (this.shown === index) return;
      this.shown = index;
      for (const { link, ends } of this.links) link.classList.toggle("related", ends.includes(index + 1));
      const step = this.steps[index];
      this.where.textContent = step.waits ? "Never reached" : `Step ${step.number} of ${this.total}`;
      const facts = element("dl");
      const fact = (name, ...value) => {
        if (value.some(Boolean)) facts.append(element("dt", { textContent: name }), element("dd", {}, ...value));
      };
      fact("Place", step.place && (step.function ? `${step.place} in ${step.function}` : step.place));
      fact("On", ...(step.lock ? withLetter({ letter: step.lock, name: step.what }) : [step.what]));
      fact("Value", step.value && element("code", { textContent: step.value }));
      fact("Holds", ...step.holds.map((lock) => element("div", {}, ...withLetter(lock))));
      fact("Held by others", ...step.others.map(([lock, thread]) => element("div", {}, ...withLetter(lock), `: ${thread}`)));
      fact("Conflicts", ...step.conflicts.map(([row, what]) => this.toStep(row - 1, what)));
      if (step.switch) fact("Preemption", "The previous thread could have continued.");
      if (step.gave_way) fact("Scheduler", "The previous thread had run for long, so the others run.");
      if (step.waits) fact("Never reached", this.whyNever(step));
      this.details.replaceChildren(
        element("h4", { textContent: `${step.thread} ${step.waits ? "" : "· "}${step.does}` }),
        ...(step.source ? [element("pre", {}, element("code", { textContent: step.source }))] : []),
        facts,
      );
    }

    whyNever({ holder }) {
      if (holder) return `held by ${holder}${this.stopped ? "" : ", never released"}`;
      return this.stopped ? "The execution was stopped first." : "All threads are blocked.";
    }

    toStep(index, what) {
      const { number, thread, does } = this.steps[index];
      const order = index < this.shown ? "after" : "before";
      const textContent = `${order} step ${number}, ${thread} ${does}${what ? `: ${what}` : ""}`;
      const button = element("button", { type: "button", textContent });
      button.addEventListener("click", () => this.goTo(index, true));
      return button;
    }
  }

  const timelines = new Map();
  const openTimelines = () => all(".test[open] .timeline").map((figure) => {
    if (!timelines.has(figure)) timelines.set(figure, new Timeline(figure));
    return timelines.get(figure);
  });

  for (const test of all(".test")) test.addEventListener("toggle", openTimelines);
  openTimelines();

  // j and k work wherever the focus is, except in a text field: on the first timeline that is open.
  document.addEventListener("keydown", (event) => {
    if (!["j", "k"].includes(event.key) || event.defaultPrevented || event.target.closest("input, .timeline")) return;
    const open = event.target.closest(".test")?.querySelector(".timeline");
    (timelines.get(open) ?? openTimelines()[0])?.key(event);
  });

  // -- links to a test, and printing ------------------------------------------------------------------------

  const openTarget = () => {
    const test = document.getElementById(location.hash.slice(1))?.closest(".test");
    if (test) {
      test.open = true;
      test.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  // A closed test would not be printed: open those with findings.
  let openedToPrint = [];
  addEventListener("beforeprint", () => {
    openedToPrint = all(".test:not([open])").filter((test) => test.querySelector(".finding, .missed"));
    for (const test of openedToPrint) test.open = true;
  });
  addEventListener("afterprint", () => { for (const test of openedToPrint) test.open = false; });
})();
