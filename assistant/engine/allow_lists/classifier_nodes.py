"""What a classifier that scikit-learn trained may be made of, by the loader that skops has for it: two classifiers, and
the plain values in them.

skops 0.9 trusts far more, and its OperatorFuncNode and MethodNode call what they like without counting as untrusted
(CVE-2025-54412, CVE-2025-54413). Nothing here imports Rasa or skops.
"""

from __future__ import annotations

NODES = {
    "ObjectNode": {"sklearn.linear_model._logistic.LogisticRegression", "sklearn.svm._classes.SVC"},
    "DictNode": {"builtins.dict"},
    "ListNode": {"builtins.list"},
    "TupleNode": {"builtins.tuple"},
    "JsonNode": {"builtins.str"},
    "TypeNode": {"builtins.str", "builtins.int", "builtins.float", "builtins.bool"},
    "NdArrayNode": {f"numpy.{name}" for name in ("ndarray", "float64", "float32", "int64", "int32", "bool_", "str_")},
}
