"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const status = document.getElementById("shown");
  const sections = [...document.querySelectorAll(".kind")].map(section => ({
    section, count: section.querySelector(".count"), rows: [...section.querySelectorAll(".rows > li")].map(read),
  }));
  const total = sections.reduce((sum, each) => sum + each.rows.length, 0);
  const number = value => value.toLocaleString("en");
  let waiting = 0;

  function read(row) {
    const texts = selector => [...row.querySelectorAll(selector)].map(each => each.textContent);
    const { kind, type, verdict } = row.dataset;
    const key = row.querySelector("h4").textContent;
    return {
      row, kind, type, verdict, text: row.textContent.toLowerCase(), attributes: texts("dt"),
      groups: type === "Group" ? [key] : texts("b"),
      gain: row.querySelector(".gained") !== null, lose: row.querySelector(".lost") !== null,
    };
  }

  function offer(id, of) {
    const found = new Set(sections.flatMap(each => each.rows.flatMap(of)));
    const options = [...found].sort().slice(0, 5000).map(text => Object.assign(document.createElement("option"), { value: text }));
    document.getElementById(id).replaceChildren(...options);
    return new Set([...found].map(text => text.toLowerCase()));
  }

  const groups = offer("groups", each => each.groups), attributes = offer("attributes", each => each.attributes);

  // A name that exists is meant as it is; anything else is part of one.
  function named(texts, wanted, known) {
    const exact = known.has(wanted);
    return texts.some(text => exact ? text.toLowerCase() === wanted : text.toLowerCase().includes(wanted));
  }

  function matches(each, wanted) {
    return (!wanted.kind || each.kind === wanted.kind) && (!wanted.type || each.type === wanted.type)
      && (!wanted.verdict || each.verdict === wanted.verdict)
      && (!wanted.change || each[wanted.change] === true)
      && (!wanted.attribute || named(each.attributes, wanted.attribute, attributes))
      && (!wanted.group || named(each.groups, wanted.group, groups))
      && wanted.words.every(word => each.text.includes(word));
  }

  function show() {
    const wanted = Object.fromEntries(new FormData(form));
    wanted.words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    wanted.group = wanted.group.trim().toLowerCase();
    wanted.attribute = wanted.attribute.trim().toLowerCase();
    let shown = 0;
    for (const { section, count, rows } of sections) {
      let here = 0;
      for (const each of rows) {
        const hidden = !matches(each, wanted);
        if (each.row.hidden !== hidden) each.row.hidden = hidden;
        here += hidden ? 0 : 1;
      }
      section.hidden = here === 0;
      count.textContent = here === rows.length ? number(here) : `${number(here)} of ${number(rows.length)}`;
      shown += here;
    }
    status.textContent = `${number(shown)} of ${number(total)} shown`;
  }

  function fromFragment() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const fields = [...form.elements].filter(field => field.name);
    if (!fields.some(field => wanted.has(field.name)) && location.hash.length > 1) return;
    for (const field of fields) field.value = wanted.get(field.name) ?? "";
    show();
    if (location.hash.length > 1) document.getElementById("changes").scrollIntoView();
  }

  function toFragment() {
    const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", `#${wanted}`);
    show();
  }

  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(toFragment, 120); });
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(toFragment));
  addEventListener("hashchange", fromFragment);
  const folded = [];
  addEventListener("beforeprint", () => {
    folded.push(...document.querySelectorAll("details:not([open])"));
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of folded.splice(0)) each.open = false; });
  form.hidden = false;
  fromFragment();
})();
