/** A real browser for tests: Chromium, found by CMSRUN_CHROMIUM or on the PATH; said aloud where there is none. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Suite, suiteThatNeeds } from "../suiteThatNeeds.js";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

export const chromiumPath = process.env.CMSRUN_CHROMIUM ?? onPath();

/** A suite that needs the browser: skipped without one. */
export const describeWithChromium: Suite = suiteThatNeeds(
  chromiumPath !== undefined,
  "there is no Chromium (CMSRUN_CHROMIUM names one): pages are NOT tested in a browser",
);

/** Nothing of it asks the network. */
export const chromiumArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
