"""The names of what a demo can be about; the stories of each are in `stories`, and take longer to import."""

from enum import StrEnum


class Scenario(StrEnum):
    """Name what a demo is about."""

    ORDERS = "orders"
    BOOKING = "booking"
    UPLOAD = "upload"
    MANY_ORDERS = "many-orders"
    BULK = "bulk"
    MATCH = "match"
    IMAGES = "images"
