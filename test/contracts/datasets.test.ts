import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type DataFiles, type Dataset, datasets, noFiles, otherSplit, splits } from "../../src/data/index.ts";
import { encodePng, writeIdx } from "../../src/formats/index.ts";
import { filesOnDisk, openDataset } from "../../src/node/index.ts";
import { format } from "../../src/parts/index.ts";

// What every data set of the catalogue promises. A new one is taken up by itself.

const home = mkdtempSync(join(tmpdir(), "gradleak-datasets-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const kinds = datasets.parts.map(({ kind }) => kind);
const drawn = kinds.filter((kind) => datasets.build(kind).reads === "nothing");
const first = (set: Dataset<readonly number[]>, count = 12) =>
  Array.from({ length: Math.min(count, set.size) }, (_, index) => set.example(index));

describe("the catalogue of data sets", () => {
  it("is sorted, and has drawn ones", () => {
    expect(kinds).toEqual(kinds.toSorted());
    expect(drawn).toContain("shapes");
  });

  it.each(kinds)("%s has defaults, a sentence for each parameter, and files under its own name", (kind) => {
    const { doc, params } = datasets.list().find((row) => row.kind === kind)!;
    expect(doc).toMatch(/\.$/);
    for (const parameter of params) {
      expect(parameter.default, parameter.name).toBeDefined();
      expect(parameter.doc, parameter.name).toMatch(/\.$/);
    }
    const { reads } = datasets.build(kind);
    if (typeof reads === "object") expect(reads.kind).toBe(kind);
  });

  it.each(kinds)("%s has a spec that rebuilds it, written as text or as data", (kind) => {
    const spec = datasets.parse(kind);
    expect(datasets.parse(format(spec))).toEqual(spec);
    expect(datasets.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it.each(kinds.filter((kind) => !drawn.includes(kind)))("%s is refused without its files", async (kind) => {
    await expect(datasets.build(kind).open("test", noFiles)).rejects.toMatchObject({
      code: "spec",
      message: "This data set is read from files, but no files were given.",
    });
  });
});

describe.each(drawn.flatMap((kind) => splits.map((split) => [kind, split] as const)))("%s, %s", (kind, split) => {
  const spec = datasets.parse(kind);
  const open = (set: unknown = spec, of = split) => datasets.build(set).open(of, noFiles);

  it("is what it says it is", async () => {
    const set = await open();
    expect([set.kind, set.split]).toEqual([kind, split]);
    expect(set.size).toBeGreaterThan(0);
    for (const per of [set.mean, set.std]) expect(per).toHaveLength(set.shape.length === 3 ? set.shape[0]! : 1);
    const size = set.shape.reduce((a, b) => a * b);
    for (const [place, { index, image, label }] of first(set).entries()) {
      expect(index).toBe(place);
      expect(image).toHaveLength(size);
      expect(image.every(Number.isFinite)).toBe(true);
      // Pixels lie between 0 and 1; vectors have no bounds.
      if (set.shape.length === 3) expect([Math.min(...image) >= 0, Math.max(...image) <= 1]).toEqual([true, true]);
      expect(set.classes[label], `label ${label}`).toBeDefined();
    }
  });

  it("has the same examples in any order, opened again, and by its spec", async () => {
    const examples = first(await open());
    const again = await open();
    for (const { index } of examples.toReversed()) expect(again.example(index)).toEqual(examples[index]);
    expect(first(await open(format(spec)))).toEqual(examples);
    expect(first(await open(JSON.parse(JSON.stringify(spec))))).toEqual(examples);
  });

  it("shares no example with the other split, but shape and classes", async () => {
    const [set, other] = [await open(), await open(spec, otherSplit(split))];
    expect([other.shape, other.classes, other.mean, other.std]).toEqual([set.shape, set.classes, set.mean, set.std]);
    const images = new Set(first(set).map(({ image }) => image.join()));
    expect(images.size, "each is another one").toBe(first(set).length);
    if (!set.whole) expect(first(other).filter(({ image }) => images.has(image.join()))).toEqual([]);
  });

  it("has no example at a place that is none", async () => {
    const { example, size } = await open();
    for (const index of [-1, size, 0.5, Number.NaN])
      expect(() => example(index)).toThrow(expect.objectContaining({ code: "spec", message: expect.stringContaining(`no `) }));
  });
});

describe("files in memory, as a browser has them", () => {
  const png = (value: number) => encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4).fill(value) });
  const inMemory = (bytes: Readonly<Record<string, Uint8Array>>): DataFiles => ({
    ...noFiles,
    official: async ({ kind }, name) => ({ source: name, read: () => bytes[`${kind}/${name}`]! }),
    folder: async () => ({
      source: "dropped",
      images: Object.entries(bytes).map(([path, content]) => ({ path, source: path, read: () => content })),
    }),
  });

  it("open MNIST", async () => {
    const images = writeIdx({ shape: [2, 28, 28], data: new Uint8Array(2 * 784).fill(255) });
    const labels = writeIdx({ shape: [2], data: Uint8Array.of(7, 3) });
    const files = inMemory({ "mnist/t10k-images-idx3-ubyte": images, "mnist/t10k-labels-idx1-ubyte": labels });
    const set = await datasets.build("mnist").open("test", files);
    expect(first(set).map(({ image, label }) => [image[0], label])).toEqual([
      [1, 7],
      [1, 3],
    ]);
  });

  it("open a folder, in the size that is asked for", async () => {
    const files = inMemory({ "b/0.png": png(255), "a/0.png": png(0) });
    const set = await datasets.build("folder:size=1/2").open("test", files);
    expect([set.shape, set.classes, first(set).map(({ image }) => [...image])]).toEqual([
      [3, 1, 2],
      ["a", "b"],
      [new Array(6).fill(0), new Array(6).fill(1)],
    ]);
    const strict = await datasets.build("folder:size=1/2,resize=error").open("test", files);
    expect(() => strict.example(0)).toThrow("a/0.png must have 1 x 2 pixels");
  });
});

describe("files on the disk", () => {
  it("are found under the name and in the folder of any published data set", async () => {
    mkdirSync(join(home, "unpacked"));
    writeFileSync(join(home, "unpacked", "a.bin"), Uint8Array.of(1, 2));
    const published = { kind: "letters", title: "the letters", folders: ["unpacked"] };
    const file = await filesOnDisk({ path: home }).official(published, "a.bin");
    expect([...file.read()]).toEqual([1, 2]);
    await expect(filesOnDisk({ path: home }).official(published, "b.bin")).rejects.toThrow(
      `${home} must hold the official file b.bin of the letters, but does not.`,
    );
    // What nobody can fetch is not looked for in the cache.
    await expect(filesOnDisk({ cacheDir: home }).official(published, "a.bin")).rejects.toThrow(
      "a.bin of the letters cannot be fetched; give the folder that has it with --data-path.",
    );
  });
});

describe("what is no data set is refused by a sentence", () => {
  it.each([
    ["MNIST", 'There is no data set "MNIST". Did you mean mnist? Allowed: cifar10,'],
    ["gaussian:dimention=4", 'data set gaussian has no parameter "dimention". Did you mean dimension?'],
    ["gaussian:dimension=0", "data set gaussian: dimension must be an integer from 1 to 65536; got 0."],
    ["shapes:size=32/32", 'data set shapes has no parameter "size". It has none.'],
    ["folder:size=8", "data set folder: size must be a list of integers from 1 to 4096 of length 2; got"],
    ["folder:size=0/8", "data set folder: size must be a list of integers from 1 to 4096 of length 2; got"],
    ["folder:resize=crop", 'data set folder: resize must be one of error, center-area; got "crop".'],
  ])("%s", async (set, sentence) => {
    await expect(openDataset(set, "test")).rejects.toMatchObject({ code: "spec", message: expect.stringContaining(sentence) });
  });
});
