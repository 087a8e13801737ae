/**
 * The numbers of rows that a compiled model is run with: each takes a unit of code, 10 ms (20-64-64-2) to 1 s, made once
 * and kept on disk. Powers of two and what lies halfway between, 14 up to 100 rows: a row costs the same from about four
 * on (mlp_big 54–79 µs), so rows that only fill up cost as much, and powers of two alone would waste up to half of a call
 * (8 events of 10 rows on mlp_big ran at 0.75 of the speed of a call each). A row's bits are the same in any of them.
 * @param preferred further sizes, where they are allowed
 */
export function batchSizes(maxBatchSize: number, preferred: readonly number[] = []): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatchSize; size *= 2) {
    sizes.push(size);
    const between = 1.5 * size;
    if (size > 1 && between < maxBatchSize) sizes.push(between);
  }
  const wanted = preferred.filter((size) => size >= 1 && size <= maxBatchSize);
  return [...new Set([...sizes, maxBatchSize, ...wanted])].sort((a, b) => a - b);
}
