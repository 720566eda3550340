import type { Client } from "../client/index.ts";
import { sizeOf } from "../graph/index.ts";
import { areImages, type Examples, toModelSpace } from "../models/index.ts";
import type { Prior } from "../priors/index.ts";
import { fillNormal, fillUniform, foldIn, Key, keyFromSeed, stream } from "../random/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Probes } from "./head.ts";

/** What an attacker can take inputs from that are like the private ones. */
export interface Familiar {
  /** Public examples. */
  readonly examples?: Examples;
  /** The prior that the attacker assumes. */
  readonly prior?: Prior;
}

/** The number of inputs that an attacker tries a network on. */
const count = 128;

const made = new WeakMap<Client, Map<Examples | Prior | undefined, Probes>>();

/**
 * Inputs on which an attacker tries a network: public examples, evenly spaced, if there are some;
 * else draws from its prior; else uniform pixels, or normal entries of vectors. They are the same
 * each time.
 */
export function probesFor(client: Client, { examples, prior }: Familiar): Probes {
  const source = examples ?? prior;
  const own = made.get(client) ?? new Map<Examples | Prior | undefined, Probes>();
  made.set(client, own);
  const probes = own.get(source) ?? drawn(client, examples ? { examples } : prior ? { prior } : {});
  own.set(source, probes);
  return probes;
}

function drawn(client: Client, { examples, prior }: Familiar): Probes {
  const { model } = client;
  const size = sizeOf(model.shape);
  if (examples) {
    const used = Math.min(count, examples.count);
    const places = Array.from({ length: used }, (_, i) => Math.floor((i * examples.count) / used));
    const x = new Float32Array(used * size);
    places.forEach((place, i) => {
      x.set(toModelSpace(examples.image(place), model.normalization), i * size);
    });
    return { count: used, x, ...(examples.label ? { labels: places.map((place) => examples.label!(place)) } : {}) };
  }
  const key = stream(keyFromSeed(0), "probes");
  const draws = prior?.density && prior.sample?.(client, count);
  if (draws) {
    const [entries] = evaluate([draws(Key.input("key"))], { key });
    return { count, x: Float32Array.from(entries!.data) };
  }
  const x = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const own = x.subarray(i * size, (i + 1) * size);
    if (!areImages(model)) fillNormal(foldIn(key, i), own);
    else {
      fillUniform(foldIn(key, i), own);
      own.set(toModelSpace(own, model.normalization));
    }
  }
  return { count, x };
}
