import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { disagreement } from "../../bench/agreement.ts";
import { attack, noisy, observe } from "../../bench/attack.ts";
import { cases, networks } from "../../bench/cases.ts";
import { measure, type Plan, type Row } from "../../bench/measure.ts";
import { median } from "../../bench/median.ts";
import { readOptions } from "../../bench/options.ts";
import { readProblem, writeProblem } from "../../bench/problem.ts";
import { type Program, type ProgramName, startProgram } from "../../bench/program.ts";
import type { Prepared } from "../../bench/protocol.ts";
import { ratios, table } from "../../bench/table.ts";
import { LeakageError } from "../../src/errors.ts";

const base64 = (numbers: readonly number[]) => Buffer.from(Float32Array.from(numbers).buffer).toString("base64");
const prepared: Prepared = {
  secondsToFirstStep: 0.5,
  objective: [1, 0.9],
  image: base64([0.1, 0.2, 0.3, 0.4]),
  gradient: base64([1, -2, 3, -4]),
};

/**
 * A program whose counted steps take `ms`, and the first of every turn a second; it notes its
 * turns.
 */
function madeUp(name: ProgramName, ms: readonly number[], turns: ProgramName[], differing: Partial<Prepared> = {}): Program {
  let at = 0;
  return {
    name,
    prepare: async () => ({ ...prepared, ...differing }),
    run: async (steps) => {
      turns.push(name);
      const own = Array.from({ length: steps }, (_, i) => (i === 0 ? 1000 : ms[at++ % ms.length]!));
      return { ms: own, cpuMs: own.map((time) => 2 * time) };
    },
    peakMegabytes: async () => 100,
    draws: async () => ({}),
    close: async () => {},
  };
}

const plan: Plan = { lanes: 2, threads: 1, rounds: 3, turn: 30, pause: 0 };
const lenet = cases[0]!;
const row = (program: ProgramName, msPerStep: number): Row => ({
  network: "lenet",
  params: {},
  lanes: 1,
  program,
  msPerStep,
  msPerImage: msPerStep,
  cpuMsPerStep: 2 * msPerStep,
  secondsToFirstStep: 0.5,
  peakMB: 100,
  steps: 9,
});

describe("gradients as entries", () => {
  it("stand beside those as factors, and are no peer", () => {
    const rows = [row("gradleak", 2), row("gradleak-entries", 5), row("jax-jit", 8)];
    expect(ratios(rows)?.toFastest).toBe(0.25);
    expect(table(rows, [])).toContain("gradients as factors ÷ as entries: 0.40");
    expect(table(rows.slice(1), [])).not.toContain("as entries");
  });

  it("are the same gradients but for a little noise", () => {
    const sent = new Map([["w", { shape: [1000], data: Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i)) }]]);
    const changed = noisy(sent).get("w")!.data;
    const change = Math.sqrt(changed.reduce((sum, entry, i) => sum + (entry - sent.get("w")!.data[i]!) ** 2, 0) / 500);
    expect(change).toBeGreaterThan(0.8e-4);
    expect(change).toBeLessThan(1.2e-4);
  });
});

