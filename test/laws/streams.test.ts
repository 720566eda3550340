import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it, vi } from "vitest";
import { shapesSet } from "../../src/data/shapes.ts";
import type { Stream } from "../../src/random/index.ts";
import { foldIn, type KeyBits, keyFromSeed, stream, streams } from "../../src/random/index.ts";
import { streamNumber } from "../../src/random/streams.ts";
import { memoryStore, plan } from "../../src/runs/index.ts";
import { drawnSources } from "../drawn-sources.ts";

/** What a run does with its keys: which are derived from which, and which are drawn with. */
const recorded = vi.hoisted(() => ({
  /** By derived key: the key above it, and the number that was folded in. */
  derived: new Map<string, { readonly above: string; readonly number: number }>(),
  drawn: new Set<string>(),
  /** Keys that two different folds gave. */
  clashes: [] as string[],
}));

vi.mock("../../src/random/threefry.ts", async (original) => {
  const real = await original<typeof import("../../src/random/threefry.ts")>();
  const tell = (key: KeyBits, number: number, child: KeyBits): KeyBits => {
    const [name, above] = [child.join(), key.join()];
    const before = recorded.derived.get(name);
    if (before && (before.above !== above || before.number !== number)) recorded.clashes.push(name);
    recorded.derived.set(name, { above, number });
    return child;
  };
  const draws = (key: KeyBits) => recorded.drawn.add(key.join());
  return {
    ...real,
    foldIn: (key, data) => tell(key, data, real.foldIn(key, data)),
    split: (key, count) => real.split(key, count).map((child, i) => tell(key, i, child)),
    randomBits: (key, count) => {
      draws(key);
      return real.randomBits(key, count);
    },
    forEachChunk: (key, count, use) => {
      draws(key);
      real.forEachChunk(key, count, use);
    },
  } satisfies typeof real;
});

const domain = 2 ** 31;
const numbers = new Map(streams.map((name) => [streamNumber(name), name]));

describe("streams", () => {
  it("have numbers of their own, which no index reaches and float32 holds", () => {
    expect(numbers.size).toBe(streams.length);
    for (const number of numbers.keys()) {
      expect(number).toBeGreaterThanOrEqual(domain);
      expect(number).toBeLessThan(2 ** 32);
      expect(Math.fround(number)).toBe(number);
    }
  });

  it("give a key to every path of the tree, and no two paths the same", () => {
    const paths = new Map<string, string>();
    const add = (path: string, key: KeyBits) => {
      const other = paths.get(key.join());
      expect(other, `${path} has the key of ${other}`).toBeUndefined();
      paths.set(key.join(), path);
    };
    type Below = (path: string, key: KeyBits) => void;
    const at = (name: Stream, below?: Below) => (path: string, key: KeyBits) => {
      add(`${path}/${name}`, stream(key, name));
      below?.(`${path}/${name}`, stream(key, name));
    };
    const each = (count: number, below?: Below) => (path: string, key: KeyBits) => {
      for (let i = 0; i < count; i++) {
        add(`${path}/${i}`, foldIn(key, i));
        below?.(`${path}/${i}`, foldIn(key, i));
      }
    };
    const all =
      (...branches: readonly Below[]): Below =>
      (path, key) => {
        for (const branch of branches) branch(path, key);
      };
    const tree = (...more: readonly Below[]) =>
      all(
        at("weights", each(8)),
        at("images", each(30)),
        at("noise", each(30, all(at("images", each(4)), at("forward", each(12)), each(4, each(8))))),
        at(
          "attack",
          each(30, all(at("ball"), each(3, all(at("start"), at("labels"), at("iterate", each(20, all(at("ball"), at("langevin")))))))),
        ),
        at("resample", each(6, all(each(50), at("resample", each(6, each(50)))))),
        at("candidates"),
        ...more,
      );
    const whole = tree(at("tuning", tree()), at("network", each(4)), at("training", each(4)), at("vectors", each(30)));
    for (const seed of [0, 1]) {
      add(`seed ${seed}`, keyFromSeed(seed));
      whole(`seed ${seed}`, keyFromSeed(seed));
    }
    expect(paths.size).toBeGreaterThan(20_000);
  });
});

