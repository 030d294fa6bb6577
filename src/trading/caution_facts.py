"""What a model's manifest says of its training so that the live bot can tell when the market has left it."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from core.drift import DriftReference
from features.novelty import MOST

FARTHEST = 1.001 * MOST
"""No row is farther away than `MOST`; a limit lies by more than a rounding above it."""
_Distance: TypeAlias = Annotated[float, Field(ge=0, le=FARTHEST, strict=True)]
_Share: TypeAlias = Annotated[float, Field(ge=0, le=1, strict=True)]


class CautionFacts(BaseModel):
    """Novelty of rows, and one number a session for each test of drift."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    novelty_limit: float = Field(gt=0, le=FARTHEST, strict=True)
    """Distance, by the manifest's reference, above which a row is too strange to act on."""
    session_novelty: tuple[_Distance, ...]
    """Mean novelty of each session of the data."""
    session_sureness: tuple[_Share, ...]
    """Mean probability of the likelier side, of each session that the model had not learned from."""
    session_variety: tuple[_Share, ...]
    """Standard deviation of the same."""
    session_rows: int = Field(ge=1, le=24 * 60, strict=True)
    """Rows of one symbol in a usual session."""
    is_calibrated: bool = Field(strict=True)
    """Whether probabilities are chances of winning."""

    @property
    def drift(self) -> DriftReference:
        """What sessions and trades are held against."""
        return DriftReference(
            novelty=self.session_novelty,
            sureness=self.session_sureness,
            variety=self.session_variety,
            rows=self.session_rows,
            is_calibrated=self.is_calibrated,
        )
