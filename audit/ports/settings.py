"""The base of every plug-in's settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Settings(BaseModel):
    """Base of every plug-in's settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse ``yes`` where a number is asked for: YAML makes it true, and true would be 1."""
        wants = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and wants is not bool:
            raise ValueError("is true or false, which is not asked for here")
        return value
