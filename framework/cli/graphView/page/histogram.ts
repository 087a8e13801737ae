/** A constant's values as a histogram. */
import type { ConstantView } from "../GraphViewData.js";
import { svg } from "./dom.js";

const width = 300;
const height = 96;
const base = 78;

export function histogram({ min, max, bins }: NonNullable<ConstantView["numbers"]>): SVGSVGElement {
  const most = Math.max(...bins, 1);
  const step = width / bins.length;
  const bars = bins.map((count, i) => {
    // A bin that is not empty is seen, however few lie in it.
    const tall = count === 0 ? 0 : Math.max((count / most) * (base - 8), 1.5);
    const from = min + ((max - min) * i) / bins.length;
    const to = min + ((max - min) * (i + 1)) / bins.length;
    return svg(
      "rect",
      { class: "bar", x: i * step + 0.5, y: base - tall, width: Math.max(step - 1, 1), height: tall },
      svg("title", {}, `${count} from ${numberText(from)} to ${numberText(to)}`),
    );
  });
  const zero = min < 0 && max > 0 ? (-min / (max - min)) * width : undefined;
  return svg(
    "svg",
    {
      class: "histogram",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `histogram from ${numberText(min)} to ${numberText(max)}`,
    },
    zero !== undefined && svg("line", { class: "zero", x1: zero, x2: zero, y1: 4, y2: base }),
    ...bars,
    svg("line", { class: "axis", x1: 0, x2: width, y1: base, y2: base }),
    svg("text", { x: 0, y: height - 3 }, numberText(min)),
    zero !== undefined &&
      zero > 60 &&
      zero < width - 60 &&
      svg("text", { x: zero, y: height - 3, "text-anchor": "middle" }, "0"),
    svg("text", { x: width, y: height - 3, "text-anchor": "end" }, numberText(max)),
  );
}

export function numberText(value: number): string {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}
