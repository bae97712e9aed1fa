"""The metrics of disent 0.8.0 on codes from a file; this runs in an environment of its own.

python disent_worker.py CODES.npy 3,6,40,16,16

It answers each line "SEED" with a JSON object: metric -> seconds and score. No image is drawn or
encoded: an image *is* its code, looked up.
"""

# pyright: reportMissingImports=false

import json
import sys
import time

import numpy as np
import torch

# disent imports torchvision, whose compiled part does not fit every build of torch and is not
# needed here.
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    OPERATORS.define(f"{name}(Tensor boxes, Tensor scores, float iou_threshold) -> Tensor")

from disent.dataset import DisentDataset  # noqa: E402
from disent.dataset.data import GroundTruthData  # noqa: E402
from disent.dataset.sampling import GroundTruthSingleSampler  # noqa: E402
from disent.metrics import metric_dci, metric_factor_vae, metric_mig, metric_sap  # noqa: E402

CODES = np.load(sys.argv[1])
SIZES = tuple(int(size) for size in sys.argv[2].split(","))
METRICS = {
    "mig": (metric_mig, "mig.discrete_score"),
    "sap": (metric_sap, "sap.score"),
    "factor_vae": (metric_factor_vae, "factor_vae.eval_accuracy"),
    "dci_d": (metric_dci, "dci.disentanglement"),
}


class Codes(GroundTruthData):
    """A data set whose observations are codes."""

    factor_names = tuple(f"factor {k}" for k in range(len(SIZES)))
    factor_sizes = SIZES
    img_shape = (1, 1, CODES.shape[1])

    def _get_observation(self, idx):
        return CODES[idx][None]


def main():
    data = DisentDataset(Codes(), GroundTruthSingleSampler(), transform=torch.from_numpy)
    for line in sys.stdin:
        np.random.seed(int(line))  # noqa: NPY002, disent draws from it
        timed = {}
        for name, (metric, score) in METRICS.items():
            start = time.perf_counter()
            scores = metric(data, lambda x: x.flatten(1))
            timed[name] = {"seconds": time.perf_counter() - start, "score": float(scores[score])}
        print(json.dumps(timed), flush=True)


main()
