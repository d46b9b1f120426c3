/*
 * Keeps what somebody is typing, in this tab alone, until it is sent or they sign out.
 *
 * A form with data-draft="PERSON" keeps its fields under its own address: a login that has ended, a
 * stale form or another language lose nothing. Passwords, files and hidden fields are never kept.
 * A live preview (data-live) that gets no answer says so instead of showing an old one.
 */
(() => {
  "use strict";

  const PREFIX = "mingce:draft:";
  const SENT = "mingce:sent";
  const NEVER = new Set(["password", "file", "hidden", "submit", "button"]);
  const here = location.pathname + location.search;

  const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  const forget = (keys) => keys.forEach((key) => sessionStorage.removeItem(key));
  const fields = (form) => [...form.elements].filter((one) => one.name && !NEVER.has(one.type));

  const typed = (form) => {
    const found = {};
    for (const one of fields(form)) {
      if (one.type === "checkbox" || one.type === "radio") {
        found[one.name] = [...(found[one.name] ?? []), ...(one.checked ? [one.value] : [])];
      } else if (one.multiple) {
        found[one.name] = [...one.selectedOptions].map((option) => option.value);
      } else {
        found[one.name] = [one.value];
      }
    }
    return found;
  };

  const fill = (form, kept, names) => {
    for (const one of fields(form).filter((field) => names(field.name))) {
      const values = kept[one.name] ?? [];
      if (one.type === "checkbox" || one.type === "radio") {
        one.checked = values.includes(one.value);
      } else if (one.multiple) {
        [...one.options].forEach((option) => (option.selected = values.includes(option.value)));
      } else {
        one.value = values[0] ?? "";
      }
    }
  };

  const keep = (form) => {
    const key = `${PREFIX}${form.dataset.draft}:${here}`;
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
    const notice = form.querySelector("[data-draft-notice]");
    forget(drafts().filter((one) => !one.startsWith(`${PREFIX}${form.dataset.draft}:`)));
    if (kept && !form.hasAttribute("data-bound")) {
      fill(form, kept, (name) => name in kept);
      notice?.removeAttribute("hidden");
      // What depends on the answers, such as the preview, is asked for anew.
      addEventListener("load", () =>
        fields(form)[0]?.dispatchEvent(new Event("change", { bubbles: true })));
    }
    const save = () => sessionStorage.setItem(key, JSON.stringify(typed(form)));
    form.addEventListener("input", save);
    form.addEventListener("change", (event) => event.isTrusted && save());
    // Fields that come with the preview are filled in as they come.
    document.body.addEventListener("htmx:oobAfterSwap", () =>
      kept && fill(form, kept, (name) => name in kept && !form.elements[name]?.value));
    form.addEventListener("submit", () => sessionStorage.setItem(SENT, key));
    for (const end of form.querySelectorAll("[data-draft-end]")) {
      end.addEventListener("click", () => forget([key]));
    }
  };

  /* Sent, and now on another page of ours: it was taken. The login and the form's own page say no. */
  const settle = () => {
    const sent = sessionStorage.getItem(SENT);
    const away = sent && !sent.endsWith(`:${here}`) && !location.pathname.endsWith("/login/");
    if (away) {
      forget([sent, SENT]);
    }
    if (location.pathname.endsWith("/logout/")) {
      forget([...drafts(), SENT]);
    }
  };

  /* The preview's answer is swapped in only if it is one; else the page says that it is old. */
  const watch = (preview) => {
    const old = document.querySelector("[data-live-ended]");
    const say = (ended) => old?.toggleAttribute("hidden", !ended);
    const mine = (event) => event.detail.target === preview;
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      if (mine(event)) {
        const { xhr } = event.detail;
        const ended = xhr.status !== 200 || (xhr.responseURL ?? "").includes("/login/");
        event.detail.shouldSwap = !ended;
        say(ended);
      }
    });
    for (const name of ["htmx:sendError", "htmx:timeout"]) {
      document.body.addEventListener(name, (event) => mine(event) && say(true));
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    settle();
    document.querySelectorAll("form[data-draft]").forEach(keep);
    document.querySelectorAll("[data-live]").forEach(watch);
  });
})();
