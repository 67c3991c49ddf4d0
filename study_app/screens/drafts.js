// What is chosen on a page but not sent yet, kept in the browser's tab: a refresh loses nothing.
// drafts.py adds the call that names the participant and the page.
(function keepDrafts(owner, page) {
  const STORE = "drafts";
  const BLOCKS = `[class*="st-key-scale-${page}-"], [class*="st-key-choice-${page}-"]`;

  window.draftsAreKept?.abort(); // the listeners of the page before
  window.draftsAreKept = new AbortController();
  const { signal } = window.draftsAreKept;

  const stored = JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
  const mine = stored.owner === owner && stored.page === page;
  const answers = mine ? stored.answers : {}; // question -> position of the chosen option
  const settled = new Set(); // questions that show their answer; nothing to put back any more

  function* questions() {
    for (const block of document.querySelectorAll(BLOCKS)) {
      const options = [...block.querySelectorAll('input[type="radio"]')];
      const name = [...block.classList].find((part) => part.startsWith("st-key-"));
      yield [name, options, options.findIndex((option) => option.checked)];
    }
  }

  // Widgets arrive one after the other, each when its code is loaded; a question that has no
  // choice yet cannot lose one, so saving only ever adds.
  function save() {
    for (const [name, , chosen] of questions()) {
      if (chosen >= 0) answers[name] = chosen;
    }
    sessionStorage.setItem(STORE, JSON.stringify({ owner, page, answers }));
  }

  function putBack() {
    for (const [name, options, chosen] of questions()) {
      const option = options[answers[name]];
      if (chosen >= 0) settled.add(name);
      if (settled.has(name) || !option || option.disabled) continue;
      const focused = document.activeElement;
      option.click();
      if (document.activeElement !== focused) focused.focus({ preventScroll: true });
    }
  }

  const watch = new MutationObserver(putBack);
  watch.observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["disabled"],
  });
  signal.addEventListener("abort", () => watch.disconnect());
  putBack();

  // The arrow keys choose without an event of change: look after every press, and when leaving.
  const soon = () => setTimeout(() => signal.aborted || save());
  document.addEventListener("click", soon, { signal });
  document.addEventListener("keyup", soon, { signal });
  window.addEventListener("pagehide", save, { signal });
})
