"""What is asked when conversations are chosen in the list."""

from __future__ import annotations

from django import forms
from django.contrib.admin.helpers import ActionForm


class ChooseWhatToDo(ActionForm):
    """Each action is a button of its own; one of them takes a tag."""

    tag = forms.CharField(max_length=60, required=False)
