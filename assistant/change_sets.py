"""Change sets: what a step of staff changed, row by row, and the one way to undo it.

A service that can be undone opens one, and so do the services that it calls: all they record is one step.

    with change_set("Deleted 3 examples.", about=bot, by=by) as step:
        before = state_of(row)
        row.deleted = step.moment
        row.save()
        record(row, before, state_of(row))

Each app says of its models how their rows are recorded and restored (`register_undoable`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import Field, Model
from django.utils import timezone

from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from assistant.models import Change, ChangeSet

State = dict[str, Any]  # the fields of a row, as JSON
Row = tuple[str, int]  # the label of its model, its key


class CannotUndo(FrontdeskError):
    """It was undone already, or another step took it back."""

    code = "bad_undo"


class UndoableRows:
    """How the rows of a model are recorded and restored.

    `fields` (a foreign key by its column, `intent_id`) are all that a change may change, and by which it is told
    whether somebody changed a row since, but for those that are `following` something else. Not by its revision: after
    an undo the values are the old ones, the revision is not.
    """

    model: type[Model]
    fields: tuple[str, ...]
    following: frozenset[str] = frozenset()

    def state_of(self, row: Model) -> State:
        return {name: _as_json(getattr(row, name)) for name in self.fields}

    def is_same(self, state: State | None, change: Change) -> bool:
        """Whether a row's state is what it was after the change."""
        if state is None or change.after is None:
            return state is change.after
        return all(state[name] == change.after[name] for name in self.fields if name not in self.following)

    def find(self, keys: Iterable[int]) -> Mapping[int, Model]:
        """Those that are there, by key."""
        return self.model._default_manager.in_bulk(list(keys))

    def restore(self, rows: Sequence[tuple[Model | None, Change]], by: User | None) -> list[Change]:
        """Make each what it was `before` its change; all of them are as they were after it. Returns the changes that
        were undone. What can't be undone by now stays as it is."""
        raise NotImplementedError

    def apply(self, row: Model, state: State) -> None:
        """Set the row's fields to a recorded state. Not saved."""
        for name, value in state.items():
            field = cast(Field, self.model._meta.get_field(name.removesuffix("_id")))
            setattr(row, name, field.to_python(value))


@dataclass
class Undone:
    """The changes that were undone, and those that were left because somebody changed the row since."""

    changes: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)


@dataclass
class Step:
    """A change set that is still being recorded. `moment` is when it was made."""

    row: ChangeSet
    states: dict[tuple[Row, bool], tuple[State | None, State | None]] = field(default_factory=dict)
    takes_back: bool = False

    @property
    def moment(self) -> datetime:
        return self.row.created

    def add(self, row: Row, before: State | None, after: State | None) -> None:
        """Of several changes of a row, what was before the first and is after the last; in the order of the last, so
        that undoing goes the way back."""
        first, _ = self.states.pop((row, self.takes_back), (before, None))
        self.states[row, self.takes_back] = (first, after)

    def saved(self) -> ChangeSet:
        """With a key, for rows that refer to it."""
        if self.row.pk is None:
            self.row.save()
        return self.row


_undoable: dict[str, UndoableRows] = {}
_open: ContextVar[Step | None] = ContextVar("open_change_set", default=None)


def register_undoable(rows: type[UndoableRows]) -> type[UndoableRows]:
    """Register how rows of a model are undone, in a module that the `AppConfig` of its app imports."""
    _undoable[rows.model._meta.label_lower] = rows()
    return rows


@contextmanager
def change_set(label: str, *, about: Model, by: User | None, moment: datetime | None = None) -> Iterator[Step]:
    """One transaction, and one step that can be undone. Inside of another one it is a part of that, in all that it
    says. `moment`: when it was made; now, if not given."""
    outer = _open.get()
    with write_transaction():
        if outer is not None:
            yield outer
            return
        step = Step(ChangeSet(label=label, about=name_of(about), by=by, created=moment or timezone.now()))
        token = _open.set(step)
        try:
            yield step
        finally:
            _open.reset(token)
        _save(step)


def record(row: Model, before: State | None, after: State | None) -> None:
    """What is done to a row: None is that it was not, or is not, there. Nothing where no change set is open."""
    if step := _open.get():
        step.add((row._meta.label_lower, row.pk), before, after)


def state_of(row: Model) -> State:
    """The fields of a row that are recorded."""
    return _undoable[row._meta.label_lower].state_of(row)


def as_state(model: type[Model], values: Mapping[str, Any]) -> State:
    """Some of the fields of a row, as `state_of` would say them."""
    row = model(**values)
    state = state_of(row)
    return {name: value for name, value in state.items() if name in values or name.removesuffix("_id") in values}


