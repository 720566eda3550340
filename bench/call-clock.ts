import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Clocked } from "./command.ts";
import { median } from "./median.ts";

// Loaded into a command before it starts, by node --import. Times its calls of ONNX Runtime and
// what happens between two calls of one session: all that a step of an attack does in JavaScript.
// On exit it writes a Clocked into the file that GRADLEAK_CLOCK names.

interface Native {
  run(...given: unknown[]): unknown;
}

const onnxruntime = createRequire(import.meta.url).resolve("onnxruntime-node");
const { binding } = createRequire(onnxruntime)("./binding.js") as { binding: { InferenceSession: new () => Native } };
const between: number[] = [];
let inside = 0;
let calls = 0;
let latest: Native | undefined;
let ended = 0;

binding.InferenceSession = class extends binding.InferenceSession {
  override run(...given: unknown[]): unknown {
    const began = performance.now();
    if (latest === this) between.push(began - ended);
    latest = this;
    calls++;
    const results = super.run(...given);
    ended = performance.now();
    inside += ended - began;
    return results;
  }
};

process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  const clocked: Clocked = {
    cpuSeconds: (user + system) / 1e6,
    calls,
    secondsInCalls: inside / 1000,
    msBetweenCalls: between.length > 0 ? median(between) : null,
  };
  writeFileSync(process.env.GRADLEAK_CLOCK!, JSON.stringify(clocked));
});
