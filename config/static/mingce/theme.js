/*
 * Lets the theme's templates run without eval.
 *
 * Our content security policy forbids eval, so Alpine's CSP build stands in for the theme's own
 * (vendor/alpinejs-csp/NOTICE). That build knows no global names, no `if` and no arrow functions.
 * The theme's components are therefore registered by name, and the few expressions that it cannot
 * read are replaced by method calls before Alpine sees them: also in what htmx brings in later.
 */
(() => {
  "use strict";

  // htmx must not eval either, and talks to this site only. Its indicator style is in mingce.css.
  Object.assign(htmx.config, {
    allowEval: false,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
  });

  const SIDEBAR = "sidebarDesktopOpen";

  /* The <body>: its tabs and the side bar, and the calls that replace expressions below. */
  const shell = (firstTab = "") => ({
    activeTab: firstTab && (getCurrentTab() || firstTab),
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(SIDEBAR) !== "0",
    sortRecords: (event) => sortRecords(event), // wrapped: globals may not be named
    moveRecords: (event) => moveRecords(event),
    init() {
      this.$watch(SIDEBAR, (open) => localStorage.setItem(SIDEBAR, open ? "1" : "0"));
    },
    formAction() {
      const here = location.pathname + location.search;
      const tab = this.activeTab;
      return tab && tab !== "general" ? `${here}#${tab}` : here;
    },
    openKeepingTab(link) {
      location.href = link.href + location.hash;
    },
  });

  /* The Ctrl-K palette. Upstream throws when nothing is selected; here nothing happens then. */
  const palette = () => {
    const upstream = searchCommand();
    return {
      ...upstream,
      selectItem(remember, newTab = false) {
        if (this.items && this.items[this.currentIndex - 1]) {
          upstream.selectItem.call(this, remember, newTab);
        }
      },
      enter(event, remember) {
        if (!event.metaKey && !event.ctrlKey) {
          this.currentIndex ||= 1; // nothing is chosen yet: the first result is meant
          this.selectItem(remember);
        }
      },
    };
  };

  const dropdown = () => ({
    ...searchDropdown(),
    escape() {
      const input = this.$refs.searchInput;
      this.openSearchResults = false;
      if (input.value === "") {
        input.blur();
      } else {
        input.value = "";
      }
    },
  });

  /* [attribute, what to look for, what to write instead]; null removes the attribute. */
  const REPLACEMENTS = [
    ["x-init", /^\s*activeTab = /, null],
    ["x-data", /^\{\s*(?:activeTab: '([^']*)',\s*)?sidebarMobileOpen:/, "shell('$1')"],
    ["x-on:click", /localStorage\.setItem\('sidebarDesktopOpen'/, "sidebarDesktopOpen = !sidebarDesktopOpen"],
    ["x-on:click.prevent", /^window\.location\.href = \$el\.href/, "openKeepingTab($el)"],
    ["x-bind:action", /window\.location\.pathname/, "formAction()"],
    ["x-on:keydown.enter.prevent", /^if .*selectItem\((true|false), false\)$/, "enter($event, $1)"],
    ["x-on:keydown.escape.prevent", /^openSearchResults = false; if/, "escape()"],
    // Input methods send no keyup for the characters that they compose.
    ["hx-trigger", /^keyup changed delay:500ms$/, "input changed delay:300ms"],
  ];

  const rewrite = (element) => {
    for (const [name, pattern, text] of REPLACEMENTS) {
      const found = pattern.exec(element.getAttribute(name) ?? "");
      if (!found) {
        continue;
      }
      if (text === null) {
        element.removeAttribute(name);
      } else {
        element.setAttribute(name, text.replace("$1", found[1] ?? ""));
      }
    }
  };

  /* On a phone a list is cards: the theme calls the first line of each "Select record". */
  document.addEventListener("DOMContentLoaded", () => {
    const head = document.querySelector("#result_list thead th");
    const words = head && document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
    let label = "";
    while (words && !label && words.nextNode()) {
      label = words.currentNode.data.trim(); // what follows it are the icons that sort
    }
    for (const cell of document.querySelectorAll("#result_list .data-row > :first-child")) {
      cell.dataset.label = label;
    }
  });

  /* The theme writes a chosen file's name into the first text field around it: ours is another's. */
  document.addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll(".desk-form input[type=file]")) {
      input.hasChangeListener = true;
    }
  });

  document.addEventListener("alpine:init", () => {
    Alpine.data("theme", theme);
    Alpine.data("shell", shell);
    Alpine.data("searchForm", searchForm);
    Alpine.data("searchDropdown", dropdown);
    Alpine.data("searchCommand", palette);
    Alpine.interceptInit(rewrite);
  });
})();
