/** The grid that cmsml_check_aot_compatibility prints: a row an op, a column a device. */

const headers = ["Operation", "cpu"] as const;

/** @param ops op → whether it is compatible */
export function opTable(ops: ReadonlyMap<string, boolean>): string {
  const rows = [...ops]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([op, isFine]) => [op, isFine ? "yes" : "NO"]);
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const rule = (line: string) => `+${widths.map((width) => line.repeat(width + 2)).join("+")}+`;
  const show = (cells: readonly string[]) =>
    `|${cells.map((cell, column) => ` ${cell.padEnd(widths[column] as number)} `).join("|")}|`;
  const body = rows.flatMap((row) => [show(row), rule("-")]);
  return [rule("-"), show(headers), rule("="), ...body].join("\n");
}
