"""pyHanko's policy for changes to a signed PDF file, made wider for what honest programs do.

poppler dates the widget that it signs (``/M``); some programs raise ``/SigFlags``; some forms have each widget as an
object of its own below its field. :mod:`mynacard.signing.changes` decides on what is let pass here.

Source: ISO 32000-2 §12.5.2 (``/M``), §12.7.3 (``/SigFlags``), §12.7.4.1 (fields and widgets as separate objects).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from mynacard.signing.form import entry
from mynacard.trust import pyhanko

__all__ = ["SHOWS_A_VALUE", "differing", "policy"]

SHOWS_A_VALUE: Final = frozenset({"/AP", "/AS", "/M"})
"""The entries of a widget that change when its field gets a value."""


@cache
def policy() -> Any:
    """The policy, as pyHanko's ``compute_integrity_info`` takes it."""
    analysis, constants = pyhanko.diff_analysis, pyhanko.diff_constants
    keys = constants.VALUE_UPDATE_KEYS | SHOWS_A_VALUE
    rules = [
        analysis.SigFieldCreationRule(),
        analysis.SigFieldModificationRule(value_update_keys=keys),
        analysis.GenericFieldModificationRule(value_update_keys=keys),
        _widget_rule(),
    ]
    exempt = constants.ACROFORM_EXEMPT_STRICT_COMPARISON | {"/SigFlags"}
    form_rule = analysis.FormUpdatingRule(rules, ignored_acroform_keys=exempt)
    return analysis.StandardDiffPolicy(analysis.DEFAULT_DIFF_POLICY.global_rules, form_rule)


def differing(old: Any, new: Any) -> set[str]:
    """The keys whose values differ, or that only one of the dictionaries has. References are not followed."""
    keys = old.keys() | new.keys()
    return {str(key) for key in keys if (key in old) != (key in new) or old.raw_get(key) != new.raw_get(key)}


def _widget_rule() -> Any:
    """A rule that lets the widgets below a field show its value."""
    analysis = pyhanko.diff_analysis

    class WidgetRule(pyhanko.diff_analysis.FieldMDPRule):  # type: ignore[misc]  # here, since pyHanko is loaded on use
        def apply(self, context: Any) -> Iterator[tuple[Any, Any]]:
            for name, spec in context.field_specs.items():
                if spec.old_field_ref and spec.new_field_ref:
                    for reference in _shown_anew(spec, context):
                        update = analysis.FormUpdate(updated_ref=reference, field_name=name)
                        yield analysis.ModificationLevel.FORM_FILLING, update

    return WidgetRule()


def _shown_anew(spec: Any, context: Any) -> Iterator[Any]:
    """The widgets below a field that differ only in how they show its value, and the new objects of that."""
    for raw in entry(spec.old_field, "/Kids") or ():
        old, new = context.old(raw.reference), context.new(raw.reference)
        if entry(old, "/T") is None and old != new and differing(old, new) <= SHOWS_A_VALUE:
            yield raw.reference
            appearance = new.get("/AP")
            if appearance is not None:
                yield from context.new.collect_dependencies(appearance, since_revision=context.old.revision + 1)
