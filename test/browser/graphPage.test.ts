/** The page that cmsml_open_tf_graph writes, in a real browser: opened from a file, without a network. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encode, floats, node, placeholder } from "../unit/tensorflow/buildGraph.js";
import { chromiumArguments, chromiumPath, describeWithChromium } from "./chromium.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const shared = process.env.CMSRUN_SHARED;
const folder = mkdtempSync(join(tmpdir(), "cmsrun-page-"));
const hostile = "</script><img src=x onerror=alert(1)>";
let browser: Browser;

interface Opened {
  readonly page: Page;
  /** Whatever the console said, and every request but that of the page. */
  readonly complaints: string[];
}

function write(model: string, ...args: string[]): string {
  const path = join(folder, `${model.replaceAll(/\W/g, "_").slice(-60)}.html`);
  const program = join(root, "dist", "cmsml_open_tf_graph.js");
  const { status, stderr } = spawnSync(process.execPath, [program, model, "-o", path, ...args], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  return path;
}

async function open(path: string, size = { width: 1280, height: 800 }): Promise<Opened> {
  const page = await browser.newPage({ viewport: size });
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  const url = pathToFileURL(path).href;
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => void dialog.dismiss().then(() => complaints.push("a dialog")));
  page.on("request", (request) => {
    if (request.url() !== url) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector(".box");
  return { page, complaints };
}

/** Boxes that lie over others, unless one holds the other; runs in the page. */
const overlapping = `
  const boxes = [...document.querySelectorAll(".box")].map((box) => {
    return { box, place: box.querySelector(":scope > .ground").getBoundingClientRect() };
  });
  const name = ({ box }) => box.getAttribute("data-name");
  return boxes.flatMap((a, i) => boxes.slice(i + 1).flatMap((b) => {
    if (a.box.contains(b.box) || b.box.contains(a.box)) return [];
    const wide = Math.min(a.place.right, b.place.right) - Math.max(a.place.left, b.place.left);
    const tall = Math.min(a.place.bottom, b.place.bottom) - Math.max(a.place.top, b.place.top);
    return wide > 1 && tall > 1 ? [name(a) + " over " + name(b)] : [];
  }));
`;

function overlaps(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {${overlapping}})()`);
}

async function find(page: Page, words: string): Promise<void> {
  await page.keyboard.press("/");
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
}

describeWithChromium("the page of a graph", () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath ?? "", args: chromiumArguments });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const tagger = join(root, "data", "models", "jet_btag", "saved_model");

  it("shows a model's summary, opens a scope, finds a node and tells its shape and values", async () => {
    const { page, complaints } = await open(write(tagger, "--profile"));
    expect(await page.title()).toBe("saved_model");
    expect(await page.locator(".summary").innerText()).toMatch(/nodes.*parameters.*FLOP a row.*µs a run/s);
    expect(await page.locator(".panel").innerText()).toMatch(/float32\[\?,5\]/);
    await page.getByRole("button", { name: "Close all" }).click();
    const closed = await page.locator(".box").count();
    await page.locator(".box.group.closed").first().click();
    expect(await page.locator(".box").count()).toBeGreaterThan(closed);
    await find(page, "dense1/matmul");
    const panel = page.locator(".panel");
    expect(await panel.locator("h2").innerText()).toBe("MatMul");
    expect(await panel.innerText()).toContain("float32[1,32]");
    expect(await panel.innerText()).toMatch(/operations\s+320 FLOP/);
    expect(await page.locator(".box.chosen").getAttribute("data-name")).toMatch(/dense1\/MatMul$/);
    await panel.locator("section", { hasText: "INPUTS" }).locator("button.link").nth(1).click();
    expect(await page.locator(".panel .histogram .bar").count()).toBeGreaterThan(10);
    expect(await panel.innerText()).toMatch(/mean ± std\s+−?[\d.]+/);
    expect(await overlaps(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("is used with the keyboard alone", async () => {
    const { page, complaints } = await open(write(tagger));
    await page.getByRole("button", { name: "Close all" }).click();
    await page.keyboard.press("f");
    await page.locator(".canvas").focus();
    await page.keyboard.press("ArrowDown");
    const first = await page.locator(".box.chosen").getAttribute("data-name");
    await page.keyboard.press("ArrowDown");
    const second = page.locator(".box.chosen");
    expect(await second.getAttribute("data-name")).not.toBe(first);
    expect(await second.getAttribute("aria-expanded")).toBe("false");
    await page.keyboard.press("Enter");
    expect(await page.locator(".box.chosen").getAttribute("aria-expanded")).toBe("true");
    expect(await page.locator(".box.chosen:focus").count()).toBe(1);
    await page.keyboard.press("Enter");
    expect(await page.locator(".box.chosen").getAttribute("aria-expanded")).toBe("false");
    await page.keyboard.press("Escape");
    expect(await page.locator(".box.chosen").count()).toBe(0);
    expect(await page.locator(".panel h2").innerText()).toBe("saved_model");
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("takes names as text", async () => {
    const model = join(folder, "hostile.pb");
    const nodes = [
      placeholder("x", "float32", [-1, 2]),
      floats("w", [2, 3], [1, 2]),
      node(hostile, "MatMul", ["x", "w"]),
      node(`${hostile}/"'&`, "Relu", [hostile]),
    ];
    writeFileSync(model, encode(nodes));
    const { page, complaints } = await open(write(model));
    await find(page, "onerror matmul");
    expect(await page.locator(".panel").innerText()).toContain("img src=x onerror=alert(1)>");
    await page.getByRole("button", { name: "Open all" }).click();
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("colours by what is asked, drags without choosing, and fits a narrow screen", async () => {
    const { page, complaints } = await open(write(tagger), { width: 400, height: 760 });
    for (const value of ["flops", "device", "op"]) await page.selectOption("select", value);
    await page.locator(".legend summary").click();
    expect(await page.locator(".legend").innerText()).toContain("activations");
    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(400);
    const before = await page.locator(".canvas > g").getAttribute("transform");
    const place = await page.locator(".canvas").boundingBox();
    const [x, y] = [(place?.x ?? 0) + 200, (place?.y ?? 0) + 120];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 60, y + 30, { steps: 4 });
    await page.mouse.up();
    expect(await page.locator(".canvas > g").getAttribute("transform")).not.toBe(before);
    expect(await page.locator(".box.chosen").count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  const models: readonly (readonly [path: string, words: string, text: RegExp])[] = [
    ["mlp_small/frozen.pb", "dense0 matmul", /float32\[1,64\]/],
    ["deepjet_like/saved_model", "cpf_lstm while matmul_1", /runs\s+25 in a run of the model/],
    ["cms/deepmet_v1/graph.pb", "output biasadd", /float32\[1,2\]/],
    ["cms/deepflavour_v03/graph.pb", "regression_pred biasadd", /BiasAdd/],
    ["gru/frozen_whilev2.pb", "gru1 while matmul", /runs\s+20/],
  ];
  it.skipIf(shared === undefined).each(models)("opens %s within two seconds", async (model, words, text) => {
    const path = join(shared as string, "models", model);
    expect(existsSync(path)).toBe(true);
    const file = write(path);
    const start = performance.now();
    const { page, complaints } = await open(file);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(await overlaps(page)).toEqual([]);
    await find(page, words);
    expect(await page.locator(".panel").innerText()).toMatch(text);
    const opening = performance.now();
    await page.getByRole("button", { name: "Open all" }).click();
    await page.locator(".box").first().waitFor();
    expect(performance.now() - opening).toBeLessThan(5000);
    expect(await overlaps(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

if (shared === undefined)
  process.stderr.write("CMSRUN_SHARED is not set: pages of CMS graphs are NOT tested\n");
