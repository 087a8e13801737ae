/** Which box lies next to another in the direction of an arrow key. */
import type { Box } from "./layout.js";

/** The nearest box that way; sideways offset counts double. Undefined where there is none. */
export function neighbour<B extends Box>(from: Box, boxes: Iterable<B>, key: string): B | undefined {
  const direction = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key];
  if (!direction) return undefined;
  const [dx = 0, dy = 0] = direction;
  // An open scope is met at its title.
  const middle = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + (box.inside ? 17 : box.height / 2) });
  const start = middle(from);
  let best: B | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const box of boxes) {
    const { x, y } = middle(box);
    const along = (x - start.x) * dx + (y - start.y) * dy;
    const across = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx);
    if (along < 1 || box.item === from.item) continue;
    const distance = along + 2 * across;
    if (distance < least) [best, least] = [box, distance];
  }
  return best;
}
