import { defineConfig } from "vitest/config";

/**
 * Tests on real data, which fetch CIFAR-10 once. `npm run test:real` takes minutes, and leaves out
 * `test/real/full`; `npm run test:real:full` takes half an hour and more.
 */
export default defineConfig({
  test: { include: ["test/real/**/*.test.ts"], pool: "forks", maxWorkers: 1, testTimeout: 3_600_000, hookTimeout: 600_000 },
});
