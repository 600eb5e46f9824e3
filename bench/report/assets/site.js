"use strict";
// Tables sort and filter. Without this script they are whole, in the order of the report.
(() => {
  const number = text => {
    const plain = text.replace(/[,\s]/g, "").replace(/−/g, "-");
    const found = plain.match(/-?\d+(\.\d+)?(e[-+]?\d+)?/);
    if (plain.startsWith("failed")) return Infinity;
    return found ? Number(found[0]) : -Infinity;
  };
  // Tablesort reverses what is sorted upwards.
  Tablesort.extend("number", () => false, (a, b) => {
    const [x, y] = [number(a), number(b)];
    return x === y ? 0 : x < y ? 1 : -1;
  });
  document.querySelectorAll("table.sortable").forEach(table => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach(head => {
      head.dataset.sortMethod = head.classList.contains("num") ? "number" : "text";
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
    });
    Tablesort(table);
    heads.forEach(head => head.removeAttribute("tabindex")); // the button takes the focus
  });

  document.querySelectorAll("form.filters").forEach(form => {
    const table = document.getElementById(form.dataset.table);
    const rows = [...table.tBodies[0].rows];
    const texts = new Map(rows.map(row => [row, row.textContent.toLowerCase()]));
    const fields = [...form.elements].filter(field => field.name);
    const said = form.querySelector("output");
    const fits = row => fields.every(field => {
      if (!field.value) return true;
      if (field.name === "q") return texts.get(row).includes(field.value.toLowerCase());
      return (row.dataset[field.name] ?? "").split("|").includes(field.value);
    });
    const show = () => {
      rows.forEach(row => { row.hidden = !fits(row); });
      const shown = rows.filter(row => !row.hidden).length;
      said.textContent = `${shown} of ${rows.length} rows`;
    };
    const keep = () => {
      const query = new URLSearchParams(fields.filter(f => f.value).map(f => [f.name, f.value]));
      const address = `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`;
      history.replaceState(null, "", address);
    };
    const linked = () => {
      const row = document.getElementById(location.hash.slice(1));
      if (row && row.hidden) { // a link to a row shows it, whatever was chosen
        fields.forEach(field => { field.value = ""; });
        show();
        row.scrollIntoView();
      }
    };
    const given = new URLSearchParams(location.search);
    fields.forEach(field => { field.value = given.get(field.name) ?? ""; });
    // A value that a list does not have leaves it empty, which would hide every row.
    fields.forEach(field => { if (field.selectedIndex === -1) field.selectedIndex = 0; });
    form.addEventListener("input", () => { show(); keep(); });
    form.addEventListener("reset", () => setTimeout(() => { show(); keep(); }));
    form.addEventListener("submit", event => event.preventDefault());
    window.addEventListener("hashchange", linked);
    show();
    linked();
  });
  document.documentElement.classList.add("js");
})();
