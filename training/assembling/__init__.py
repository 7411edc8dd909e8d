"""Files and rows, put together to what a bot is trained on. Nothing here writes to the database."""

from training.assembling.frozen import Difference, difference, examples_in, frozen, unpacked
from training.assembling.pipeline import Pipeline, pipeline_in
from training.assembling.putting_together import assemble
from training.assembling.reading import taught_by
from training.assembling.types import Change, Taught, TaughtExample
from training.assembling.usage import Usage, usage_in

__all__ = [
    "Change",
    "Difference",
    "Pipeline",
    "Taught",
    "TaughtExample",
    "Usage",
    "assemble",
    "difference",
    "examples_in",
    "frozen",
    "pipeline_in",
    "taught_by",
    "unpacked",
    "usage_in",
]