def name_of(row: Model) -> str:
    """By which `ChangeSet.about` names a row."""
    return f"{row._meta.label_lower}:{row.pk}"


def undo(*, step: ChangeSet, by: User | None) -> Undone:
    """Every row that nobody changed since is as it was before. Once only. Raises CannotUndo."""
    with write_transaction():
        row = ChangeSet.objects.select_for_update().filter(pk=step.pk, undone=None).first()
        if row is None:
            raise CannotUndo("This can't be undone any more.")
        undone = revert(row.changes.all(), by=by)
        row.undone, row.undone_by = timezone.now(), by
        row.save(update_fields=["undone", "undone_by"])
    return undone


def take_back(step: ChangeSet, *, of: str, by: User | None) -> None:
    """Revert what a change set did to models whose labels begin so, as a part of the one that is open. It counts as
    undone until that is undone."""
    row = ChangeSet.objects.select_for_update().filter(pk=step.pk, undone=None).first()
    if row is None:
        return
    current = _open.get()
    assert current is not None
    current.takes_back = True
    try:
        # Not what it took back itself: that stays taken back.
        revert(row.changes.filter(model__startswith=of, takes_back=False), by=by)
        before = state_of(row)
        row.undone, row.undone_by = timezone.now(), by
        row.save(update_fields=["undone", "undone_by"])
        record(row, before, state_of(row))
    finally:
        current.takes_back = False


def revert(changes: Iterable[Change], *, by: User | None) -> Undone:
    """The same for some of the changes of a set, the newest first. Inside of a change set this is recorded, too."""
    result = Undone()
    newest_first = sorted(changes, key=lambda change: -change.pk)
    # Of one row there may be two: what took something back, and what was done then.
    for (model, _), group in groupby(newest_first, key=lambda change: (change.model, change.takes_back)):
        rows, of_model = _undoable[model], list(group)
        there = rows.find(change.row for change in of_model)
        found = [(there.get(change.row), change) for change in of_model]
        same = [(row, change) for row, change in found if rows.is_same(rows.state_of(row) if row else None, change)]
        done = rows.restore(same, by)
        _record_again(rows, done)
        keys = {change.pk for change in done}
        left = [change for change in of_model if change.pk not in keys]
        _hand_over(left)
        result.changes += done
        result.left += left
    return result


def _record_again(rows: UndoableRows, done: Sequence[Change]) -> None:
    """What was undone inside of another change set is a part of that."""
    step = _open.get()
    if step is None:
        return
    now = rows.find(change.row for change in done)
    for change in done:
        row = now.get(change.row)
        step.add((change.model, change.row), change.after, rows.state_of(row) if row else None)


def _hand_over(changes: Sequence[Change]) -> None:
    """What somebody changed since stays. Once that is undone, too, the row is as it was before both."""
    later = defaultdict[Row, list[Change]](list)
    for model in {change.model for change in changes}:
        rows = [change.row for change in changes if change.model == model]
        found = Change.objects.filter(model=model, row__in=rows, change_set__undone=None)
        for change in found.order_by("pk"):
            later[model, change.row].append(change)
    for change in changes:
        for following in later[change.model, change.row]:
            if following.pk > change.pk and following.before == change.after:
                before = state_of(following)
                following.before = change.before
                following.save(update_fields=["before"])
                record(following, before, state_of(following))
                break


def _save(step: Step) -> None:
    changed = {place: states for place, states in step.states.items() if states[0] != states[1]}
    if not changed:
        return
    row = step.saved()
    row.label, row.undo_label = row.label[:300], row.undo_label[:300]
    row.save()
    Change.objects.bulk_create(
        [
            Change(change_set=row, model=model, row=key, before=before, after=after, takes_back=takes_back)
            for ((model, key), takes_back), (before, after) in changed.items()
        ],
        batch_size=200,
    )


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


class _Bookkeeping(UndoableRows):
    """What undoing wrote down of other change sets, which is undone with the set that it was a part of."""

    def restore(self, rows: Sequence[tuple[Model | None, Change]], by: User | None) -> list[Change]:
        for row, change in rows:
            assert row is not None
            self.apply(row, change.before or {})
            row.save(update_fields=[name.removesuffix("_id") for name in self.fields])
        return [change for _, change in rows]


@register_undoable
class _ChangeSets(_Bookkeeping):
    """What this set changed was taken back by another, and is not any more."""

    model = ChangeSet
    fields = ("undone", "undone_by_id")


@register_undoable
class _Changes(_Bookkeeping):
    """What was handed over to a later change is its own again."""

    model = Change
    fields = ("before",)
