/** Models of a store as edmModels shows them: for persons a table, for programs JSON, YAML or paths. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { filesIn } from "../base/contentHash.js";
import type { Model } from "../serving/store/Model.js";
import { toPlainInfo } from "../serving/store/ModelInfo.js";
import { yaml } from "../serving/store/yaml.js";

export const modelForms = ["table", "json", "yaml", "path"] as const;
export type ModelForm = (typeof modelForms)[number];

/** One model: in JSON one object. */
export function showModel(model: Model, form: ModelForm): string {
  if (form === "path") return `${model.path}\n`;
  if (form === "table") return showModels([model], form, "");
  const info = { ...toPlainInfo(model.info), custom_objects: Object.keys(model.customObjects) };
  return form === "json" ? `${JSON.stringify(info)}\n` : yaml().stringify(info, { lineWidth: 0 });
}

/** A list of models: in JSON one line, a list of what a program asks for first. */
export function showModels(models: readonly Model[], form: ModelForm, root: string): string {
  if (form === "path") return models.map(({ path }) => `${path}\n`).join("");
  if (form !== "table") {
    const rows = models.map((model) => {
      const { tag, info, path } = model;
      const creation_time = toPlainInfo(info).creation_time;
      return {
        tag: String(tag),
        module: info.module,
        size: sizeBytes(path),
        creation_time,
        labels: info.labels,
        path,
      };
    });
    return form === "json" ? `${JSON.stringify(rows)}\n` : yaml().stringify(rows, { lineWidth: 0 });
  }
  if (models.length === 0) return `There is no model in ${root}.\n`;
  return table(models);
}

function table(models: readonly Model[]): string {
  const rows = models.map(({ tag, info, path, creationTime }) => [
    String(tag),
    Object.keys(info.signatures).join(","),
    shownSize(sizeBytes(path)),
    creationTime.toISOString().slice(0, 19).replace("T", " "),
    Object.entries(info.labels)
      .map(([key, value]) => inOneLine(`${key}=${value}`))
      .join(" "),
  ]);
  const cells = [["TAG", "METHODS", "SIZE", "CREATED (UTC)", "LABELS"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return cells.map((row) => `${line(row)}\n`).join("");
}

/** A label may have a line's end, or whatever a terminal would take for a command. */
function inOneLine(text: string): string {
  return /\p{Cc}/u.test(text) ? JSON.stringify(text) : text;
}

function sizeBytes(path: string): number {
  return filesIn(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
}

function shownSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${units[unit]}`;
}
