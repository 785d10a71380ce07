"""The arguments of one SQL statement while it is put together. Values only ever enter SQL through here."""

from __future__ import annotations


class Arguments:
    """Collects values and gives their placeholders: `arguments(value, "uuid")` is `$1::uuid`."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self._aliases = 0

    def __call__(self, value: object, cast: str) -> str:
        self.values.append(value)
        return f"${len(self.values)}::{cast}"

    def alias(self, stem: str) -> str:
        """A table alias used nowhere else in the statement; the same table may stand in it several times."""
        self._aliases += 1
        return f"{stem}{self._aliases}"


def document(fields: dict[str, str]) -> str:
    """The SQL of a JSON object with these fields; the keys are ours, never a client's."""
    return "json_build_object(" + ", ".join(f"'{name}', {expression}" for name, expression in fields.items()) + ")"
