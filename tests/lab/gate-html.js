// SPDX-License-Identifier: Apache-2.0
//
// gate-html.js NODE_MODULES PAGE REPORT.json FOLDER [WALK...]: walks through the page of migcheck gate,
// in Debian's Chromium, by clicks and keys. Each leaves FOLDER/WALK with what it measured, and
// FOLDER/WALK.failed with a sentence where it failed. The page is opened from its file, and any request
// but that one, any message of the console and any error of a script is a failure of each walk.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const [modules, page, report, folder, ...names] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const gate = JSON.parse(fs.readFileSync(report, "utf8"));
const BLOCKED = "td.heat1, td.heat2, td.heat3";
const WIDE = { width: 1280, height: 900 }, PHONE = { width: 360, height: 740 };

const hosts = gate.classes.reduce((n, c) => n + c.hosts.length, 0);
const active = (p) => p.evaluate(() => document.activeElement.textContent);
const said = [];
const say = (line) => said.push(line);
const shown = async (p) => (await p.locator("#shown").textContent());
const columns = (p) => p.locator("#matrix thead tr:first-child th").count().then((n) => n - 1);
const address = (p) => p.evaluate(() => Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
const inView = (p) => p.evaluate(() => {
	const cell = document.querySelector("#matrix td[tabindex='0']").getBoundingClientRect();
	const box = document.querySelector(".scroll").getBoundingClientRect();
	const first = document.querySelector("#matrix tbody th").getBoundingClientRect();
	return cell.right <= box.right + 1 && cell.left >= first.right - 1 && cell.bottom <= innerHeight + 1 && cell.top >= 0;
});

// WCAG's contrast of each text with what is painted behind it, of all that is seen.
const worstContrast = (p) => p.evaluate(() => {
	const rgb = (s) => (s.match(/[\d.]+/g) || []).map(Number);
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	let worst = { ratio: 99 };
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let text = walker.nextNode(); text; text = walker.nextNode()) {
		const e = text.parentElement, style = getComputedStyle(e);
		if (!text.data.trim() || !e.checkVisibility() || e.closest("script, button:disabled"))
			continue;
		let behind = e;
		while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
			behind = behind.parentElement;
		const a = light(rgb(style.color)), b = light(rgb(getComputedStyle(behind || document.body).backgroundColor));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < worst.ratio)
			worst = { ratio, text: text.data.trim().slice(0, 40), of: e.tagName + "." + e.className };
	}
	return worst;
});