describe("measuring", () => {
  it("lets programs take turns, each round beginning with another, and takes the median of all but the first step of a turn", async () => {
    const turns: ProgramName[] = [];
    const programs = [madeUp("gradleak", [10, 10, 10, 90], turns), madeUp("jax-jit", [8], turns)];
    const { rows, failures } = await measure(programs, lenet, "", plan);
    expect(failures).toEqual([]);
    expect(turns).toEqual(["gradleak", "jax-jit", "gradleak", "jax-jit", "jax-jit", "gradleak", "gradleak", "jax-jit"]);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual({
      network: "lenet",
      params: lenet.params,
      lanes: 2,
      program: "gradleak",
      msPerStep: 10,
      msPerImage: 5,
      cpuMsPerStep: 20,
      secondsToFirstStep: 0.5,
      peakMB: 100,
      steps: 9,
    });
  });

  it("names the variant", async () => {
    const { rows } = await measure([madeUp("gradleak", [1], [])], cases.find(({ variant }) => variant)!, "", plan);
    expect(rows[0]).toMatchObject({ network: "convnet", variant: "published" });
  });

  it("leaves out programs that take another step or die, and says why", async () => {
    const broken: Program = { ...madeUp("torch-compile", [1], []), run: () => Promise.reject(new Error("no compiler")) };
    const programs = [madeUp("gradleak", [1], []), broken, madeUp("jax-jit", [1], [], { objective: [1, 0.91] })];
    const { rows, failures } = await measure(programs, lenet, "", plan);
    expect(rows.map(({ program }) => program)).toEqual(["gradleak"]);
    expect(failures.map(({ program, reason }) => [program, reason])).toEqual([
      ["torch-compile", "no compiler"],
      ["jax-jit", "jax-jit and gradleak disagree: objective 0.91 and 0.9 in lane 1"],
    ]);
  });

  it("compares gradients of peers, though Gradleak shows none", async () => {
    const { gradient: _, ...own } = prepared;
    const ours: Program = { ...madeUp("gradleak", [1], []), prepare: async () => own };
    const peers = [madeUp("torch-eager", [1], []), madeUp("jax-jit", [1], [], { gradient: base64([1, -2, 3, 4]) })];
    const { failures } = await measure([ours, ...peers], lenet, "", plan);
    expect(failures.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^jax-jit and torch-eager disagree: gradients/)]);
  });

  it("takes medians", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
    expect(median([])).toBeNaN();
  });
});

describe("agreement of first steps", () => {
  const changes: readonly (readonly [Partial<Prepared>, RegExp | null])[] = [
    [{}, null],
    [{ objective: [1.0005, 0.9] }, null],
    [{ objective: [1, 0.9009] }, null],
    [{ objective: [1, 0.901] }, /lane 1/],
    [{ objective: [1.002, 0.9] }, /objective/],
    [{ objective: [Number.NaN, 0.9] }, /objective/],
    [{ gradient: base64([1.02, -2, 3, -4]) }, null],
    [{ gradient: base64([1.1, -2, 3, -4]) }, /gradients/],
    [{ image: base64([0.1, 0.2, 0.3, 0.6]) }, /25\.0 % of the pixels/],
    [{ image: base64([0.1, 0.2, 0.3, Number.NaN]) }, /pixels/],
    [{ image: base64([0.1]) }, /images of 1 and 4/],
  ];
  it.each(changes)("of %j: %s", (change, expected) => {
    const found = disagreement({ ...prepared, ...change }, prepared);
    if (expected) expect(found).toMatch(expected);
    else expect(found).toBeNull();
  });

  it("allows a small objective the rounding of 1 − cosine, and no more", () => {
    const small = (value: number): Prepared => ({ ...prepared, objective: [value] });
    expect(disagreement(small(2.285e-4), small(2.288e-4))).toBeNull();
    expect(disagreement(small(2.285e-4), small(2.315e-4))).toMatch(/objective/);
  });

  it("does without a gradient", () => {
    const { gradient: _, ...without } = prepared;
    expect(disagreement(without, prepared)).toBeNull();
  });
});

describe("the table", () => {
  const rows = [row("gradleak", 1), row("torch-eager", 8), row("torch-compile", 4)];

  it("divides by the fastest peer and by eager", () => {
    expect(ratios(rows)).toMatchObject({ fastest: { program: "torch-compile" }, toFastest: 0.25, toEager: 0.125 });
    expect(ratios([row("gradleak", 3), row("jax-jit", 2)])).toMatchObject({ toFastest: 1.5, toEager: null });
    expect(ratios([row("gradleak", 3)])).toBeNull();
  });

  it("shows programs, failures and ratios", () => {
    const text = table(rows, [{ network: "lenet", lanes: 1, program: "jax-jit", reason: "no module" }]);
    expect(text).toContain("lenet, 1 lane\n");
    expect(text).toMatch(/torch-compile +4\.00/);
    expect(text).toContain("jax-jit failed: no module");
    expect(text).toContain("torch-compile, the fastest peer: 0.25; ÷ torch-eager: 0.13");
  });
});

