"""Nothing that Frontdesk writes can be read by others on the machine."""

import os

import pytest
from django.conf import settings

from assistant.checks import check_private_files
from assistant.lib.configuration import is_open_to_others, keep_files_private


def open_to_others(folder):
    return [path for path in [folder, *folder.rglob("*")] if is_open_to_others(path)]


@pytest.mark.processes
def test_it_leaves_nothing_open_of_a_running_installation(live):
    live.post_until_answered("maria", "ahoy")
    written = {path.relative_to(live.folder).parts[0] for path in live.folder.rglob("*")}

    assert open_to_others(live.folder) == []
    assert {"models", "uploads", "secret-key"} <= written
    assert written & {"frontdesk.sqlite3-wal", "beat", "beat.db", "beat.dat"}


def test_it_closes_what_an_earlier_version_left_open(tmp_path):
    old, elsewhere = tmp_path / "var", tmp_path / "elsewhere"
    (old / "models" / "quarantine").mkdir(parents=True)
    elsewhere.touch()
    for name in ("frontdesk.sqlite3", "models/main.tar.gz", "models/quarantine/new.tar.gz"):
        (old / name).touch()
    (old / "link").symlink_to(elsewhere)
    for path in [old, *old.rglob("*")]:
        path.chmod(0o777)  # the link's target, too
    keep_files_private(old)

    assert open_to_others(old) == []
    assert is_open_to_others(elsewhere)


def test_it_leaves_a_closed_folder_as_it_is(tmp_path):
    """The secrets that containers read as another user lie in one."""
    secrets = tmp_path / "var" / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / "secret-key").touch()
    (secrets / "secret-key").chmod(0o644)
    (tmp_path / "var").chmod(0o755)
    keep_files_private(tmp_path / "var")

    assert not is_open_to_others(tmp_path / "var")
    assert is_open_to_others(secrets / "secret-key")


def test_it_sets_the_mask_of_each_process_that_reads_the_settings():
    before = os.umask(0o077)
    os.umask(before)
    assert before == 0o077
    assert not is_open_to_others(settings.VAR_DIR)


def test_it_names_a_folder_that_it_could_not_close(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    tmp_path.chmod(0o755)

    [warning] = check_private_files()
    assert (warning.id, str(tmp_path) in warning.msg) == ("frontdesk.W005", True)
