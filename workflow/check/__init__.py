"""`make check`: a network and windows as somebody else made them, trained again and diagnosed like any other."""
