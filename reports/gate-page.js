// SPDX-License-Identifier: Apache-2.0
//
// The page without this script is whole but for what was found in each cell. This adds that, from
// the JSON report in the page, and filters, single hosts and keys. Foreign text only ever becomes
// the text of a node. What is shown is kept in the address, so that it can be passed on.
"use strict";
(() => {
	const at = (id) => document.getElementById(id);
	const grid = at("matrix"), form = at("filters"), panel = at("detail"), shown = at("shown");
	if (!grid)
		return;

	// ---- the report, by index ----------------------------------------------------------

	const gate = JSON.parse(at("data").textContent);
	const { trees, classes } = gate;
	const classIndex = new Map(classes.map((c, k) => [c.name, k]));
	const cells = trees.map((t, i) => classes.map((c, k) =>
		({ ...gate.cells[i * classes.length + k], findings: [] })));
	for (const f of gate.findings)
		trees.forEach((t, i) => {
			if (t.name === f.tree)
				f.classes.forEach((name) => cells[i][classIndex.get(name)].findings.push(f));
		});
	const kindOf = (f) => (f.unknown ? "unknown" : f.lifetime);

	// What escape_text() does to the same names: nothing moves the cursor or turns the reading direction.
	const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufffe\uffff]/g;
	const visible = (s) => String(s).replace(unsafe, (c) =>
		[...new TextEncoder().encode(c)].map((b) => "\\x" + b.toString(16).padStart(2, "0")).join(""));

	function element(tag, attributes, ...children) {
		const e = document.createElement(tag);
		for (const [name, value] of Object.entries(attributes || {}))
			if (value !== undefined && value !== false)
				e.setAttribute(name, value);
		for (const child of children)
			if (child !== undefined && child !== null)
				e.append(child instanceof Node ? child : visible(child));
		return e;
	}
	const number = (n) => n.toLocaleString("en");
	const count = (n, one, many) => number(n) + " " + (n === 1 ? one : many);

	// ---- what is shown, and the address ------------------------------------------------

	const fields = ["host", "tree", "rule", "lifetime", "verdict"];
	const state = { hosts: false, unfolded: new Set(), cell: null };
	fields.forEach((f) => { state[f] = ""; });

	function writeAddress() {
		const p = new URLSearchParams();
		fields.forEach((f) => state[f] && p.set(f, state[f]));
		if (state.hosts)
			p.set("show", "hosts");
		if (state.unfolded.size)
			p.set("unfold", [...state.unfolded].map((k) => classes[k].name).join(" "));
		if (state.cell) {
			const { tree, class: k, host } = state.cell;
			p.set("of", trees[tree].name);
			p.set("on", classes[k].name);
			if (host !== null)
				p.set("at", classes[k].hosts[host]);
		}
		if (location.hash.slice(1) !== String(p))
			history.replaceState(null, "", "#" + p);
	}

	function readAddress() {
		const p = new URLSearchParams(location.hash.slice(1));
		fields.forEach((f) => {
			form.elements[f].value = p.get(f) || "";
			state[f] = form.elements[f].value;
		});
		state.hosts = p.get("show") === "hosts";
		state.unfolded = new Set((p.get("unfold") || "").split(" ").map((n) => classIndex.get(n)).filter((k) => k !== undefined));
		const tree = trees.findIndex((t) => t.name === p.get("of")), k = classIndex.get(p.get("on"));
		const host = k === undefined ? -1 : classes[k].hosts.indexOf(p.get("at"));
		state.cell = tree < 0 || k === undefined ? null : { tree, class: k, host: host < 0 ? null : host };
	}

	// ---- the matrix --------------------------------------------------------------------

	// More cells than a browser lays out at once without a pause; the host filter finds the others.
	const MOST_CELLS = 12000;
	const corner = grid.tHead.rows[0].cells[0];
	const heads = [...grid.tHead.rows[0].cells].slice(1);
	const rowHeads = [...grid.tBodies[0].rows].map((r) => r.cells[0]);
	const verdicts = [...grid.tBodies[0].rows].map((r) => [...r.cells].slice(1));
	let rows = [], columns = [], current = null;

	const contains = (text, part) => text.toLowerCase().includes(part.toLowerCase());
	const hostsShown = (k) => classes[k].hosts.map((h, i) => i).filter((i) => contains(classes[k].hosts[i], state.host));
	const found = (f) => (!state.rule || f.rule === state.rule) && (!state.lifetime || kindOf(f) === state.lifetime);
	const isOn = (cell) => (!state.verdict || cell.verdict === state.verdict) &&
		((!state.rule && !state.lifetime) || cell.findings.some(found));

	// The classes to show, each with its hosts and whether it is unfolded.
	function choose() {
		const choosy = state.rule || state.lifetime || state.verdict;
		const hosts = classes.map((c, k) => hostsShown(k));
		let chosen = classes.map((c, k) => k).filter((k) => hosts[k].length > 0);
		rows = trees.map((t, i) => i).filter((i) => contains(trees[i].name, state.tree) &&
			(!choosy || chosen.some((k) => isOn(cells[i][k]))));
		chosen = chosen.filter((k) => !choosy || rows.some((i) => isOn(cells[i][k])));
		let room = Math.floor(MOST_CELLS / Math.max(rows.length, 1)) - chosen.length;
		return chosen.map((k) => {
			const open = state.hosts || state.unfolded.has(k);
			const some = open ? hosts[k].slice(0, Math.max(room, 1)) : [];
			room -= some.length;
			return { k, hosts: hosts[k], some, open };
		});
	}

	function head(group, deep) {
		const { k, hosts, some, open } = group, th = heads[k], small = th.querySelector("small");
		th.className = open && some.length < 5 ? "of-hosts" : "";
		th.colSpan = open ? some.length : 1;
		th.rowSpan = deep && !open ? 2 : 1;
		th.firstElementChild.setAttribute("aria-expanded", String(open));
		th.firstElementChild.disabled = state.hosts;
		small.textContent = visible(classes[k].hosts[hosts[0]]) + (hosts.length > 1 ? " …" : "");
		th.querySelector("span").textContent = (hosts.length < classes[k].hosts.length ? number(hosts.length) + " of " : "") +
			count(classes[k].hosts.length, "host", "hosts");
		return th;
	}

	function body(i) {
		const tr = element("tr", {}, rowHeads[i]);
		for (const { k, host } of columns) {
			let td = verdicts[i][k];
			if (host !== null) {
				const name = visible(classes[k].hosts[host]);
				td = td.cloneNode(true);
				td.classList.add("host");
				td.title = visible(trees[i].name) + " on " + name + ": " + td.textContent.trim();
			}
			td.classList.toggle("off", !isOn(cells[i][k]));
			td.tabIndex = -1;
			td.removeAttribute("aria-selected");
			tr.append(td);
		}
		return tr;
	}

	function render() {
		const groups = choose(), deep = groups.some((g) => g.open);
		const first = element("tr"), second = element("tr");
		columns = groups.flatMap((g) => (g.open ? g.some.map((host) => ({ k: g.k, host })) : [{ k: g.k, host: null }]));
		corner.rowSpan = deep ? 2 : 1;
		first.append(corner, ...groups.map((g) => head(g, deep)));
		columns.filter((c) => c.host !== null).forEach(({ k, host }) => second.append(
			element("th", { scope: "col", class: "host" }, element("span", { class: "name" }, classes[k].hosts[host]))));
		grid.tHead.replaceChildren(...(deep ? [first, second] : [first]));
		grid.tBodies[0].replaceChildren(...rows.map(body));
		current = grid.tBodies[0].querySelector("td");
		if (current)
			current.tabIndex = 0;
		mark();
		tell(groups);
		filterLists(new Set(groups.map((g) => g.k)));
		at("show-hosts").setAttribute("aria-pressed", String(state.hosts));
		writeAddress();
	}

	function tell(groups) {
		const all = classes.reduce((n, c) => n + c.hosts.length, 0);
		const hosts = groups.reduce((n, g) => n + g.hosts.length, 0);
		const left = groups.reduce((n, g) => n + (g.open ? g.hosts.length - g.some.length : 0), 0);
		const part = (n, of, what) => number(n) + (n < of ? " of " + number(of) : "") + " " + what;
		shown.textContent = rows.length === 0 || groups.length === 0 ? "Nothing is like that." :
			part(rows.length, trees.length, "trees") + ", " + part(hosts, all, "hosts") + " in " +
			part(groups.length, classes.length, "classes") +
			(left > 0 ? "; " + count(left, "host has", "hosts have") + " no column here: name a part of it" : "") + ".";
	}

	// What stands below speaks of the same trees, classes and rule.
	function filterLists(chosen) {
		const any = fields.some((f) => state[f]), listed = new Set(rows);
		const indices = (e, name) => (e.dataset[name] ? e.dataset[name].split(" ").map(Number) : []);
		document.querySelectorAll("[data-rule]").forEach((e) => {
			const of = indices(e, "trees"), on = indices(e, "classes");
			e.hidden = any && !((!state.rule || e.dataset.rule === state.rule) &&
				(!of.length || of.some((i) => listed.has(i))) && (!on.length || on.some((k) => chosen.has(k))));
		});
	}

	// ---- moving about ------------------------------------------------------------------

	const cellOf = (td) => {
		const { k, host } = columns[td.cellIndex - 1];
		return { tree: rows[td.parentNode.sectionRowIndex], class: k, host };
	};

	function tdOf(cell) {
		const r = rows.indexOf(cell.tree);
		let c = columns.findIndex((q) => q.k === cell.class && q.host === cell.host);
		if (c < 0)
			c = columns.findIndex((q) => q.k === cell.class);
		return r < 0 || c < 0 ? null : grid.tBodies[0].rows[r].cells[c + 1];
	}

	function focus(td) {
		if (!td)
			return;
		if (current)
			current.tabIndex = -1;
		current = td;
		td.tabIndex = 0;
		td.focus();
	}

	function mark() {
		grid.querySelectorAll("[aria-selected]").forEach((td) => td.removeAttribute("aria-selected"));
		const td = state.cell && tdOf(state.cell);
		if (td)
			td.setAttribute("aria-selected", "true");
	}

	const near = (i, n) => Math.min(Math.max(i, 0), n - 1);

	function moveInBody(td, event) {
		const lines = grid.tBodies[0].rows, r = td.parentNode.sectionRowIndex, c = td.cellIndex - 1;
		const far = event.ctrlKey || event.metaKey, last = columns.length - 1;
		const to = {
			ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], ArrowUp: [r - 1, c], ArrowDown: [r + 1, c],
			PageUp: [Math.max(r - 10, 0), c], PageDown: [r + 10, c],
			Home: [far ? 0 : r, 0], End: [far ? lines.length - 1 : r, last],
		}[event.key];
		if (!to)
			return false;
		if (to[0] < 0)
			heads[columns[c].k].firstElementChild.focus();
		else
			focus(lines[near(to[0], lines.length)].cells[near(to[1], columns.length) + 1]);
		return true;
	}

	function moveInHead(button, event) {
		const groups = [...new Set(columns.map((c) => c.k))], g = groups.findIndex((k) => heads[k].contains(button));
		if (event.key === "ArrowDown")
			focus(grid.tBodies[0].rows[0].cells[columns.findIndex((c) => c.k === groups[g]) + 1]);
		else if (event.key === "ArrowLeft" || event.key === "ArrowRight")
			heads[groups[near(g + (event.key === "ArrowLeft" ? -1 : 1), groups.length)]].firstElementChild.focus();
		else
			return false;
		return true;
	}

	function unfold(k) {
		if (!state.unfolded.delete(k))
			state.unfolded.add(k);
		render();
		heads[k].firstElementChild.focus();
	}

	// ---- what was found in a cell ------------------------------------------------------

	function command(text) {
		const pre = element("pre", {}, text), button = element("button", { type: "button" }, "Copy");
		button.addEventListener("click", async () => {
			try {
				await navigator.clipboard.writeText(pre.textContent);
				button.textContent = "Copied";
			} catch {
				getSelection().selectAllChildren(pre);
				button.textContent = "Selected";
			}
		});
		return element("div", { class: "command" }, pre, button);
	}

	function facts(f) {
		const dl = element("dl", { class: "facts" });
		const row = (name, value, from, kind) => value && dl.append(element("dt", {}, name),
			element("dd", {}, element("span", { class: kind || "said" }, value), from && element("small", {}, from)));
		const elsewhere = f.classes.length > 12 ? f.classes.slice(0, 12).concat("…") : f.classes;
		row("tree", f.here && f.here.value, f.here && f.here.from, "value");
		row("there", f.there && f.there.value, f.there && f.there.from, "value");
		row("not learned", f.missing, null, "value");
		row("because", f.because, null, "value");
		row("seen", f.observed);
		row("besides", f.detail);
		row("do", f.remedy, null, "do");
		if (f.command)
			dl.append(element("dt", {}, "by"), element("dd", {}, command(f.command)));
		row("CRIU says", f.criu_says && "“" + f.criu_says + "”");
		row("so", f.why);
		row("option", f.option, null, "value");
		if (f.classes.length > 1)
			row("also on", elsewhere.join(", ") + ", in all " + count(f.hosts, "host", "hosts"));
		return dl;
	}

	function marks(f) {
		const rule = element("button", { type: "button", title: "Show this rule alone in the matrix" }, f.rule);
		const words = [kindOf(f) === "unknown" ? "not known" : f.lifetime, f.severity,
			f.stage === "afterwards" ? "CRIU will not notice" : "at " + f.stage];
		if (f.confidence === "possible")
			words.push("possible, not seen");
		if (gate.policy.baseline)
			words.push(f.new_hosts === 0 ? "known before" : "new on " + count(f.new_hosts, "host", "hosts"));
		rule.addEventListener("click", () => {
			form.elements.rule.value = f.rule;
			readForm();
			close();
		});
		const ul = element("ul", { class: "marks" }, element("li", {}, rule), ...words.map((w) => element("li", {}, w)));
		const by = (w) => " until " + w.until + (w.owner ? " by " + w.owner : "") + ": " + w.reason;
		if (f.waived)
			ul.append(element("li", {}, "waived" + by(f.waived)));
		else if (f.expired)
			ul.append(element("li", { class: "loud" }, "its waiver has expired; it was waived" + by(f.expired)));
		return ul;
	}

	const finding = (f) => element("article", { class: f.waived && "waived" },
		element("h3", {}, f.title), f.thing && element("p", { class: "thing" }, f.thing), marks(f), facts(f));

	function hostsOf(k, host) {
		const c = classes[k], names = host === null ? c.hosts : [c.hosts[host]];
		const p = element("p", {}, names.slice(0, 6).join(", "));
		const is = [c.os, c.kernel && "Linux " + c.kernel, c.cpu, c.criu && "CRIU " + c.criu].filter(Boolean).join(", ");
		const all = names.length > 6 && element("details", {}, element("summary", {}, "all " + number(names.length)),
			element("p", {}, names.join(", ")));
		return [p, all || null, is ? element("p", {}, element("small", {}, is)) : null];
	}

	function fill({ tree, class: k, host }) {
		const cell = cells[tree][k], button = element("button", { type: "button", "aria-label": "Close" }, "×");
		const name = trees[tree].name + " on " + (host === null ? classes[k].name : classes[k].hosts[host]);
		const weight = (f) => (f.waived ? 4 : f.severity === "note" ? 3 : f.severity === "warning" ? 2 : f.unknown ? 1 : 0);
		const findings = [...cell.findings].sort((a, b) => weight(a) - weight(b));
		button.addEventListener("click", close);
		panel.replaceChildren(
			element("div", { class: "top" }, element("h2", { id: "detail-title", tabindex: "-1" }, name), button),
			element("p", { class: "verdict " + cell.verdict }, cell.verdict),
			...hostsOf(k, host).filter(Boolean));
		if (cell.spared)
			panel.append(element("p", { class: "note" }, "All that stands in the way was known to the earlier report."));
		if (cell.not_asked > 0)
			panel.append(element("p", { class: "note" }, count(cell.not_asked, "rule was", "rules were") +
				" not asked: this profile holds no answers for the tree."));
		if (findings.length === 0 && cell.verdict === "ready")
			panel.append(element("p", {}, "Nothing was found that stands in the way."));
		panel.append(...findings.map(finding));
		panel.scrollTop = 0;
	}

	function open(cell) {
		const narrow = matchMedia("(max-width: 48rem)").matches;
		state.cell = cell;
		fill(cell);
		mark();
		writeAddress();
		if (!panel.open) {
			if (narrow)
				panel.showModal();
			else
				panel.show();
		}
		document.body.classList.add("beside");
		at("detail-title").focus();
		tdOf(cell)?.scrollIntoView({ block: "nearest", inline: "nearest" });
	}

	// The browser may close it too, and says so only later: by then it has been seen to.
	function close() {
		if (panel.open)
			panel.close();
		if (!state.cell)
			return;
		const td = tdOf(state.cell);
		state.cell = null;
		document.body.classList.remove("beside");
		mark();
		writeAddress();
		focus(td || current);
	}
	panel.addEventListener("close", () => panel.open || close());

	// ---- events ------------------------------------------------------------------------

	function readForm() {
		fields.forEach((f) => { state[f] = form.elements[f].value; });
		render();
	}

	grid.addEventListener("click", (event) => {
		const td = event.target.closest("td"), button = event.target.closest("th button");
		if (td) {
			focus(td);
			open(cellOf(td));
		} else if (button) {
			unfold(heads.findIndex((th) => th.contains(button)));
		}
	});
	grid.addEventListener("keydown", (event) => {
		const td = event.target.closest("td"), button = event.target.closest("th button");
		let done = td ? moveInBody(td, event) : button && moveInHead(button, event);
		if (td && (event.key === "Enter" || event.key === " ")) {
			open(cellOf(td));
			done = true;
		}
		if (done)
			event.preventDefault();
	});
	document.addEventListener("keydown", (event) => {
		if (event.key === "Escape" && panel.open) {
			event.preventDefault();
			close();
		}
	});
	form.addEventListener("input", readForm);
	form.addEventListener("submit", (event) => event.preventDefault());
	form.addEventListener("reset", () => {
		state.unfolded.clear();
		setTimeout(readForm);
	});
	at("show-hosts").addEventListener("click", () => {
		state.hosts = !state.hosts;
		render();
	});
	addEventListener("hashchange", start);

	function start() {
		readAddress();
		render();
		if (state.cell)
			open(state.cell);
		else if (panel.open)
			close();
	}

	for (const th of heads) {
		const button = element("button", { type: "button", tabindex: "-1" });
		button.append(...th.childNodes);
		th.append(button);
	}
	for (const rule of [...new Set(gate.findings.map((f) => f.rule))].sort())
		form.elements.rule.append(element("option", { value: rule }, rule));
	grid.setAttribute("role", "grid");
	grid.setAttribute("aria-label", "Verdicts; Enter opens what was found");
	document.querySelector(".scroll").removeAttribute("tabindex");
	form.hidden = false;
	document.querySelector(".keys").hidden = false;
	start();
})();
