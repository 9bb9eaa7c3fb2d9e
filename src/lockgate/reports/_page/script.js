"use strict";
// Shows the findings that fit the filters. Without scripts every finding is shown and the filters stay hidden.
(() => {
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const findings = Array.from(document.querySelectorAll("details.finding"));
  const words = findings.map((finding) => finding.textContent.toLowerCase());
  const fields = ["severity", "family", "state"];

  function apply() {
    const wanted = new FormData(form);
    const terms = String(wanted.get("search") || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    findings.forEach((finding, number) => {
      const fits =
        fields.every((field) => {
          const value = wanted.get(field);
          return !value || finding.dataset[field].split(" ").includes(value);
        }) && terms.every((term) => words[number].includes(term));
      finding.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    said.textContent = shown + " of " + findings.length + " shown";
  }

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply, 0));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      form.elements.search.focus();
    }
  });
  form.hidden = false;
  apply();
})();
