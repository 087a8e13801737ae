/** The page of a graph as one text: markup, style, program and data, nothing from elsewhere. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import type { GraphViewData } from "./GraphViewData.js";

/** What the build has made of page/. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
}

/** @throws FileOpenError where the build left none */
export function loadPageParts(): PageParts {
  const read = (name: string) => readFileSync(new URL(`./graphView/${name}`, import.meta.url), "utf8");
  try {
    return { script: read("page.js"), style: read("page.css") };
  } catch (error) {
    throw new Exception(
      "FileOpenError",
      `the page's program is missing: ${(error as Error).message}; install cmsrun again, or build it.`,
    );
  }
}

/** Only its own program and style may run, by their hashes; nothing may be loaded from anywhere. */
export function graphPage(data: GraphViewData, { script, style }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(data.title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>The graph is drawn by a program in this page, which this browser does not run.</noscript>
<script type="application/json" id="graph">${escapeJson(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => escapes[character] as string);
}

/** JSON in which no name can end the element that it stands in: "</script>", "<!--". */
export function escapeJson(data: unknown): string {
  const escapes: Readonly<Record<string, string>> = {
    "<": "\\u003c",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
  };
  return JSON.stringify(data).replace(/[<\u2028\u2029]/g, (character) => escapes[character] as string);
}
