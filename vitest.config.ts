/** Tests may run long programs: each has its own limit. As many files run at once as the machine has cores, also of two. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: "100%",
  },
});
