import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inflateBody } from "../../../../framework/serving/kserve/contentEncoding.js";

const maxBytes = 4 * 2 ** 20;

describe("bodies that are inflated", () => {
  it("are four at once: others wait, whatever became of those before them", async () => {
    const large = gzipSync(Buffer.alloc(maxBytes, " "));
    const tooLarge = gzipSync(Buffer.alloc(maxBytes + 1, " "));
    const bodies = [
      large,
      tooLarge,
      large,
      Buffer.from("no gzip"),
      large,
      tooLarge,
      large,
      gzipSync("small"),
    ];
    const sizes: (number | string)[] = [];
    const order: number[] = [];
    await Promise.all(
      bodies.map(
        (body, i) =>
          new Promise<void>((resolve) => {
            inflateBody(body, "gzip", maxBytes, (error, inflated) => {
              sizes[i] = inflated?.length ?? (error as { category: string }).category;
              order.push(i);
              resolve();
            });
          }),
      ),
    );
    expect(order.indexOf(bodies.length - 1)).toBeGreaterThanOrEqual(4);
    const [size, beyond] = [maxBytes, "RequestTooLarge"];
    expect(sizes).toEqual([size, beyond, size, "BadRequest", size, beyond, size, 5]);
  });
});
