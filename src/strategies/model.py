"""Trade what a trained classifier expects, if it is sure enough."""

from dataclasses import dataclass

from core.ports import Predictor
from core.signals import Direction, FeatureRow, Needs, Signal
from strategies.base_strategy import check_parameters, parameter


@dataclass(frozen=True, slots=True)
class ModelStrategy:
    """Signals from a predictor. The model's own threshold decides; this one can only ask for more."""

    predictor: Predictor
    threshold: float = parameter(0.0, low=0.0, high=1.0, step=0.01)
    """Least probability of the predicted direction, 0 to 1."""
    name: str = "model"

    def __post_init__(self) -> None:
        check_parameters(self)

    @property
    def needs(self) -> Needs:
        """The features the model was trained on."""
        return Needs(features=self.predictor.feature_names)

    def on_data(self, now: FeatureRow, before: FeatureRow) -> Signal | None:  # noqa: ARG002 - a model sees one row
        """Classify the newest row; without a direction, say how likely the better one was."""
        prediction = self.predictor.predict(now)
        _, long, short = prediction.probabilities
        direction, probability = prediction.direction, max(long, short)
        leaning = "long" if long >= short else "short"
        if direction is Direction.NONE or probability < self.threshold:
            direction, reason = Direction.NONE, f"{leaning} {probability:.3f} is not enough"
        else:
            reason = f"model expects {leaning} with probability {probability:.3f}"
        return Signal(
            symbol=now.symbol,
            at=now.closed_at,
            direction=direction,
            probability=probability,
            source=self.name,
            reason=reason,
        )
