"""One trace from the shop's request to the push, for those who collect traces."""
