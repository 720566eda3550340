import { initialState } from "../defenses/index.ts";
import { input, type Shape } from "../graph/index.ts";
import { clientAt, type Federation } from "./federation.ts";
import { type Named, type Remembered, rememberedPlaces, type Variable } from "./server.ts";

/** The shape and type of an input of a program. */
interface Place {
  readonly shape: Shape;
  readonly dtype?: "float" | "key";
}

const named = (variables: readonly Variable[], lanes: Shape = []): Named<Place> =>
  Object.fromEntries(variables.map(({ name, shape }) => [name, { shape: [...lanes, ...shape] }]));

/** What a client of a federation follows from. */
type Sending = Pick<Federation, "model" | "mode" | "loss" | "defense">;

/** A client of the federation whose weights have shapes and no values. */
function shapedClient(federation: Sending) {
  const { parameters, statistics } = federation.model;
  const shapes = new Map([...parameters, ...statistics].map(({ name, shape }) => [name, input(name, shape)]));
  return clientAt(federation, (name) => shapes.get(name));
}

/** The places of what the server keeps: parameters, running statistics, the optimizer's state. */
export function serverPlaces(federation: Sending & Pick<Federation, "optimizer">) {
  const { sender } = shapedClient(federation);
  return {
    theta: named(sender.parameters),
    running: named(sender.model.statistics),
    remembered: rememberedPlaces(federation.optimizer, sender.parameters),
  };
}

/** The places of the weights of some clients, one client per lane. */
export function lanePlaces(federation: Federation, lanes: number) {
  const { sender } = shapedClient(federation);
  return { theta: named(sender.parameters, [lanes]), running: named(sender.model.statistics, [lanes]) };
}

/** The places of the batches of some clients, one client per lane. */
export const batchPlaces = ({ model, batch }: Federation, lanes: number) => ({
  x: { shape: [lanes, batch, ...model.shape] },
  y: { shape: [lanes, batch, model.classes] },
});

/** The places of the keys of some clients, and of what their defenses remember. */
export const sendingPlaces = (federation: Federation, lanes: number) => ({
  key: { shape: [lanes, 2], dtype: "key" as const },
  defense: Object.fromEntries(
    initialState(federation.defense, shapedClient(federation).client).map((state, place) => [
      place,
      Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, { shape: [lanes, ...shape] }])),
    ]),
  ) as Remembered<Place>,
});
