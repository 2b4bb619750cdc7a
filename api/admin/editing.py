"""What do all lists and forms of the admin have in common?"""

# ruff: noqa: ARG002, FBT001 - the signatures are those of Django's hooks.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from api.content.slugs import free_slug, slug_of

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyForm = forms.ModelForm[Any]
else:
    AnyAdmin, AnyForm = admin.ModelAdmin, forms.ModelForm


class SluggedForm(AnyForm):
    """A form whose slug may be left empty, to be made of the title or name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:  # Not for who may only look.
            self.fields["slug"].required = False

    def clean(self) -> dict[str, Any]:
        """Make the slug, or see that it could not be taken for an id."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        model = type(self.instance)
        slug, text = cleaned.get("slug"), cleaned.get("title") or cleaned.get("name")
        if slug and slug != slug_of(slug, kind=str(model._meta.model_name)):
            self.add_error(
                "slug", "Need words of a-z and 0-9 joined by hyphens, not all digits, not a reserved word."
            )
        elif not slug and text:
            cleaned["slug"] = free_slug(model, text, keep=self.instance.pk)
        return cleaned


class ContentAdmin(AnyAdmin):
    """What all lists and forms have in common."""

    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False
    list_per_page = 50
    formfield_overrides: ClassVar[Any] = {models.URLField: {"assume_scheme": "https"}}
    readonly_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write a new row, or the columns in which it differs from what was there."""
        if not change:
            obj.save()
            return
        there = type(obj)._default_manager.get(pk=obj.pk)
        columns = {
            field.name
            for field in obj._meta.local_concrete_fields
            if (field.editable or field.name == "text")
            and getattr(there, field.attname) != getattr(obj, field.attname)
        }
        if columns:
            obj.save(update_fields=columns)