describe("options", () => {
  it("default to everything without peers", () => {
    expect(readOptions([])).toMatchObject({ peers: false, json: null, networks, lanes: [1, 16], rounds: 7 });
    expect(readOptions(["--peers", "--networks", "mlp", "--lanes", "4", "--threads", "3", "--json", "f"])).toEqual({
      peers: true,
      entries: false,
      json: "f",
      networks: ["mlp"],
      lanes: [4],
      rounds: 7,
      threads: 3,
    });
  });
  it.each([["--networks", "resnet"], ["--lanes", "0"], ["--lanes", "1,x"], ["--rounds", "-1"], ["--rounds", "1.5"], ["--peer"], ["more"]])(
    "refuse %s %s",
    (...args) => {
      expect(() => readOptions(args)).toThrow(LeakageError);
    },
  );
});

describe("a program", () => {
  const node = (script: string) => startProgram("gradleak", { file: process.execPath, args: ["-e", script] });

  it("answers line by line", async () => {
    const program = node(`require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const { cmd, steps } = JSON.parse(line);
      console.log(JSON.stringify(cmd === "run" ? { ms: Array(steps).fill(1), cpuMs: [] } : { error: "what is " + cmd }));
    })`);
    expect(await program.run(3)).toEqual({ ms: [1, 1, 1], cpuMs: [] });
    await expect(program.peakMegabytes()).rejects.toThrow("gradleak: what is memory");
    await program.close();
  });

  it("that dies takes its last words along", async () => {
    const program = node(`console.error("out of luck"); process.exit(7)`);
    await expect(program.run(1)).rejects.toThrow(/ended with code 7\n {2}out of luck/);
    await expect(program.run(1)).rejects.toThrow(/code 7/);
    await program.close();
  });

  it("that does not answer is ended", async () => {
    const program = startProgram("jax-jit", { file: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"] }, 0.2);
    await expect(program.run(1)).rejects.toThrow(/jax-jit was ended by SIGKILL\n {2}no answer to "run" in 0\.2 s/);
    await program.close();
  });

  it("that is not there is named", async () => {
    const program = startProgram("jax-jit", { file: "/no/such/python", args: [] });
    await expect(program.run(1)).rejects.toThrow(/jax-jit cannot start: .*ENOENT/);
    await program.close();
  });
});

describe("the problem", () => {
  it("is the same after a turn on disk, and Gradleak's first step moves every pixel by the rate or to the box", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gradleak-bench-test-"));
    try {
      await writeProblem(folder, lenet, 2);
      const problem = await readProblem(folder);
      expect(problem.weights.get("body.0.weight")!.shape).toEqual([12, 3, 5, 5]);
      expect(problem.weights.size).toBe(10);
      expect([problem.truth.length, problem.start.length, problem.labels]).toEqual([6144, 6144, [0, 1]]);
      const steps = attack(problem, await observe(problem, 1), 1);
      const { value } = await steps.next();
      for (const { objective } of value.lanes()) expect(objective).toBeGreaterThan(0);
      const { mean, std } = problem.model.normalization;
      const images: Float32Array = value.inputs();
      const wrong = images.filter((pixel, i) => {
        const channel = Math.floor(i / 1024) % 3;
        const [low, high] = [-mean[channel]! / std[channel]!, (1 - mean[channel]!) / std[channel]!];
        const moved = [problem.rate, -problem.rate].map((by) => Math.min(high, Math.max(low, problem.start[i]! + by)));
        return !moved.some((expected) => Math.abs(pixel - expected) < 1e-4);
      });
      expect(wrong).toEqual(new Float32Array(0));
      await steps.return!();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
