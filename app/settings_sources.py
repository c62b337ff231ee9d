"""Where settings come from: what is given in code, `LOCKSTEP_*` variables, their `*_FILE` twins, and `.env`."""

import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from app.errors import SettingsError

PREFIX = "LOCKSTEP_"


class FileSettingsSource(PydanticBaseSettingsSource):
    """Reads a setting from the file that `LOCKSTEP_<NAME>_FILE` names, as containers hand over secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the signature is pydantic's
        """Give the content of the file, without the line end."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\n"), field_name, False
        except OSError as error:
            name = f"{PREFIX}{field_name.upper()}_FILE"
            raise SettingsError(f"{name} names {path}, which cannot be read: {error.strerror}.") from error

    def __call__(self) -> dict[str, Any]:
        """Give every setting that has a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def explained(error: ValidationError) -> str:
    """Say what is wrong with the settings, a line each; what is wrong with several together names them itself."""
    return "\n".join(_told(each["loc"], each["msg"]) for each in error.errors())


def _told(place: tuple[int | str, ...], message: str) -> str:
    said = message.removeprefix("Value error, ")
    return f"  {PREFIX}{'_'.join(map(str, place)).upper()}: {said}" if place else f"  {said}"
