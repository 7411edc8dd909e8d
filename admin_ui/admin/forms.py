"""The forms of a colleague."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password

from admin_ui.services.staff import PROFILE_FIELDS, refuse_lockout
from assistant.lib.errors import FrontdeskError
from assistant.roles import IN_WORDS, VIEWER, role_of

ROLE_CHOICES = [(role, f"{role.capitalize()}: {words}") for role, words in IN_WORDS.items()]


class ColleagueForm(forms.ModelForm):
    """`by` is who fills it in: set by the page. The services refuse the same, but a form says it beside its fields."""

    by: User
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial=VIEWER, widget=forms.RadioSelect)

    class Meta:
        model = User
        fields = (*PROFILE_FIELDS, "is_active")
        labels = {"username": "User name", "is_active": "Can log in"}
        help_texts = {"username": "What they log in with.", "is_active": "Take it away instead of deleting somebody."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page leaves it out for superusers, who may do everything.
        if self.instance.pk and "role" in self.fields:
            self.fields["role"].initial = role_of(self.instance)
            self.fields["role"].required = not self.instance.is_superuser

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if self.instance.pk and not self.errors:
            self.instance.is_active = data.get("is_active", self.instance.is_active)
            try:
                refuse_lockout(user=self.instance, role=data.get("role") or role_of(self.instance), by=self.by)
            except FrontdeskError as error:
                raise forms.ValidationError(error.message) from None
        return data


class NewColleagueForm(ColleagueForm):
    """With a first password, and able to log in from the start."""

    # Not `password` of the model, which is a hash: the service makes that.
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Leave it empty: a random one is made and shown to you once.",
    )

    class Meta:
        model = User
        fields = PROFILE_FIELDS
        labels = ColleagueForm.Meta.labels
        help_texts = ColleagueForm.Meta.help_texts

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if password:
            validate_password(password, self.instance)
        return password
