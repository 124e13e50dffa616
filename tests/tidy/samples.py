"""The shape of the samples that the rules are tried on; one file of them per group of rules."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Sample:
    """A tree that breaks a rule at known places, and one like it that does not."""
    bad: dict  # Path to text.
    at: tuple  # The findings, as "path:line", in order.
    good: dict


def at(*places, bad, good):
    """Makes a sample: the places of the findings, then both trees."""
    return Sample(bad, places, good)