const walks = {
	// From a red cell to both values and the remedy, and back.
	async click(p) {
		const cell = p.locator(BLOCKED).first(), panel = p.locator("#detail");
		await cell.click();
		assert(await panel.isVisible(), "no panel opens");
		const { of, on } = await address(p);
		const f = gate.findings.find((q) => q.tree === of && q.classes.includes(on) && q.severity === "blocker" &&
			q.lifetime === "permanent" && q.here && q.there);
		const text = await panel.innerText();
		for (const part of [f.here.value, f.here.from, f.there.value, f.there.from, f.rule, f.criu_says, f.why])
			assert(text.includes(part), `the panel does not say "${part}"`);
		assert(text.toLowerCase().includes(f.remedy.toLowerCase()), `the panel has no remedy "${f.remedy}"`);
		assert.equal(await active(p), `${of} on ${on}`, "the focus is not in the panel");
		await p.keyboard.press("Escape");
		assert(!await panel.isVisible(), "Escape does not close the panel");
		assert(await cell.evaluate((e) => e === document.activeElement), "the focus does not come back to the cell");
		await cell.click();
		await p.getByRole("button", { name: "Close" }).click();
		assert(!await panel.isVisible(), "the button does not close the panel");
	},

	async copy(p) {
		await p.context().grantPermissions(["clipboard-read", "clipboard-write"]);
		await p.selectOption("#f-rule", "cpu-ins");
		await p.locator(BLOCKED).first().click();
		const line = p.locator("#detail .command").first();
		await line.getByRole("button").click();
		await line.getByText("Copied").waitFor();
		const copied = await p.evaluate(() => navigator.clipboard.readText());
		assert.equal(copied, await line.locator("pre").textContent());
		assert(gate.findings.some((f) => f.command === copied), "it is not the command of a finding");
	},

	async host(p) {
		await p.fill("#f-host", "node-033");
		const chosen = gate.classes.filter((c) => c.hosts.some((h) => h.includes("node-033")));
		assert.equal(await columns(p), chosen.length);
		assert.match(await shown(p), new RegExp(`^${gate.trees.length} trees, 10 of ${hosts} hosts in ${chosen.length} of`));
		await p.getByRole("button", { name: "Show every host" }).click();
		assert.equal(await p.locator("th.host").count(), 10);
		await p.getByRole("button", { name: "Clear" }).click();
		await p.locator("th.host").nth(10).waitFor();
		assert.equal(await p.locator("th.host").count(), hosts);
		await p.fill("#f-host", "no such host");
		assert.equal(await shown(p), "Nothing is like that.");
	},

	async tree(p) {
		await p.fill("#f-tree", "TCP");
		assert.deepEqual(await p.locator("#matrix tbody th b").allTextContents(), ["tcp-established", "tcp-listen"]);
		assert.equal((await address(p)).tree, "TCP");
	},

	async rule(p) {
		await p.selectOption("#f-rule", "dst-file-size");
		const has = (t, c) => gate.findings.some((f) => f.rule === "dst-file-size" && f.tree === t && f.classes.includes(c));
		const some = gate.classes.filter((c) => gate.trees.some((t) => has(t.name, c.name)));
		assert(some.length > 0 && some.length < gate.classes.length);
		assert.equal(await columns(p), some.length);
		const rules = await p.locator(".changes li:visible code.rule").allTextContents();
		assert(rules.length > 0 && rules.every((r) => r === "dst-file-size"), "the changes are those of other rules: " + rules);
	},

	async lifetime(p) {
		const kinds = { permanent: (f) => !f.unknown && f.lifetime === "permanent",
			transient: (f) => !f.unknown && f.lifetime === "transient", unknown: (f) => f.unknown };
		for (const [kind, is] of Object.entries(kinds)) {
			await p.selectOption("#f-lifetime", kind);
			const trees = gate.trees.filter((t) => gate.findings.some((f) => is(f) && f.tree === t.name)).map((t) => t.name);
			assert(trees.length > 0, "the pool has nothing " + kind);
			assert.deepEqual(await p.locator("#matrix tbody th b").allTextContents(), trees);
		}
	},

	async verdict(p) {
		await p.selectOption("#f-verdict", "retry");
		const on = p.locator("#matrix td:not(.off)");
		assert.equal(await on.count(), gate.cells.filter((c) => c.verdict === "retry").length);
		assert((await on.allTextContents()).every((t) => t.startsWith("retry")));
	},

	async waivers(p) {
		const table = await p.locator("section", { has: p.getByRole("heading", { name: "Waivers" }) }).locator("tbody tr").allTextContents();
		assert.equal(table.length, 3);
		assert.match(table[0], /it was started <b>masked<\/b>.*finding/);
		assert.match(table[1], /expired: it counts no more/);
		assert.match(table[2], /nothing$/);
		const open = async (rule) => {
			const f = gate.findings.find((q) => q.rule === rule && (q.waived || q.expired));
			await p.goto(p.url().split("#")[0] + "#" + new URLSearchParams({ of: f.tree, on: f.classes[0] }));
			return p.locator("#detail article", { hasText: rule }).first().innerText();
		};
		assert.match(await open("cpu-ins"), /waived until 2199-12-31 by ops@example.org: it was started <b>masked<\/b>/);
		assert.match(await open("dst-file-size"), /its waiver has expired/);
	},

	// One class of the pool holds no answers to any tree; all the others answer all of them.
	async asked(p) {
		const lacking = gate.cells.filter((c) => c.not_asked > 0);
		assert.equal(new Set(lacking.map((c) => c.class)).size, 1);
		assert.equal(lacking.length, gate.trees.length);
		assert.match(await p.locator("main .note").first().textContent(), new RegExp(`^In ${lacking.length} cells not every rule`));
		await p.locator("#matrix td", { hasText: "not asked" }).first().click();
		assert.match(await p.locator("#detail .note").innerText(), new RegExp(`^${lacking[0].not_asked} rules were not asked`));
	},

	// From the top of the page, by keys alone.
	async keys(p) {
		await p.keyboard.press("Tab");
		assert.equal(await active(p), "To the matrix");
		await p.keyboard.press("Enter");
		for (let i = 0; i < 20 && await p.evaluate(() => document.activeElement.tagName) !== "TD"; i++)
			await p.keyboard.press("Tab");
		const at = () => p.evaluate(() => [document.activeElement.parentNode.rowIndex - 1, document.activeElement.cellIndex - 1]);
		assert.deepEqual(await at(), [0, 0], "Tab does not come to the first cell");
		for (const [key, to] of [["ArrowRight", [0, 1]], ["ArrowDown", [1, 1]], ["ArrowLeft", [1, 0]], ["ArrowLeft", [1, 0]],
			["End", [1, gate.classes.length - 1]], ["Control+End", [gate.trees.length - 1, gate.classes.length - 1]],
			["Control+Home", [0, 0]], ["PageDown", [Math.min(10, gate.trees.length - 1), 0]], ["Control+Home", [0, 0]]]) {
			await p.keyboard.press(key);
			assert.deepEqual(await at(), to, key);
			assert(await inView(p), `${key}: the cell is not in view`);
		}
		assert.equal(await p.locator("#matrix td[tabindex='0']").count(), 1, "more than one cell is a stop of Tab");
		await p.keyboard.press("Enter");
		assert(await p.locator("#detail").isVisible(), "Enter does not open the cell");
		await p.keyboard.press("Escape");
		assert.deepEqual(await at(), [0, 0], "Escape does not come back");
		await p.keyboard.press("ArrowUp");
		assert.match(await active(p), /^c1/);
		await p.keyboard.press("ArrowRight");
		await p.keyboard.press("Enter");
		assert.equal(await p.locator("th.host").count(), gate.classes[1].hosts.length, "Enter does not unfold the class");
		await p.keyboard.press("ArrowDown");
		await p.keyboard.press("Space");
		assert.equal(await p.locator("#detail h2").textContent(), `${gate.trees[0].name} on ${gate.classes[1].hosts[0]}`);
	},

	// What is shown comes back from the address alone.
	async address(p) {
		await p.selectOption("#f-rule", "cpu-ins");
		await p.locator(BLOCKED).first().click();
		const url = p.url(), title = await p.locator("#detail h2").textContent(), text = await shown(p);
		await p.goto("about:blank");
		await p.goto(url);
		assert.equal(await p.locator("#detail h2").textContent(), title);
		assert.equal(await p.locator("#f-rule").inputValue(), "cpu-ins");
		assert.equal(await shown(p), text);
	},

	// Names of hosts that would end the script, run one, or turn the reading direction.
	async hostile(p) {
		assert(hosts > 500 && gate.classes.some((c) => c.hosts.some((h) => h.includes("</script>"))));
		await p.getByRole("button", { name: "Show every host" }).click();
		await p.fill("#f-host", "img src");
		await p.locator("td.host").first().click();
		const name = await p.locator("#detail h2").textContent();
		assert(name.includes("</script><img src=x onerror=document.title='owned'>\\xe2\\x80\\xae"), name);
		assert.equal(await p.locator("img").count(), 0);
		assert.match(await p.title(), /^migcheck gate: /);
		assert.equal(await p.evaluate(() => document.documentElement.outerHTML.includes("\u202e")), false);
	},

	// 500 columns: how long the page keeps one waiting.
	async many(p) {
		const ready = await p.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd);
		const took = (act) => p.evaluate(async (what) => {
			const from = performance.now();
			if (what === "hosts")
				document.getElementById("show-hosts").click();
			else {
				document.getElementById("f-host").value = what;
				document.getElementById("f-host").dispatchEvent(new Event("input", { bubbles: true }));
			}
			document.getElementById("matrix").getBoundingClientRect();
			await new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); });
			return performance.now() - from;
		}, act);
		const all = await took("hosts"), filter = await took("node-01");
		const cells = await p.locator("td.host").count();
		assert.equal(cells, 100 * gate.trees.length);
		say(`${hosts} hosts: ready after ${ready.toFixed(0)} ms, all hosts shown in ${all.toFixed(0)} ms, filtered in ${filter.toFixed(0)} ms`);
		assert(ready < 3000 && all < 3000 && filter < 3000);
	},

	// Two widths, two schemes: nothing sticks out, everything can be read; the panel fits the window.
	async looks(p, open) {
		for (const viewport of [WIDE, PHONE])
			for (const colorScheme of ["light", "dark"]) {
				const q = await open({ viewport, colorScheme, hasTouch: viewport === PHONE, isMobile: viewport === PHONE });
				const what = `${viewport.width} ${colorScheme}`;
				const paper = await q.evaluate(() => getComputedStyle(document.body).backgroundColor);
				assert.equal(/^rgb\(2[0-9]{2}/.test(paper), colorScheme === "light", `${what}: the paper is ${paper}`);
				const width = await q.evaluate(() => document.documentElement.scrollWidth);
				assert(width <= viewport.width, `${what}: the page is ${width} wide`);
				const shots = process.env.SHOTS;
				if (shots)
					await q.screenshot({ path: `${shots}/${viewport.width}-${colorScheme}.png` });
				await q.locator(BLOCKED).first().click();
				await q.locator("#detail").evaluate((e) => Promise.all(e.getAnimations().map((a) => a.finished)));
				const box = await q.locator("#detail").boundingBox();
				if (viewport === PHONE)
					assert.equal(box.width, viewport.width, `${what}: the panel is no sheet`);
				else
					assert(box.width < viewport.width / 2 && await inView(q), `${what}: the panel covers its cell`);
				if (shots)
					await q.screenshot({ path: `${shots}/${viewport.width}-${colorScheme}-cell.png` });
				const worst = await worstContrast(q);
				assert(worst.ratio >= 4.5, `${what}: contrast ${worst.ratio.toFixed(2)} of "${worst.text}" (${worst.of})`);
				say(`${what}: least contrast ${worst.ratio.toFixed(2)}`);
			}
	},

	// Without the script: verdicts as words, what to do, no control that does nothing.
	async "without-script"(p, open) {
		const q = await open({ javaScriptEnabled: false });
		assert.equal(await q.locator("#matrix tbody td").count(), gate.cells.length);
		assert.deepEqual((await q.locator("#matrix tbody td b").allTextContents()), gate.cells.map((c) => c.verdict));
		assert(await q.locator(".changes li").count() >= Math.min(gate.changes.length, 10));
		assert(!await q.locator("#filters").isVisible(), "filters that do nothing are shown");
	},

	// For the checker of documents: what the script made of the page.
	async document(p) {
		await p.locator(BLOCKED).first().click();
		fs.writeFileSync(path.join(folder, "document.html"), await p.content());
	},

	async paper(p) {
		await p.emulateMedia({ media: "print" });
		assert(!await p.locator("#filters").isVisible());
		assert(await p.locator("#matrix").isVisible());
	},

	async axe(p, open) {
		const source = fs.readFileSync(path.join(modules, "axe-core/axe.min.js"), "utf8");
		for (const [colorScheme, panel] of [["light", false], ["dark", true]]) {
			const q = await open({ colorScheme, bypassCSP: true });
			await q.evaluate(source);
			if (panel)
				await q.locator(BLOCKED).first().click();
			const { violations, passes } = await q.evaluate(() => window.axe.run());
			assert(passes.length > 20);
			const bad = violations.map((v) => `${v.impact} ${v.id}: ${v.nodes[0].html.slice(0, 120)} ${v.nodes[0].failureSummary}`);
			assert.deepEqual(bad, [], `${colorScheme}, panel ${panel}`);
		}
	},
};

