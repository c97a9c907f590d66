"""Tests of the engines that are other people's tools."""
