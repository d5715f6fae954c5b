"""The value axis: round ticks, and the position of a value."""

from dataclasses import dataclass
from decimal import Decimal

_STEPS = (Decimal("1"), Decimal("2"), Decimal("2.5"), Decimal("5"), Decimal("10"))


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from `ticks[0]` at pixel `start` to `ticks[-1]` at pixel `end` (of the picture)."""

    ticks: tuple[Decimal, ...]
    start: int
    end: int

    def at(self, value: Decimal) -> int:
        """The pixel of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.start + round((self.end - self.start) * float((value - low) / (high - low)))

    def share(self, value: Decimal) -> float:
        """A value in lengths of the axis: how exactly it can be measured. The axis need not start at zero."""
        return float(value / (self.ticks[-1] - self.ticks[0]))


def round_ticks(low: Decimal, high: Decimal, wanted: int) -> tuple[Decimal, ...]:
    """About `wanted` equal steps of 1, 2, 2.5 or 5 (times a power of ten) that cover [low, high]."""
    span = (high - low) / wanted
    power = Decimal(1).scaleb(span.adjusted())
    step = next(unit * power for unit in _STEPS if unit * power >= span)
    first = (low / step).to_integral_value(rounding="ROUND_FLOOR")
    last = (high / step).to_integral_value(rounding="ROUND_CEILING")
    ticks = [step * place for place in range(int(first), int(last) + 1)]
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    quantum = Decimal(1).scaleb(min(0, exponent))
    return tuple(tick.quantize(quantum) for tick in ticks)
