import { createInterface } from "node:readline";
import type { Progress } from "../src/adversary/index.ts";
import { type Filler, fillLaplace, fillNormal, fillUniform, fillUnitBall } from "../src/random/index.ts";
import { attack, noisy, observe } from "./attack.ts";
import { median } from "./median.ts";
import { peakMegabytes, resetPeak } from "./peak-memory.ts";
import { readProblem } from "./problem.ts";
import type { Prepared, Replies, Request, Timings } from "./protocol.ts";
import { type BenchTraining, training } from "./training.ts";

// Gradleak as a program of the bench: one request a line on stdin, one reply a line on stdout.

let steps: AsyncIterator<Progress> | undefined;

async function step(): Promise<Progress> {
  const { value, done } = await steps!.next();
  if (done) throw new Error("the attack ended");
  return value;
}

/** The training in place of an attack, if the problem is one. */
let trained: BenchTraining | undefined;

async function prepare(folder: string, threads: number, fullRank: boolean): Promise<Prepared> {
  const problem = await readProblem(folder);
  if (problem.trains) {
    resetPeak();
    const began = performance.now();
    trained = await training(problem, threads);
    const { loss, weights } = await trained.first();
    const secondsToFirstStep = (performance.now() - began) / 1000;
    return { secondsToFirstStep, objective: [loss], image: Buffer.from(weights.buffer).toString("base64") };
  }
  const sent = await observe(problem, threads);
  const updates = fullRank ? noisy(sent) : sent;
  resetPeak();
  const began = performance.now();
  steps = attack(problem, updates, threads);
  const progress = await step();
  const secondsToFirstStep = (performance.now() - began) / 1000;
  const images = progress.inputs();
  return {
    secondsToFirstStep,
    objective: progress.lanes().map(({ objective }) => objective!),
    image: Buffer.from(images.buffer, images.byteOffset, images.byteLength).toString("base64"),
  };
}

async function run(count: number): Promise<Timings> {
  const ms: number[] = [];
  const cpuMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const busy = process.cpuUsage();
    const began = performance.now();
    // A training takes several steps at once, which count for one at their mean.
    const taken = await (trained ? trained.next() : step().then(() => 1));
    ms.push((performance.now() - began) / taken);
    const { user, system } = process.cpuUsage(busy);
    cpuMs.push((user + system) / 1000 / taken);
  }
  return { ms, cpuMs };
}

function draws(count: number): Replies["draws"] {
  const fillers: Record<string, Filler> = {
    uniform: fillUniform,
    normal: fillNormal,
    laplace: fillLaplace,
    "unit ball": fillUnitBall(Math.min(count, 3072)),
  };
  const out = new Float32Array(count);
  const ms = Object.entries(fillers).map(([name, fill]) => {
    const times = [0, 1, 2, 3, 4, 5].map((i) => {
      const began = performance.now();
      fill([0, i], out);
      return performance.now() - began;
    });
    return [name, median(times.slice(1))] as const;
  });
  return { ms: Object.fromEntries(ms) };
}

async function answer(request: Request): Promise<Replies[Request["cmd"]]> {
  switch (request.cmd) {
    case "prepare":
      return prepare(request.problem, request.threads, request.program === "gradleak-entries");
    case "run":
      return run(request.steps);
    case "memory":
      return { peakMB: peakMegabytes() };
    case "draws":
      return draws(request.count);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line) as Request).catch((error: unknown) => {
    console.error(error);
    return { error: String(error) };
  });
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
