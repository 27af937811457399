
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SIGNS = { failed: "\u2717", undecidable: "?", undeclared: "\u25cb", passed: "\u2713" };
  const SAID = {
    failed: "at least one error or warning",
    undecidable: "where they lead cannot be known from the files",
    undeclared: "nothing is stated of what they reach",
    passed: "compared, and nothing found",
  };
  const STATES = Object.keys(SIGNS);
  const AT_ONCE = 50;
  const OPEN_AT_FIRST = 40;
  const MOST_BOXES = 4;
  const MOST_NAMES = 6;

  const byId = (id) => document.getElementById(id);
  const make = (tag, classes, ...children) => {
    const element = document.createElement(tag);
    if (classes) element.className = classes;
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  };
  const button = (classes, ...children) => {
    const element = make("button", classes, ...children);
    element.type = "button";
    return element;
  };
  const counted = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
  const few = (names, most = MOST_BOXES) =>
    names.slice(0, most).join(", ") + (names.length > most ? ` and ${(names.length - most).toLocaleString("en")} more` : "");
  const worst = (hops) => STATES.find((state) => hops.some((hop) => hop.state === state));
  const called = (target) => target.upstream ?? target.address;
  const sign = (state) => {
    const element = make("span", "sign", SIGNS[state]);
    element.setAttribute("aria-hidden", "true");
    return element;
  };
  const counts = (finding) => finding.severity !== "info" && !finding.behind;

  // What is looked through: each hop with its server, and all its words.

  const hops = [];
  for (const server of data.servers) {
    for (const hop of server.hops) {
      const targets = hop.targets.map((number) => data.targets[number]);
      const findings = hop.findings.map((number) => data.findings[number]);
      const words = [
        server.name, server.root, ...server.listens, ...server.fronts.map((one) => data.fronts[one].name),
        hop.location, hop.pass, hop.at, hop.state, hop.reason,
        ...targets.flatMap((one) => [one.address, one.upstream ?? "", ...one.compared]),
        ...findings.flatMap((one) => [one.rule, one.severity, one.status, ...one.places.map((place) => place.at)]),
      ];
      hops.push({ ...hop, server, targets, findings, words: words.join("\n").toLowerCase() });
    }
  }

  // The ways to put hops together.

  const collect = (keysOf) => {
    const groups = new Map();
    for (const hop of hops) {
      for (const key of keysOf(hop)) {
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(hop);
      }
    }
    return groups;
  };
  const worstFirst = (groups) =>
    groups.sort((one, other) => STATES.indexOf(worst(one.hops)) - STATES.indexOf(worst(other.hops)));

  const GROUPINGS = {
    server: {
      columns: ["Before nginx", "Server", "Location", "Upstream"],
      groups: () =>
        [...collect((hop) => [hop.server])].map(([server, there]) => ({
          title: server.name || "a server without a name",
          small: [server.listens.join(", "), server.root].filter(Boolean).join(" \u00b7 "),
          fronts: server.fronts.map((number) => data.fronts[number]),
          hops: there,
          preview: (shown) => [...new Set(shown.flatMap((hop) => hop.targets.map(called)))],
        })),
    },
    upstream: {
      columns: ["Upstream", "Server and location", "Address"],
      groups: () =>
        worstFirst(
          [...collect((hop) => new Set(hop.targets.length ? hop.targets.map(called) : [""]))].map(([name, there]) => ({
            title: name || "not known",
            small: few([...new Set(there.flatMap((hop) => hop.targets.filter((one) => called(one) === name).map((one) => one.address)))]
              .filter((address) => address !== name)),
            hops: there,
            preview: (shown) => [...new Set(shown.map((hop) => hop.server.name))],
          })),
        ),
    },
    finding: {
      columns: ["Finding", "Server and location", "Upstream"],
      groups: () => {
        const groups = collect((hop) => (hop.findings.length ? new Set(hop.findings) : [null]));
        const ranked = [...groups].filter(([finding]) => finding !== null);
        const rank = (finding) => [finding.behind ? 1 : 0, ["error", "warning", "info"].indexOf(finding.severity)];
        ranked.sort(([one, there], [other, elsewhere]) => {
          const [first, second] = [rank(one), rank(other)];
          return first[0] - second[0] || first[1] - second[1] || elsewhere.length - there.length;
        });
        const found = ranked.map(([finding, there]) => ({
          title: finding.rule,
          small: [finding.severity, finding.status, finding.hops > 1 ? "" : finding.about].filter(Boolean).join(" \u00b7 "),
          kind: finding.severity,
          finding,
          hops: there,
          preview: () => [finding.message],
        }));
        const without = groups.get(null);
        if (without) {
          found.push({
            title: "no finding", small: "", kind: worst(without), hops: without,
            preview: (shown) => [...new Set(shown.map((hop) => hop.server.name))],
          });
        }
        return found;
      },
    },
  };

  // What is shown of it.

  let grouping = "server";
  let groups = GROUPINGS.server.groups();
  let states = new Set();
  let tokens = [];
  let choices = new Map();
  const opened = new Set();

  const matches = (hop) =>
    (!states.size || states.has(hop.state)) && tokens.every((token) => hop.words.includes(token));

  const placeItem = (place) =>
    make("li", "", make("code", "", place.at), place.note ? ` ${place.note}` : "", place.text ? make("pre", "", place.text) : "");

  const findingCard = (finding) => {
    const card = make(
      "article", `finding ${finding.severity}`,
      make("h3", "", make("b", "", finding.severity), ` ${finding.rule}`,
        finding.status ? make("span", "", ` \u00b7 the client sees ${finding.status}`) : ""),
      make("p", "", finding.message),
      finding.behind ? make("p", "log", "Shows once what hides it is fixed.") : "",
      make("ul", "places", ...finding.places.map(placeItem)),
    );
    if (finding.fix.length) card.append(make("div", "fix", "Fix:", make("pre", "", finding.fix.join("\n"))));
    if (finding.log) card.append(make("p", "log", "In nginx's error log: ", make("code", "", finding.log)));
    if (finding.hops > 1) card.append(make("p", "log", `The same at ${counted(finding.hops, "hop")}.`));
    return card;
  };

  const frontBox = (front) => {
    const box = make("div", `front ${front.state}`, front.state === "failed" ? sign("failed") : "", front.name);
    if (front.kind && front.kind !== front.name) box.append(make("small", "", ` ${front.kind}`));
    return box;
  };

  const panelOf = (hop) => {
    const facts = make("dl", "");
    const fact = (name, ...values) => facts.append(make("dt", "", name), ...values.map((value) => make("dd", "", value)));
    fact("nginx", make("span", "", make("code", "", `${hop.pass};`), " in ", make("code", "", hop.at)));
    fact("state", `${SIGNS[hop.state]} ${hop.state}${hop.reason ? `: ${hop.reason}` : ""}`);
    for (const target of hop.targets) {
      const reached = target.upstream ? `${target.address}, which is ${target.upstream}` : `${target.address}, of which nothing is stated`;
      fact("target", reached + (target.compared.length ? `; compared with ${target.compared.join(", ")}` : ""));
    }
    const link = make("a", "", `#hop-${hop.id}`);
    link.href = `#hop-${hop.id}`;
    fact("link", link);
    return make("div", "panel", facts, ...hop.findings.map(findingCard));
  };

  const headlineOf = (hop, group) => {
    const found = hop.findings.filter((finding) => counts(finding) && finding !== group.finding);
    if (group.finding) return found.length ? `and ${few(found.map((finding) => finding.rule))}` : "";
    if (!found.length) return hop.reason;
    const first = `${found[0].rule}${found[0].status ? ` \u00b7 ${found[0].status}` : ""}`;
    return found.length > 1 ? `${first}, and ${found.length - 1} more` : first;
  };

  const addressBoxes = (hop) => {
    const addresses = [...new Set(hop.targets.map((target) => target.address))];
    return [make("div", "target mono", few(addresses) || "not known")];
  };

  const targetBoxes = (hop) => {
    if (grouping === "upstream") return addressBoxes(hop);
    const reached = new Map();
    for (const target of hop.targets) {
      if (!reached.has(called(target))) reached.set(called(target), []);
      if (target.address !== called(target)) reached.get(called(target)).push(target.address);
    }
    const boxes = [...reached].slice(0, MOST_BOXES).map(([name, addresses]) => {
      const box = make("div", "target", name);
      if (addresses.length) box.append(make("small", "mono", few(addresses)));
      return box;
    });
    const more = Math.max(reached.size - MOST_BOXES, 0) + hop.more;
    if (more) boxes.push(make("div", "target", `and ${more.toLocaleString("en")} more`));
    return boxes.length ? boxes : [make("div", "target", "not known")];
  };

  const rowOf = (hop, group, ids) => {
    const headline = headlineOf(hop, group);
    const said = headline ? make("span", "why", headline) : "";
    const state = make("span", "unseen", `${hop.state}: `);
    const toggle = button("", sign(hop.state), state, make("span", "where", whereOf(hop)), " ", said);
    const arrow = make("span", "arrow");
    arrow.setAttribute("aria-hidden", "true");
    const row = make("li", "row", make("div", `hop ${hop.state}`, toggle, arrow, make("div", "targets", ...targetBoxes(hop))));
    if (!ids.has(hop.id) && !byId(`hop-${hop.id}`)) row.id = `hop-${hop.id}`;
    ids.add(hop.id);
    const show = (open) => {
      toggle.setAttribute("aria-expanded", String(open));
      const panel = row.querySelector(":scope > .panel");
      if (open && !panel) row.append(panelOf(hop));
      if (!open && panel) panel.remove();
    };
    toggle.addEventListener("click", () => {
      const open = !opened.has(hop.id);
      opened[open ? "add" : "delete"](hop.id);
      show(open);
      if (open) history.replaceState(null, "", `#hop-${hop.id}`);
    });
    show(opened.has(hop.id));
    row.show = show;
    return row;
  };

  const whereOf = (hop) => {
    const inner = hop.location || hop.pass;
    return grouping === "server" ? inner : `${hop.server.name} ${inner}`.trim();
  };

  const tally = (shown) => {
    if (grouping === "finding") return make("small", "", counted(shown.length, "hop"));
    const line = make("span", "tally");
    for (const state of STATES) {
      const number = shown.filter((hop) => hop.state === state).length;
      if (number) line.append(make("span", state, `${SIGNS[state]} ${number} ${state}`));
    }
    return line;
  };

  const groupBox = (group, shown, open) => {
    const three = grouping === "server" && data.fronts.length;
    const state = group.kind ?? worst(shown);
    const box = make("section", `group ${three ? "" : "two"}`);
    const toggle = button("", make("strong", "", group.title), group.small ? make("small", "", group.small) : "", open && shown.length === 1 ? "" : tally(shown));
    const body = make("div", "");
    if (three) box.append(make("div", "sources", ...group.fronts.map(frontBox)));
    box.append(make("div", `head ${state}`, make("h2", "", toggle)), body);
    const fill = (all) => {
      const ids = new Set();
      const first = all ? shown : shown.slice(0, AT_ONCE);
      body.replaceChildren();
      if (group.finding) body.append(make("div", "whole", findingCard(group.finding)));
      body.append(make("ul", "rows", ...first.map((hop) => rowOf(hop, group, ids))));
      if (first.length < shown.length) {
        const more = button("more", `Show ${counted(shown.length - first.length, "more hop")}`);
        more.addEventListener("click", () => fill(true));
        body.append(more);
      }
    };
    box.show = (now, all) => {
      toggle.setAttribute("aria-expanded", String(now));
      box.classList.toggle("open", now);
      if (now) {
        fill(all);
      } else {
        const names = group.preview(shown);
        const arrow = grouping === "server" ? "\u2192 " : "";
        body.replaceChildren(make("p", "preview", `${arrow}${few(names, MOST_NAMES)}`));
      }
    };
    toggle.addEventListener("click", () => {
      const now = toggle.getAttribute("aria-expanded") !== "true";
      choices.set(group, now);
      box.show(now, false);
    });
    box.show(open, false);
    box.group = group;
    return box;
  };

  const columns = () => {
    const names = GROUPINGS[grouping].columns;
    const three = grouping === "server" && data.fronts.length;
    const left = grouping === "server" && !three ? names.slice(1) : names;
    const pair = make("div", "pair", make("span", "", left.at(-2)), make("span", "", left.at(-1)));
    const line = make("div", `columns ${three ? "" : "two"}`, ...left.slice(0, -2).map((name) => make("span", "", name)), pair);
    line.setAttribute("aria-hidden", "true");
    return line;
  };

  const draw = () => {
    const found = groups.map((group) => [group, group.hops.filter(matches)]).filter(([, shown]) => shown.length);
    const hopsShown = new Set(found.flatMap(([, shown]) => shown)).size;
    const anyFailed = found.some(([, shown]) => worst(shown) === "failed");
    let budget = OPEN_AT_FIRST;
    const boxes = found.map(([group, shown]) => {
      const rows = Math.min(shown.length, AT_ONCE);
      const wanted = !anyFailed || worst(shown) === "failed" || tokens.length > 0 || states.size > 0 || hops.length <= OPEN_AT_FIRST;
      const open = choices.get(group) ?? (wanted && (budget -= rows) >= 0);
      return groupBox(group, shown, open);
    });
    byId("groups").replaceChildren();
    byId("groups").append(...(boxes.length ? [columns(), ...boxes] : []));
    const all = hops.length === hopsShown;
    byId("shown").textContent = all ? counted(hops.length, "hop") : `${hopsShown.toLocaleString("en")} of ${counted(hops.length, "hop")}`;
    byId("none").hidden = boxes.length > 0 || hops.length === 0;
    for (const chip of byId("causes").querySelectorAll(".chip")) {
      chip.setAttribute("aria-pressed", String(chip.firstChild.data === byId("query").value));
    }
    for (const tile of byId("states").children) tile.setAttribute("aria-pressed", String(states.has(tile.dataset.state)));
  };

  const search = (text) => {
    byId("query").value = text;
    tokens = text.toLowerCase().split(/\s+/).filter(Boolean);
    choices = new Map();
    draw();
  };

  const showAll = () => {
    states = new Set();
    search("");
  };

  // What a link leads to.

  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id.startsWith("hop-")) return;
    const hop = hops.find((one) => `hop-${one.id}` === id);
    if (!hop) return;
    if (!matches(hop)) showAll();
    opened.add(hop.id);
    const box = [...document.querySelectorAll(".group")].find((one) => one.group.hops.includes(hop));
    choices.set(box.group, true);
    if (!byId(id)) box.show(true, true);
    for (const old of document.querySelectorAll(".target-of-link")) old.classList.remove("target-of-link");
    const row = byId(id);
    row.show(true);
    row.classList.add("target-of-link");
    row.scrollIntoView({ block: "start", behavior: "instant" });
    row.querySelector("button").focus({ preventScroll: true });
  };

  const openEach = (open) => {
    for (const box of document.querySelectorAll(".group")) {
      choices.set(box.group, open);
      box.show(open, false);
    }
  };

  // The page around it.

  const head = () => {
    byId("about").textContent = [data.counts, data.nginx, few(data.roots), ...data.compared].join(" \u00b7 ");
    byId("made").textContent = `lint502 ${data.lint502}`;
    document.title = `lint502: ${data.counts}`;
    for (const state of STATES) {
      const number = data.states[state];
      const tile = button(`tile ${state}`, make("b", "", number.toLocaleString("en")), `${SIGNS[state]} ${state}`);
      tile.dataset.state = state;
      tile.title = SAID[state];
      tile.disabled = number === 0;
      tile.addEventListener("click", () => {
        states[states.has(state) ? "delete" : "add"](state);
        draw();
      });
      byId("states").append(tile);
    }
    if (!hops.length) byId("groups").append(make("p", "note", "There are no hops."));
  };

  // What is said beside the hops: a box for each kind, filled when it is opened.

  const box = (title, kind, items, open) => {
    if (!items.length) return;
    const inner = make("div", "");
    const element = make("details", `box ${kind}`, make("summary", "", `${title}: ${items.length.toLocaleString("en")}`), inner);
    const fill = (number) => {
      inner.replaceChildren(...items.slice(0, number).map((item) => item()));
      if (number >= items.length) return;
      const more = button("more", `Show ${(items.length - number).toLocaleString("en")} more`);
      more.addEventListener("click", () => fill(number + 10 * AT_ONCE));
      inner.append(more);
    };
    element.addEventListener("toggle", () => {
      if (element.open && !inner.firstChild) fill(AT_ONCE);
    });
    element.open = open;
    byId("boxes").append(element);
  };

  const boxes = () => {
    const problems = data.problems.map((problem) => () => make("p", "", make("code", "", problem.at), ` ${problem.message}`));
    box("Could not be checked", "failed", problems, problems.length <= MOST_NAMES);
    const fronts = data.fronts.filter((front) => front.findings.length);
    box(
      "Before nginx", fronts.some((front) => front.state === "failed") ? "failed" : "info",
      fronts.map((front) => () =>
        make("article", "", frontBox(front), ...front.findings.map((number) => findingCard(data.findings[number])))),
      fronts.length <= MOST_BOXES,
    );
    const elsewhere = data.elsewhere.map((number) => data.findings[number]);
    const kind = elsewhere.length ? elsewhere[0].severity : "info";
    box("Findings at no hop", kind, elsewhere.map((finding) => () => findingCard(finding)),
      kind !== "info" && elsewhere.length <= MOST_BOXES);
  };

  const causes = () => {
    const rules = new Map();
    for (const hop of hops) {
      for (const finding of new Set(hop.findings.filter(counts))) {
        const rule = rules.get(finding.rule) ?? { severity: finding.severity, hops: new Set() };
        if (finding.severity === "error") rule.severity = "error";
        rules.set(finding.rule, { ...rule, hops: rule.hops.add(hop) });
      }
    }
    const ranked = [...rules].sort(([, one], [, other]) => other.hops.size - one.hops.size);
    for (const [name, rule] of ranked) {
      const chip = button(`chip ${rule.severity}`, name, " ", make("b", "", String(rule.hops.size)));
      chip.title = `${rule.severity}: ${name} at ${counted(rule.hops.size, "hop")}`;
      chip.addEventListener("click", () => search(byId("query").value === name ? "" : name));
      byId("causes").querySelector("div").append(chip);
    }
    byId("causes").hidden = !ranked.length;
  };

  let waiting = 0;
  byId("query").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => search(byId("query").value), 80);
  });
  byId("grouping").addEventListener("change", (event) => {
    grouping = event.target.value;
    groups = GROUPINGS[grouping].groups();
    choices = new Map();
    draw();
  });
  byId("open").addEventListener("click", () => openEach(true));
  byId("close").addEventListener("click", () => openEach(false));
  byId("reset").addEventListener("click", showAll);
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const hop of hops) if (hop.state === "failed") opened.add(hop.id);
    for (const box of document.querySelectorAll(".group")) box.show(true, true);
  });

  const steps = () => [...document.querySelectorAll(".head button, .hop > button")];
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      showAll();
      return;
    }
    if (event.target instanceof HTMLInputElement && event.target.type === "search") return;
    if (event.key === "/") {
      event.preventDefault();
      byId("query").focus();
    } else if (event.key === "f") {
      states = states.size === 1 && states.has("failed") ? new Set() : new Set(["failed"]);
      draw();
    } else if (event.key === "j" || event.key === "k") {
      const all = steps();
      const here = all.indexOf(document.activeElement);
      const next = all[event.key === "j" ? here + 1 : Math.max(here - 1, 0)];
      if (next) next.focus();
    }
  });

  head();
  causes();
  boxes();
  if (hops.length) draw();
  reveal();
})();