describe("the keys of an audit that tunes, with batches, restarts, a ball, Langevin noise and labels that are looked for", () => {
  const paths: readonly (readonly [string, RegExp])[] = [
    ["a variable of the network", /^weights\/\d+$/],
    ["the images of a draw", /^images\/\d+$/],
    ["noise on a tensor", /^noise\/\d+\/\d+\/\d+$/],
    ["the start of a restart", /^attack\/\d+\/\d+\/start$/],
    ["its labels", /^attack\/\d+\/\d+\/labels$/],
    ["points of a ball, directions and radii", /^attack\/\d+\/\d+\/iterate\/\d+\/ball\/[01]$/],
    ["points of the ball at which answers are diagnosed", /^attack\/\d+\/ball\/[01]$/],
    ["noise after a step", /^attack\/\d+\/\d+\/iterate\/\d+\/langevin$/],
    ["a resample of a cell", /^resample\/\d+\/\d+$/],
    ["a resample of two cells that are compared", /^resample\/\d+\/resample\/\d+\/\d+$/],
    ["the candidates", /^candidates$/],
  ];

  it("are those of the tree: none has two uses, and none is drawn with and derived from", async () => {
    const seed = 7;
    const asked = {
      command: "audit",
      data: { set: "gaussian:dimension=5,classes=3" },
      client: { model: "mlp:sizes=4", batch: 2 },
      defenses: ["gaussian:sigma=0.1", "mask+laplacian:scale=0.1"],
      attacks: [
        "bayes:steps=3,restarts=2,samples=2,langevin=0.1,prior=gaussian",
        "bayes:steps=2,restarts=2,samples=2,langevin=0.1,prior=gaussian,conditional=cosine",
      ],
      labels: "joint",
      score: { delta: 1 },
      tuning: { vary: [{ path: "rate", values: [0.05, 0.2, 0.3] }], budget: 2, samples: 3, by: "distance" },
      samples: 4,
      lanes: 2,
      chunk: 2,
      seed,
    };
    const planned = await plan(asked, drawnSources, { machine: { threads: 1, clock: () => 0 }, versions: {} });
    const running = planned.run(memoryStore());
    for (let next = await running.next(); !next.done; ) next = await running.next();
    expect(recorded.clashes).toEqual([]);

    const roots = new Map([
      [keyFromSeed(seed).join(), ""],
      [keyFromSeed(0).join(), "data"],
    ]);
    const pathOf = (key: string): string => {
      const root = roots.get(key);
      if (root !== undefined) return root;
      const { above, number } = recorded.derived.get(key) ?? { above: "", number: 0 };
      if (above === "") return `an unknown key ${key}`;
      const step = numbers.get(number) ?? (number < domain ? String(number) : `no stream ${number}`);
      return pathOf(above) === "" ? step : `${pathOf(above)}/${step}`;
    };
    // Images of shapes fold indices below seeds of their own, which may be the seed of a run.
    const below = [...recorded.derived.values()].filter(({ above }) => roots.has(above));
    expect(below.filter(({ number }) => number < domain)).toEqual([]);
    const parents = new Set([...recorded.derived.values()].map(({ above }) => above));
    expect([...recorded.drawn].filter((key) => parents.has(key)).map(pathOf)).toEqual([]);
    const drawn = [...recorded.drawn].map(pathOf);
    const data = /^data\/(labeling|(train|test)\/\d+)$/;
    const other = drawn.filter((path) => !data.test(path) && !paths.some(([, form]) => form.test(path.replace(/^tuning\//, ""))));
    expect(other).toEqual([]);
    for (const [what, form] of paths) {
      expect(drawn.filter((path) => form.test(path)).length, what).toBeGreaterThan(0);
      const tuned = drawn.filter((path) => path.startsWith("tuning/") && form.test(path.slice("tuning/".length)));
      // Weights and candidates are those of the run. What is tuned is not compared or diagnosed.
      if (!/network|candidates|compared|diagnosed/.test(what)) expect(tuned.length, `${what}, in a tuning`).toBeGreaterThan(0);
    }
  });
});

describe("the keys of shapes", () => {
  it("are told apart by indices, so that none is a stream or a key of a run", () => {
    recorded.derived.clear();
    recorded.drawn.clear();
    const sets = [shapesSet("train"), shapesSet("test")] as const;
    for (const set of sets) for (const index of [0, 1, 12, set.size - 1]) set.example(index);
    const seeds = new Map([1, 2].map((seed) => [keyFromSeed(seed).join(), `seed ${seed}`]));
    const pathOf = (key: string): string => {
      const { above, number } = recorded.derived.get(key) ?? { above: "", number: 0 };
      return seeds.get(key) ?? (above === "" ? `an unknown key ${key}` : `${pathOf(above)}/${number}`);
    };
    const drawn = [...recorded.drawn].map(pathOf);
    expect(recorded.clashes).toEqual([]);
    expect(drawn.filter((path) => !/^seed [12]\/\d+\/(0\/\d+|1)$/.test(path))).toEqual([]);
    for (const [i, { size }] of sets.entries())
      for (const index of [0, 1, 12, size - 1]) expect(drawn).toContain(`seed ${i + 1}/${index}/1`);
    for (const { number } of recorded.derived.values()) expect(number).toBeLessThan(domain);
  });
});

/**
 * Calls of `foldIn` in a file whose number is written down there: a stream that no name tells
 * apart.
 */
function numbered(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const tables = new Set<string>();
  const calls: { readonly name: string; readonly call: ts.CallExpression }[] = [];
  /** Functions that fold one of their parameters, by name, with its place. */
  const folders = new Map<string, number>();
  const visit = (node: ts.Node, act: (node: ts.Node) => void): void => {
    act(node);
    ts.forEachChild(node, (child) => visit(child, act));
  };
  const bare = (node: ts.Expression): ts.Expression =>
    ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node) ? bare(node.expression) : node;
  visit(source, (node) => {
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isIdentifier(node.name)) {
      if (!(node.parent.flags & ts.NodeFlags.Const)) return;
      const value = bare(node.initializer);
      const entries = ts.isObjectLiteralExpression(value)
        ? value.properties.map((property) => (ts.isPropertyAssignment(property) ? property.initializer : property))
        : ts.isArrayLiteralExpression(value)
          ? [...value.elements]
          : [value];
      if (entries.length > 0 && entries.every(ts.isNumericLiteral)) tables.add(node.name.text);
    }
    if (!ts.isCallExpression(node)) return;
    const { expression } = node;
    if (ts.isIdentifier(expression)) calls.push({ name: expression.text, call: node });
    if (ts.isPropertyAccessExpression(expression)) calls.push({ name: expression.name.text, call: node });
  });
  const written = (given: ts.Expression): boolean => {
    const value = bare(given);
    if (ts.isNumericLiteral(value)) return true;
    if (ts.isIdentifier(value)) return tables.has(value.text);
    return (ts.isPropertyAccessExpression(value) || ts.isElementAccessExpression(value)) && written(value.expression);
  };
  const folds = calls.filter(({ name }) => name === "foldIn").map(({ call }) => call);
  for (const call of folds) {
    const given = call.arguments.at(-1)!;
    for (let at: ts.Node = call; ts.isIdentifier(given) && at !== source; at = at.parent)
      if (ts.isArrowFunction(at) && ts.isVariableDeclaration(at.parent) && ts.isIdentifier(at.parent.name)) {
        const place = at.parameters.findIndex(({ name }) => ts.isIdentifier(name) && name.text === given.text);
        if (place >= 0) folders.set(at.parent.name.text, place);
      }
  }
  const through = calls.flatMap(({ name, call }) => {
    const given = call.arguments[folders.get(name) ?? -1];
    return given && written(given) ? [call] : [];
  });
  return [...folds.filter((call) => written(call.arguments.at(-1)!)), ...through].map((call) => `${file}: ${call.getText()}`);
}

describe("only random/ makes streams", () => {
  it("so that no other room folds a number that is written down", () => {
    const root = join(import.meta.dirname, "../../src");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /^(?!random\/).*\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(200);
    // The images of shapes have seeds of their own, and the test above says why their keys are not
    // those of a run.
    expect(files.flatMap((file) => numbered(file, readFileSync(join(root, file), "utf8")))).toEqual([
      "data/shapes.ts: foldIn(key, ofImage.scene)",
      "data/shapes.ts: foldIn(key, ofImage.grain)",
      "data/shapes/scene.ts: foldIn(key, ofScene[name])",
    ]);
  });

  it("and the check finds literals, tables, constants, and functions that are told a number", () => {
    const text = `
      const streams = { a: 0, b: 1 } as const;
      const place = 3;
      const part = (key, index) => draw(foldIn(key, index));
      const [a, b, c, d] = [foldIn(key, 3), key.foldIn(4), foldIn(key, streams.a), foldIn(key, streams[name])];
      const rest = [foldIn(key, place), part(key, 5), foldIn(key, i), foldIn(key, from + i), part(key, i), list.map((_, i) => foldIn(key, i))];`;
    expect(numbered("it", text).map((found) => found.slice("it: ".length))).toEqual([
      "foldIn(key, 3)",
      "key.foldIn(4)",
      "foldIn(key, streams.a)",
      "foldIn(key, streams[name])",
      "foldIn(key, place)",
      "part(key, 5)",
    ]);
  });
});
