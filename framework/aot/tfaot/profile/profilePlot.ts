/**
 * The plot of `tfaot profile`, as SVG: µs of a batch and of its rows by default and best rules, with the compiled sizes
 * as points, above how often each batch size comes. All three share the axis of batch sizes.
 */
import type { Profile, ProfiledBatch } from "./profileModel.js";
import { profileText } from "./profileText.js";

const width = 900;
const [left, right, top] = [78, 26, 92];
const [panelHeight, panelGap, barsHeight, bottom] = [210, 30, 120, 54];
const colors = { best: "#1f6feb", byDefault: "#d1495b", bars: "#9fb3c8", ink: "#24292f", faint: "#6b7785" };
/** Above this ratio of the largest to the smallest value an axis is logarithmic. */
const linearRatio = 12;

interface Axis {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

interface Panel {
  readonly y: number;
  readonly height: number;
  readonly title: string;
  readonly axis: Axis;
  readonly body: string;
}

export function profileSvg(profile: Profile): string {
  const { model, distribution, costs, choice, batches } = profile;
  const most = lastShown(profile);
  const shown = [...costs].filter(([size]) => size <= most);
  const x = linearAxis(-0.5, most + 0.5, left, width - right);
  const curves = (y: number, title: string, perRow: boolean): Panel => {
    const value = (us: number, size: number) => (perRow ? us / size : us);
    const points = shown.map(([size, us]): [number, number] => [size, value(us, size)]);
    const lines = (["byDefault", "best"] as const).map((which) => {
      const at = ({ [which]: { us }, batchSize }: ProfiledBatch): [number, number] => [
        batchSize,
        value(us, batchSize),
      ];
      return { color: colors[which], points: batches.map(at) };
    });
    const all = [...points, ...lines.flatMap((line) => line.points)].map(([, us]) => us);
    const axis = valueAxis(all, y + panelHeight, y);
    const drawn = lines.map(({ color, points: list }) => curve(color, list, x.place, axis.place));
    const dots = points.map(([size, us]) =>
      circle(x.place(size), axis.place(us), choice.sizes.includes(size)),
    );
    return { y, height: panelHeight, title, axis, body: [...drawn, ...dots].join("") };
  };
  const barsTop = top + 2 * (panelHeight + panelGap);
  const panels = [
    curves(top, "µs a batch", false),
    curves(top + panelHeight + panelGap, "µs a row", true),
    bars(distribution.shares, barsTop, x.place),
  ];
  const height = barsTop + barsHeight + bottom;
  const { name, version } = model.descriptor;
  const title = `${[name, version].filter(Boolean).join(" ")}: cost by batch size`;
  const about = `target ${model.target} · batch_sizes: [${choice.sizes.join(", ")}] · events: ${distribution.origin}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Inter, Helvetica, Arial, DejaVu Sans, sans-serif" font-size="12" fill="${colors.ink}">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${text(left, 30, title, 'font-size="18" font-weight="600"')}
${text(left, 50, about, `fill="${colors.faint}"`)}
${legend()}
${panels.map((panel) => frame(panel, x)).join("\n")}
${x.ticks.map((tick) => text(x.place(tick), height - bottom + 18, String(tick), 'text-anchor="middle"')).join("")}
${text((left + width - right) / 2, height - 14, "batch size: rows of an event", 'text-anchor="middle" font-weight="600"')}
</svg>
`;
}

/** The plot with the tables below it, as one page. */
export function profileHtml(profile: Profile): string {
  const name = escaped(profile.model.descriptor.name);
  const style = `body{margin:2rem auto;max-width:${width}px;color:${colors.ink}}svg{width:100%;height:auto}pre{font-size:13px;overflow:auto}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tfaot profile: ${name}</title><style>${style}</style></head>
<body>
${profileSvg(profile)}<pre>${escaped(profileText(profile))}</pre>
</body></html>
`;
}

/** The end of the axis: all events and chosen sizes, and the next compiled size, which was an alternative. */
function lastShown({ costs, choice, distribution }: Profile): number {
  const needed = Math.max(...choice.sizes, ...distribution.shares.keys());
  return Math.max(needed, [...costs.keys()].find((size) => size >= needed) ?? 0);
}

function bars(shares: ReadonlyMap<number, number>, y: number, x: Axis["place"]): Panel {
  const largest = 100 * Math.max(...shares.values());
  const axis = linearAxis(0, largest * 1.08, y + barsHeight, y, 3);
  const wide = Math.max(1, 0.72 * (x(1) - x(0)));
  const body = [...shares].map(([size, share]) => {
    const from = axis.place(100 * share);
    const place = `x="${round(x(size) - wide / 2)}" y="${round(from)}"`;
    return `<rect ${place} width="${round(wide)}" height="${round(y + barsHeight - from)}" rx="1.5" fill="${colors.bars}"/>`;
  });
  return { y, height: barsHeight, title: "% of events", axis, body: body.join("") };
}

function frame({ y, height, title, axis, body }: Panel, x: Axis): string {
  const line = (x1: number, y1: number, x2: number, y2: number, color: string) =>
    `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${color}"/>`;
  const rows = axis.ticks.map((tick) => {
    const at = axis.place(tick);
    return (
      line(left, at, width - right, at, "#e6eaef") + text(left - 8, at + 4, String(tick), 'text-anchor="end"')
    );
  });
  const columns = x.ticks.map((tick) => line(x.place(tick), y, x.place(tick), y + height, "#f1f4f7"));
  const middle = y + height / 2;
  const turned = `text-anchor="middle" font-weight="600" transform="rotate(-90 24 ${middle})"`;
  const base = line(left, y + height, width - right, y + height, colors.faint);
  return [...columns, ...rows, base, text(24, middle, title, turned), body].join("");
}

function curve(
  color: string,
  points: readonly [number, number][],
  x: Axis["place"],
  y: Axis["place"],
): string {
  const path = points.map(([size, value], i) => `${i === 0 ? "M" : "L"}${round(x(size))} ${round(y(value))}`);
  return `<path d="${path.join("")}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"/>`;
}

function circle(x: number, y: number, isChosen: boolean): string {
  const fill = isChosen ? colors.ink : "#ffffff";
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4.5" fill="${fill}" stroke="${colors.ink}" stroke-width="1.5"/>`;
}

function legend(): string {
  const line = (color: string) => (x: number) =>
    `<line x1="${x - 9}" y1="70" x2="${x + 9}" y2="70" stroke="${color}" stroke-width="2.5"/>`;
  const entries: [label: string, mark: (x: number) => string][] = [
    ["best rules", line(colors.best)],
    ["default rules", line(colors.byDefault)],
    ["compiled size, worth having", (x) => circle(x, 70, true)],
    ["compiled size, not needed", (x) => circle(x, 70, false)],
  ];
  const marginEm = 6.6;
  let x = left + 9;
  return entries
    .map(([label, mark]) => {
      const drawn = mark(x) + text(x + 16, 74, label, "");
      x += 50 + label.length * marginEm;
      return drawn;
    })
    .join("");
}

function valueAxis(values: readonly number[], from: number, to: number): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (most / least < linearRatio) return linearAxis(0, most * 1.08, from, to, 5);
  const [low, high] = [Math.log(least / 1.15), Math.log(most * 1.15)];
  const powers = Array.from({ length: 14 }, (_, i) => 10 ** (i - 4));
  const steps = powers.flatMap((power) => [1, 2, 5].map((digit) => Number((digit * power).toPrecision(1))));
  return {
    place: (value) => from + ((to - from) * (Math.log(value) - low)) / (high - low),
    ticks: steps.filter((tick) => Math.log(tick) >= low && Math.log(tick) <= high),
  };
}

function linearAxis(low: number, high: number, from: number, to: number, wanted = 12): Axis {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough) as number;
  // Batch sizes and shares alike: no tick between whole numbers where the axis is one of counts.
  const stride = wanted === 12 ? Math.max(1, step) : step;
  const first = Math.ceil(Math.max(low, 0) / stride);
  const count = Math.floor(high / stride) - first + 1;
  return {
    place: (value) => from + ((to - from) * (value - low)) / (high - low),
    ticks: Array.from({ length: count }, (_, i) => Number(((first + i) * stride).toPrecision(6))),
  };
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
