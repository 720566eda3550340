import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// What `npm pack` makes of dist/, installed in an empty folder. `npm test` builds dist/ first.

const home = mkdtempSync(join(tmpdir(), "gradleak-package-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const empty = join(home, "empty");

/** Runs a program in the empty folder, without what npm told this test's own process. */
function run(file: string, ...words: string[]): Promise<{ code: number; out: string; told: string }> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_registry|config_cache|config_userconfig)|ONNXRUNTIME_NODE|NODE_OPTIONS|NODE_PATH|VITEST)/i.test(name),
  );
  const env = Object.fromEntries(inherited);
  return new Promise((done) => {
    execFile(
      file,
      words,
      { cwd: empty, env, timeout: 120_000, maxBuffer: 2 ** 26, shell: process.platform === "win32" },
      (error, out, told) => done({ code: error ? ((error as { code?: number }).code ?? -1) : 0, out, told }),
    );
  });
}

async function succeeds(file: string, ...words: string[]): Promise<string> {
  const { code, out, told } = await run(file, ...words);
  expect(code, `${out}\n${told}`).toBe(0);
  return out;
}

const command = join(empty, "node_modules", ".bin", "gradleak");

it("no dependency of a clone runs a script when it is installed, whatever the version of npm", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, { hasInstallScript?: true }> };
  const marked = Object.keys(packages).filter((path) => packages[path]!.hasInstallScript);
  expect(marked, "npm 10 runs the scripts of these packages: delete hasInstallScript from package-lock.json").toEqual([]);

  // The lock file says nothing about scripts any more, so the packages are asked.
  const installed = Object.keys(packages).filter((path) => path !== "" && existsSync(join(path, "package.json")));
  const scripted = installed.filter((path) => {
    const { scripts = {} } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as { scripts?: Record<string, string> };
    return ["preinstall", "install", "postinstall"].some((event) => event in scripts);
  });
  const names = new Set(scripted.map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)));
  const { allowScripts } = JSON.parse(readFileSync("package.json", "utf8")) as { allowScripts: Record<string, boolean> };
  expect(allowScripts).toEqual(Object.fromEntries([...names].map((name) => [name, false])));
});

describe("the package, installed in an empty folder", () => {
  beforeAll(async () => {
    mkdirSync(empty);
    writeFileSync(join(empty, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await succeeds("npm", "pack", "--ignore-scripts", "--pack-destination", home, resolve(import.meta.dirname, "../.."));
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    await succeeds(
      "npm",
      "install",
      "--ignore-scripts",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      join(home, `gradleak-${version}.tgz`),
    );
  }, 180_000);

  it("is installed by the README's command, and holds no CUDA libraries", () => {
    expect(readFileSync("README.md", "utf8")).toContain("npm install --ignore-scripts gradleak");
    const binaries = readdirSync(join(empty, "node_modules", "onnxruntime-node", "bin"), { recursive: true }).map(String);
    expect(binaries.some((name) => name.endsWith("onnxruntime_binding.node"))).toBe(true);
    expect(binaries.filter((name) => /providers/.test(name))).toEqual([]);
  });

  it("is imported as a library, without and with a disk", async () => {
    writeFileSync(
      join(empty, "use.js"),
      `import { compile, fedSgd, graph, initialWeights, keyFromSeed, models } from "gradleak";
       import { openDataset } from "gradleak/node";
       import schema from "gradleak/result.schema.json" with { type: "json" };
       const shapes = await openDataset("shapes", "test");
       const model = models.build({ kind: "mlp", sizes: [8] }, { shape: shapes.shape, classes: 10, normalization: shapes });
       const one = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
       const update = one.update({ x: graph.input("x", [1, 3, 32, 32]), y: graph.input("y", [1, 10]) });
       const program = await compile({ norm: update.squaredNorm() });
       const { norm } = await program.run({ x: shapes.example(0).image, y: Float32Array.from({ length: 10 }, (_, i) => Number(i === 3)) });
       await program.dispose();
       console.log(JSON.stringify({ finite: norm[0] > 0, title: schema.type }));`,
    );
    expect(JSON.parse(await succeeds(process.execPath, "use.js"))).toEqual({ finite: true, title: "object" });
  });

  it("has types, which find mistakes", async () => {
    const compilerOptions = { strict: true, noEmit: true, target: "ES2023", module: "NodeNext", resolveJsonModule: true, types: [] };
    writeFileSync(join(empty, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    writeFileSync(
      join(empty, "use.ts"),
      `import { attacks, LeakageError, type Result, validateResult } from "gradleak";
       import { openDataset } from "gradleak/node";
       export const psnr = (result: Result): number | null => result.images[0]!.psnr;
       export const checked: Result = validateResult({}, "a result");
       export const declared: boolean = attacks.build({ kind: "dlg" }).fixesPrior;
       export const size: Promise<number> = openDataset("shapes", "test").then((shapes) => shapes.size);
       // @ts-expect-error There is no such code.
       export const wrong = new LeakageError("no such code", "");`,
    );
    await succeeds(process.execPath, resolve("node_modules/typescript/bin/tsc"), "-p", empty);
  });

  it("has the command, which lists and attacks", async () => {
    expect(await succeeds(command, "list")).toMatch(/inverting-gradients[\s\S]+convbig/);
    const out = join(home, "out");
    const told = await succeeds(
      command,
      ...["attack", "--data", "shapes", "--model", "lenet", "--attack", "inverting-gradients:steps=3", "--out", out, "--json"],
    );
    expect(JSON.parse(told.trim().split("\n").at(-1)!)).toMatchObject({ event: "result", images: [{ index: 0 }] });
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<!doctype html>");
  });
});
