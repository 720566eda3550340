import { defineConfig } from "vitest/config";

/** Tests on real data: they fetch CIFAR-10 once and take minutes. */
export default defineConfig({
  test: { include: ["test/real/**/*.test.ts"], pool: "forks", maxWorkers: 1, testTimeout: 3_600_000, hookTimeout: 600_000 },
});
