"""The derivatives of ConvBig's 2000 features by the image, by one backward pass a feature. Prints seconds as JSON."""

import json
import sys
import time

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[1]))
network = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1),
    nn.ReLU(),
    nn.AvgPool2d(2),
    nn.Conv2d(32, 64, 1, padding=1),
    nn.ReLU(),
    nn.AvgPool2d(2),
    nn.Flatten(),
    nn.Linear(5184, 2000),
    nn.ReLU(),
)
x = torch.randn(1, 3, 32, 32, requires_grad=True)
features = network(x)
wall, processor = time.perf_counter(), time.process_time()
for f in range(2000):
    torch.autograd.grad(features[0, f], x, retain_graph=True)[0].norm()
print(json.dumps({"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}))