async function walk(browser, name) {
	const wrong = [], url = "file://" + fs.realpathSync(page), contexts = [];
	const open = async (options) => {
		const context = await browser.newContext({ viewport: WIDE, ...options });
		const p = await context.newPage();
		contexts.push(context);
		p.setDefaultTimeout(10000);
		p.on("console", (m) => wrong.push("the console says: " + m.text()));
		p.on("pageerror", (e) => wrong.push("an error: " + e.stack));
		p.on("dialog", (d) => { wrong.push("a dialog: " + d.message()); d.dismiss(); });
		p.on("request", (r) => r.url().split("#")[0] === url || r.url() === "about:blank" || wrong.push("a request: " + r.url()));
		await p.goto(url);
		return p;
	};
	said.length = 0;
	try {
		await walks[name](await open({}), open);
		assert.deepEqual(wrong, []);
	} catch (e) {
		fs.writeFileSync(path.join(folder, name + ".failed"), (e.stack || e) + "\n");
	}
	fs.writeFileSync(path.join(folder, name), said.map((line) => line + "\n").join(""));
	await Promise.all(contexts.map((c) => c.close()));
}

(async () => {
	const browser = await chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync"],
	});
	for (const name of names.length ? names : Object.keys(walks))
		await walk(browser, name);
	await browser.close();
})();
