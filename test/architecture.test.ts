import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** What every room from the client on may build upon. */
const mathematics = ["parts", "graph", "random", "runtime", "distributions", "models"];
/** What an attacker may know of: everything but data, metrics and the truth. */
const attacker = [...mathematics, "optimizers", "client", "priors", "defenses"];
/** What a result is made of. */
const measuring = [...attacker, "formats", "accounting", "data", "adversary", "attacks", "metrics"];

/**
 * A room may import only the rooms that are listed for it, through their index.ts. `errors.ts` is
 * for everybody.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  parts: [],
  graph: [],
  formats: [],
  accounting: [],
  onnx: ["graph", "formats"],
  random: ["graph"],
  runtime: ["graph", "onnx", "random"],
  optimizers: ["graph"],
  distributions: ["parts", "graph", "random"],
  data: ["parts", "formats", "accounting", "random"],
  models: ["parts", "graph", "formats", "random", "runtime", "distributions", "data"],
  client: mathematics,
  priors: [...mathematics, "client"],
  defenses: [...mathematics, "client"],
  federated: [...mathematics, "optimizers", "client", "defenses"],
  adversary: attacker,
  attacks: [...attacker, "adversary"],
  metrics: ["parts", "accounting", "random"],
  scenario: [...attacker, "data", "adversary", "metrics"],
  audit: [...measuring, "scenario"],
  runs: [...measuring, "federated", "scenario", "audit"],
  experiments: [...measuring, "federated", "scenario", "audit", "runs"],
  report: ["parts", "formats", "metrics", "adversary", "audit", "runs", "experiments"],
};
const rooms = Object.keys(allowed);
/** The doors may import every room, and the command line what Node's door offers. */
const doors: Readonly<Record<string, readonly string[]>> = { "index.ts": rooms, node: rooms, cli: [...rooms, "node"] };
/** Only here are a disk, a clock and randomness of the machine's own. */
const machine = ["cli", "node"];

/**
 * The one import that closes a circle of files. A tensor is the result of an operation, so it asks
 * the table of operations for its shape; the derivative of an operation is made of tensors.
 */
const knot = { from: "graph/tensor.ts", to: "graph/ops/table.ts" };

const root = resolve(import.meta.dirname, "../src");
const walk = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : /\.tsx?$/.test(name) ? [path] : [];
  });
const room = (path: string) => relative(root, path).split("/")[0]!;
const importsIn = (text: string) => [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
const imports = (path: string) => importsIn(readFileSync(path, "utf8"));

/** The circles among things that point at others, each from where it is first entered. */
function circles(pointing: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (at: string, path: readonly string[]): void => {
    if (path.includes(at)) found.push([...path.slice(path.indexOf(at)), at].join(" → "));
    if (done.has(at) || path.includes(at)) return;
    for (const next of pointing.get(at) ?? []) visit(next, [...path, at]);
    done.add(at);
  };
  for (const start of pointing.keys()) visit(start, []);
  return found;
}

describe("architecture", () => {
  const files = walk(root);

  it("has only the rooms of the table, which stand in the order in which they build upon each other", () => {
    const found = new Set(files.map(room).filter((name) => name !== "errors.ts"));
    expect([...found].filter((name) => !(name in allowed) && !(name in doors))).toEqual([]);
    expect([...rooms, ...Object.keys(doors)].filter((name) => !found.has(name))).toEqual([]);
    for (const [i, name] of rooms.entries()) for (const other of allowed[name]!) expect(rooms.slice(0, i)).toContain(other);
  });

  it("keeps the truth from attackers", () => {
    for (const name of ["adversary", "attacks"])
      for (const other of ["metrics", "data", "scenario", "federated"]) expect(allowed[name]).not.toContain(other);
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

  it("has no circle of files, imports of types included", () => {
    const pointing = new Map(
      files.map((path) => [
        relative(root, path),
        imports(path)
          .filter((target) => target.startsWith("."))
          .map((target) => relative(root, resolve(dirname(path), target)))
          .filter((to) => !(relative(root, path) === knot.from && to === knot.to)),
      ]),
    );
    expect(circles(pointing)).toEqual([]);
    // The exception is one, and the search finds what it leaves out.
    expect(circles(new Map([...pointing, [knot.from, [...pointing.get(knot.from)!, knot.to]]])).length).toBeGreaterThan(0);
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
      .filter((path) => /Math\.random\(|Date\.now\(|new Date\(|crypto\.getRandomValues|performance\.now\(/.test(readFileSync(path, "utf8")))
      .map((path) => relative(root, path));
    expect(wrong).toEqual([]);
  });
});
