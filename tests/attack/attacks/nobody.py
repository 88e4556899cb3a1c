"""No attack: what the machine does by itself. Where this does not hold, the times of the others say little."""

from field import attack


@attack(0, "nobody attacks")
def nobody(field):
    field.wait(8)
    return {}
