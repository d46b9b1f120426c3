/* Deciding by keyboard: A accepts, O overrides, Ctrl and Enter decides. Not while typing. */
(() => {
  "use strict";

  const form = document.getElementById("decide");
  const choose = (value) => {
    const radio = form.querySelector(`[name=outcome][value=${value}]`);
    radio.checked = true;
    form.querySelector("[name=reason_code]").focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    const isTyping = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName)
      && event.target.type !== "radio";
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const outcomes = { a: "accept", o: "override" };
    const chosen = outcomes[event.key.toLowerCase()];
    if (chosen) {
      event.preventDefault();
      choose(chosen);
    }
  });
})();
