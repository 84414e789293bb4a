"""What all sections of triaged.toml share."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section refuses keys it does not know: a typing error never passes for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
