import { type Browser, chromium } from "playwright-core";
import { vi } from "vitest";

/**
 * A real Chromium: on Linux x64 the one inside an npm package, elsewhere an installed Chrome. All
 * that it unpacks and writes lies in the given folder. It has no sandbox, because tests often run
 * in containers that forbid one; it opens pages of our own only.
 */
export async function openChromium(folder: string): Promise<Browser> {
  vi.stubEnv("TMPDIR", folder);
  const options = { args: ["--no-sandbox"] };
  if (process.platform !== "linux" || process.arch !== "x64") return chromium.launch({ ...options, channel: "chrome" });
  // The package also holds the shared libraries that a bare Linux lacks; when it is loaded, this
  // makes it unpack them and set the path to them.
  vi.stubEnv("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x");
  const { default: packaged } = await import("@sparticuz/chromium");
  return chromium.launch({ ...options, executablePath: await packaged.executablePath() });
}
