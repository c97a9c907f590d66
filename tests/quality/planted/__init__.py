"""A small project with planted defects, whose ratings are computed by hand.

It is kept as text, so that no tool takes its defects for ours, and is written out by `planted`.
"""
