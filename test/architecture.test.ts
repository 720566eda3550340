import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** A folder may import only the folders listed for it, through their index.ts. `errors.ts` is for everybody. */
const allowed: Record<string, readonly string[]> = {
  parts: [],
  graph: [],
  formats: [],
  onnx: ["graph", "formats"],
  random: ["graph"],
  runtime: ["graph", "onnx", "random"],
  optimizers: ["graph"],
  distributions: ["graph", "random", "parts"],
  data: ["formats", "random", "parts"],
  models: ["parts", "graph", "formats", "random", "distributions", "runtime", "data"],
  client: ["parts", "graph", "random", "runtime", "distributions", "models"],
  priors: ["parts", "graph", "random", "runtime", "distributions", "models", "client"],
  defenses: ["parts", "graph", "random", "runtime", "distributions", "models", "client"],
  adversary: ["parts", "graph", "random", "runtime", "optimizers", "distributions", "models", "client", "priors", "defenses"],
  attacks: ["parts", "graph", "random", "runtime", "optimizers", "distributions", "models", "client", "priors", "defenses", "adversary"],
  metrics: ["parts", "random"],
  audit: [
    "parts",
    "graph",
    "formats",
    "random",
    "runtime",
    "distributions",
    "data",
    "models",
    "client",
    "priors",
    "defenses",
    "adversary",
    "attacks",
    "metrics",
  ],
  experiments: [
    "parts",
    "graph",
    "formats",
    "random",
    "runtime",
    "optimizers",
    "distributions",
    "data",
    "models",
    "client",
    "priors",
    "defenses",
    "adversary",
    "attacks",
    "metrics",
    "audit",
  ],
  report: ["parts", "formats", "metrics", "audit", "experiments"],
};
/** The doors may import every room, and the command line what Node's door offers. */
const rooms = Object.keys(allowed);
const doors: Record<string, readonly string[]> = { "index.ts": rooms, node: rooms, cli: [...rooms, "node"] };
/** Only here are a disk, a clock and randomness of the machine's own. */
const machine = ["cli", "node"];

const root = resolve(import.meta.dirname, "../src");
const walk = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : /\.tsx?$/.test(name) ? [path] : [];
  });
const room = (path: string) => relative(root, path).split("/")[0]!;
const imports = (path: string) => [...readFileSync(path, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);

describe("architecture", () => {
  const files = walk(root);

  it("has only the rooms of the table", () => {
    const found = new Set(files.map(room).filter((name) => name !== "errors.ts"));
    expect([...found].filter((name) => !(name in allowed) && !(name in doors))).toEqual([]);
  });

  it("lets arrows go one way, through index.ts", () => {
    const wrong: string[] = [];
    for (const path of files) {
      const from = room(path);
      for (const target of imports(path)) {
        if (!target.startsWith(".")) continue;
        const to = resolve(dirname(path), target);
        const toRoom = room(to);
        if (toRoom === from || toRoom === "errors.ts") continue;
        if (!{ ...allowed, ...doors }[from]?.includes(toRoom)) wrong.push(`${relative(root, path)} may not import ${toRoom}/`);
        else if (!to.endsWith("/index.ts")) wrong.push(`${relative(root, path)} imports ${target}, not ${toRoom}/index.ts`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("keeps engines and disks in their rooms", () => {
    const wrong: string[] = [];
    for (const path of files) {
      const from = room(path);
      for (const target of imports(path)) {
        if (/^(#onnxruntime|onnxruntime-)/.test(target) && from !== "runtime") wrong.push(`${relative(root, path)}: ${target}`);
        if (target.startsWith("node:") && !machine.includes(from)) wrong.push(`${relative(root, path)}: ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("takes no randomness and no clock outside cli/ and node/", () => {
    const wrong = files
      .filter((path) => !machine.includes(room(path)))
      .filter((path) => /Math\.random\(|Date\.now\(|new Date\(|crypto\.getRandomValues/.test(readFileSync(path, "utf8")))
      .map((path) => relative(root, path));
    expect(wrong).toEqual([]);
  });
});
