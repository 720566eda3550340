import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/real/**", "test/fuzz/**", "node_modules/**"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Continuous integration colors what it prints, and the tests read what commands print.
    env: { NO_COLOR: "1" },
  },
});
