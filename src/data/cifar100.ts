import { part } from "../parts/index.ts";
import { cifarSet } from "./cifar-set.ts";
import { officialOnes } from "./data-files.ts";
import type { DataSource } from "./data-source.ts";
import type { Dataset } from "./dataset.ts";
import type { OfficialFiles } from "./official-files.ts";

/** CIFAR-100 as its authors publish it. */
const officialCifar100: OfficialFiles = {
  kind: "cifar100",
  title: "the binary version of CIFAR-100",
  folders: ["cifar-100-binary"],
  pickles: {
    folder: "cifar-100-python",
    file: "test",
    convert: (folder) =>
      `python -c "import pickle, numpy as n; [n.column_stack([b['coarse_labels'], b['fine_labels'], b['data']]).astype('uint8').tofile('${folder}/' + s + '.bin') for s in ['train', 'test'] for b in [pickle.load(open('${folder}/' + s, 'rb'), encoding='latin1')]]"`,
  },
};

/**
 * CIFAR-100 (Krizhevsky 2009) from its official binary files: 32 × 32 color images in 100 classes,
 * the fine ones. Mean and standard deviation are those of the training images.
 */
export const cifar100 = part({
  kind: "cifar100",
  doc: "CIFAR-100: 32×32 color photographs in a hundred classes, from its official binary files (--data-path).",
  params: {},
  build: (): DataSource<Dataset["shape"]> => ({
    reads: officialCifar100,
    open: async (split, files) =>
      cifarSet(
        {
          kind: "cifar100",
          title: "CIFAR-100",
          labels: [20, 100],
          perFile: split === "train" ? 50_000 : 10_000,
          classes,
          mean: [0.5071, 0.4865, 0.4409],
          std: [0.2673, 0.2564, 0.2762],
        },
        split,
        await officialOnes(files, officialCifar100, [`${split}.bin`]),
      ),
  }),
});

/** The fine classes, in the order of `fine_label_names.txt`. */
const classes = (
  "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar cattle " +
  "chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house " +
  "kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange " +
  "orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal " +
  "shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger " +
  "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
).split(" ");
