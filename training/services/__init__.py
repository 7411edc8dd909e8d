"""Writes to bots, what they are taught, and their versions."""

from training.services.versions import activate_version, bundle_of, replace_files, train_version, warm_up_live_models

__all__ = ["activate_version", "bundle_of", "replace_files", "train_version", "warm_up_live_models"]
